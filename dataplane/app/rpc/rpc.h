/* ONC remote procedure calls, version 2 (RFC 5531): the heads of calls and replies. */
#pragma once

#include "dataplane/base/cursor.h"

enum {
	RPC_MARK = 4,	       /* record marking over TCP (RFC 5531, 11) */
	RPC_FRAGMENT_MIN = 24, /* a shorter fragment is none */
	RPC_CALL_HEAD = 28,    /* mark to procedure */
	RPC_REPLY_HEAD = 12,   /* mark to message type */
	RPC_AUTH_MAX = 4096,   /* bytes of credentials or a verifier; less than that is taken */
	RPC_MACHINE_MAX = 256, /* bytes of a host's name; less than that is taken */
};

enum { RPC_CALL, RPC_REPLY };

enum { RPC_AUTH_NULL, RPC_AUTH_UNIX, RPC_AUTH_GSS = 6 };

struct rpc_mark {
	bool last;
	uint32_t len; /* of the fragment, without the mark */
};

struct rpc_call {
	uint32_t xid, rpc_version, program, version, procedure;
	uint32_t auth; /* flavor of the credentials */
	uint32_t credentials_len;
	struct slice machine; /* RPC_AUTH_UNIX */
	uint32_t uid, gid;
	uint32_t gss_procedure, gss_service; /* RPC_AUTH_GSS */
	struct slice arguments;
};

struct rpc_reply {
	uint32_t xid;
	uint32_t denied;   /* reply_stat */
	uint32_t accepted; /* accept_stat */
	struct slice results;
};

enum rpc_status {
	RPC_OK,
	RPC_SHORT, /* the data ends inside the head */
	RPC_BAD,
};

struct rpc_mark rpc_mark_read(struct cursor *c);
/* From the transaction id on. */
enum rpc_status rpc_call_read(struct cursor *c, struct rpc_call *ret);
enum rpc_status rpc_reply_read(struct cursor *c, struct rpc_reply *ret);
/* Opaque bytes behind their length, with the padding to four; as many padding bytes as there are
 * are taken. */
struct slice rpc_opaque(struct cursor *c);
/* The same without padding. */
struct slice rpc_opaque_unpadded(struct cursor *c);
