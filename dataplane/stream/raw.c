/* Raw inspection: rules on the bytes of a direction themselves. */
#include <string.h>

#include "dataplane/stream/session.h"

static struct tcp_side *side_of(const struct flow *f, enum dir d)
{
	return f->tcp ? &f->tcp->side[d] : NULL;
}

/* Enough is there, or nothing more will come. */
static bool ready(const struct stream_worker *w, const struct tcp_session *ssn,
		  const struct tcp_side *side, const struct packet *p)
{
	if (w->config.inline_mode ||
	    (side->flags & (SIDE_DEPTH | SIDE_TRIGGER_RAW | SIDE_NEW_RAW_DISABLED)))
		return true;
	if (ssn->state > TCP_TIME_WAIT || (p->flags & PACKET_PSEUDO_END))
		return true;
	return side_acked(side) >= side_raw(side) + w->config.raw_chunk[p->dir];
}

static struct segment *segment_at(struct side_pending *sp, uint32_t pos)
{
	struct segment *g = sp->done;

	while (g && seq_leq(g->seq + g->len, pos))
		g = g->next[0];
	return g;
}

/* Bytes [pos, pos + len): in place or gathered. Everything is there. */
static const uint8_t *contiguous(struct stream_worker *w, struct segment *g, uint32_t pos,
				 uint32_t len)
{
	uint32_t n = 0;

	if (g->len - (pos - g->seq) >= len)
		return g->data + (pos - g->seq);
	for (; g && n < len; g = g->next[0]) {
		uint32_t skip = pos + n - g->seq, more;

		if (seq_leq(g->seq + g->len, pos + n))
			continue;
		more = g->len - skip;
		if (more > len - n)
			more = len - n;
		memcpy(w->scratch + n, g->data + skip, more);
		n += more;
	}
	return w->scratch;
}

/* How far the bytes go on from pos without a hole, at most `limit`. */
static uint32_t run_length(const struct segment *g, uint32_t pos, uint64_t limit)
{
	uint32_t end = pos;

	for (; g && seq_leq(g->seq, end) && end - pos < limit; g = g->next[0]) {
		if (seq_gt(g->seq + g->len, end))
			end = g->seq + g->len;
	}
	return end - pos < limit ? end - pos : (uint32_t)limit;
}

/* Earlier bytes that are still there and join on. */
static uint32_t look_back(const struct segment **g, uint32_t pos, uint32_t most)
{
	uint32_t from = pos;

	for (;; *g = (*g)->prev) {
		const struct segment *prev = (*g)->prev;

		if (seq_lt((*g)->seq, from))
			from = (*g)->seq;
		if (pos - from >= most || !prev || seq_lt(prev->seq + prev->len, from))
			break;
	}
	return pos - from < most ? pos - from : most;
}

/* Bytes are taken up to `limit`, missing ones passed over up to `missing`. */
struct upto {
	uint64_t limit, missing;
};

static bool get(struct stream_worker *w, struct tcp_session *ssn, enum dir d, struct upto upto,
		struct stream_raw *ret)
{
	uint64_t limit = upto.limit;
	struct tcp_side *side = &ssn->side[d];
	uint32_t pos = side->base_seq + side->raw_rel, back;
	struct segment *g = segment_at(&ssn->pending->side[d], pos);
	const struct segment *first;

	if (!g)
		return false;
	if (seq_gt(g->seq, pos)) { /* a hole: go on behind it when that is acknowledged */
		if (side_raw(side) + (g->seq - pos) >= upto.missing)
			return false;
		side->raw_rel += g->seq - pos;
		pos = g->seq;
	}
	if (limit <= side_raw(side))
		return false;
	limit -= side_raw(side);
	first = g;
	back = w->config.raw_overlap;
	if (back > side_raw(side)) /* a segment may begin before the connection does */
		back = (uint32_t)side_raw(side);
	back = look_back(&first, pos, back);
	if (limit > STREAM_SCRATCH - back)
		limit = STREAM_SCRATCH - back;
	ret->fresh = run_length(g, pos, limit);
	if (ret->fresh == STREAM_SCRATCH - back)
		w->counts[STREAM_COUNT_RAW_SPLIT]++;
	ret->len = ret->fresh + back;
	ret->offset = side_raw(side) - back;
	ret->data =
		contiguous(w, back ? (struct segment *)(uintptr_t)first : g, pos - back, ret->len);
	return ret->fresh > 0;
}

bool stream_raw_get(struct stream_worker *w, struct flow *f, const struct packet *p, enum dir dir,
		    struct stream_raw *ret)
{
	struct tcp_side *side = side_of(f, dir);
	struct upto upto;

	if (!side || !f->tcp->pending || (side->flags & (SIDE_NOREASSEMBLY | SIDE_RAW_DISABLED)))
		return false;
	if (!ready(w, f->tcp, side, p))
		return false;
	upto.missing = p->flags & PACKET_PSEUDO_END ? UINT64_MAX : side_acked(side);
	upto.limit = w->config.inline_mode ? UINT64_MAX : upto.missing;
	return get(w, f->tcp, dir, upto, ret);
}

static void settle(struct tcp_side *side)
{
	side->flags &= (uint16_t)~SIDE_TRIGGER_RAW;
	if (side->flags & SIDE_NEW_RAW_DISABLED)
		side->flags |= SIDE_RAW_DISABLED;
}

void stream_raw_done(struct stream_worker *w, struct flow *f, enum dir dir, uint64_t upto)
{
	struct tcp_side *side = side_of(f, dir);

	if (!side)
		return;
	if (upto > side_raw(side))
		side->raw_rel += (uint32_t)(upto - side_raw(side));
	settle(side);
}

void stream_raw_skip(struct flow *f, enum dir dir)
{
	struct tcp_side *side = side_of(f, dir);
	uint64_t to;

	if (!side)
		return;
	to = side_app_on(f) ? side_app(side) : side_acked(side);
	if (to > side_raw(side))
		side->raw_rel += (uint32_t)(to - side_raw(side));
	settle(side);
}

void stream_raw_trigger(struct flow *f, enum dir dir)
{
	struct tcp_side *side = side_of(f, dir);

	if (side)
		side->flags |= SIDE_TRIGGER_RAW;
}

void stream_raw_disable(struct flow *f, enum dir dir)
{
	struct tcp_side *side = side_of(f, dir);

	if (side)
		side->flags |= SIDE_RAW_DISABLED;
}

void stream_raw_stop(struct flow *f, enum dir dir)
{
	struct tcp_side *side = side_of(f, dir);

	if (side)
		side->flags |= SIDE_NEW_RAW_DISABLED;
}
