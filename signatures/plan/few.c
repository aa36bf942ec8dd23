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
	CHANGES = 2,   /* times that each pattern may change its set */
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

/* What a set lets pass: at each place every pair of halves that its keys have there. */
struct passing {
	uint16_t low[WIDTH], high[WIDTH];
	uint8_t count; /* of keys */
	float share;   /* of places that pass */
};

struct key {
	uint32_t entry;
	unsigned len;
	uint8_t at; /* in the pattern */
	uint8_t set;
	struct passing passing; /* of a set of it alone */
};

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

/* ---- which keys share a set ---- */

static int key_cmp(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->passing.share != y->passing.share)
		return x->passing.share > y->passing.share ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

/* Shares of bytes in traffic by their halves. */
struct shares {
	float of[16][16]; /* high, low */
};

static void shares_init(struct shares *s)
{
	static const float quarters[4] = {1, 0.8409F, 0.7071F, 0.5946F};

	for (unsigned c = 0; c < 256; c++) {
		unsigned bits = rarity_of((uint8_t)c, false);

		s->of[c >> 4][c & 15] = quarters[bits % 4] / (float)(1ULL << bits / 4);
	}
}

static float share_of(const struct shares *s, const struct passing *p)
{
	float ret = 1;

	for (unsigned i = 0; i < WIDTH; i++) {
		float sum = 0;

		for (unsigned highs = p->high[i]; highs; highs &= highs - 1) {
			const float *row = s->of[__builtin_ctz(highs)];

			for (unsigned lows = p->low[i]; lows; lows &= lows - 1)
				sum += row[__builtin_ctz(lows)];
		}
		ret *= sum < 1 ? sum : 1;
	}
	return ret;
}

static void passing_byte(struct passing *p, unsigned place, uint8_t c)
{
	p->low[place] |= (uint16_t)(1U << (c & 15));
	p->high[place] |= (uint16_t)(1U << (c >> 4));
}

static struct passing passing_of(const struct entry *e, const struct key *k)
{
	struct passing ret = {.count = 1};

	for (unsigned i = 0; i < WIDTH; i++) {
		uint8_t c = e->bytes.data[i < k->len ? k->at + i : 0];

		if (i >= k->len) {
			ret.low[i] = ret.high[i] = UINT16_MAX;
			continue;
		}
		passing_byte(&ret, i, c);
		if (cased(e, c))
			passing_byte(&ret, i, c ^ 0x20);
	}
	return ret;
}

static struct passing both(const struct shares *s, const struct passing *a, const struct passing *b)
{
	struct passing ret = {.count = a->count + b->count};

	for (unsigned i = 0; i < WIDTH; i++) {
		ret.low[i] = a->low[i] | b->low[i];
		ret.high[i] = a->high[i] | b->high[i];
	}
	ret.share = share_of(s, &ret);
	return ret;
}

static void key_passing(const struct shares *s, const struct entry *entries, struct key *k)
{
	k->passing = passing_of(&entries[k->entry], k);
	k->passing.share = share_of(s, &k->passing);
}

/* All of a set but the key `without`. */
static struct passing passing_without(const struct shares *s, const struct key *keys, uint32_t n,
				      uint32_t without)
{
	struct passing ret = {0};

	for (uint32_t i = 0; i < n; i++) {
		if (i != without && keys[i].set == keys[without].set)
			ret = both(s, &ret, &keys[i].passing);
	}
	return ret;
}

/* Into the set that then lets the least pass in addition. */
static void set_choose(const struct shares *s, struct passing *sets, struct key *k)
{
	float best = 2;

	for (uint8_t set = 0; set < SETS; set++) {
		float more = both(s, &sets[set], &k->passing).share - sets[set].share;

		if (sets[set].count == SET || more >= best)
			continue;
		best = more;
		k->set = set;
	}
	sets[k->set] = both(s, &sets[k->set], &k->passing);
}

/* Those that let most pass come first; afterwards each may change its mind. */
static void sets_choose(struct key *keys, const struct entry *entries, uint32_t n)
{
	struct passing sets[SETS] = {0};
	struct shares shares;

	shares_init(&shares);
	for (uint32_t i = 0; i < n; i++)
		key_passing(&shares, entries, &keys[i]);
	qsort(keys, n, sizeof(keys[0]), key_cmp);
	for (uint32_t i = 0; i < n; i++)
		set_choose(&shares, sets, &keys[i]);
	for (uint32_t i = 0; i < CHANGES * n; i++) {
		struct key *k = &keys[i % n];

		sets[k->set] = passing_without(&shares, keys, n, i % n);
		set_choose(&shares, sets, k);
	}
}

static void sets_fill(struct few *f, const struct entry *entries, const struct key *keys,
		      uint32_t n)
{
	uint32_t used[SETS] = {0};

	for (uint32_t i = 0; i < n; i++) {
		uint32_t set = keys[i].set;

		set_add(f, &entries[keys[i].entry], &keys[i], set * SET + used[set]++);
	}
}

struct few *few_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	struct few *f = plan_alloc(mem, sizeof(*f));
	struct key keys[FEW_MAX];

	if (!f)
		return NULL;
	memset(f->wanted, 0xff, sizeof(f->wanted)); /* of no entry: never equal under a mask of 0 */
	for (uint32_t i = 0; i < n; i++)
		keys[i] = (struct key){
			.entry = i, .len = key_len(&entries[i]), .at = key_of(&entries[i])};
	sets_choose(keys, entries, n);
	sets_fill(f, entries, keys, n);
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
