/* What the files of this folder share. */
#pragma once

#include "dataplane/app/nfs/map.h"
#include "dataplane/app/nfs/nfs.h"
#include "dataplane/app/rpc/rpc.h"

/* A call that waits for its reply. */
struct nfs_call {
	struct nfs_map_entry entry;
	uint32_t xid, version, procedure;
	uint32_t gss_procedure, gss_service;
	uint64_t offset;   /* READ */
	struct nfs_tx *tx; /* NULL: none, or it is over */
	uint16_t handle_len, name_len;
	uint8_t bytes[]; /* handle, name */
};

/* A call while it is read. */
struct nfs_request {
	const struct rpc_call *rpc;
	uint32_t gss_procedure, gss_service;
	uint64_t offset;
	bool has_handle;
	struct slice handle, name, new_name;
};

/* What a READ or WRITE carries. */
struct nfs_data {
	uint32_t xid, version, procedure;
	uint32_t rpc_status, nfs_status;
	struct slice handle, name;
	uint64_t offset;
	uint32_t count;	   /* bytes it has in all */
	bool last;	   /* the file ends with them */
	struct slice data; /* those that are here */
};

/* How much of a record is there. */
enum nfs_part {
	NFS_WHOLE,
	NFS_START, /* the rest will be there too: only a file's data are taken from it */
	NFS_CUT,   /* the rest is passed over */
};

struct nfs_side {
	uint64_t chunk;		 /* bytes of a READ or WRITE still to come */
	struct nfs_tx *chunk_tx; /* whose; NULL: nobody's */
	uint64_t skip;		 /* then so many are passed over */
	bool taken;		 /* a piece of a file began in the record */
	bool resync;		 /* after a gap: the next record is looked for */
	bool gapped;		 /* there was one */
};

struct nfs_state {
	uint16_t version; /* of the first call or reply */
	uint32_t live;	  /* transactions */
	struct nfs_map names, calls;
	struct nfs_side side[2];
	uint32_t open_count;
	struct nfs_tx *open[NFS_OPEN_FILES]; /* files under way, oldest first */
	bool post_gap;			     /* some file waits for news after a gap */
};

/* nfs.c */
void nfs_malformed(struct app_io *io);
void nfs_call(struct app_io *io, struct nfs_state *s, const struct rpc_call *call,
	      enum nfs_part part);
void nfs_reply(struct app_io *io, struct nfs_state *s, const struct rpc_reply *reply,
	       enum nfs_part part);
struct nfs_tx *nfs_tx_new(struct app_io *io, struct nfs_state *s, const struct rpc_call *call);
void nfs_tx_handle(struct nfs_tx *t, struct slice handle);
void nfs_tx_credentials(struct app_io *io, struct nfs_tx *t, const struct rpc_call *call);
/* The name of a handle; empty when it is not known. */
struct slice nfs_name_of(const struct nfs_state *s, struct slice handle);
void nfs_name_set(struct app_io *io, struct nfs_state *s, struct slice handle, struct slice name);
struct nfs_call *nfs_call_find(const struct nfs_state *s, uint32_t xid);
struct slice nfs_call_handle(const struct nfs_call *call);
struct slice nfs_call_name(const struct nfs_call *call);
/* A transaction that is not a file's has its reply. */
void nfs_answered(struct nfs_call *call, const struct rpc_reply *reply, uint32_t status,
		  struct slice handle);

/* files.c */
struct nfs_tx *nfs_file_find(struct nfs_state *s, struct slice handle, enum dir dir);
struct nfs_tx *nfs_file_new(struct app_io *io, struct nfs_state *s, struct slice handle,
			    struct slice name, enum dir dir);
/* A piece of a file: `count` bytes at an offset, of which the first are there. */
void nfs_file_write(struct app_io *io, struct nfs_state *s, const struct nfs_data *d);
void nfs_file_read(struct app_io *io, struct nfs_state *s, const struct nfs_data *d);
/* COMMIT or CLOSE: the file is whole. */
void nfs_file_commit(struct app_io *io, struct nfs_state *s, struct slice handle, uint32_t xid,
		     bool is_commit);
/* More bytes of the piece under way: at most side->chunk. */
void nfs_file_more(struct app_io *io, struct nfs_state *s, enum dir dir, struct slice data);
void nfs_file_gap(struct app_io *io, struct nfs_state *s, enum dir dir, uint64_t len);
/* No more bytes will come in that direction. */
void nfs_file_eof(struct app_io *io, struct nfs_state *s, enum dir dir);
/* Files that had no news since a gap end. */
void nfs_file_tick(struct app_io *io, struct nfs_state *s);
/* The transaction goes away. */
void nfs_file_forget(struct nfs_state *s, struct nfs_tx *t);

/* v3.c: versions 2 and 3 */
void nfs3_call(struct app_io *io, struct nfs_state *s, struct nfs_request *r, enum nfs_part part);
void nfs3_reply(struct app_io *io, struct nfs_state *s, struct nfs_call *call,
		const struct rpc_reply *reply, enum nfs_part part);

/* v4.c */
/* `ret_main`: the operation that makes it a transaction, 0 = none. */
void nfs4_call(struct app_io *io, struct nfs_state *s, struct nfs_request *r, uint32_t *ret_main,
	       enum nfs_part part);
void nfs4_reply(struct app_io *io, struct nfs_state *s, struct nfs_call *call,
		const struct rpc_reply *reply, enum nfs_part part);

/* frames.c: `all` is the record with its mark, or the datagram; empty where it is not there whole
 */
enum { NFS_FRAMES = 10 };
extern const char *const nfs_frames[NFS_FRAMES];
void nfs_frames_call(struct app_io *io, struct slice all, const struct rpc_call *call);
/* A record is read before it is whole. */
void nfs_frames_start(struct app_io *io, struct slice here);
/* `call`: what is answered, NULL when it is not known. */
void nfs_frames_reply(struct app_io *io, struct slice all, const struct rpc_reply *reply,
		      const struct nfs_call *call);

/* tcp.c */
struct app_result nfs_tcp(struct app_io *io, struct nfs_state *s, enum dir dir,
			  struct app_input input);
bool nfs_tcp_gap(struct app_io *io, struct nfs_state *s, enum dir dir, uint64_t len);
/* Whether a record begins here. */
enum app_probe nfs_probe(enum dir dir, struct slice data);
