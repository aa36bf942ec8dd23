/* Network File System, versions 2 to 4, over TCP and UDP (RFC 1094, 1813, 7530, 8881) as Suricata
 * 7 understands it: a call and its reply are a transaction; all READs or WRITEs of one file are one
 * together, which carries the file. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/chunks.h"
#include "dataplane/app/text/kept.h"

enum {
	NFS_COMPLETE = 1,
	NFS_PROGRAM = 100003,
	NFS_NAME_MAX = 1024,	   /* bytes of a file's name; the rest is cut */
	NFS_HANDLE_MAX = 128,	   /* NFS4_FHSIZE; of a longer one the rest is not compared */
	NFS_NAME_ROWS = 128,	   /* names remembered: rows of NFS_MAP_ROW */
	NFS_CALL_ROWS = 32,	   /* calls without reply remembered */
	NFS_OPEN_FILES = 32,	   /* at a time; the oldest ends */
	NFS_TRANSACTIONS = 1000,   /* live ones; the oldest unfinished ends, with an event */
	NFS_DATA_MAX = 16777216,   /* bytes of one READ or WRITE; more is none */
	NFS_POST_GAP_SECONDS = 60, /* a file without news after a gap ends */
	NFS_LARGE_RECORD = 512,	   /* a longer READ or WRITE is looked at before it is whole */
	NFS_LIST_ENTRIES = 65536,  /* of a READDIRPLUS reply, looked at */
	NFS4_OPERATIONS = 64,	   /* of a COMPOUND; more are malformed */
};

/* RFC 1813, 3 */
enum nfs3_procedure {
	NFS3_GETATTR = 1,
	NFS3_LOOKUP = 3,
	NFS3_ACCESS = 4,
	NFS3_READ = 6,
	NFS3_WRITE = 7,
	NFS3_CREATE = 8,
	NFS3_MKDIR = 9,
	NFS3_REMOVE = 12,
	NFS3_RMDIR = 13,
	NFS3_RENAME = 14,
	NFS3_READDIRPLUS = 17,
	NFS3_COMMIT = 21,
};

enum nfs_event {
	NFS_EVENT_MALFORMED_DATA,
	NFS_EVENT_NON_EXISTING_VERSION,
	NFS_EVENT_UNSUPPORTED_VERSION,
	NFS_EVENT_TOO_MANY_TRANSACTIONS,
	NFS_EVENTS,
};

struct nfs_tx {
	struct app_tx tx;
	uint32_t xid, procedure, version;
	uint32_t rpc_status, nfs_status, auth, uid, gid;
	uint32_t handle_crc;
	bool has_handle;
	struct kept name, new_name, machine;
	bool is_rename;

	/* of a file */
	bool is_file, is_first, is_last, is_closed, committed;
	uint8_t dir;
	struct kept handle;
	uint32_t last_xid, chunk_count;
	uint64_t post_gap_ns; /* 0: no gap since its last bytes */
	struct chunks chunks;
};

/* False for those without a record (GETATTR). */
bool nfs_log(const struct app_tx *tx, const void *state, struct record *r);
/* The same fields, of every one. */
void nfs_log_all(const struct app_tx *tx, const void *state, struct record *r);
/* "rpc":{...} */
void nfs_log_rpc(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto nfs_proto;
