/* WebSocket (RFC 6455) behind an HTTP Upgrade. Suricata 7 reads nothing of it: the flow stays http
 * for rules and records; messages are transactions, their records of our own schema. Keywords are
 * those of Suricata 8 (lang=8). */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum websocket_limits {
	WEBSOCKET_PAYLOAD_MAX = 1 << 16, /* bytes of a message that are kept; the rest is counted */
	WEBSOCKET_WAITING = LIMIT_APP_TRANSACTIONS - 8, /* live: further bytes wait */
};

enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0,
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

enum { /* websocket_tx.flags, as they lie in the first byte */
       WEBSOCKET_FIN = 0x80,
       WEBSOCKET_COMP = 0x40, /* permessage-deflate: the payload is compressed (RFC 7692) */
};

/* A message: one data frame and its continuations, or one control frame. */
struct websocket_tx {
	struct app_tx tx;
	uint8_t opcode, flags; /* of its first frame */
	bool masked;
	uint32_t mask;	 /* of its first frame */
	uint32_t frames; /* that it came in */
	uint64_t length;
	struct kept payload; /* unmasked */
};

struct websocket_side {
	uint64_t left; /* bytes of the frame at hand to come */
	uint64_t done; /* bytes of it that came: where its mask goes on */
	uint8_t mask[4];
	bool in_frame, masked, fin, control;
	bool open;			   /* a message waits for its continuation */
	uint64_t message, control_message; /* ids */
};

struct websocket_state {
	struct websocket_side side[2];
	unsigned live;
};

extern const struct app_proto websocket_proto;
