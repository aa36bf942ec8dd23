/* Frames of a flow: stretches of a direction's bytes that its parser announced (parser.h) and that
 * rules have not yet looked at. Owned by the flow, in the worker's slab. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/packet.h"

struct app_flow;
struct app_proto;
struct app_worker;
struct flow;

struct app_frame {
	uint64_t id;	    /* 1, 2, ... in its direction; only frames that rules want count */
	uint64_t offset;    /* of its first byte in the direction; in its datagram */
	int64_t len;	    /* bytes; -1: not known (yet) */
	uint64_t tx_id;	    /* with has_tx */
	uint64_t inspected; /* bytes from its start that rules have seen; detection's */
	uint8_t type;	    /* index into proto->frames, or APP_FRAME_STREAM */
	bool has_tx;
};

/* Of one direction, by id. */
struct app_frames {
	struct app_frame *v;
	uint16_t n, cap;
	bool stream; /* the frame of the whole stream has been made */
	uint64_t made;
};

/* Which frames parsers make from now on: a mask of types by index of app_protocols. NULL: none. */
void app_worker_frames(struct app_worker *w, const uint32_t *wanted);

/* NULL when the direction has none. */
struct app_frames *app_frames_of(const struct app_flow *a, enum dir dir);
const char *app_frame_name(const struct app_proto *proto, unsigned type);
/* The packet's direction has been looked at: frames that lie before `edge` (offset; everything was
 * inspected up to it) are let go, all of them at the `end`, and what the others need of the stream
 * is kept. */
void app_frames_done(struct app_worker *w, struct flow *f, enum dir dir, uint64_t edge, bool end);
