/* Connection-oriented DCE/RPC PDUs (C706 chapter 12, MS-RPCE 2.2.2), read the same in TCP and in
 * pipes over SMB. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/slab.h"

enum dce_type {
	DCE_REQUEST = 0,
	DCE_PING = 1,
	DCE_RESPONSE = 2,
	DCE_FAULT = 3,
	DCE_WORKING = 4,
	DCE_NOCALL = 5,
	DCE_REJECT = 6,
	DCE_ACK = 7,
	DCE_CL_CANCEL = 8,
	DCE_FACK = 9,
	DCE_CANCEL_ACK = 10,
	DCE_BIND = 11,
	DCE_BINDACK = 12,
	DCE_BINDNAK = 13,
	DCE_ALTER_CONTEXT = 14,
	DCE_ALTER_CONTEXT_RESP = 15,
	DCE_AUTH3 = 16,
	DCE_SHUTDOWN = 17,
	DCE_CO_CANCEL = 18,
	DCE_ORPHANED = 19,
	DCE_RTS = 20,
	DCE_TYPES,
	DCE_UNKNOWN = 99,
};

enum {
	DCE_HEADER = 16,      /* bytes in front of every PDU */
	DCE_STUB_HEADER = 24, /* of a request or response, with the common header */
	DCE_FIRST = 1,	      /* flags */
	DCE_LAST = 2,
	DCE_UUID = 16,
};

struct dce_header {
	uint8_t version, minor, type, flags;
	uint8_t drep[2];
	bool little;
	uint16_t frag_len, auth_len;
	uint32_t call_id;
};

/* False when 16 bytes are not there; says nothing of their sense. */
bool dce_header_read(struct cursor *c, struct dce_header *ret);
/* REQUEST, BIND, ...; NULL for a type without a name. */
const char *dce_type_name(uint8_t type);

/* What follows the header of a request: `stub` is cut to what frag_len says. */
struct dce_request {
	uint16_t context, opnum;
	struct slice stub;
};
bool dce_request_read(struct cursor c, const struct dce_header *h, struct dce_request *ret);
bool dce_response_read(struct cursor c, const struct dce_header *h, struct slice *ret_stub);

/* An interface that a client asked for, and what the server said. */
struct dce_iface {
	uint8_t uuid[DCE_UUID]; /* as it is written */
	uint16_t version, minor, context;
	uint16_t result, reason;
	uint16_t item; /* its place in the bind */
	uint32_t call_id;
	bool acked, first; /* first: the bind's first fragment */
};

/* The interfaces of a flow. */
struct dce_ifaces {
	struct dce_iface *list;
	uint16_t count, cap;
};

enum dce_bind {
	DCE_BIND_OK,
	DCE_BIND_FULL, /* more than LIMIT_DCE_IFACES, or no memory: the rest is not kept */
	DCE_BIND_BAD,
};

/* Adds what BIND or ALTER_CONTEXT asks for. */
enum dce_bind dce_bind_read(struct slab *slab, struct cursor c, const struct dce_header *h,
			    struct dce_ifaces *to);
/* Sets the results of BINDACK or ALTER_CONTEXT_RESP for the items of that call (`any_call`: of
 * whatever call). False when it is broken. */
bool dce_bindack_read(struct cursor c, const struct dce_header *h, struct dce_ifaces *of,
		      bool any_call);
void dce_ifaces_free(struct slab *slab, struct dce_ifaces *l);
/* A UUID's 16 bytes in the drep's byte order, as they are written. */
void dce_uuid_read(struct cursor *c, bool little, uint8_t ret[DCE_UUID]);
/* 8-4-4-4-12 hex digits and a NUL. */
void dce_uuid_text(const uint8_t uuid[DCE_UUID], char ret[37]);
