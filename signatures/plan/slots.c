#include "signatures/plan/slots.h"

/* All patterns of one offset and width. */
struct slot {
	uint32_t offset, width;
	uint32_t bytes; /* mask of `width` bytes */
	uint32_t mask;	/* of places; their number while they are counted */
	struct entry_filter filter;
	struct entry_place *table;
};

struct slots {
	uint32_t n;
	struct slot *v; /* by offset, then by width */
};

static uint64_t hash_of(const struct slot *t, uint32_t gram)
{
	return (uint64_t)(gram & t->bytes) * 0x9e3779b97f4a7c15ULL;
}

/* The first four bytes; fewer in front of zeros. */
static uint32_t gram_of(struct slice s)
{
	uint8_t four[MATCHER_AT_WIDTH] = {0};

	memcpy(four, s.data, s.len < sizeof(four) ? s.len : sizeof(four));
	return entry_gram(four);
}

static uint32_t width_of(const struct entry *e)
{
	return e->bytes.len < MATCHER_AT_WIDTH ? (uint32_t)e->bytes.len : MATCHER_AT_WIDTH;
}

static struct slot *slot_of(struct slots *s, const struct entry *e)
{
	uint32_t width = width_of(e);

	for (uint32_t i = 0; i < s->n; i++) {
		if (s->v[i].offset == e->offset && s->v[i].width == width)
			return &s->v[i];
	}
	s->v[s->n] = (struct slot){
		.offset = e->offset, .width = width, .bytes = UINT32_MAX >> (4 - width) * 8};
	return &s->v[s->n++];
}

static int slot_cmp(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->width < y->width ? -1 : x->width > y->width;
}

static bool tables_new(struct slots *s, struct plan_mem *mem)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (!entry_filter_new(mem, &s->v[i].filter, s->v[i].mask))
			return false;
		s->v[i].mask = entry_table_mask(s->v[i].mask);
		s->v[i].table = plan_alloc(mem, (s->v[i].mask + 1) * sizeof(*s->v[i].table));
		if (!s->v[i].table)
			return false;
	}
	return true;
}

static void slot_add(struct slot *t, const struct entry *e)
{
	uint64_t hash = hash_of(t, gram_of(e->bytes));

	entry_filter_add(&t->filter, hash);
	entry_table_add(t->table, t->mask, hash, e);
}

struct slots *slots_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	struct slots *s;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += entries[i].place == MATCHER_AT;
	s = count ? plan_alloc(mem, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->v = plan_alloc(mem, count * sizeof(*s->v));
	if (!s->v)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		if (entries[i].place == MATCHER_AT)
			slot_of(s, &entries[i])->mask++;
	}
	if (!tables_new(s, mem))
		return NULL;
	qsort(s->v, s->n, sizeof(*s->v), slot_cmp);
	for (uint32_t i = 0; i < n; i++) {
		if (entries[i].place == MATCHER_AT)
			slot_add(slot_of(s, &entries[i]), &entries[i]);
	}
	return s;
}

static void slot_scan(const struct slot *t, uint64_t hash, struct slice data, size_t at,
		      struct matcher_hits *hits)
{
	for (uint32_t k = (uint32_t)(hash >> 32) & t->mask; t->table[k].entry;
	     k = (k + 1) & t->mask) {
		if (t->table[k].hash == hash && entry_lies(t->table[k].entry, data, at))
			matcher_hits_add(hits, &t->table[k].entry->list);
	}
}

void slots_scan(const struct slots *s, struct slice data, uint64_t offset,
		struct matcher_hits *hits)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct slot *t = &s->v[i];
		uint64_t at = t->offset - offset, hash;

		if (t->offset < offset)
			continue;
		if (at >= data.len)
			break;
		hash = hash_of(t, data.len - at >= MATCHER_AT_WIDTH
					  ? entry_gram(data.data + at)
					  : gram_of(slice_sub(data, at, MATCHER_AT_WIDTH)));
		if (entry_filter_has(&t->filter, hash))
			slot_scan(t, hash, data, at, hits);
	}
}
