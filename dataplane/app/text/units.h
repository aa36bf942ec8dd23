/* What parsers of units with their length in front share: the rest of a unit that is too long, a
 * gap, the transaction that waits for an answer. */
#pragma once

#include "dataplane/app/parser.h"

/* Of one direction. */
struct units {
	uint64_t passing; /* bytes of a unit that are passed over */
	bool lost;	  /* behind a gap: the parser has to find a unit's begin */
};

/* Passes over what is there of the rest. */
static inline void units_pass(struct units *u, struct cursor *in)
{
	size_t left = cursor_left(in), n = u->passing < left ? (size_t)u->passing : left;

	cursor_skip(in, n);
	u->passing -= n;
}

/* Bytes are missing: within what is passed over nothing is lost by it. */
static inline void units_gap(struct units *u, uint64_t len)
{
	u->lost = len > u->passing;
	u->passing = u->lost ? 0 : u->passing - len;
}

/* The oldest transaction whose server side is not complete; `next`: where the search goes on, 0 at
 * first. NULL: none. For protocols that answer in order. */
static inline struct app_tx *units_waiting(struct app_io *io, uint64_t *next)
{
	const struct app_tx *last = app_tx_last(io);

	for (; last && *next <= last->id; (*next)++) {
		struct app_tx *tx = app_tx_find(io, *next);

		if (tx && !tx->progress[DIR_TC])
			return tx;
	}
	return NULL;
}
