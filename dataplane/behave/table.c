#include <math.h>
#include <string.h>

#include "dataplane/behave/detector.h"

enum { WAYS = 4 };

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

static unsigned counted(unsigned set, unsigned all)
{
	if (set >= all)
		set = all - 1;
	return (unsigned)(-(double)all * log((double)(all - set) / all) + 0.5);
}

unsigned behave_set_count(const struct behave_set *s)
{
	unsigned set = 0;

	for (unsigned i = 0; i < BEHAVE_SET_BITS / 64; i++)
		set += (unsigned)__builtin_popcountll(s->bits[i]);
	return counted(set, BEHAVE_SET_BITS);
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
	return counted((unsigned)__builtin_popcountll(bits), BEHAVE_SMALL_BITS);
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
