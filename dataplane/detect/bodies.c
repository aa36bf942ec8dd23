/* What is known of a transaction's growing buffers: up to where they were searched, and which rules
 * patterns in the window led to. So each byte is searched once, while rules are tried on whole
 * windows: a pattern may come packets before what else its rule asks for. */
#include "dataplane/detect/internal.h"

struct body {
	struct body *next;
	const struct plan_group *group;
	uint64_t searched; /* up to here */
	uint16_t count, cap;
	struct body_hit {
		struct plan_cand cand;
		uint64_t end; /* its pattern lies before */
	} * hits;
};

enum { HITS_FIRST = 8 };

static struct body *body_of(struct detector *d, struct app_tx *tx, const struct plan_group *g)
{
	struct detect_tx *dt = state_of_tx(d, tx);
	struct body *b = dt ? dt->bodies : NULL;

	while (b && b->group != g)
		b = b->next;
	if (b || !dt)
		return b;
	b = slab_zalloc(d->slab, sizeof(*b));
	if (!b) {
		detect_count(d, DETECT_COUNT_MEMORY);
		return NULL;
	}
	b->group = g;
	b->next = dt->bodies;
	dt->bodies = b;
	return b;
}

void bodies_free(struct detector *d, struct detect_tx *dt)
{
	while (dt->bodies) {
		struct body *b = dt->bodies;

		dt->bodies = b->next;
		slab_free(d->slab, b->hits, b->cap * sizeof(*b->hits));
		slab_free(d->slab, b, sizeof(*b));
	}
}

/* Rules whose pattern lies in the part of the window that was searched before. */
static void hits_again(struct run *r, struct body *b, uint64_t begin)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < b->count; i++) {
		if (b->hits[i].end <= begin)
			continue;
		b->hits[kept++] = b->hits[i];
		matcher_hits_add(&r->d->hits, &(struct plan_list){1, &b->hits[i].cand});
	}
	b->count = kept;
}

static bool hits_room(struct detector *d, struct body *b, uint32_t more)
{
	uint32_t cap = b->cap ? b->cap : HITS_FIRST;
	struct body_hit *grown;

	if (b->count + more <= b->cap)
		return true;
	while (cap < b->count + more)
		cap *= 2;
	if (cap > DETECT_BODY_HITS)
		return false;
	grown = slab_grow(d->slab, b->hits, b->cap * sizeof(*grown), cap * sizeof(*grown));
	if (!grown) {
		detect_count(d, DETECT_COUNT_MEMORY);
		return false;
	}
	b->hits = grown;
	b->cap = (uint16_t)cap;
	return true;
}

/* Without room for them the same bytes are searched again next time. */
static bool hits_keep(struct run *r, struct body *b, uint32_t from, uint64_t end)
{
	const struct matcher_hits *h = &r->d->hits;

	if (h->n < from) /* full, and made unique */
		from = 0;
	if (!hits_room(r->d, b, h->n - from))
		return false;
	for (uint32_t i = from; i < h->n; i++)
		b->hits[b->count++] = (struct body_hit){h->v[i], end};
	return true;
}

void bodies_scan(struct run *r, const struct plan_group *g, struct app_tx *tx,
		 const struct inspect_bytes *in)
{
	struct body *b = body_of(r->d, tx, g);
	struct matcher_window w = {in->data, in->offset, 0};
	uint64_t end = in->offset + in->data.len;
	uint32_t before;

	if (!b || b->searched > end) {
		profile_scan(r, g->matcher, &w);
		return;
	}
	hits_again(r, b, in->offset);
	if (b->searched > in->offset + MATCHER_SEARCHED_MAX)
		w.from = b->searched - in->offset - MATCHER_SEARCHED_MAX;
	before = r->d->hits.n;
	profile_scan(r, g->matcher, &w);
	if (hits_keep(r, b, before, end))
		b->searched = end;
}
