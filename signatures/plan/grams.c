#include "signatures/plan/grams.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "signatures/plan/build.h"
#include "signatures/plan/rarity.h"

#define GRAM_FACTOR 0x9e3779b1U

enum {
	BITS_PER_GRAM = 32, /* of the filter, of which each sets three */
	PLACES_MAX = 256,   /* grams of a pattern that are weighed */
	COMMON_DIVISOR = 16,
	CROWDED =
		4, /* refs of a gram that halve its worth: hostile data made of it walks them all */
	FINE = 4096, /* of scores: they tell common grams from more common ones */
	BITS_MIN = 9,
	BITS_MAX = 24,
	BLOCK = 64,   /* grams: bits of a word */
	PENDING = 32, /* places that are looked up together, so that memory answers them at once */
	BEHIND_MASK = 31, /* of a byte: alike for both cases of a letter */
	BEHIND_SHIFT = 26,
	BITS_FIRST = 5, /* where in a hash the numbers of bits are */
	BITS_SECOND = 10,
	BITS_THIRD = 15,
	EIGHT = 8,	     /* bytes of a pattern that the second filter knows, */
	EIGHT_REFS = 8,	     /* so many refs a line of it */
	EIGHT_LINES_MIN = 0, /* of 1 << so many lines, */
	LINE_BITS = 512,     /* each what a cache fetches at once */
};

/* A gram, its place in a pattern, and the pattern's rarest gram, which is looked at before the
 * pattern is. */
struct ref {
	uint32_t gram, rarest;
	uint32_t entry;
	uint16_t at, rarest_at;
};

/* The second filter, asked of what the first one lets pass, most of which is a gram that patterns
 * do have: of eight bytes, the gram and the four behind it or in front of it. A gram's line is
 * chosen by the gram, so that one fetch answers all questions about it. */
struct line {
	uint64_t words[LINE_BITS / 64];
};

struct grams {
	uint32_t n;
	unsigned shift; /* of the hash: its upper bits are the filter's word */
	unsigned table_shift;
	unsigned line_shift; /* 32: there is one line */
	struct line *lines;  /* 64-aligned */
	bool wide;	     /* the processor has AVX-512 */
	uint32_t *filter;
	uint32_t *first;  /* by upper bits of the hash: the first of refs; one more than places */
	struct ref *refs; /* by upper bits of the hash */
	const struct entry *entries;
};

/* The upper bits are the good ones. */
static inline uint32_t gram_hash(uint32_t gram)
{
	return gram * GRAM_FACTOR;
}

/* The filter knows a gram together with what is told of the byte behind it. */
static inline uint32_t gram_key(uint32_t gram, uint8_t behind)
{
	return gram ^ (uint32_t)(behind & BEHIND_MASK) << BEHIND_SHIFT;
}

/* The bits of a word of the filter that a key sets; which word it is the hash's upper bits say. */
static inline uint32_t filter_bits(uint32_t hash)
{
	return 1U << (hash >> BITS_FIRST & 31) | 1U << (hash >> BITS_SECOND & 31) |
	       1U << (hash >> BITS_THIRD & 31);
}

enum side {
	BEHIND = 1, /* the four bytes behind a gram */
	BEFORE,	    /* those in front of it */
	NEITHER,    /* the pattern is too short */
};

static inline uint64_t eight_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w | ENTRY_FOLD | (uint64_t)ENTRY_FOLD << 32;
}

/* Sides are told apart by a factor each. */
static inline uint64_t eight_hash(uint64_t eight, enum side side)
{
	return eight * (0x9e3779b97f4a7c15ULL * (2 * (uint64_t)side + 1));
}

/* Two bits of a word of the line: the upper bits of a hash are the good ones. */
static inline uint64_t eight_bits(uint64_t hash)
{
	return 1ULL << (hash >> 58) | 1ULL << (hash >> 52 & 63);
}

static inline unsigned eight_word(uint64_t hash)
{
	return hash >> 49 & 7;
}

static inline bool line_has(const struct line *l, uint64_t hash)
{
	uint64_t bits = eight_bits(hash);

	return (l->words[eight_word(hash)] & bits) == bits;
}

static inline struct line *line_of(const struct grams *g, uint32_t hash)
{
	return &g->lines[(uint64_t)hash >> g->line_shift];
}

/* ---- building ---- */

static unsigned gram_score(const uint8_t *p)
{
	unsigned score = 1;

	for (unsigned i = 0; i < GRAMS_WIDTH; i++)
		score += rarity_of(p[i], true);
	return plan_common_gram(entry_gram(p)) ? score / COMMON_DIVISOR : score;
}

/* A run of the same byte lies in much that is padded. */
static bool run(const uint8_t *p)
{
	uint32_t gram = entry_gram(p);

	return gram == (gram & 0xff) * 0x01010101U;
}

bool grams_suit(struct slice pattern)
{
	for (size_t i = 0; i + GRAMS_SHORTEST <= pattern.len; i++) {
		const uint8_t *p = pattern.data + i;

		if (!run(p) && !run(p + 1) && !run(p + 2) && !run(p + 3))
			return true;
	}
	return false;
}

bool grams_rare(struct slice pattern)
{
	for (size_t i = 0; i + GRAMS_SHORTEST <= pattern.len; i++) {
		unsigned common = 0;

		for (size_t k = 0; k < GRAMS_STRIDE; k++)
			common += plan_common_gram(entry_gram(pattern.data + i + k));
		if (common == 0)
			return true;
	}
	return false;
}

/* Scores of all grams of a pattern: how rarely each is expected. */
struct scores {
	uint32_t n;
	unsigned v[PLACES_MAX];
};

static void scores_of(const struct entry *e, const uint16_t *crowd, unsigned shift,
		      struct scores *ret)
{
	size_t n = e->bytes.len - GRAMS_WIDTH + 1;

	ret->n = n < PLACES_MAX ? (uint32_t)n : PLACES_MAX;
	for (uint32_t i = 0; i < ret->n; i++) {
		const uint8_t *p = e->bytes.data + i;

		ret->v[i] = gram_score(p) * CROWDED * FINE /
			    (CROWDED + crowd[gram_hash(entry_gram(p)) >> shift]);
	}
}

/* The stretch whose most common gram is the rarest; behind it there is a byte, if it can be. */
static uint32_t best_stretch(const struct scores *s)
{
	uint32_t n = s->n > GRAMS_STRIDE ? s->n - 1 : s->n;
	unsigned best = 0;
	uint32_t ret = 0;

	for (uint32_t i = 0; i + GRAMS_STRIDE <= n; i++) {
		unsigned least = s->v[i];

		for (uint32_t k = 1; k < GRAMS_STRIDE; k++)
			least = s->v[i + k] < least ? s->v[i + k] : least;
		if (least > best) {
			best = least;
			ret = i;
		}
	}
	return ret;
}

static uint32_t rarest_gram(const struct scores *s)
{
	uint32_t ret = 0;

	for (uint32_t i = 1; i < s->n; i++) {
		if (s->v[i] > s->v[ret])
			ret = i;
	}
	return ret;
}

/* `crowd`: by the hash's upper bits, how many refs there are already. */
static void refs_of(const struct grams *g, uint32_t entry, uint16_t *crowd, struct ref *ret)
{
	const uint8_t *bytes = g->entries[entry].bytes.data;
	struct scores scores;
	uint32_t at, rarest;

	scores_of(&g->entries[entry], crowd, g->table_shift, &scores);
	at = best_stretch(&scores);
	rarest = rarest_gram(&scores);
	for (uint32_t k = 0; k < GRAMS_STRIDE; k++) {
		uint16_t *crowded;

		ret[k] = (struct ref){.gram = entry_gram(bytes + at + k),
				      .rarest = entry_gram(bytes + rarest),
				      .entry = entry,
				      .at = (uint16_t)(at + k),
				      .rarest_at = (uint16_t)rarest};
		crowded = &crowd[gram_hash(ret[k].gram) >> g->table_shift];
		*crowded += *crowded < UINT16_MAX;
	}
}

static unsigned bits_for(uint32_t n, unsigned least)
{
	unsigned bits = least;

	while (bits < BITS_MAX && 1U << bits < n)
		bits++;
	return bits;
}

static void filter_add(struct grams *g, const struct ref *r)
{
	struct slice bytes = g->entries[r->entry].bytes;
	bool known = (size_t)r->at + GRAMS_WIDTH < bytes.len;

	for (unsigned c = 0; c <= BEHIND_MASK; c++) {
		uint32_t hash = gram_hash(gram_key(r->gram, (uint8_t)c));

		if (!known || (bytes.data[r->at + GRAMS_WIDTH] & BEHIND_MASK) == c)
			g->filter[hash >> g->shift] |= filter_bits(hash);
	}
}

static void line_add(struct grams *g, const struct ref *r)
{
	struct slice bytes = g->entries[r->entry].bytes;
	struct line *l = line_of(g, gram_hash(r->gram));
	uint64_t hash;

	if ((size_t)r->at + EIGHT <= bytes.len)
		hash = eight_hash(eight_at(bytes.data + r->at), BEHIND);
	else if (r->at >= EIGHT - GRAMS_WIDTH)
		hash = eight_hash(eight_at(bytes.data + r->at - (EIGHT - GRAMS_WIDTH)), BEFORE);
	else
		hash = eight_hash(r->gram, NEITHER);
	l->words[eight_word(hash)] |= eight_bits(hash);
}

static bool lines_new(struct grams *g, struct plan_mem *mem, uint32_t refs)
{
	unsigned bits = bits_for(refs / EIGHT_REFS, EIGHT_LINES_MIN);
	uint8_t *p = plan_alloc(mem, (sizeof(struct line) << bits) + sizeof(struct line));

	if (!p)
		return false;
	g->lines = (struct line *)(((uintptr_t)p + sizeof(struct line) - 1) &
				   ~(uintptr_t)(sizeof(struct line) - 1));
	g->line_shift = 32 - bits;
	return true;
}

static void refs_build(struct grams *g, const struct ref *refs, uint32_t n)
{
	uint32_t places = 1U << (32 - g->table_shift);

	for (uint32_t i = 0; i < n; i++) {
		filter_add(g, &refs[i]);
		line_add(g, &refs[i]);
		g->first[gram_hash(refs[i].gram) >> g->table_shift]++;
	}
	for (uint32_t i = 1; i < places; i++)
		g->first[i] += g->first[i - 1];
	g->first[places] = n;
	for (uint32_t i = n; i > 0; i--)
		g->refs[--g->first[gram_hash(refs[i - 1].gram) >> g->table_shift]] = refs[i - 1];
}

static bool tables_new(struct grams *g, struct plan_mem *mem)
{
	uint32_t n = g->n * GRAMS_STRIDE;
	unsigned bits = bits_for(n * BITS_PER_GRAM, BITS_MIN), table_bits = bits_for(n, 4);
	struct ref *refs = calloc(n, sizeof(*refs));
	uint16_t *crowd = calloc(1U << table_bits, sizeof(*crowd));

	g->shift = 32 - (bits - 5); /* a word has 32 = 2^5 bits */
	g->table_shift = 32 - table_bits;
	g->filter = plan_alloc(mem, (1U << bits) / 8);
	g->first = plan_alloc(mem, ((1U << table_bits) + 1) * sizeof(*g->first));
	g->refs = plan_alloc(mem, n * sizeof(*g->refs));
	if (!refs || !crowd || !lines_new(g, mem, n))
		mem->failed = true;
	for (uint32_t i = 0; i < g->n && !mem->failed; i++)
		refs_of(g, i, crowd, &refs[i * GRAMS_STRIDE]);
	if (!mem->failed)
		refs_build(g, refs, n);
	free(refs);
	free(crowd);
	return !mem->failed;
}

struct grams *grams_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	struct grams *g = n ? plan_alloc(mem, sizeof(*g)) : NULL;

	if (!g)
		return NULL;
	*g = (struct grams){.n = n, .entries = entries};
#ifdef __x86_64__
	g->wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#endif
	return tables_new(g, mem) ? g : NULL;
}

void grams_portable(struct grams *g)
{
	g->wide = false;
}

/* ---- scanning ---- */

struct scan {
	const struct grams *g;
	struct slice data;
	struct matcher_hits *hits;
	unsigned npending;
	struct pending {
		size_t at;
		uint32_t hash; /* of the gram */
	} pending[PENDING];
	bool any;			/* `seen` is valid */
	uint64_t seen[GRAMS_SEEN / 64]; /* entries that were found already */
};

static bool first_time(struct scan *s, uint32_t entry)
{
	uint32_t n = s->g->n < GRAMS_SEEN ? s->g->n : GRAMS_SEEN;

	if (entry >= n)
		return true;
	if (!s->any)
		memset(s->seen, 0, (n + 63) / 64 * sizeof(s->seen[0]));
	s->any = true;
	if (s->seen[entry / 64] >> entry % 64 & 1)
		return false;
	s->seen[entry / 64] |= 1ULL << entry % 64;
	return true;
}

static void compare(struct scan *s, const struct ref *r, size_t at)
{
	size_t start = at - r->at, rarest = start + r->rarest_at;

	if (at < r->at || rarest + GRAMS_WIDTH > s->data.len ||
	    entry_gram(s->data.data + rarest) != r->rarest)
		return;
	if (entry_lies(&s->g->entries[r->entry], s->data, start) && first_time(s, r->entry))
		matcher_hits_add(s->hits, &s->g->entries[r->entry].list);
}

static void look_up(struct scan *s, const struct pending *p)
{
	const struct grams *g = s->g;
	const uint32_t *first = &g->first[p->hash >> g->table_shift];
	uint32_t gram = entry_gram(s->data.data + p->at);

	for (uint32_t i = first[0]; i < first[1]; i++) {
		if (g->refs[i].gram == gram)
			compare(s, &g->refs[i], p->at);
	}
}

/* Whether the bytes around a gram may be a pattern's too. */
static inline bool suits(const struct scan *s, const struct pending *p)
{
	const struct line *l = line_of(s->g, p->hash);
	const uint8_t *at = s->data.data + p->at;
	bool ret = line_has(l, eight_hash(entry_gram(at), NEITHER));

	if (p->at + EIGHT <= s->data.len)
		ret |= line_has(l, eight_hash(eight_at(at), BEHIND));
	if (p->at >= EIGHT - GRAMS_WIDTH)
		ret |= line_has(l, eight_hash(eight_at(at - (EIGHT - GRAMS_WIDTH)), BEFORE));
	return ret;
}

static __attribute__((noinline)) void look_up_pending(struct scan *s)
{
	const struct grams *g = s->g;
	unsigned n = 0;

	for (unsigned i = 0; i < s->npending; i++) {
		if (!suits(s, &s->pending[i]))
			continue;
		__builtin_prefetch(&g->first[s->pending[i].hash >> g->table_shift]);
		s->pending[n++] = s->pending[i];
	}
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(&g->refs[g->first[s->pending[i].hash >> g->table_shift]]);
	for (unsigned i = 0; i < n; i++)
		look_up(s, &s->pending[i]);
	s->npending = 0;
}

/* Both ways of scanning first note in `found`, a bit a gram, which grams of a block may be one of
 * the patterns', without branches; those are looked up when there are enough of them. */

static inline void look_up_found(struct scan *s, uint64_t found, size_t at)
{
	for (; found; found &= found - 1) {
		size_t here = at + (size_t)__builtin_ctzll(found) * GRAMS_STRIDE;
		uint32_t hash = gram_hash(entry_gram(s->data.data + here));

		__builtin_prefetch(line_of(s->g, hash));
		s->pending[s->npending++] = (struct pending){here, hash};
		if (s->npending == PENDING)
			look_up_pending(s);
	}
}

/* Behind the data's end there is anything. */
static inline uint32_t key_at(struct slice data, size_t at)
{
	return gram_key(entry_gram(data.data + at),
			at + GRAMS_WIDTH < data.len ? data.data[at + GRAMS_WIDTH] : 0);
}

static void scan_portable(struct scan *s)
{
	const uint32_t *filter = s->g->filter;
	unsigned shift = s->g->shift;
	size_t at = 0, end = s->data.len - GRAMS_WIDTH + 1;

	while (at < end) {
		size_t left = (end - at + GRAMS_STRIDE - 1) / GRAMS_STRIDE;
		size_t n = left < BLOCK ? left : BLOCK;
		uint64_t found = 0;

		for (size_t i = 0; i < n; i++) {
			uint32_t hash = gram_hash(key_at(s->data, at + i * GRAMS_STRIDE));
			uint32_t bits = filter_bits(hash);

			found |= (uint64_t)((filter[hash >> shift] & bits) == bits) << i;
		}
		look_up_found(s, found, at);
		at += n * GRAMS_STRIDE;
	}
}

#ifdef __x86_64__
enum { LANES = 16, LANES_BYTES = LANES * GRAMS_STRIDE, BLOCK_BYTES = BLOCK * GRAMS_STRIDE };

#define WIDE __attribute__((target("avx512f,avx512bw")))

/* Words of the filter. Loads of four lanes each: faster than a gather, on some processors much. */
WIDE static inline __m512i words_at(const uint32_t *filter, __m512i index)
{
	__m128i quarter[4] = {_mm512_castsi512_si128(index), _mm512_extracti32x4_epi32(index, 1),
			      _mm512_extracti32x4_epi32(index, 2),
			      _mm512_extracti32x4_epi32(index, 3)};
	__m512i ret;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t low = (uint64_t)_mm_cvtsi128_si64(quarter[i]);
		uint64_t high = (uint64_t)_mm_extract_epi64(quarter[i], 1);

		quarter[i] = _mm_cvtsi32_si128((int)filter[(uint32_t)low]);
		quarter[i] = _mm_insert_epi32(quarter[i], (int)filter[low >> 32], 1);
		quarter[i] = _mm_insert_epi32(quarter[i], (int)filter[(uint32_t)high], 2);
		quarter[i] = _mm_insert_epi32(quarter[i], (int)filter[high >> 32], 3);
	}
	ret = _mm512_castsi128_si512(quarter[0]);
	ret = _mm512_inserti32x4(ret, quarter[1], 1);
	ret = _mm512_inserti32x4(ret, quarter[2], 2);
	return _mm512_inserti32x4(ret, quarter[3], 3);
}

/* Which of 16 grams may be one; `next`: the four bytes behind each. */
WIDE static inline uint32_t lanes_found(__m512i grams, __m512i next, __m128i shift,
					const uint32_t *filter)
{
	const __m512i one = _mm512_set1_epi32(1), low = _mm512_set1_epi32(31);
	__m512i folded = _mm512_or_si512(grams, _mm512_set1_epi32(ENTRY_FOLD));
	__m512i behind = _mm512_and_si512(next, _mm512_set1_epi32(BEHIND_MASK));
	__m512i key = _mm512_xor_si512(folded, _mm512_slli_epi32(behind, BEHIND_SHIFT));
	__m512i hash = _mm512_mullo_epi32(key, _mm512_set1_epi32((int)GRAM_FACTOR));
	__m512i words = words_at(filter, _mm512_srl_epi32(hash, shift));
	__m512i first =
		_mm512_sllv_epi32(one, _mm512_and_si512(_mm512_srli_epi32(hash, BITS_FIRST), low));
	__m512i second =
		_mm512_sllv_epi32(one, _mm512_and_si512(_mm512_srli_epi32(hash, BITS_SECOND), low));
	__m512i third =
		_mm512_sllv_epi32(one, _mm512_and_si512(_mm512_srli_epi32(hash, BITS_THIRD), low));
	__m512i bits = _mm512_or_si512(_mm512_or_si512(first, second), third);

	return _mm512_cmpeq_epi32_mask(_mm512_and_si512(words, bits), bits);
}

/* Which of the 16 grams at p, p + 4, p + 8, ... may be one; there is a byte behind the last. */
WIDE static inline uint32_t lanes_at(const uint8_t *p, __m128i shift, const uint32_t *filter)
{
	return lanes_found(_mm512_loadu_si512(p), _mm512_loadu_si512(p + GRAMS_WIDTH), shift,
			   filter);
}

/* Which of the 64 grams at p, p + 4, p + 8, ... may be one. */
WIDE static inline uint64_t block_found(const uint8_t *p, __m128i shift, const uint32_t *filter)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < BLOCK / LANES; i++)
		found |= (uint64_t)lanes_at(p + i * LANES_BYTES, shift, filter) << i * LANES;
	return found;
}

/* The grams of the last bytes: at least one, at most 16. Behind the end there are zeros. */
WIDE static uint32_t last_found(const uint8_t *p, size_t left, __m128i shift,
				const uint32_t *filter)
{
	size_t grams = (left - GRAMS_WIDTH) / GRAMS_STRIDE + 1, behind = left - GRAMS_WIDTH;
	__mmask64 here = left < 64 ? (1ULL << left) - 1 : ~0ULL;
	uint32_t found = lanes_found(_mm512_maskz_loadu_epi8(here, p),
				     _mm512_maskz_loadu_epi8((1ULL << behind) - 1, p + GRAMS_WIDTH),
				     shift, filter);

	return found & ((1U << grams) - 1);
}

WIDE static void scan_wide(struct scan *s)
{
	const uint32_t *filter = s->g->filter;
	__m128i shift = _mm_cvtsi32_si128((int)s->g->shift);
	size_t at = 0, len = s->data.len;

	for (; at + BLOCK_BYTES + GRAMS_WIDTH <= len; at += BLOCK_BYTES)
		look_up_found(s, block_found(s->data.data + at, shift, filter), at);
	for (; at + LANES_BYTES + GRAMS_WIDTH <= len; at += LANES_BYTES)
		look_up_found(s, lanes_at(s->data.data + at, shift, filter), at);
	if (at + GRAMS_WIDTH <= len)
		look_up_found(s, last_found(s->data.data + at, len - at, shift, filter), at);
}
#endif

void grams_scan(const struct grams *g, struct slice data, struct matcher_hits *hits)
{
	struct scan s;

	if (data.len < GRAMS_WIDTH)
		return;
	s.g = g;
	s.data = data;
	s.hits = hits;
	s.npending = 0;
	s.any = false;
#ifdef __x86_64__
	if (g->wide)
		scan_wide(&s);
	else
		scan_portable(&s);
#else
	scan_portable(&s);
#endif
	if (s.npending)
		look_up_pending(&s);
}
