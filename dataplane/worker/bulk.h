/* Which frames an overloaded distributor leaves out first: those of conversations that carry the
 * bulk of the bytes. It knows no flows, so it reckons by a sketch of fixed size (count-min, two
 * rows): a conversation is never taken for smaller than it is, seldom for larger. The distributor's
 * thread asks; a worker may spare a conversation at any time. No lock, no allocation but bulk_new.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bulk;

/* NULL without memory. */
struct bulk *bulk_new(void);
void bulk_delete(struct bulk *b);

/* A frame of `wire_len` bytes, of which `len` lie at `frame`, came at `now_ns`; true: its
 * conversation (UDP or TCP, both directions alike) has lately had BULK_BYTES and nobody spares it.
 * Never for frames that open or close a connection, fragments and other protocols. */
bool bulk_frame(struct bulk *b, const uint8_t *frame, size_t len, uint32_t wire_len,
		uint64_t now_ns);
/* The conversation of this frame is not to be left out: a rule has matched in it. Any thread. */
void bulk_spare(struct bulk *b, const uint8_t *frame, size_t len);

enum {
	/* More than a worker's own LIMIT_SHED_BYTES: what the worker wants to spare is spared
	 * before the distributor would leave it out. */
	BULK_BYTES = 512 << 10,
	BULK_HALVE_S = 4, /* seconds after which all sums are halved: "lately" */
};
