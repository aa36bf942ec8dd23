/* SMB 1, 2 and 3 over NBSS (RFC 1002 4.3; MS-CIFS, MS-SMB, MS-SMB2). A request with its answer is a
 * transaction, and so is a file that is read or written, and a call of DCE/RPC in a pipe. */
#pragma once

#include "dataplane/app/dcerpc/pdu.h"
#include "dataplane/app/ntlmssp/ntlmssp.h"
#include "dataplane/app/parser.h"
#include "dataplane/app/smb/table.h"
#include "dataplane/app/text/kept.h"
#include "dataplane/app/text/list.h"

enum {
	SMB_COMPLETE = 1,
	SMB_GUID = 16,
	SMB_NAME_MAX = 4096, /* bytes of a name: the rest is cut */
	SMB_LIST_MAX = 4096, /* of a list of dialects or names */
};

enum smb_event {
	SMB_EVENT_INTERNAL_ERROR,
	SMB_EVENT_MALFORMED_DATA,
	SMB_EVENT_RECORD_OVERFLOW,
	SMB_EVENT_MALFORMED_NTLMSSP_REQUEST,
	SMB_EVENT_MALFORMED_NTLMSSP_RESPONSE,
	SMB_EVENT_DUPLICATE_NEGOTIATE,
	SMB_EVENT_NEGOTIATE_MALFORMED_DIALECTS,
	SMB_EVENT_FILE_OVERLAP,
	SMB_EVENT_RESPONSE_TO_SERVER,
	SMB_EVENT_REQUEST_TO_CLIENT,
	SMB_EVENT_MAX_READ_SIZE,
	SMB_EVENT_MAX_WRITE_SIZE,
	SMB_EVENT_READ_REQUEST_SIZE,
	SMB_EVENT_READ_RESPONSE_SIZE,
	SMB_EVENT_READ_QUEUE_SIZE,
	SMB_EVENT_READ_QUEUE_COUNT,
	SMB_EVENT_WRITE_REQUEST_SIZE,
	SMB_EVENT_WRITE_QUEUE_SIZE,
	SMB_EVENT_WRITE_QUEUE_COUNT,
	SMB_EVENT_UNUSUAL_NTLMSSP_ORDER,
	SMB_EVENT_TOO_MANY_TRANSACTIONS,
	SMB_EVENTS,
};

/* NTSTATUS values that decide something (MS-ERREF 2.3). */
#define SMB_STATUS_SUCCESS	   0x00000000U
#define SMB_STATUS_PENDING	   0x00000103U
#define SMB_STATUS_BUFFER_OVERFLOW 0x80000005U
#define SMB_STATUS_END_OF_FILE	   0xc0000011U

enum smb_type {
	SMB_TX_GENERIC, /* a request and its answer, nothing more */
	SMB_TX_NEGOTIATE,
	SMB_TX_SESSION,
	SMB_TX_TREE,
	SMB_TX_CREATE,
	SMB_TX_FILE,
	SMB_TX_DCERPC,
	SMB_TX_IOCTL,
	SMB_TX_RENAME,
	SMB_TX_SET_INFO,
};

/* What requests are told apart by. */
enum smb_match {
	SMB_MATCH_NONE,
	SMB_MATCH_GENERIC,
	SMB_MATCH_HEADER,
	SMB_MATCH_TREE, /* a tree connect that waits: its tree is not known yet */
};

struct smb_header {
	uint8_t match; /* enum smb_match */
	uint32_t tree;
	uint64_t ssn, msg;
};

struct smb_negotiate {
	uint8_t version;
	struct text_list dialects;
	bool has_client, has_server;
	uint8_t client[SMB_GUID], server[SMB_GUID];
};

struct smb_host {
	bool is_there;
	struct kept os, lm;
};

struct smb_session {
	bool has_ntlmssp, has_version, warning, has_ticket;
	struct kept domain, user, host;
	struct ntlmssp_version version;
	struct kept realm;
	struct text_list snames;
	struct smb_host request, response;
};

struct smb_tree {
	bool pipe, has_request, has_response;
	uint8_t share_type;
	struct kept name, request, response; /* SMB1: services */
};

struct smb_create {
	uint32_t disposition;
	bool delete_on_close, directory;
	struct kept name;
	struct smb_id id;
	uint32_t created, accessed, modified, changed; /* seconds since 1970 */
	uint64_t size;
};

/* A piece of a file that came before what lies in front of it. */
struct smb_chunk {
	struct smb_chunk *next;
	uint64_t offset;
	struct kept bytes;
	uint64_t missing; /* bytes of it that were not seen: then `bytes` is empty */
};

struct smb_file {
	enum dir dir;
	struct smb_id id;
	struct kept name, share;
	struct app_file *file; /* NULL: none could be opened */
	uint64_t tracked;      /* bytes in order so far */
	uint64_t piece_offset; /* of the piece that comes now */
	uint32_t left;	       /* bytes of it to come */
	bool open, cut;	       /* cut: given up, the rest is only followed */
	bool keep, discard;    /* the piece is out of order; is not wanted */
	struct smb_chunk *chunks, *now;
	uint32_t chunk_count, queued;
	uint64_t gap_until_ns; /* behind a gap it has so long to go on; 0 = no gap */
};

struct smb_dcerpc {
	uint16_t opnum, context;
	uint8_t request, response; /* enum dce_type */
	bool asked, answered;
	bool little;
	uint32_t call_id;
	uint16_t fragments[2];
	struct kept stub[2];
};

struct smb_rename {
	struct kept from, to;
	struct smb_id id;
};

struct smb_set_info {
	struct kept name;
	struct smb_id id;
	uint16_t subcommand, level;
	bool delete_on_close;
};

struct smb_state;

struct smb_tx {
	struct app_tx tx;
	struct smb_state *state;
	struct smb_tx *open_prev, *open_next; /* of those that are not complete, oldest first */
	struct chain_link by_header, by_id;
	struct smb_header header;
	uint8_t type;	 /* enum smb_type */
	uint8_t version; /* 1, 2; 0: no command */
	uint16_t command;
	bool has_status, dos_error, is_open;
	uint8_t error_class;
	uint32_t status;
	union {
		struct smb_negotiate negotiate;
		struct smb_session session;
		struct smb_tree tree;
		struct smb_create create;
		struct smb_file file;
		struct smb_dcerpc dcerpc;
		struct smb_rename rename;
		struct smb_set_info set_info;
		uint32_t function; /* IOCTL */
	};
};

/* One direction of the stream. */
struct smb_side {
	uint64_t skip;	  /* bytes of a record that nobody wants */
	uint32_t left;	  /* bytes of a read or written piece to come */
	struct smb_id id; /* of its file */
	bool gap;	  /* the next record's start is to be looked for */
	bool holed;	  /* bytes were missing once */
	bool cut;	  /* nothing more of sense comes */
	bool framed;	  /* frames of the message that is to come whole are announced */
};

struct smb_state {
	struct app_io *io; /* while the parser is called */
	struct hash_key key;
	struct chain by_header, by_id;
	struct smb_tx *open_first, *open_last;
	struct smb_tx *negotiate[2]; /* by version */
	uint32_t open_count;
	struct smb_table table;
	struct dce_ifaces ifaces;
	struct smb_side side[2];
	uint16_t dialect;	  /* of SMB2, 0 before it is known */
	struct kept dialect_name; /* of SMB1 */
	uint32_t max_read, max_write;
	uint64_t files_checked; /* second at which files behind a gap were looked at */
	bool files_behind_gap;
	bool framed; /* frames of the message in hand were announced before */
};

extern const struct app_proto smb_proto;

/* log.c */
bool smb_log(const struct app_tx *tx, const void *state, struct record *r);
/* Names as Suricata writes them; NULL for a number without one. */
const char *smb_status_name(uint32_t status);
const char *smb1_command_name(uint8_t command);
const char *smb2_command_name(uint16_t command);
const char *smb2_dialect_name(uint16_t dialect);
const char *smb_function_name(uint32_t function);
