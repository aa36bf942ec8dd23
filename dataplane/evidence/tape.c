#include "dataplane/evidence/tape.h"

#include <stdlib.h>

struct tape *tape_new(size_t bytes, uint32_t encrypted_max)
{
	struct tape *t = calloc(1, sizeof(*t));
	size_t count = bytes / TAPE_SEGMENT;

	if (!t)
		return NULL;
	t->count = (uint32_t)(count < TAPE_SEGMENTS_MIN ? TAPE_SEGMENTS_MIN : count);
	t->encrypted_max = encrypted_max < TAPE_FRAME ? encrypted_max : TAPE_FRAME;
	t->bytes = aligned_alloc(64, (size_t)t->count * TAPE_SEGMENT);
	t->segments = calloc(t->count, sizeof(*t->segments));
	if (!t->bytes || !t->segments) {
		tape_delete(t);
		return NULL;
	}
	memset(t->bytes, 0, (size_t)t->count * TAPE_SEGMENT); /* no page fault later */
	atomic_store(&t->segments[0].round, 1);
	atomic_store(&t->round, 1);
	return t;
}

void tape_delete(struct tape *t)
{
	if (!t)
		return;
	free(t->bytes);
	free(t->segments);
	free(t);
}

void tape_turn(struct tape *t, uint64_t now_ns)
{
	uint64_t round = atomic_load_explicit(&t->round, memory_order_relaxed);
	struct tape_segment *next = &t->segments[round % t->count];

	/* A reader learns that this one is no longer what it was before its bytes change, and what
	 * it is now only when nothing of the old is left in it. */
	atomic_store_explicit(&next->round, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	next->first_ns = now_ns;
	atomic_store_explicit(&next->used, 0, memory_order_relaxed);
	atomic_store_explicit(&next->round, round + 1, memory_order_release);
	atomic_store_explicit(&t->round, round + 1, memory_order_release);
}

uint64_t tape_round(const struct tape *t)
{
	return atomic_load_explicit(&t->round, memory_order_acquire);
}

void tape_read_begin(struct tape_reader *r, const struct tape *t, uint64_t from_ns,
		     uint8_t *scratch)
{
	uint64_t end = tape_round(t);

	*r = (struct tape_reader){
		.tape = t,
		.round = end > t->count ? end - t->count : 0,
		.end = end,
		.from_ns = from_ns,
		.scratch = scratch,
	};
}

/* The segment is the one of that round (from 0), and not another's bytes. */
static bool is_of(const struct tape_segment *s, uint64_t round)
{
	return atomic_load_explicit(&s->round, memory_order_acquire) == round + 1;
}

/* All of segment `round` is older: the one after it began before. */
static bool too_old(const struct tape_reader *r)
{
	return r->round + 1 < r->end &&
	       r->tape->segments[(r->round + 1) % r->tape->count].first_ns < r->from_ns;
}

bool tape_read_segment(struct tape_reader *r, struct slice *ret)
{
	const struct tape *t = r->tape;

	while (r->round < r->end) {
		uint64_t round = r->round;
		const struct tape_segment *s = &t->segments[round % t->count];
		uint32_t used = 0;

		if (too_old(r)) {
			r->round++;
			continue;
		}
		r->round++;
		if (is_of(s, round))
			used = atomic_load_explicit(&s->used, memory_order_acquire);
		if (used > TAPE_SEGMENT)
			used = 0;
		memcpy(r->scratch, t->bytes + round % t->count * TAPE_SEGMENT, used);
		atomic_thread_fence(memory_order_seq_cst);
		if (!is_of(s, round)) {
			r->missed++;
			continue;
		}
		*ret = SLICE(r->scratch, used);
		return true;
	}
	return false;
}

const struct tape_frame *tape_next(struct slice *run, struct slice *ret_bytes)
{
	const struct tape_frame *f = (const struct tape_frame *)run->data;
	size_t need;

	if (run->len < sizeof(*f))
		return NULL;
	need = sizeof(*f) + ((f->len + 7UL) & ~7UL);
	if (f->len > TAPE_FRAME || need > run->len)
		return NULL;
	*ret_bytes = SLICE(f + 1, f->len);
	*run = slice_sub(*run, need, run->len);
	return f;
}
