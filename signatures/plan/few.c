#include "signatures/plan/few.h"

#include "signatures/plan/build.h"
#include "signatures/plan/rarity.h"

#ifdef __x86_64__
#include <immintrin.h>

enum {
	WIDTH = 4,     /* bytes of a pattern that are asked for */
	SETS = 8,      /* bits of a byte */
	SET = 8,       /* patterns of a set, at most */
	KEYS_MAX = 48, /* places of a pattern that are weighed */
	BLOCK = 64,
};

/* Which sets have a byte of which half at each of the four places. */
struct nibbles {
	uint8_t low[WIDTH][16], high[WIDTH][16];
};

/* The four bytes of a pattern, as far as they say which case: (bytes & mask) == bytes wanted. */
struct few {
	struct nibbles nibbles;
	uint32_t wanted[SETS][SET], mask[SETS][SET];
	const struct entry *entry[SETS][SET]; /* NULL: none */
	uint8_t at[SETS][SET];		      /* where in the pattern the four bytes are */
};

bool few_possible(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}

/* ---- building ---- */

static unsigned key_len(const struct entry *e)
{
	return e->bytes.len < WIDTH ? (unsigned)e->bytes.len : WIDTH;
}

static unsigned key_score(const struct entry *e, size_t at)
{
	unsigned score = 1;

	for (size_t i = 0; i < WIDTH; i++)
		score += rarity_of(e->bytes.data[at + i], e->nocase);
	return plan_common_gram(entry_gram(e->bytes.data + at)) ? score / 4 : score;
}

/* The rarest four bytes. */
static uint8_t key_of(const struct entry *e)
{
	unsigned best = 0;
	uint8_t ret = 0;

	for (size_t i = 0; i + WIDTH <= e->bytes.len && i < KEYS_MAX; i++) {
		unsigned score = key_score(e, i);

		if (score > best) {
			best = score;
			ret = (uint8_t)i;
		}
	}
	return ret;
}

struct key {
	uint32_t entry;
	unsigned len;
	uint8_t at; /* in the pattern */
	uint8_t bytes[WIDTH];
};

/* Short keys, which hit most, together; then by their bytes, so that a set has few different. */
static int key_cmp(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	c = memcmp(x->bytes, y->bytes, WIDTH);
	return c ? c : (x->entry > y->entry) - (x->entry < y->entry);
}

static void nibbles_add(struct nibbles *n, unsigned place, uint8_t c, uint8_t set)
{
	n->low[place][c & 15] |= set;
	n->high[place][c >> 4] |= set;
}

static bool cased(const struct entry *e, uint8_t c)
{
	return e->nocase && ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static void set_add(struct few *f, const struct entry *e, const struct key *k, uint32_t place)
{
	unsigned set = place / SET, in = place % SET;
	uint8_t bit = (uint8_t)(1U << set);

	f->entry[set][in] = e;
	f->wanted[set][in] = 0;
	f->at[set][in] = k->at;
	for (unsigned i = 0; i < k->len; i++) {
		uint8_t c = e->bytes.data[k->at + i], mask = cased(e, c) ? 0xdf : 0xff;

		nibbles_add(&f->nibbles, i, c, bit);
		if (cased(e, c))
			nibbles_add(&f->nibbles, i, c ^ 0x20, bit);
		f->mask[set][in] |= (uint32_t)mask << i * 8;
		f->wanted[set][in] |= (uint32_t)(c & mask) << i * 8;
	}
	for (unsigned i = k->len; i < WIDTH; i++) {
		for (unsigned c = 0; c < 16; c++)
			nibbles_add(&f->nibbles, i, (uint8_t)(c * 17), bit);
	}
}

/* n keys in `nsets` sets from `set`. */
static void sets_fill(struct few *f, const struct entry *entries, const struct key *keys,
		      uint32_t n, uint32_t set, uint32_t nsets)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t of = i * nsets / n, first = (of * n + nsets - 1) / nsets;

		set_add(f, &entries[keys[i].entry], &keys[i], (set + of) * SET + i - first);
	}
}

/* Sets for the first `few` of n keys: their share, but enough on both sides. */
static uint32_t sets_for(uint32_t few, uint32_t n)
{
	uint32_t least = (few + SET - 1) / SET, most = SETS - (n - few + SET - 1) / SET;
	uint32_t share = few * SETS / n;

	return share < least ? least : share > most ? most : share;
}

struct few *few_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	struct few *f = plan_alloc(mem, sizeof(*f));
	struct key keys[FEW_MAX];
	uint32_t cut = 0, sets;

	if (!f)
		return NULL;
	memset(f->wanted, 0xff, sizeof(f->wanted)); /* of no entry: never equal under a mask of 0 */
	for (uint32_t i = 0; i < n; i++) {
		keys[i] = (struct key){i, key_len(&entries[i]), key_of(&entries[i]), {0}};
		for (unsigned k = 0; k < keys[i].len; k++)
			keys[i].bytes[k] = ascii_lower(entries[i].bytes.data[keys[i].at + k]);
		cut += keys[i].len < WIDTH;
	}
	qsort(keys, n, sizeof(keys[0]), key_cmp);
	/* A key of less than four bytes lets anything pass at the others: apart from whole ones. */
	sets = sets_for(cut, n);
	sets_fill(f, entries, keys, cut, 0, sets);
	sets_fill(f, entries, keys + cut, n - cut, sets, SETS - sets);
	return f;
}

/* ---- scanning ---- */

struct scan {
	const struct few *f;
	struct slice data;
	struct matcher_hits *hits;
	uint64_t seen; /* places of entries that were found */
};

static void found(struct scan *s, size_t at, unsigned set, unsigned in)
{
	const struct entry *e = s->f->entry[set][in];
	uint64_t bit = 1ULL << (set * SET + in);

	if ((s->seen & bit) || at < s->f->at[set][in] ||
	    !entry_lies(e, s->data, at - s->f->at[set][in]))
		return;
	s->seen |= bit;
	matcher_hits_add(s->hits, &e->list);
}

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl")))

/* Four bytes, zeros behind the end. */
static inline uint32_t word_at(struct slice data, size_t at)
{
	uint32_t w = 0;

	if (data.len - at >= WIDTH) {
		memcpy(&w, data.data + at, WIDTH);
		return w;
	}
	for (size_t i = 0; i < data.len - at; i++)
		w |= (uint32_t)data.data[at + i] << i * 8;
	return w;
}

WIDE static void compare(struct scan *s, size_t at, uint8_t sets)
{
	__m256i word = _mm256_set1_epi32((int)word_at(s->data, at));

	for (; sets; sets &= (uint8_t)(sets - 1)) {
		unsigned set = (unsigned)__builtin_ctz(sets);
		__m256i mask = _mm256_loadu_si256((const __m256i *)s->f->mask[set]);
		__m256i wanted = _mm256_loadu_si256((const __m256i *)s->f->wanted[set]);
		__mmask8 equal = _mm256_cmpeq_epi32_mask(_mm256_and_si256(word, mask), wanted);

		for (; equal; equal &= (__mmask8)(equal - 1))
			found(s, at, set, (unsigned)__builtin_ctz(equal));
	}
}

struct tables {
	__m512i low[WIDTH], high[WIDTH];
};

WIDE static inline void tables_load(struct tables *t, const struct nibbles *n)
{
	for (unsigned i = 0; i < WIDTH; i++) {
		t->low[i] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)n->low[i]));
		t->high[i] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)n->high[i]));
	}
}

/* Sets of which each of 64 bytes may be the one at a place. */
WIDE static inline __m512i sets_of(__m512i bytes, __m512i low, __m512i high)
{
	const __m512i half = _mm512_set1_epi8(15);

	return _mm512_and_si512(
		_mm512_shuffle_epi8(low, _mm512_and_si512(bytes, half)),
		_mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half)));
}

/* Of the places at which all four bytes may belong to a set. */
struct block {
	size_t at;
	uint64_t some;
	uint8_t sets[BLOCK];
};

/* The next block from `at` with such places; false: none before the last bytes, from `ret->at`. A
 * loop of its own, so that the tables stay in registers. */
WIDE static __attribute__((noinline)) bool next_block(const struct nibbles *n, struct slice data,
						      size_t at, struct block *ret)
{
	struct tables t;
	__mmask64 some = 0;
	__m512i sets;

	tables_load(&t, n);
	for (; at + BLOCK + WIDTH - 1 <= data.len; at += BLOCK) {
		const uint8_t *p = data.data + at;

		sets = sets_of(_mm512_loadu_si512(p), t.low[0], t.high[0]);
		for (unsigned i = 1; i < WIDTH; i++)
			sets = _mm512_and_si512(
				sets, sets_of(_mm512_loadu_si512(p + i), t.low[i], t.high[i]));
		some = _mm512_test_epi8_mask(sets, sets);
		if (some)
			break;
	}
	ret->at = at;
	ret->some = some;
	if (some)
		_mm512_storeu_si512(ret->sets, sets);
	return some;
}

/* 64 places from `at`; what lies behind the end counts as zeros. */
WIDE static void last_block(const struct nibbles *n, struct slice data, size_t at,
			    struct block *ret)
{
	__m512i sets = _mm512_set1_epi8(-1);
	struct tables t;

	tables_load(&t, n);
	for (unsigned i = 0; i < WIDTH; i++) {
		size_t left = data.len - at > i ? data.len - at - i : 0;
		__mmask64 there = left >= BLOCK ? ~0ULL : (1ULL << left) - 1;
		__m512i bytes = _mm512_maskz_loadu_epi8(there, data.data + at + i);

		sets = _mm512_and_si512(sets, sets_of(bytes, t.low[i], t.high[i]));
	}
	ret->at = at;
	ret->some = _mm512_test_epi8_mask(sets, sets);
	_mm512_storeu_si512(ret->sets, sets);
}

static void look(struct scan *s, const struct block *b)
{
	for (uint64_t some = b->some; some; some &= some - 1) {
		unsigned i = (unsigned)__builtin_ctzll(some);

		if (b->at + i < s->data.len)
			compare(s, b->at + i, b->sets[i]);
	}
}

void few_scan(const struct few *f, struct slice data, struct matcher_hits *hits)
{
	struct scan s = {f, data, hits, 0};
	struct block b;
	size_t at = 0;

	while (next_block(&f->nibbles, data, at, &b)) {
		look(&s, &b);
		at = b.at + BLOCK;
	}
	for (at = b.at; at < data.len; at += BLOCK) {
		last_block(&f->nibbles, data, at, &b);
		look(&s, &b);
	}
}

#else

bool few_possible(void)
{
	return false;
}

struct few *few_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	return NULL;
}

void few_scan(const struct few *f, struct slice data, struct matcher_hits *hits)
{
}

#endif
