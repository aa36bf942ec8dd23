/* Frames of the link: a 4-byte big-endian length, then one protobuf Frame. The length is checked
 * before anything is taken for it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum frame_kind {
	FRAME_NONE,
	FRAME_HELLO,
	FRAME_DATA,
	FRAME_ACK,
	FRAME_PING,
	FRAME_PONG,
	FRAME_BYE,
};

/* Order of sending: a lower lane goes first. */
enum lane {
	LANE_PASSING, /* not numbered, not stored, not sent again */
	LANE_URGENT,  /* alerts, commands, their states, events */
	LANE_STATE,   /* health, mitigator state, configuration */
	LANE_RECORDS, /* flows and other records */
	LANE_COUNT,
};

struct hello {
	uint32_t version;
	const char *program;
	const char *build;
	uint64_t spool;
	uint64_t time_ns;
};

struct data {
	uint32_t lane;
	uint64_t number;
	struct slice payload;
};

struct ack {
	uint32_t lane;
	uint64_t number;
};

struct ping {
	uint64_t value;
};

struct pong {
	uint64_t value;
};

struct bye {
	const char *reason;
};

struct frame {
	enum frame_kind kind;
	union {
		struct hello hello;
		struct data data;
		struct ack ack;
		struct ping ping;
		struct pong pong;
		struct bye bye;
	};
};

/* Bytes to send, length prefix included, to be freed with payload_free (message.h). ERR_LIMIT,
 * ERR_NOMEM. */
int frame_encode(const struct frame *f, struct slice *ret, struct errmsg *e);

/* Looks at what has arrived: 0 and *ret_size = bytes of the first frame with its prefix;
 * ERR_AGAIN when it is not complete yet, *ret_size = bytes needed (4 while the length itself is
 * not there); ERR_LIMIT when the length is 0 or over WIRE_FRAME_MAX: the connection must end. */
int frame_size(struct slice arrived, size_t *ret_size, struct errmsg *e);

/* `bytes` is one complete frame with its prefix. On 0 the frame's text and payload belong to
 * *ret_memory, to be given back with frame_free. */
struct arena;
int frame_decode(struct slice bytes, struct frame *ret, struct arena **ret_memory,
		 struct errmsg *e);
void frame_free(struct arena *memory);
