/* Bytes of a direction by their offset: what frames look at. */
#include <string.h>

#include "dataplane/stream/session.h"

static const struct tcp_side *side_of(const struct flow *f, enum dir d)
{
	return f->tcp ? &f->tcp->side[d] : NULL;
}

static struct side_pending *pending_side(const struct flow *f, enum dir d)
{
	return f->tcp && f->tcp->pending ? &f->tcp->pending->side[d] : NULL;
}

uint64_t stream_right_edge(const struct stream_worker *w, const struct flow *f,
			   const struct packet *p, enum dir dir, bool *ret_end)
{
	const struct tcp_side *side = side_of(f, dir);
	const struct side_pending *sp = pending_side(f, dir);
	uint64_t acked, there;

	*ret_end = !side || f->tcp->state == TCP_CLOSED || (p->flags & PACKET_PSEUDO_END);
	if (!side)
		return 0;
	acked = side_acked(side);
	if (!sp || !sp->count)
		return acked > side_app(side) ? side_app(side) : acked;
	there = side_base(side) +
		(seq_gt(sp->right_edge, side->base_seq) ? sp->right_edge - side->base_seq : 0);
	if (*ret_end || w->config.inline_mode)
		return there;
	return acked < there ? acked : there;
}

/* The first that reaches past pos. Segments before `done` are history and may go at any time. */
static struct segment *segment_past(const struct side_pending *sp, uint32_t pos)
{
	struct segment *g = sp->done;

	while (g && seq_leq(g->seq + g->len, pos))
		g = g->next[0];
	return g;
}

static uint32_t gather(struct stream_worker *w, const struct segment *g, uint32_t pos,
		       uint32_t most, const uint8_t **ret)
{
	uint32_t skip = pos - g->seq, n = g->len - skip;

	*ret = g->data + skip;
	if (n >= most)
		return most;
	if (!g->next[0] || seq_gt(g->next[0]->seq, pos + n))
		return n;
	memcpy(w->scratch, *ret, n);
	*ret = w->scratch;
	for (g = g->next[0]; g && seq_leq(g->seq, pos + n) && n < most; g = g->next[0]) {
		uint32_t more;

		if (seq_leq(g->seq + g->len, pos + n))
			continue;
		skip = pos + n - g->seq;
		more = g->len - skip;
		if (more > most - n)
			more = most - n;
		memcpy(w->scratch + n, g->data + skip, more);
		n += more;
	}
	return n;
}

bool stream_bytes(struct stream_worker *w, const struct flow *f, enum dir dir, uint64_t from,
		  uint64_t to, struct slice *ret, uint64_t *ret_offset)
{
	const struct tcp_side *side = side_of(f, dir);
	const struct side_pending *sp = pending_side(f, dir);
	const struct segment *g;
	const uint8_t *data;
	uint64_t base;
	uint32_t pos;

	if (!sp)
		return false;
	base = side_base(side);
	if (from < base)
		from = base;
	if (from >= to || from - base > UINT32_MAX / 2)
		return false;
	pos = side->base_seq + (uint32_t)(from - base);
	g = segment_past(sp, pos);
	if (!g)
		return false;
	if (seq_gt(g->seq, pos)) {
		from += g->seq - pos;
		pos = g->seq;
	}
	if (from >= to)
		return false;
	if (to - from > STREAM_BYTES_MAX)
		to = from + STREAM_BYTES_MAX;
	ret->len = gather(w, g, pos, (uint32_t)(to - from), &data);
	ret->data = data;
	*ret_offset = from;
	return ret->len > 0;
}

void stream_keep(struct flow *f, enum dir dir, uint64_t from)
{
	struct side_pending *sp = pending_side(f, dir);

	if (!sp)
		return;
	sp->keeps = from != UINT64_MAX;
	sp->keep = from;
}
