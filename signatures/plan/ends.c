#include "signatures/plan/ends.h"

/* Patterns are kept by their last eight bytes, shorter ones by all their bytes: a buffer's end is
 * looked up once for each length that occurs. */
enum { KEY_MAX = 8 };

struct ends {
	uint8_t lens;			     /* bit n - 1: keys of n bytes occur */
	struct entry_filter filter[KEY_MAX]; /* by n - 1 */
	uint32_t mask;
	struct entry_place *table;
};

static bool at_end(const struct entry *e)
{
	return e->place == MATCHER_SUFFIX || e->place == MATCHER_EXACT;
}

static unsigned key_len(const struct entry *e)
{
	return e->bytes.len < KEY_MAX ? (unsigned)e->bytes.len : KEY_MAX;
}

/* Of the n bytes before `end`, which are the upper ones of `last`. */
static inline uint64_t key_hash(uint64_t last, unsigned n)
{
	uint64_t bytes = (last | 0x2020202020202020ULL) >> (KEY_MAX - n) * 8;
	uint64_t h = (bytes ^ n) * 0x9e3779b97f4a7c15ULL;

	return h ^ h >> 29;
}

/* The last eight bytes; fewer in front of zeros. */
static inline uint64_t last_bytes(struct slice s)
{
	uint64_t last = 0;

	if (s.len >= sizeof(last)) {
		memcpy(&last, s.data + s.len - sizeof(last), sizeof(last));
		return last;
	}
	for (size_t i = 0; i < s.len; i++)
		last |= (uint64_t)s.data[i] << (KEY_MAX - s.len + i) * 8;
	return last;
}

static void key_add(struct ends *s, const struct entry *e, unsigned len)
{
	uint64_t hash = key_hash(last_bytes(e->bytes), len + 1);

	s->lens |= (uint8_t)(1U << len);
	entry_filter_add(&s->filter[len], hash);
	entry_table_add(s->table, s->mask, hash, e);
}

static bool filters_new(struct ends *s, struct plan_mem *mem, const struct entry *entries,
			uint32_t n)
{
	uint32_t counts[KEY_MAX] = {0};
	bool ok = true;

	for (uint32_t i = 0; i < n; i++) {
		if (at_end(&entries[i]))
			counts[key_len(&entries[i]) - 1]++;
	}
	for (unsigned i = 0; i < KEY_MAX && ok; i++)
		ok = !counts[i] || entry_filter_new(mem, &s->filter[i], counts[i]);
	return ok;
}

struct ends *ends_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	struct ends *s;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += at_end(&entries[i]);
	s = count ? plan_alloc(mem, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	if (!filters_new(s, mem, entries, n))
		return NULL;
	s->mask = entry_table_mask(count);
	s->table = plan_alloc(mem, (s->mask + 1) * sizeof(*s->table));
	if (!s->table)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		const struct entry *e = &entries[i];

		if (!at_end(e))
			continue;
		key_add(s, e, key_len(e) - 1);
	}
	return s;
}

static void probe(const struct ends *s, uint64_t hash, struct slice data, struct matcher_hits *hits)
{
	for (uint32_t i = (uint32_t)(hash >> 32) & s->mask; s->table[i].entry;
	     i = (i + 1) & s->mask) {
		const struct entry *e = s->table[i].entry;

		if (s->table[i].hash != hash || e->bytes.len > data.len)
			continue;
		if (e->place == MATCHER_EXACT && e->bytes.len != data.len)
			continue;
		if (entry_equal(e, data.data + data.len - e->bytes.len))
			matcher_hits_add(hits, &e->list);
	}
}

void ends_scan(const struct ends *s, struct slice data, struct matcher_hits *hits)
{
	uint64_t last = last_bytes(data);

	for (unsigned lens = s->lens; lens; lens &= lens - 1) {
		unsigned len = (unsigned)__builtin_ctz(lens);
		uint64_t hash = key_hash(last, len + 1);

		if (entry_filter_has(&s->filter[len], hash))
			probe(s, hash, data, hits);
	}
}
