/* The last frames a worker has seen (E1), in memory: written by the worker, read by the keeper
 * while it goes on, without a lock. The tape is a ring of segments; a reader copies a segment and
 * then looks whether the writer has come round to it meanwhile. Bounded by bytes; what a reader
 * takes is bounded by seconds. */
#pragma once

#include <stdatomic.h>
#include <string.h>

#include "dataplane/base/packet.h"

enum {
	TAPE_SEGMENT = 1 << 18,
	TAPE_FRAME = 1 << 15, /* most bytes of a frame: the rest is cut */
	TAPE_SEGMENTS_MIN = 4,
};

struct tape_frame { /* bytes of the frame follow, padded to 8 */
	uint64_t time_ns, number;
	uint64_t
		flow[2]; /* ids of flows it belongs to: inside a tunnel, and the tunnel; 0 = none */
	uint64_t host[2]; /* tape_host of source and destination; 0 = none */
	uint32_t len, wire_len;
	uint16_t link_type, port;
	uint32_t unused;
};

struct tape_segment {		/* of a segment's present round */
	_Atomic uint64_t round; /* which one that is, from 1; 0 while it is changed */
	_Atomic uint32_t used;
	uint64_t first_ns;
};

struct tape {
	uint8_t *bytes;
	struct tape_segment *segments;
	uint32_t count;		/* of segments */
	uint32_t encrypted_max; /* bytes kept of frames whose payload is encrypted */
	_Atomic uint64_t round; /* of segments begun; the present one is (round - 1) % count */
	uint64_t frames, cut;
};

/* NULL without memory. */
struct tape *tape_new(size_t bytes, uint32_t encrypted_max);
void tape_delete(struct tape *t);

/* An address as one word. */
static inline uint64_t tape_host(const struct ip_addr *a)
{
	uint64_t w[2];

	memcpy(w, a, sizeof(w));
	return (w[0] * 0x9e3779b97f4a7c15ULL ^ w[1]) * 0xd1b54a32d192ed03ULL | 1;
}

/* tape.c: the next segment begins. */
void tape_turn(struct tape *t, uint64_t now_ns);

/* The worker, after the frame was looked at. `flows`: two ids. */
static inline void tape_put(struct tape *t, const struct packet *p, const uint64_t flows[2],
			    const uint64_t hosts[2], bool encrypted)
{
	uint32_t most = encrypted ? t->encrypted_max : TAPE_FRAME;
	uint32_t len = p->frame_len < most ? p->frame_len : most;
	uint32_t need = (uint32_t)sizeof(struct tape_frame) + ((len + 7) & ~7U);
	uint64_t round = atomic_load_explicit(&t->round, memory_order_relaxed);
	struct tape_segment *s = &t->segments[(round - 1) % t->count];
	uint32_t used = atomic_load_explicit(&s->used, memory_order_relaxed);
	struct tape_frame *f;

	if (used + need > TAPE_SEGMENT) {
		tape_turn(t, p->now_ns);
		s = &t->segments[round % t->count];
		used = 0;
		round++;
	}
	f = (struct tape_frame *)(t->bytes + (round - 1) % t->count * TAPE_SEGMENT + used);
	*f = (struct tape_frame){
		.time_ns = p->now_ns,
		.number = p->number,
		.flow = {flows[0], flows[1]},
		.host = {hosts[0], hosts[1]},
		.len = len,
		.wire_len = p->wire_len,
		.link_type = p->link_type,
		.port = p->port,
	};
	memcpy(f + 1, p->frame, len);
	t->frames++;
	t->cut += len < p->frame_len;
	atomic_store_explicit(&s->used, used + need, memory_order_release);
}

/* Reading, by another thread: copies segment after segment, oldest first, that may hold frames from
 * `from_ns` on. `scratch`: TAPE_SEGMENT bytes. */
struct tape_reader {
	const struct tape *tape;
	uint64_t round, end; /* next, and behind the last one */
	uint64_t from_ns;
	uint8_t *scratch;
	uint64_t missed; /* segments overwritten while they were read */
};

void tape_read_begin(struct tape_reader *r, const struct tape *t, uint64_t from_ns,
		     uint8_t *scratch);
/* The next segment's frames as one run of bytes; false at the end. */
bool tape_read_segment(struct tape_reader *r, struct slice *ret);
/* Cuts the next frame off the run. */
const struct tape_frame *tape_next(struct slice *run, struct slice *ret_bytes);
/* Segments begun since a round number: how far it is from being overwritten. */
uint64_t tape_round(const struct tape *t);
