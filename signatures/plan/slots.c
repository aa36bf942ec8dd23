#include "signatures/plan/slots.h"

/* All patterns of one offset and width. What every scan asks lies close together. */
struct slot {
	uint32_t offset;
	uint32_t bytes; /* mask of `width` bytes */
	uint32_t words; /* its words in slots.filters: the first, */
	uint32_t mask;	/* and their number less one; while they are counted, patterns */
};

struct slot_table {
	uint32_t mask; /* of places */
	struct entry_place *places;
};

struct slots {
	uint32_t n;
	struct slot *v;		   /* by offset, then by width */
	uint64_t *filters;	   /* entry_filter_bits of the hashes that occur */
	struct slot_table *tables; /* as v */
};

static uint64_t hash_of(const struct slot *t, uint32_t gram)
{
	return (uint64_t)(gram & t->bytes) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t *filter_word(const struct slots *s, const struct slot *t, uint64_t hash)
{
	return &s->filters[t->words + (hash >> 32 & t->mask)];
}

/* The first four bytes; fewer in front of zeros. */
static uint32_t gram_of(struct slice s)
{
	uint8_t four[MATCHER_AT_WIDTH] = {0};

	memcpy(four, s.data, s.len < sizeof(four) ? s.len : sizeof(four));
	return entry_gram(four);
}

static uint32_t bytes_of(const struct entry *e)
{
	uint32_t width =
		e->bytes.len < MATCHER_AT_WIDTH ? (uint32_t)e->bytes.len : MATCHER_AT_WIDTH;

	return UINT32_MAX >> (MATCHER_AT_WIDTH - width) * 8;
}

static struct slot *slot_of(struct slots *s, const struct entry *e)
{
	uint32_t bytes = bytes_of(e);

	for (uint32_t i = 0; i < s->n; i++) {
		if (s->v[i].offset == e->offset && s->v[i].bytes == bytes)
			return &s->v[i];
	}
	s->v[s->n] = (struct slot){.offset = e->offset, .bytes = bytes};
	return &s->v[s->n++];
}

static int slot_cmp(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static bool tables_new(struct slots *s, struct plan_mem *mem)
{
	uint32_t words = 0;

	s->tables = plan_alloc(mem, s->n * sizeof(*s->tables));
	for (uint32_t i = 0; s->tables && i < s->n; i++) {
		uint32_t count = s->v[i].mask, n = entry_filter_words(count);

		s->v[i].words = words;
		s->v[i].mask = n - 1;
		words += n;
		s->tables[i].mask = entry_table_mask(count);
		s->tables[i].places =
			plan_alloc(mem, (s->tables[i].mask + 1) * sizeof(*s->tables[i].places));
	}
	s->filters = plan_alloc(mem, words * sizeof(*s->filters));
	return !mem->failed;
}

static void slot_add(struct slots *s, const struct entry *e)
{
	const struct slot *t = slot_of(s, e);
	struct slot_table *table = &s->tables[t - s->v];
	uint64_t hash = hash_of(t, gram_of(e->bytes));

	*filter_word(s, t, hash) |= entry_filter_bits(hash);
	entry_table_add(table->places, table->mask, hash, e);
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
	qsort(s->v, s->n, sizeof(*s->v), slot_cmp);
	if (!tables_new(s, mem))
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		if (entries[i].place == MATCHER_AT)
			slot_add(s, &entries[i]);
	}
	return s;
}

/* The first entry of a place on that lies there; NULL: none. */
static inline const struct entry *table_next(const struct slot_table *t, uint32_t *place,
					     uint64_t hash, struct slice data, size_t at)
{
	for (; t->places[*place].entry; *place = (*place + 1) & t->mask) {
		const struct entry *e = t->places[*place].entry;

		if (t->places[*place].hash == hash && entry_lies(e, data, at)) {
			*place = (*place + 1) & t->mask;
			return e;
		}
	}
	return NULL;
}

/* `hits` NULL: asked is only whether there is one. */
static __attribute__((noinline)) bool table_scan(const struct slot_table *t, uint64_t hash,
						 struct slice data, size_t at,
						 struct matcher_hits *hits)
{
	uint32_t place = (uint32_t)(hash >> 32) & t->mask;
	const struct entry *e;
	bool any = false;

	while ((!any || hits) && (e = table_next(t, &place, hash, data, at))) {
		if (hits)
			matcher_hits_add(hits, &e->list);
		any = true;
	}
	return any;
}

bool slots_scan(const struct slots *s, struct slice data, uint64_t offset,
		struct matcher_hits *hits)
{
	bool any = false;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct slot *t = &s->v[i];
		uint64_t at = t->offset - offset, hash, bits;

		if (t->offset < offset)
			continue;
		if (at >= data.len)
			break;
		hash = hash_of(t, data.len - at >= MATCHER_AT_WIDTH
					  ? entry_gram(data.data + at)
					  : gram_of(slice_sub(data, at, MATCHER_AT_WIDTH)));
		bits = entry_filter_bits(hash);
		if ((*filter_word(s, t, hash) & bits) == bits)
			any |= table_scan(&s->tables[i], hash, data, at, hits);
		if (any && !hits)
			return true;
	}
	return any;
}
