/* DCE/RPC over TCP (version 5) and UDP (version 4). A call is a transaction: request and response
 * with the same call id (TCP), or activity and sequence number (UDP). */
#pragma once

#include "dataplane/app/dcerpc/pdu.h"
#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"
#include "dataplane/base/chain.h"

enum { DCERPC_COMPLETE = 1 };

struct dcerpc_state {
	struct hash_key key;
	struct chain calls;
	struct dce_ifaces ifaces;
	bool gap[2];   /* bytes are missing in front of what comes next */
	bool holed[2]; /* bytes were missing once */
};

struct dcerpc_tx {
	struct app_tx tx;
	struct chain_link link;
	const struct dcerpc_state *state;
	uint32_t call_id, seqnum;
	uint16_t context, opnum;
	uint16_t fragments[2];
	uint8_t cmd[2]; /* enum dce_type */
	uint8_t minor;
	uint8_t activity[DCE_UUID];
	bool udp, little;
	bool asked; /* a request with its first fragment was seen: opnum means something */
	bool lost[2];
	struct kept stub[2];
};

extern const struct app_proto dcerpc_proto;

/* udp.c: one datagram. */
struct app_result dcerpc_datagram(struct app_io *io, struct dcerpc_state *s, struct slice data);
enum app_probe dcerpc_probe_udp(const struct app_tuple *tuple, enum dir dir, struct slice data);
/* A new call, found again by `hash`; NULL at a limit. */
struct dcerpc_tx *dcerpc_tx_new(struct app_io *io, struct dcerpc_state *s, uint64_t hash);
/* Adds stub data of a fragment. */
void dcerpc_stub(struct app_io *io, struct dcerpc_tx *t, enum dir dir, struct slice stub);
/* log.c */
bool dcerpc_log(const struct app_tx *tx, const void *state, struct record *r);
