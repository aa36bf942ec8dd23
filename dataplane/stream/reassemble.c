/* From segments to the app layer. As a receiver would: bytes count once they are acknowledged, so
 * one direction is delivered while the other's packets are processed. */
#include <string.h>

#include "dataplane/stream/session.h"

static bool state_closed(const struct tcp_step *st)
{
	return st->ssn->state == TCP_CLOSED;
}

static bool is_pseudo(const struct tcp_step *st)
{
	return st->p->flags & PACKET_PSEUDO_END;
}

/* At the end of a flow what was never acknowledged is taken too, unless it was closed in order. */
static bool takes_all(const struct tcp_step *st)
{
	return is_pseudo(st) && (!state_closed(st) || (st->ssn->flags & SSN_CLOSED_BY_RST));
}

static uint64_t deliver_limit(const struct tcp_step *st, const struct tcp_side *side)
{
	return takes_all(st) || st->w->config.inline_mode ? UINT64_MAX : side_acked(side);
}

static struct segment *next_segment(struct side_pending *sp, uint32_t pos)
{
	while (sp->app && seq_leq(sp->app->seq + sp->app->len, pos))
		sp->app = sp->app->next[0];
	return sp->app;
}

static void emit(struct tcp_step *st, enum dir d, const uint8_t *data, uint32_t len, uint32_t flags)
{
	struct tcp_side *side = &st->ssn->side[d];
	struct stream_chunk chunk = {
		.data = data, .len = len, .flags = flags, .offset = side_app(side)};

	if (!(side->flags & SIDE_STARTED))
		chunk.flags |= STREAM_DATA_START;
	side->flags |= SIDE_STARTED;
	side->app_rel += len;
	st->w->sink.data(st->w->sink.ctx, st->f, st->p, d, &chunk);
}

/* Bytes from `pos` that follow each other without a hole, up to `limit` of them: in place when one
 * segment has them, else gathered. */
static uint32_t gather(struct stream_worker *w, struct segment *g, uint32_t pos, uint64_t limit,
		       const uint8_t **ret)
{
	uint32_t skip = pos - g->seq, n = g->len - skip, end;

	*ret = g->data + skip;
	if (n >= limit)
		return (uint32_t)limit;
	end = pos + n;
	g = g->next[0];
	if (!g || seq_gt(g->seq, end))
		return n;
	memcpy(w->scratch, *ret, n);
	*ret = w->scratch;
	for (; g && seq_leq(g->seq, end) && n < limit && n < STREAM_SCRATCH; g = g->next[0]) {
		uint32_t more;

		if (seq_leq(g->seq + g->len, end))
			continue;
		skip = end - g->seq;
		more = g->len - skip;
		if (more > limit - n)
			more = (uint32_t)(limit - n);
		if (more > STREAM_SCRATCH - n)
			more = STREAM_SCRATCH - n;
		memcpy(w->scratch + n, g->data + skip, more);
		n += more;
		end += more;
	}
	return n;
}

static bool deliver_gap(struct tcp_step *st, enum dir d, uint64_t gap)
{
	struct tcp_side *side = &st->ssn->side[d];
	uint64_t pos = side_app(side), acked = side_acked(side);
	uint64_t counted = acked - (st->ssn->state >= TCP_FIN_WAIT1 && acked ? 1 : 0);

	if (!takes_all(st) && pos <= acked && pos + gap > acked)
		gap = acked - pos;
	if (gap == 0 || counted <= pos)
		return false; /* not acknowledged: it may still come */
	if (pos == 0 || (side->flags & SIDE_IDENTIFIED)) {
		step_event(st, STREAM_REASSEMBLY_SEQ_GAP);
		st->ssn->flags |= SSN_LOSSY;
	}
	st->w->counts[STREAM_COUNT_GAP]++;
	st->w->counts[STREAM_COUNT_GAP_BYTES] += gap;
	side->flags |= SIDE_GAP;
	emit(st, d, NULL, (uint32_t)gap, STREAM_DATA_GAP);
	return true;
}

static bool deliver_next(struct tcp_step *st, enum dir d, bool *after_gap)
{
	struct tcp_side *side = &st->ssn->side[d];
	struct side_pending *sp = st->ssn->pending ? &st->ssn->pending->side[d] : NULL;
	uint64_t limit = deliver_limit(st, side), at = side_app(side);
	uint32_t pos = side->base_seq + side->app_rel, n;
	struct segment *g = sp ? next_segment(sp, pos) : NULL;
	const uint8_t *data;

	if (!g)
		return false;
	if (seq_gt(g->seq, pos)) {
		if (*after_gap)
			return false;
		*after_gap = true;
		return deliver_gap(st, d, g->seq - pos);
	}
	*after_gap = false;
	if (limit <= at)
		return false;
	n = gather(st->w, g, pos, limit - at, &data);
	emit(st, d, data, n, 0);
	return true;
}

/* The sink may find client and server confused: then d is the other side from here on. */
static enum dir follow(const struct tcp_step *st, enum dir d, uint16_t *reversed)
{
	uint16_t now = st->f->flags & FLOW_REVERSED;

	if (now == *reversed)
		return d;
	*reversed = now;
	return dir_other(d);
}

static uint32_t end_flags(const struct tcp_step *st, const struct tcp_side *side)
{
	if (side->flags & SIDE_DEPTH)
		return STREAM_DATA_EOF | STREAM_DATA_DEPTH;
	return state_closed(st) || is_pseudo(st) ? STREAM_DATA_EOF : 0;
}

/* Bytes have come that lie behind some that have not. */
static bool hole_ahead(const struct tcp_step *st, enum dir d)
{
	struct tcp_side *side = &st->ssn->side[d];
	struct side_pending *sp = st->ssn->pending ? &st->ssn->pending->side[d] : NULL;

	return sp && !(side->flags & SIDE_NOREASSEMBLY) && side_app_on(st->f) &&
	       next_segment(sp, side->base_seq + side->app_rel);
}

void deliver(struct tcp_step *st, enum dir d)
{
	uint16_t reversed = st->f->flags & FLOW_REVERSED;
	struct tcp_side *side = &st->ssn->side[d];
	bool after_gap = false;
	uint32_t end;

	if (side->flags & SIDE_EOF_SENT)
		return;
	while (!(side->flags & SIDE_NOREASSEMBLY) && side_app_on(st->f) &&
	       deliver_next(st, d, &after_gap)) {
		d = follow(st, d, &reversed);
		side = &st->ssn->side[d];
	}
	end = end_flags(st, side);
	if (!end)
		return;
	if (!(end & STREAM_DATA_DEPTH) && hole_ahead(st, d))
		end |= STREAM_DATA_TORN;
	side->flags |= SIDE_EOF_SENT;
	emit(st, d, NULL, 0, end);
}

/* --- taking a segment --- */

/* How much of it is within the depth; the flag says that this direction is at its end. */
static uint32_t within_depth(struct tcp_step *st, struct tcp_side *side, uint32_t seq)
{
	uint64_t end;

	if (st->ssn->depth == 0)
		return st->len;
	if (side->flags & SIDE_DEPTH)
		return 0;
	if (seq_leq(seq + st->len, side->base_seq))
		return 0;
	end = side_base(side) + (seq + st->len - side->base_seq);
	if (end <= st->ssn->depth)
		return st->len;
	side->flags |= SIDE_DEPTH;
	return 0;
}

static void insert_failed(struct tcp_step *st, enum insert_result r)
{
	switch (r) {
	case INSERT_NO_MEMORY:
		st->w->counts[STREAM_COUNT_SEGMENT_MEMORY]++;
		st->ssn->flags |= SSN_LOSSY;
		step_event(st, STREAM_REASSEMBLY_INSERT_MEMCAP);
		break;
	case INSERT_LIMIT:
		st->ssn->flags |= SSN_LOSSY;
		step_event(st, STREAM_REASSEMBLY_INSERT_LIMIT);
		break;
	default:
		break;
	}
}

/* false when the packet could not be taken */
static bool take_data(struct tcp_step *st, struct tcp_side *side)
{
	uint32_t seq = st->seq, len;
	enum insert_result r;

	if ((st->ssn->flags & SSN_APP_DISABLED) && (side->flags & SIDE_NEW_RAW_DISABLED))
		return true;
	len = within_depth(st, side, seq);
	if (side->flags & SIDE_DEPTH) {
		step_event(st, STREAM_REASSEMBLY_DEPTH_REACHED);
		st->w->counts[STREAM_COUNT_DEPTH]++;
	}
	if (len == 0)
		return true;
	if (st->p->tcp.fast_open && (st->flags & TCP_SYN))
		seq++;
	r = segment_insert(st, side, seq, len);
	if (r == INSERT_OK)
		return true;
	insert_failed(st, r);
	return false;
}

enum update { UPDATE_PEER, UPDATE_OWN, UPDATE_BOTH };

static enum update what_to_update(const struct tcp_step *st)
{
	uint8_t state = st->ssn->state;

	if (st->w->config.inline_mode || is_pseudo(st) || (st->flags & TCP_RST))
		return UPDATE_OWN;
	if ((st->flags & TCP_FIN) && state > TCP_TIME_WAIT)
		return st->flags & TCP_ACK ? UPDATE_BOTH : UPDATE_OWN;
	if (state == TCP_CLOSED)
		return UPDATE_BOTH;
	return st->ssn->flags & SSN_ASYNC ? UPDATE_OWN : UPDATE_PEER;
}

static bool takes_data(const struct tcp_step *st, const struct tcp_side *side)
{
	return st->len && !(side->flags & SIDE_NOREASSEMBLY) && !(st->flags & TCP_RST) &&
	       (st->f->wanted & FLOW_WANT_STREAM);
}

/* An accepted packet: what it acknowledges is delivered, its own bytes are taken. */
void reassemble(struct tcp_step *st, struct tcp_side *side)
{
	uint16_t reversed = st->f->flags & FLOW_REVERSED;
	enum update u = what_to_update(st);
	enum dir d = side_dir(st->ssn, side);

	if (u != UPDATE_OWN) {
		deliver(st, dir_other(d));
		d = follow(st, d, &reversed);
		side = &st->ssn->side[d];
	}
	if (takes_data(st, side)) {
		if (!take_data(st, side))
			return;
		st->p->flags |= PACKET_STREAM_ADDED;
	}
	if ((side->flags & (SIDE_DEPTH | SIDE_NOREASSEMBLY)) == SIDE_DEPTH)
		u = UPDATE_OWN;
	if (u != UPDATE_PEER)
		deliver(st, d);
	st->s = &st->ssn->side[st->p->dir];
	st->r = &st->ssn->side[!st->p->dir];
}

/* --- letting go --- */

static bool raw_wanted(const struct flow *f, const struct tcp_side *side, enum dir d)
{
	return !(side->flags & SIDE_RAW_DISABLED) &&
	       (f->wanted & (d == DIR_TS ? FLOW_WANT_RAW_TS : FLOW_WANT_RAW_TC));
}

static void slide(struct tcp_side *side, uint64_t left)
{
	uint64_t base = side_base(side), past = left - base;

	if (left <= base)
		return;
	side->base_seq += (uint32_t)past;
	side->wraps = (uint16_t)(left >> 32);
	side->app_rel = side->app_rel > past ? side->app_rel - (uint32_t)past : 0;
	side->raw_rel = side->raw_rel > past ? side->raw_rel - (uint32_t)past : 0;
}

/* After a packet of direction d has been looked at by everybody: what nobody needs any more goes;
 * a receive window of delivered bytes stays to compare retransmissions with. */
void prune(struct stream_worker *w, struct flow *f, enum dir d)
{
	struct tcp_session *ssn = f->tcp;
	struct tcp_side *side = &ssn->side[d];
	struct side_pending *sp;
	bool app = side_app_on(f), raw = raw_wanted(f, side, d);
	uint64_t left;
	uint32_t edge, window;

	side->flags &= (uint16_t)~SIDE_PRUNE;
	if (side->flags & SIDE_NOREASSEMBLY)
		return;
	if ((side->flags & SIDE_DEPTH) || (!app && !raw) || !(f->wanted & FLOW_WANT_STREAM)) {
		side->flags |= SIDE_NOREASSEMBLY;
		segments_clear(w, ssn, d);
		pending_tidy(w, ssn);
		return;
	}
	if (!ssn->pending)
		return;
	sp = &ssn->pending->side[d];
	left = app ? side_app(side) : UINT64_MAX;
	if (raw && side_raw(side) < left)
		left = side_raw(side);
	if (sp->keeps && sp->keep < left)
		left = sp->keep > side_base(side) ? sp->keep : side_base(side);
	edge = side->base_seq + (uint32_t)(left - side_base(side));
	window = !w->config.compare ? 0 : side->window ? side->window : 4096;
	while (window && sp->done && seq_leq(sp->done->seq + sp->done->len, edge)) {
		if (!(sp->done->flags & SEGMENT_HISTORY))
			segment_to_history(w, sp->done);
		sp->done = sp->done->next[0];
	}
	slide(side, left > window ? left - window : 0);
	while (sp->head[0] && seq_leq(sp->head[0]->seq + sp->head[0]->len, side->base_seq))
		segment_remove(w, sp->head[0]);
	if (!sp->count)
		pending_tidy(w, ssn);
}
