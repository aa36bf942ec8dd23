#include "signatures/plan/slots.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum {
	NEAR_BYTES = 64, /* of a buffer are compared with all patterns of small slots at once, */
	NEAR_FEW = 16,	 /* a small slot having so many patterns at most; */
	NEAR_LANES = 16,
};

/* All patterns of one offset and width. What every scan asks lies close together. */
struct slot {
	uint32_t offset;
	uint32_t bytes; /* mask of `width` bytes */
	uint32_t words; /* its words in slots.filters: the first, */
	uint32_t mask;	/* and their number less one; while they are counted, patterns */
	bool near;
};

struct slot_table {
	uint32_t mask; /* of places */
	struct entry_place *places;
};

/* The grams of small slots, each in a lane of its own: most slots have one or two patterns, and a
 * filter word for each slot would be as many waits for memory. */
struct near {
	uint8_t from[NEAR_BYTES];  /* where in the buffer a byte of a gram comes from, */
	uint64_t bytes;		   /* for these bytes of `from`; the others are 0 */
	uint32_t gram[NEAR_LANES]; /* 0: an empty lane, as folded grams are never 0 */
	uint32_t slot[NEAR_LANES];
};

struct slots {
	uint32_t n;
	uint32_t nnear;	   /* slots: the first ones of v */
	uint32_t nblocks;  /* of `near` */
	uint32_t in_block; /* lanes taken in the last */
	struct near *near;
	struct slot *v;		   /* near ones first; by offset, then by width */
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

	if (x->near != y->near)
		return x->near ? -1 : 1;
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

/* The slots that are looked at in lanes, once they are counted. */
static bool near_new(struct slots *s, struct plan_mem *mem)
{
	uint32_t grams = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		struct slot *t = &s->v[i];

		t->near = t->mask <= NEAR_FEW && t->offset + MATCHER_AT_WIDTH <= NEAR_BYTES;
		s->nnear += t->near;
		grams += t->near ? t->mask : 0;
	}
	s->near = plan_alloc(mem, (grams / NEAR_LANES + 1) * sizeof(*s->near));
	return s->near;
}

static bool near_has(const struct slots *s, uint32_t slot, uint32_t gram)
{
	for (uint32_t i = 0; i < s->nblocks * NEAR_LANES; i++) {
		const struct near *b = &s->near[i / NEAR_LANES];

		if (b->gram[i % NEAR_LANES] == gram && b->slot[i % NEAR_LANES] == slot)
			return true;
	}
	return false;
}

/* `gram` with zeros where the slot has no bytes. */
static void near_add(struct slots *s, uint32_t slot, uint32_t gram)
{
	const struct slot *t = &s->v[slot];
	struct near *b;
	uint32_t lane;

	gram |= ENTRY_FOLD;
	if (near_has(s, slot, gram))
		return;
	if (s->nblocks == 0 || s->in_block == NEAR_LANES) {
		s->nblocks++;
		s->in_block = 0;
	}
	b = &s->near[s->nblocks - 1];
	lane = s->in_block++;
	b->gram[lane] = gram;
	b->slot[lane] = slot;
	for (uint32_t i = 0; i < MATCHER_AT_WIDTH; i++) {
		b->from[lane * MATCHER_AT_WIDTH + i] = (uint8_t)(t->offset + i);
		if (t->bytes >> i * 8 & 1)
			b->bytes |= 1ULL << (lane * MATCHER_AT_WIDTH + i);
	}
}

static void slot_add(struct slots *s, const struct entry *e)
{
	const struct slot *t = slot_of(s, e);
	struct slot_table *table = &s->tables[t - s->v];
	uint64_t hash = hash_of(t, gram_of(e->bytes));

	*filter_word(s, t, hash) |= entry_filter_bits(hash);
	if (t->near)
		near_add(s, (uint32_t)(t - s->v), gram_of(e->bytes) & t->bytes);
	entry_table_add(table->places, table->mask, hash, e);
}

bool slots_wide(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vbmi");
#else
	return false;
#endif
}

struct slots *slots_new(struct plan_mem *mem, const struct entry *entries, uint32_t n, bool wide)
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
	if (wide && !near_new(s, mem))
		return NULL;
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

/* The slots `from` to `to`, each by itself. */
static inline bool scan_each(const struct slots *s, uint32_t from, uint32_t to,
			     const struct matcher_window *w, struct matcher_hits *hits)
{
	struct slice data = w->data;
	bool any = false;

	for (uint32_t i = from; i < to; i++) {
		const struct slot *t = &s->v[i];
		uint64_t at = t->offset - w->offset, hash, bits;

		if (t->offset < w->offset)
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

#ifdef __x86_64__
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi")))

static bool near_found(const struct slots *s, const struct near *b, uint32_t found,
		       struct slice data, struct matcher_hits *hits)
{
	bool any = false;

	for (; found; found &= found - 1) {
		unsigned lane = (unsigned)__builtin_ctz(found);
		const struct slot *t = &s->v[b->slot[lane]];

		any |= t->offset < data.len &&
		       table_scan(&s->tables[b->slot[lane]], hash_of(t, b->gram[lane]), data,
				  t->offset, hits);
	}
	return any;
}

/* Behind the end there are zeros; what they seem to be is compared in full. */
WIDE static bool scan_near(const struct slots *s, struct slice data, struct matcher_hits *hits)
{
	const __m512i fold = _mm512_set1_epi32(ENTRY_FOLD);
	__mmask64 here = data.len < NEAR_BYTES ? (1ULL << data.len) - 1 : ~0ULL;
	__m512i head = _mm512_maskz_loadu_epi8(here, data.data);
	bool any = false;

	for (uint32_t i = 0; i < s->nblocks; i++) {
		const struct near *b = &s->near[i];
		__m512i from = _mm512_loadu_si512(b->from);
		__m512i grams = _mm512_maskz_permutexvar_epi8(b->bytes, from, head);
		uint32_t found = _mm512_cmpeq_epi32_mask(_mm512_or_si512(grams, fold),
							 _mm512_loadu_si512(b->gram));

		if (found)
			any |= near_found(s, b, found, data, hits);
	}
	return any;
}
#else
static bool scan_near(const struct slots *s, struct slice data, struct matcher_hits *hits)
{
	return false;
}
#endif

bool slots_scan(const struct slots *s, const struct matcher_window *w, struct matcher_hits *hits)
{
	bool any = w->offset ? scan_each(s, 0, s->nnear, w, hits)
			     : s->nblocks && scan_near(s, w->data, hits);

	if (any && !hits)
		return true;
	return scan_each(s, s->nnear, s->n, w, hits) || any;
}
