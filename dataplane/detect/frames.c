/* Rules on frames. A frame is looked at in pieces of the stream, as it comes: at once when all of
 * it is there, else when enough has come; bytes behind a hole are a piece of
 * their own. A rule alerts once a frame and packet. */
#include <stdio.h>

#include "dataplane/app/frame.h"
#include "dataplane/detect/internal.h"

enum { LOOK = 2500 }; /* bytes that an unfinished frame waits for */

/* What of the direction's bytes may be looked at now. */
struct edge {
	uint64_t right;
	bool end;
};

static struct edge edge_of(const struct run *r)
{
	struct edge e = {r->p->payload_len, true};

	if (r->p->ip_proto == IP_PROTO_TCP)
		e.right = stream_right_edge(r->d->stream, r->f, r->p, r->dir, &e.end);
	return e;
}

static uint64_t frame_right(const struct app_frame *frame)
{
	return frame->len < 0 ? UINT64_MAX : frame->offset + (uint64_t)frame->len;
}

/* The part of the frame that is due: false when none is. */
static bool due(const struct app_frame *frame, const struct edge *e, uint64_t *ret_from,
		uint64_t *ret_to)
{
	uint64_t right = frame_right(frame);

	*ret_from = frame->offset + frame->inspected;
	*ret_to = right < e->right ? right : e->right;
	if (*ret_to <= *ret_from)
		return false;
	/* As Suricata, which counts the stream's bytes here and not the frame's: behind the first
	 * LOOK bytes of a stream a frame is mostly looked at with every piece of it that comes. */
	return e->end || right <= e->right || e->right >= frame->inspected + LOOK;
}

/* ---- one piece ---- */

struct piece {
	const struct app_frame *frame;
	struct inspect_bytes in; /* before transforms */
};

static bool queued_already(const struct run *r, const struct plan_rule *rule)
{
	for (uint32_t i = r->d->queued; i > 0; i--) {
		const struct queued *q = &r->d->queue[i - 1];

		if (!q->frame)
			return false;
		if (q->rule == rule && q->frame == r->frame)
			return true;
	}
	return false;
}

static void rule_try(struct run *r, const struct plan_rule *rule, const struct piece *piece)
{
	const struct rule_buffer *b = &rule->rule->buffers[rule->frame_buffer];
	const struct inspect_list *list =
		r->e->lists[rule->rule->index].buffers[rule->frame_buffer];
	struct inspect_bytes in = piece->in;

	if ((rule->flags & PLAN_OFF) || queued_already(r, rule))
		return;
	inspect_begin(r->d->inspect);
	if (!packet_conditions(r, rule))
		return;
	if (b->ntransforms &&
	    !inspect_transform(r->d->inspect, 0, b->transforms, b->ntransforms, in.data, &in.data))
		return;
	if (!inspect_run(r->d->inspect, list, &in)) {
		vars_capture(r);
		return;
	}
	vars_capture(r);
	post_match(r, rule);
	alert_queue(r, rule, DETECT_FRAME);
}

static void rule_timed(struct run *r, const struct plan_rule *rule, const struct piece *piece)
{
	uint32_t before = r->d->queued;
	struct detect_cost *c;
	uint64_t start;

	if (!r->e->profile) {
		rule_try(r, rule, piece);
		return;
	}
	c = &r->d->rule_costs[rule->num];
	start = __builtin_ia32_rdtsc();
	rule_try(r, rule, piece);
	c->cycles += __builtin_ia32_rdtsc() - start;
	c->runs++;
	c->hits += r->d->queued > before;
}

static void piece_rules(struct run *r, const struct plan_frames *rules, const struct piece *piece)
{
	struct matcher_hits *h = &r->d->hits;

	h->n = 0;
	h->have = 0xff;
	h->dirs = (uint8_t)(1 << r->dir);
	matcher_hits_add(h, &rules->always);
	for (uint32_t i = 0; i < rules->ngroups; i++) {
		const struct plan_group *g = &rules->groups[i];
		const struct rule_buffer *b = g->list;
		struct slice data = piece->in.data;

		if (!b->ntransforms ||
		    inspect_transform(r->d->inspect, 0, b->transforms, b->ntransforms, data, &data))
			profile_scan(r, g->matcher,
				     &(struct matcher_window){data, piece->in.offset, 0});
	}
	matcher_hits_sort(h);
	for (uint32_t i = 0; i < h->n; i++)
		rule_timed(r, &r->plan->rules[h->v[i].num], piece);
}

/* ---- one frame ---- */

/* The next piece of [*from, to); moves *from behind it. */
static bool piece_next(struct run *r, struct piece *piece, uint64_t *from, uint64_t to)
{
	const struct app_frame *frame = piece->frame;
	struct slice data;
	uint64_t at;

	if (r->p->ip_proto == IP_PROTO_TCP) {
		if (!stream_bytes(r->d->stream, r->f, r->dir, *from, to, &data, &at))
			return false;
	} else {
		if (*from >= to)
			return false;
		at = *from;
		data = slice_sub(packet_payload(r->p), at, to - at);
	}
	*from = at + data.len;
	piece->in = (struct inspect_bytes){.data = data,
					   .offset = at - frame->offset,
					   .start = at == frame->offset,
					   .end = *from == frame_right(frame),
					   .packet = r->p};
	return true;
}

static void frame_inspect(struct run *r, const struct plan_frames *rules, struct app_frame *frame,
			  const struct edge *e)
{
	struct piece piece = {.frame = frame};
	uint64_t from, to;

	if (!due(frame, e, &from, &to))
		return;
	r->frame = frame;
	r->tx = NULL;
	for (struct app_tx *tx = r->app->tx_first; frame->has_tx && tx; tx = tx->next) {
		if (tx->id == frame->tx_id)
			r->tx = tx;
	}
	while (piece_next(r, &piece, &from, to))
		piece_rules(r, rules, &piece);
	frame->inspected = to - frame->offset;
	r->tx = NULL;
	r->frame = NULL;
}

void frames_rules(struct run *r)
{
	struct app_frames *l = app_frames_of(r->app, r->dir);
	const struct plan_frames *rules = r->plan->frames[r->proto][r->dir];
	struct edge e;

	if (!l || !rules)
		return;
	e = edge_of(r);
	for (unsigned i = 0; i < l->n; i++) {
		if (r->plan->frames_wanted[r->proto] >> l->v[i].type & 1)
			frame_inspect(r, &rules[l->v[i].type], &l->v[i], &e);
	}
}

void frames_done(struct run *r, bool all)
{
	struct edge e;

	if (!r->d->app || !r->app || !app_frames_of(r->app, r->dir))
		return;
	e = edge_of(r);
	app_frames_done(r->d->app, r->f, r->dir, e.right, e.end || all);
}

/* ---- what alerts say ---- */

struct shown {
	uint8_t *buf;
	size_t len;
};

static void show(struct shown *s, struct slice data)
{
	size_t n = DETECT_FRAME_BYTES - s->len;

	if (n > data.len)
		n = data.len;
	if (n)
		memcpy(s->buf + s->len, data.data, n);
	s->len += n;
}

static void show_missing(struct shown *s, uint64_t n)
{
	char text[48];
	int len = snprintf(text, sizeof(text), "[%llu bytes missing]", (unsigned long long)n);

	if (n)
		show(s, SLICE(text, (size_t)len));
}

void frames_describe(struct run *r, const struct app_frame *frame, struct detect_frame *ret)
{
	struct shown s = {.buf = r->d->frame_bytes};
	struct piece piece = {.frame = frame};
	struct edge e = edge_of(r);
	uint64_t right = frame_right(frame), from = frame->offset, at = from, to;

	to = right < e.right ? right : e.right;
	while (s.len < DETECT_FRAME_BYTES && piece_next(r, &piece, &from, to)) {
		show_missing(&s, from - piece.in.data.len - at);
		show(&s, piece.in.data);
		at = from;
	}
	*ret = (struct detect_frame){
		.type = app_frame_name(r->app->proto, frame->type),
		.id = frame->id,
		.offset = frame->offset,
		.len = frame->len < 0 ? to - frame->offset : (uint64_t)frame->len,
		.complete = right <= e.right,
		.bytes = SLICE(s.buf, s.len),
	};
}
