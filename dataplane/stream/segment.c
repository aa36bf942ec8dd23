/* The ordered set of a side's segments: a skip list by (sequence number, length), so that no packet
 * walks a list that traffic has lengthened; arriving in order means a push at the end. Levels are
 * drawn from the worker's own generator, which traffic cannot see. */
#include <string.h>

#include "dataplane/stream/session.h"

static struct side_pending *side_of(const struct tcp_session *ssn, enum dir d)
{
	return &ssn->pending->side[d];
}

static enum dir segment_dir(const struct segment *g)
{
	return g->flags & SEGMENT_SERVER ? DIR_TC : DIR_TS;
}

static int key_cmp(const struct segment *g, uint32_t seq, uint32_t len)
{
	if (g->seq != seq)
		return seq_lt(g->seq, seq) ? -1 : 1;
	return g->len == len ? 0 : g->len < len ? -1 : 1;
}

static uint8_t draw_levels(struct stream_worker *w)
{
	uint8_t levels = 1;

	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	for (uint64_t bits = w->random >> 20; levels < SKIP_LEVELS && (bits & 15) == 0; bits >>= 4)
		levels++;
	return levels;
}

static size_t segment_size(const struct segment *g)
{
	return sizeof(*g) + g->levels * sizeof(g->next[0]) +
	       (g->flags & SEGMENT_INLINE ? g->len : 0);
}

/* The last segment before the key at each level. */
static void find(const struct side_pending *sp, uint32_t seq, uint32_t len,
		 struct segment *before[SKIP_LEVELS])
{
	struct segment *at = NULL;

	for (int l = SKIP_LEVELS - 1; l >= 0; l--) {
		struct segment *next = at ? at->next[l] : sp->head[l];

		while (next && key_cmp(next, seq, len) < 0) {
			at = next;
			next = at->next[l];
		}
		before[l] = at;
	}
}

static void link_in(struct side_pending *sp, struct segment *g, struct segment *before[SKIP_LEVELS])
{
	for (unsigned l = 0; l < g->levels; l++) {
		struct segment **link = before[l] ? &before[l]->next[l] : &sp->head[l];

		g->next[l] = *link;
		*link = g;
		if (!g->next[l])
			sp->last[l] = g;
	}
	g->prev = before[0];
	if (g->next[0])
		g->next[0]->prev = g;
	sp->count++;
}

static void link_out(struct side_pending *sp, struct segment *g)
{
	struct segment *before[SKIP_LEVELS] = {g->prev};

	if (g->levels > 1)
		find(sp, g->seq, g->len, before);
	for (unsigned l = 0; l < g->levels; l++) {
		struct segment **link = before[l] ? &before[l]->next[l] : &sp->head[l];

		*link = g->next[l];
		if (!g->next[l])
			sp->last[l] = before[l];
	}
	if (g->next[0])
		g->next[0]->prev = g->prev;
	sp->count--;
}

/* --- history: segments that everybody is done with, oldest first --- */

void segment_to_history(struct stream_worker *w, struct segment *g)
{
	g->flags |= SEGMENT_HISTORY;
	g->junior = &w->history;
	g->elder = w->history.elder;
	w->history.elder->junior = g;
	w->history.elder = g;
	w->history_bytes += segment_size(g);
}

static void history_leave(struct stream_worker *w, struct segment *g)
{
	if (!(g->flags & SEGMENT_HISTORY))
		return;
	g->elder->junior = g->junior;
	g->junior->elder = g->elder;
	w->history_bytes -= segment_size(g);
}

static bool history_drop(struct stream_worker *w)
{
	struct segment *g = w->history.junior;
	struct tcp_session *ssn;

	if (g == &w->history)
		return false;
	w->counts[STREAM_COUNT_HISTORY_DROPPED]++;
	ssn = g->ssn;
	segment_remove(w, g);
	if (ssn != w->busy)
		pending_tidy(w, ssn);
	return true;
}

/* --- memory --- */

static void *take_free(struct stream_worker *w, size_t n)
{
	void *p = w->segment_bytes + n > w->config.memcap ? NULL : slab_alloc(w->slab, n);

	if (p)
		w->segment_bytes += n;
	return p;
}

/* The history gives way: segments may vanish, this session's too. */
static void *take(struct stream_worker *w, size_t n)
{
	while (w->segment_bytes + n > w->config.memcap || w->history_bytes > w->config.history) {
		if (!history_drop(w))
			break;
	}
	return take_free(w, n);
}

static void give(struct stream_worker *w, void *p, size_t n)
{
	slab_free(w->slab, p, n);
	w->segment_bytes -= n;
}

void segment_remove(struct stream_worker *w, struct segment *g)
{
	struct side_pending *sp = side_of(g->ssn, segment_dir(g));

	history_leave(w, g);
	link_out(sp, g);
	if (sp->app == g)
		sp->app = g->next[0];
	if (sp->done == g)
		sp->done = g->next[0];
	if (g->flags & SEGMENT_APART)
		give(w, (void *)(uintptr_t)g->data, g->len);
	give(w, g, segment_size(g));
}

void segments_clear(struct stream_worker *w, struct tcp_session *ssn, enum dir d)
{
	if (!ssn->pending)
		return;
	while (side_of(ssn, d)->head[0])
		segment_remove(w, side_of(ssn, d)->head[0]);
}

/* Its bytes may be written: those of a frame are copied first. No other segment vanishes. */
bool segment_own(struct stream_worker *w, struct segment *g)
{
	uint8_t *copy;

	if (g->flags & (SEGMENT_INLINE | SEGMENT_APART))
		return true;
	copy = take_free(w, g->len);
	if (!copy) {
		w->counts[STREAM_COUNT_SEGMENT_MEMORY]++;
		return false;
	}
	memcpy(copy, g->data, g->len);
	g->data = copy;
	g->flags |= SEGMENT_APART;
	return true;
}

static struct segment *segment_new(struct tcp_step *st, enum dir d, uint32_t seq, uint32_t len,
				   bool copy)
{
	struct stream_worker *w = st->w;
	uint8_t levels = draw_levels(w);
	size_t header = sizeof(struct segment) + levels * sizeof(struct segment *);
	struct segment *g = take(w, header + (copy ? len : 0));

	if (!g)
		return NULL;
	g->ssn = st->ssn;
	g->elder = g->junior = NULL;
	g->seq = seq;
	g->len = (uint16_t)len;
	g->levels = levels;
	g->flags = (uint8_t)((d == DIR_TC ? SEGMENT_SERVER : 0) | (copy ? SEGMENT_INLINE : 0));
	g->data = st->p->payload;
	if (copy) {
		memcpy((uint8_t *)g + header, st->p->payload, len);
		g->data = (uint8_t *)g + header;
	}
	return g;
}

/* Where delivery and the history go on, after g has come in. */
static void update_marks(struct stream_worker *w, struct side_pending *sp,
			 const struct tcp_side *side, struct segment *g)
{
	uint32_t right = g->seq + g->len;
	bool for_app = seq_gt(right, side->base_seq + side->app_rel);
	bool for_raw = seq_gt(right, side->base_seq + side->raw_rel);

	if (for_app && (!sp->app || key_cmp(sp->app, g->seq, g->len) > 0))
		sp->app = g;
	if (sp->done && key_cmp(sp->done, g->seq, g->len) < 0)
		return;
	if (for_app || for_raw || (!sp->done && !g->next[0]))
		sp->done = g;
	else
		segment_to_history(w, g);
}

/* Room among the pieces: history gives way first. */
static bool count_ok(struct stream_worker *w, struct side_pending *sp)
{
	if (sp->count < LIMIT_STREAM_SEGMENTS)
		return true;
	if (sp->head[0]->flags & SEGMENT_HISTORY) {
		segment_remove(w, sp->head[0]);
		return true;
	}
	w->counts[STREAM_COUNT_SEGMENTS]++;
	return false;
}

enum insert_result segment_insert(struct tcp_step *st, struct tcp_side *side, uint32_t seq,
				  uint32_t len)
{
	struct stream_worker *w = st->w;
	enum dir d = side_dir(st->ssn, side);
	bool stable = (st->p->flags & (PACKET_STABLE | PACKET_REASSEMBLED)) == PACKET_STABLE;
	struct segment *before[SKIP_LEVELS], *g, *same;
	struct side_pending *sp;
	bool inside;

	if (seq_leq(seq + len, side->base_seq)) {
		w->counts[STREAM_COUNT_BEFORE_BASE]++;
		return INSERT_INVALID;
	}
	if (!pending_of(w, st->ssn))
		return INSERT_NO_MEMORY;
	sp = side_of(st->ssn, d);
	if (!count_ok(w, sp))
		return INSERT_LIMIT;
	g = segment_new(st, d, seq, len, !stable);
	if (!g)
		return INSERT_NO_MEMORY;
	/* memory may have come from the history: look for neighbours only now */
	if (sp->last[0] && key_cmp(sp->last[0], seq, len) < 0)
		memcpy(before, sp->last, sizeof(before));
	else
		find(sp, seq, len, before);
	same = before[0] ? before[0]->next[0] : sp->head[0];
	if (same && key_cmp(same, seq, len) == 0) {
		give(w, g, segment_size(g));
		overlap_resolve(st, same, true);
		return INSERT_OK;
	}
	inside = sp->count && seq_lt(seq, sp->right_edge);
	if (!sp->count || seq_gt(seq + len, sp->right_edge))
		sp->right_edge = seq + len;
	if (len > sp->longest)
		sp->longest = len;
	link_in(sp, g, before);
	update_marks(w, sp, side, g);
	if (inside)
		overlap_resolve(st, g, false);
	return INSERT_OK;
}
