#include <string.h>

#include "dataplane/behave/detector.h"

enum { WAYS = 4, LINE = 64 };

/* What decides where a key stands: one cache line a set, so that looking up touches two. */
struct behave_tags {
	_Alignas(64) uint64_t hash[WAYS]; /* 0 = empty */
	uint64_t last_ns[WAYS];
};

void behave_table_init(struct behave_table *t, void *memory, size_t bytes, uint32_t entry_size,
		       const struct hash_key *key, uint64_t *evicted)
{
	size_t set = sizeof(struct behave_tags) + (size_t)WAYS * entry_size;

	t->entry_size = entry_size;
	t->sets = 1;
	t->key = *key;
	t->evicted = evicted;
	while ((size_t)t->sets * 2 * set <= bytes)
		t->sets *= 2;
	t->tags = memory;
	t->entries = (uint8_t *)memory + t->sets * sizeof(struct behave_tags);
}

static void *entry_at(const struct behave_table *t, size_t set, unsigned way)
{
	return t->entries + (set * WAYS + way) * t->entry_size;
}

void behave_ahead_add(struct behave_ahead *a, const struct behave_table *t, const uint64_t *words,
		      unsigned count)
{
	uint64_t hash;

	if (a->count == BEHAVE_AHEAD)
		return;
	hash = hash_words(&t->key, words, count) | 1;
	a->at[a->count].table = t;
	a->at[a->count++].hash = hash;
	__builtin_prefetch(&t->tags[hash >> 32 & (t->sets - 1)], 1);
}

void behave_ahead_fetch(const struct behave_ahead *a)
{
	for (unsigned i = 0; i < a->count; i++) {
		const struct behave_table *t = a->at[i].table;
		size_t set = a->at[i].hash >> 32 & (t->sets - 1);
		const struct behave_tags *tags = &t->tags[set];
		const uint8_t *entry;
		unsigned way = 0;

		for (unsigned k = 0; k < WAYS; k++) {
			if (tags->hash[k] == a->at[i].hash) {
				way = k;
				break;
			}
			if (tags->last_ns[k] < tags->last_ns[way])
				way = k;
		}
		entry = entry_at(t, set, way);
		__builtin_prefetch(entry, 1);
		if (t->entry_size > LINE)
			__builtin_prefetch(entry + LINE, 1);
	}
}

void behave_table_hold(struct behave_table *t, const void *entry, uint64_t until_ns)
{
	size_t at = (size_t)((const uint8_t *)entry - t->entries) / t->entry_size;

	t->tags[at / WAYS].last_ns[at % WAYS] = until_ns;
}

void *behave_table_find(struct behave_table *t, const uint64_t *words, unsigned count)
{
	uint64_t hash = hash_words(&t->key, words, count) | 1;
	size_t set = hash >> 32 & (t->sets - 1);

	for (unsigned i = 0; i < WAYS; i++) {
		if (t->tags[set].hash[i] == hash)
			return entry_at(t, set, i);
	}
	return NULL;
}

void *behave_table_get(struct behave_table *t, const uint64_t *words, unsigned count,
		       uint64_t now_ns, bool *ret_new)
{
	uint64_t hash = hash_words(&t->key, words, count) | 1;
	size_t set = hash >> 32 & (t->sets - 1);
	struct behave_tags *tags = &t->tags[set];
	struct behave_entry *e;
	unsigned oldest = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		if (tags->hash[i] == hash) {
			if (now_ns > tags->last_ns[i])
				tags->last_ns[i] = now_ns;
			*ret_new = false;
			return entry_at(t, set, i);
		}
		if (tags->last_ns[i] < tags->last_ns[oldest])
			oldest = i;
	}
	if (tags->hash[oldest] && now_ns - tags->last_ns[oldest] < NS_PER_MIN)
		++*t->evicted;
	tags->hash[oldest] = hash;
	tags->last_ns[oldest] = now_ns;
	e = entry_at(t, set, oldest);
	memset(e, 0, t->entry_size);
	e->start_ns = now_ns;
	*ret_new = true;
	return e;
}

void *behave_window(const struct behave_view *v, unsigned table, const uint64_t *words,
		    unsigned count, uint64_t now_ns, uint32_t seconds)
{
	struct behave_table *t = &v->tables[table];
	struct behave_entry *e;
	bool is_new;

	e = behave_table_get(t, words, count, now_ns, &is_new);
	/* What happened a little before the window's first event counts in it. */
	if (now_ns > e->start_ns && now_ns - e->start_ns > seconds * NS_PER_SEC) {
		struct behave_entry head = *e;

		memset(e, 0, t->entry_size);
		*e = head;
		e->start_ns = now_ns;
	}
	return e;
}

bool behave_set_add(const struct behave_view *v, struct behave_set *s, uint64_t what)
{
	unsigned bit = (unsigned)(hash_words(&v->key, &what, 1) % BEHAVE_SET_BITS);
	uint64_t mask = 1ULL << (bit % 64);
	bool is_new = !(s->bits[bit / 64] & mask);

	s->bits[bit / 64] |= mask;
	return is_new;
}

bool behave_set_has(const struct behave_view *v, const struct behave_set *s, uint64_t what)
{
	unsigned bit = (unsigned)(hash_words(&v->key, &what, 1) % BEHAVE_SET_BITS);

	return s->bits[bit / 64] >> (bit % 64) & 1;
}

/* -n * ln(1 - set / n) by the number of bits that are set, the last one as the one before: made by
 * that formula, which costs more than all else that is counted by. */
static const uint16_t small_counts[BEHAVE_SMALL_BITS + 1] = {
	0,   1,	  2,   3,   4,	 5,   6,   7,	9,   10,  11,  12,  13,	 15,  16, 17, 18,
	20,  21,  23,  24,  25,	 27,  28,  30,	32,  33,  35,  37,  39,	 40,  42, 44, 46,
	48,  51,  53,  55,  58,	 60,  63,  65,	68,  71,  74,  78,  81,	 85,  89, 93, 97,
	102, 107, 113, 119, 126, 133, 142, 151, 163, 177, 196, 222, 266, 266,
};
static const uint16_t set_counts[BEHAVE_SET_BITS + 1] = {
	0,    1,    2,	 3,   4,   5,	6,   7,	  8,   9,   10,	 11,  12,  13,	 14,   15,   17,
	18,   19,   20,	 21,  22,  23,	24,  25,  26,  27,  29,	 30,  31,  32,	 33,   34,   35,
	36,   38,   39,	 40,  41,  42,	43,  45,  46,  47,  48,	 49,  51,  52,	 53,   54,   56,
	57,   58,   59,	 61,  62,  63,	64,  66,  67,  68,  70,	 71,  72,  74,	 75,   76,   78,
	79,   80,   82,	 83,  85,  86,	87,  89,  90,  92,  93,	 94,  96,  97,	 99,   100,  102,
	103,  105,  106, 108, 109, 111, 112, 114, 116, 117, 119, 120, 122, 124,	 125,  127,  128,
	130,  132,  133, 135, 137, 139, 140, 142, 144, 146, 147, 149, 151, 153,	 155,  156,  158,
	160,  162,  164, 166, 168, 170, 172, 173, 175, 177, 179, 181, 184, 186,	 188,  190,  192,
	194,  196,  198, 200, 203, 205, 207, 209, 212, 214, 216, 219, 221, 223,	 226,  228,  231,
	233,  236,  238, 241, 243, 246, 248, 251, 254, 256, 259, 262, 265, 268,	 270,  273,  276,
	279,  282,  285, 288, 291, 295, 298, 301, 304, 308, 311, 314, 318, 321,	 325,  328,  332,
	336,  339,  343, 347, 351, 355, 359, 363, 367, 371, 376, 380, 385, 389,	 394,  398,  403,
	408,  413,  418, 423, 429, 434, 439, 445, 451, 457, 463, 469, 475, 482,	 488,  495,  502,
	509,  517,  524, 532, 540, 549, 558, 567, 576, 585, 596, 606, 617, 628,	 640,  653,  666,
	680,  694,  710, 726, 744, 763, 783, 806, 830, 857, 887, 921, 961, 1008, 1065, 1138, 1242,
	1420, 1420,
};

unsigned behave_set_count(const struct behave_set *s)
{
	unsigned set = 0;

	for (unsigned i = 0; i < BEHAVE_SET_BITS / 64; i++)
		set += (unsigned)__builtin_popcountll(s->bits[i]);
	return set_counts[set];
}

bool behave_small_add(const struct behave_view *v, uint64_t *bits, uint64_t what)
{
	uint64_t mask = 1ULL << (hash_words(&v->key, &what, 1) % BEHAVE_SMALL_BITS);
	bool is_new = !(*bits & mask);

	*bits |= mask;
	return is_new;
}

unsigned behave_small_count(uint64_t bits)
{
	return small_counts[__builtin_popcountll(bits)];
}

uint64_t behave_word(const struct ip_addr *a)
{
	uint64_t w[2];

	memcpy(w, a->bytes, 16);
	return hash_mix(w[0], w[1]);
}

uint64_t behave_word_mac(const struct mac_addr *m)
{
	uint64_t w = 0;

	memcpy(&w, m->bytes, sizeof(m->bytes));
	return w;
}

uint64_t behave_word_bytes(const struct behave_view *v, struct slice s)
{
	uint8_t lower[256];
	size_t n = s.len < sizeof(lower) ? s.len : sizeof(lower);

	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(s.data[i]);
	return hash_bytes(&v->key, lower, n);
}

uint64_t behave_table_places(const struct behave_table *t)
{
	return t->tags ? (uint64_t)t->sets * WAYS : 0;
}

bool behave_table_slot(const struct behave_table *t, uint64_t at, struct behave_slot *ret)
{
	size_t set = at / WAYS;
	unsigned way = at % WAYS;

	if (!t->tags[set].hash[way])
		return false;
	*ret = (struct behave_slot){t->tags[set].hash[way], t->tags[set].last_ns[way],
				    entry_at(t, set, way)};
	return true;
}

void behave_table_put(struct behave_table *t, const struct behave_slot *slot)
{
	size_t set = slot->hash >> 32 & (t->sets - 1);
	struct behave_tags *tags = &t->tags[set];
	unsigned way = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		if (tags->hash[i] == slot->hash) {
			way = i;
			break;
		}
		if (tags->last_ns[i] < tags->last_ns[way])
			way = i;
	}
	if (tags->hash[way] && tags->last_ns[way] > slot->last_ns)
		return;
	tags->hash[way] = slot->hash;
	tags->last_ns[way] = slot->last_ns;
	memcpy(entry_at(t, set, way), slot->entry, t->entry_size);
}
