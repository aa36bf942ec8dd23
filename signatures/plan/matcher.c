#include "signatures/plan/matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rules that share a pattern. */
struct entry {
	struct slice bytes;
	struct plan_list list;
	uint32_t offset;
	bool nocase;
	uint8_t place;
};

struct suffix {
	uint64_t hash;
	const struct entry *entry; /* NULL: empty place */
};

/* All fixed-offset patterns of one offset and width. */
struct at_slot {
	uint32_t offset, width;
	uint32_t mask; /* of places */
	struct suffix *table;
};

/* Short patterns anywhere: a bit for every pair of bytes that begins one, and the patterns by the
 * pair in lower case. */
struct shorts {
	uint64_t pairs[65536 / 64];
	uint16_t first[65536]; /* by pair: index + 1 into entries, 0: none */
	uint16_t next[MATCHER_SHORTS];
	const struct entry *entries[MATCHER_SHORTS];
	uint32_t count;
};

struct matcher {
	uint32_t id;
	const char *name;
	struct VEC(struct matcher_pattern) patterns;
	uint32_t nentries;
	struct entry *entries; /* sorted by place: ANYWHERE first, then HEAD */
	/* Of the databases: ANYWHERE, HEAD. */
	uint32_t first[MATCHER_DATABASES], nliterals[MATCHER_DATABASES];
	uint64_t suffix_lens[4]; /* bit n: some suffix or whole value has n bytes */
	uint32_t suffix_mask, suffix_longest;
	struct suffix *suffixes;
	uint32_t nslots;
	struct at_slot *slots;
	struct shorts *shorts;
	hs_database_t *db[MATCHER_DATABASES];
};

struct matcher *matcher_new(struct plan_mem *mem, uint32_t id, const char *name)
{
	struct matcher *m = plan_alloc(mem, sizeof(*m));

	if (!m)
		return NULL;
	m->id = id;
	m->name = plan_copy(mem, name, strlen(name) + 1);
	return m;
}

uint32_t matcher_id(const struct matcher *m)
{
	return m->id;
}

const char *matcher_name(const struct matcher *m)
{
	return m->name ? m->name : "";
}

void matcher_add(struct matcher *m, struct plan_mem *mem, const struct matcher_pattern *p)
{
	vec_push(mem, &m->patterns, *p);
}

uint32_t matcher_patterns(const struct matcher *m)
{
	return m->patterns.v ? m->patterns.n : m->nentries;
}

/* ---- gathering ---- */

static bool short_length(const struct matcher_pattern *p)
{
	return p->bytes.len >= MATCHER_SHORT_MIN && p->bytes.len <= MATCHER_SHORT_MAX;
}

static int pattern_cmp(const void *a, const void *b)
{
	const struct matcher_pattern *x = a, *y = b;
	size_t n = x->bytes.len < y->bytes.len ? x->bytes.len : y->bytes.len;
	int c;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (short_length(x) != short_length(y))
		return short_length(x) ? -1 : 1;
	if (x->nocase != y->nocase)
		return x->nocase ? 1 : -1;
	c = memcmp(x->bytes.data, y->bytes.data, n);
	if (c)
		return c;
	if (x->bytes.len != y->bytes.len)
		return x->bytes.len < y->bytes.len ? -1 : 1;
	if (x->cand.num != y->cand.num)
		return x->cand.num < y->cand.num ? -1 : 1;
	return 0;
}

static bool pattern_same(const struct matcher_pattern *x, const struct matcher_pattern *y)
{
	return x->place == y->place && x->offset == y->offset && x->nocase == y->nocase &&
	       slice_eq(x->bytes, y->bytes);
}

static void gather(struct matcher *m, struct plan_mem *mem)
{
	uint32_t n = m->patterns.n, entries = 0;
	struct matcher_pattern *p = m->patterns.v;
	struct plan_cand *cands = plan_alloc(mem, n * sizeof(*cands));

	qsort(p, n, sizeof(*p), pattern_cmp);
	for (uint32_t i = 0; i < n; i++)
		entries += i == 0 || !pattern_same(&p[i], &p[i - 1]);
	m->entries = plan_alloc(mem, entries * sizeof(*m->entries));
	if (mem->failed)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct entry *e = &m->entries[m->nentries];

		cands[i] = p[i].cand;
		if (i == 0 || !pattern_same(&p[i], &p[i - 1])) {
			*e = (struct entry){
				p[i].bytes, {0, &cands[i]}, p[i].offset, p[i].nocase, p[i].place};
			m->nentries++;
			if (p[i].place < MATCHER_DATABASES)
				m->nliterals[p[i].place]++;
		}
		m->entries[m->nentries - 1].list.count++;
	}
}

static uint32_t table_mask(uint32_t n)
{
	uint32_t size = 4;

	while (size < 2 * n)
		size *= 2;
	return size - 1;
}

static void table_add(struct suffix *table, uint32_t mask, uint64_t hash, const struct entry *e)
{
	uint32_t i = (uint32_t)(hash >> 32) & mask;

	while (table[i].entry)
		i = (i + 1) & mask;
	table[i] = (struct suffix){hash, e};
}

/* ---- ends of buffers ---- */

static inline uint64_t hash_step(uint64_t h, uint8_t c)
{
	return (h ^ ascii_lower(c)) * 0x9e3779b97f4a7c15ULL + (h >> 29);
}

static uint64_t hash_backwards(struct slice s)
{
	uint64_t h = 0x8ebc6af09c88c6e3ULL;

	for (size_t i = s.len; i > 0; i--)
		h = hash_step(h, s.data[i - 1]);
	return h;
}

static void build_suffixes(struct matcher *m, struct plan_mem *mem)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->nentries; i++)
		n += m->entries[i].place == MATCHER_SUFFIX || m->entries[i].place == MATCHER_EXACT;
	if (n == 0)
		return;
	m->suffix_mask = table_mask(n);
	m->suffixes = plan_alloc(mem, (m->suffix_mask + 1) * sizeof(*m->suffixes));
	if (mem->failed)
		return;
	for (uint32_t i = 0; i < m->nentries; i++) {
		const struct entry *e = &m->entries[i];
		uint32_t len = (uint32_t)e->bytes.len;

		if (e->place != MATCHER_SUFFIX && e->place != MATCHER_EXACT)
			continue;
		m->suffix_lens[len / 64] |= 1ULL << len % 64;
		if (len > m->suffix_longest)
			m->suffix_longest = len;
		table_add(m->suffixes, m->suffix_mask, hash_backwards(e->bytes), e);
	}
}

static bool entry_equal(const struct entry *e, const uint8_t *at)
{
	struct slice s = SLICE(at, e->bytes.len);

	return e->nocase ? slice_eq_nocase(e->bytes, s) : slice_eq(e->bytes, s);
}

static void suffix_probe(const struct matcher *m, uint64_t hash, struct slice data, size_t len,
			 struct matcher_hits *hits)
{
	for (uint32_t i = (uint32_t)(hash >> 32) & m->suffix_mask; m->suffixes[i].entry;
	     i = (i + 1) & m->suffix_mask) {
		const struct entry *e = m->suffixes[i].entry;

		if (m->suffixes[i].hash != hash || e->bytes.len != len)
			continue;
		if (e->place == MATCHER_EXACT && len != data.len)
			continue;
		if (entry_equal(e, data.data + data.len - len))
			matcher_hits_add(hits, &e->list);
	}
}

static void scan_suffixes(const struct matcher *m, struct slice data, struct matcher_hits *hits)
{
	size_t longest = data.len < m->suffix_longest ? data.len : m->suffix_longest;
	uint64_t h = 0x8ebc6af09c88c6e3ULL;

	for (size_t len = 1; len <= longest; len++) {
		h = hash_step(h, data.data[data.len - len]);
		if (m->suffix_lens[len / 64] >> len % 64 & 1)
			suffix_probe(m, h, data, len, hits);
	}
}

/* ---- fixed offsets ---- */

static uint64_t hash_at(const uint8_t *p, uint32_t width)
{
	uint64_t h = 0x8ebc6af09c88c6e3ULL;

	for (uint32_t i = 0; i < width; i++)
		h = hash_step(h, p[i]);
	return h;
}

static uint32_t at_width(const struct entry *e)
{
	return e->bytes.len < MATCHER_AT_WIDTH ? (uint32_t)e->bytes.len : MATCHER_AT_WIDTH;
}

static struct at_slot *slot_of(struct matcher *m, const struct entry *e)
{
	for (uint32_t i = 0; i < m->nslots; i++) {
		if (m->slots[i].offset == e->offset && m->slots[i].width == at_width(e))
			return &m->slots[i];
	}
	m->slots[m->nslots] = (struct at_slot){.offset = e->offset, .width = at_width(e)};
	return &m->slots[m->nslots++];
}

static void build_slots(struct matcher *m, struct plan_mem *mem)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->nentries; i++)
		n += m->entries[i].place == MATCHER_AT;
	if (n == 0)
		return;
	m->slots = plan_alloc(mem, n * sizeof(*m->slots));
	if (mem->failed)
		return;
	for (uint32_t i = 0; i < m->nentries; i++) {
		if (m->entries[i].place == MATCHER_AT)
			slot_of(m, &m->entries[i])->mask++;
	}
	for (uint32_t i = 0; i < m->nslots; i++) {
		struct at_slot *s = &m->slots[i];

		s->mask = table_mask(s->mask);
		s->table = plan_alloc(mem, (s->mask + 1) * sizeof(*s->table));
	}
	if (mem->failed)
		return;
	for (uint32_t i = 0; i < m->nentries; i++) {
		const struct entry *e = &m->entries[i];

		if (e->place == MATCHER_AT) {
			struct at_slot *s = slot_of(m, e);

			table_add(s->table, s->mask, hash_at(e->bytes.data, s->width), e);
		}
	}
}

static void scan_slots(const struct matcher *m, struct slice data, struct matcher_hits *hits)
{
	for (uint32_t i = 0; i < m->nslots; i++) {
		const struct at_slot *s = &m->slots[i];
		const uint8_t *at = data.data + s->offset;
		uint64_t hash;

		if (data.len < (size_t)s->offset + s->width)
			continue;
		hash = hash_at(at, s->width);
		for (uint32_t k = (uint32_t)(hash >> 32) & s->mask; s->table[k].entry;
		     k = (k + 1) & s->mask) {
			const struct entry *e = s->table[k].entry;

			if (s->table[k].hash == hash && data.len - s->offset >= e->bytes.len &&
			    entry_equal(e, at))
				matcher_hits_add(hits, &e->list);
		}
	}
}

/* ---- short ones ---- */

static bool is_short(const struct entry *e)
{
	return e->place == MATCHER_ANYWHERE && e->bytes.len >= MATCHER_SHORT_MIN &&
	       e->bytes.len <= MATCHER_SHORT_MAX;
}

static uint16_t pair_of(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint16_t pair_lower(const uint8_t *p)
{
	return (uint16_t)(ascii_lower(p[0]) << 8 | ascii_lower(p[1]));
}

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static void short_add(struct shorts *s, const struct entry *e)
{
	const uint8_t *b = e->bytes.data;
	uint16_t key = pair_lower(b);

	for (unsigned i = 0; i < 4; i++) {
		uint8_t spelled[2] = {b[0], b[1]};

		if (e->nocase) {
			spelled[0] = i & 1 ? upper(ascii_lower(b[0])) : ascii_lower(b[0]);
			spelled[1] = i & 2 ? upper(ascii_lower(b[1])) : ascii_lower(b[1]);
		}
		s->pairs[pair_of(spelled) / 64] |= 1ULL << pair_of(spelled) % 64;
	}
	s->entries[s->count] = e;
	s->next[s->count] = s->first[key];
	s->first[key] = (uint16_t)++s->count;
}

/* They stand in front of the literals that Hyperscan gets. */
static void build_shorts(struct matcher *m, struct plan_mem *mem)
{
	uint32_t n = 0;

	while (n < m->nentries && n < MATCHER_SHORTS && is_short(&m->entries[n]))
		n++;
	if (n == 0)
		return;
	m->shorts = plan_alloc(mem, sizeof(*m->shorts));
	if (!m->shorts)
		return;
	for (uint32_t i = 0; i < n; i++)
		short_add(m->shorts, &m->entries[i]);
	m->first[MATCHER_ANYWHERE] = n;
	m->nliterals[MATCHER_ANYWHERE] -= n;
}

static void short_hit(const struct shorts *s, const uint8_t *at, size_t left, uint64_t *seen,
		      struct matcher_hits *hits)
{
	for (uint16_t i = s->first[pair_lower(at)]; i; i = s->next[i - 1]) {
		const struct entry *e = s->entries[i - 1];
		unsigned bit = i - 1U;

		if (seen[bit / 64] >> bit % 64 & 1 || e->bytes.len > left || !entry_equal(e, at))
			continue;
		seen[bit / 64] |= 1ULL << bit % 64;
		matcher_hits_add(hits, &e->list);
	}
}

static void scan_shorts(const struct shorts *s, struct slice data, struct matcher_hits *hits)
{
	uint64_t seen[MATCHER_SHORTS / 64] = {0};

	for (size_t i = 0; i + 1 < data.len; i++) {
		uint16_t pair = pair_of(data.data + i);

		if (__builtin_expect(s->pairs[pair / 64] >> pair % 64 & 1, 0))
			short_hit(s, data.data + i, data.len - i, seen, hits);
	}
}

/* ---- the rest ---- */

/* The literal as a regular expression: Hyperscan's literal API refuses some leading bytes. */
static char *expression_of(struct slice bytes)
{
	static const char hex[] = "0123456789abcdef";
	char *text = malloc(bytes.len * 4 + 1), *p = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < bytes.len; i++) {
		*p++ = '\\';
		*p++ = 'x';
		*p++ = hex[bytes.data[i] >> 4];
		*p++ = hex[bytes.data[i] & 15];
	}
	*p = '\0';
	return text;
}

struct sources {
	char **texts;
	unsigned *flags, *ids;
};

static int database_compile(struct matcher *m, unsigned which, struct sources *s, struct errmsg *e)
{
	const struct entry *entries = m->entries + m->first[which];
	uint32_t n = m->nliterals[which];
	hs_compile_error_t *err = NULL;
	int ret = ERR_OK;

	for (uint32_t i = 0; i < n; i++) {
		free(s->texts[i]);
		s->texts[i] = expression_of(entries[i].bytes);
		if (!s->texts[i])
			return errmsg_set(e, ERR_NOMEM, "no memory for patterns");
		s->flags[i] = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH |
			      (entries[i].nocase ? HS_FLAG_CASELESS : 0);
		s->ids[i] = m->first[which] + i;
	}
	if (hs_compile_ext_multi((const char *const *)s->texts, s->flags, s->ids, NULL, n,
				 HS_MODE_BLOCK, NULL, &m->db[which], &err) != HS_SUCCESS)
		ret = errmsg_set(e, ERR_INVALID, "patterns could not be compiled: %s",
				 err ? err->message : "unknown reason");
	hs_free_compile_error(err);
	return ret;
}

int matcher_compile(struct matcher *m, struct errmsg *e)
{
	uint32_t most = m->nliterals[0] > m->nliterals[1] ? m->nliterals[0] : m->nliterals[1];
	struct sources s = {calloc(most + 1, sizeof(*s.texts)), calloc(most + 1, sizeof(*s.flags)),
			    calloc(most + 1, sizeof(*s.ids))};
	int ret = ERR_OK;

	if (!s.texts || !s.flags || !s.ids)
		ret = errmsg_set(e, ERR_NOMEM, "no memory for patterns");
	for (unsigned i = 0; i < MATCHER_DATABASES && ret == ERR_OK; i++) {
		if (m->nliterals[i] && !m->db[i])
			ret = database_compile(m, i, &s, e);
	}
	for (uint32_t i = 0; s.texts && i < most; i++)
		free(s.texts[i]);
	free(s.texts);
	free(s.flags);
	free(s.ids);
	return ret;
}

int matcher_scratch(const struct matcher *m, hs_scratch_t **scratch)
{
	for (unsigned i = 0; i < MATCHER_DATABASES; i++) {
		if (m->db[i] && hs_alloc_scratch(m->db[i], scratch) != HS_SUCCESS)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

void matcher_finish(struct matcher *m, struct plan_mem *mem)
{
	gather(m, mem);
	vec_free(&m->patterns);
	if (mem->failed)
		return;
	m->first[MATCHER_HEAD] = m->nliterals[MATCHER_ANYWHERE];
	build_shorts(m, mem);
	build_suffixes(m, mem);
	build_slots(m, mem);
}

void matcher_done(struct matcher *m)
{
	vec_free(&m->patterns);
	for (unsigned i = 0; i < MATCHER_DATABASES; i++) {
		hs_free_database(m->db[i]);
		m->db[i] = NULL;
	}
}

/* ---- the cache ---- */

uint32_t matcher_literals(const struct matcher *m, unsigned database)
{
	return m->nliterals[database];
}

void matcher_hash(const struct matcher *m, uint64_t *hash,
		  void (*mix)(uint64_t *hash, const void *data, size_t n))
{
	for (uint32_t i = 0; i < m->nliterals[0] + m->nliterals[1]; i++) {
		const struct entry *e = &m->entries[m->first[MATCHER_ANYWHERE] + i];
		uint64_t head = (uint64_t)e->bytes.len << 1 | e->nocase;

		mix(hash, &head, sizeof(head));
		mix(hash, e->bytes.data, e->bytes.len);
	}
	mix(hash, m->nliterals, sizeof(m->nliterals));
}

bool matcher_save(const struct matcher *m, unsigned database, char **ret, size_t *ret_len)
{
	*ret = NULL;
	*ret_len = 0;
	return !m->db[database] ||
	       hs_serialize_database(m->db[database], ret, ret_len) == HS_SUCCESS;
}

bool matcher_load(struct matcher *m, unsigned database, struct slice bytes)
{
	return !m->db[database] && hs_deserialize_database((const char *)bytes.data, bytes.len,
							   &m->db[database]) == HS_SUCCESS;
}

/* ---- scanning ---- */

struct scan {
	const struct matcher *m;
	struct matcher_hits *hits;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *ctx)
{
	struct scan *s = ctx;

	matcher_hits_add(s->hits, &s->m->entries[id].list);
	return 0;
}

void matcher_scan(const struct matcher *m, hs_scratch_t *scratch, struct slice data,
		  struct matcher_hits *hits)
{
	struct scan s = {m, hits};

	if (data.len == 0)
		return;
	if (m->suffixes)
		scan_suffixes(m, data, hits);
	if (m->nslots)
		scan_slots(m, data, hits);
	if (m->shorts)
		scan_shorts(m->shorts, data, hits);
	if (m->db[MATCHER_ANYWHERE])
		hs_scan(m->db[MATCHER_ANYWHERE], (const char *)data.data, (unsigned)data.len, 0,
			scratch, on_match, &s);
	data = slice_sub(data, 0, MATCHER_HEAD_BYTES);
	if (m->db[MATCHER_HEAD])
		hs_scan(m->db[MATCHER_HEAD], (const char *)data.data, (unsigned)data.len, 0,
			scratch, on_match, &s);
}

static int cand_cmp(const void *a, const void *b)
{
	const struct plan_cand *x = a, *y = b;

	return x->num < y->num ? -1 : x->num > y->num;
}

static void sort_few(struct plan_cand *v, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct plan_cand c = v[i];
		uint32_t k = i;

		for (; k > 0 && v[k - 1].num > c.num; k--)
			v[k] = v[k - 1];
		v[k] = c;
	}
}

void matcher_hits_sort(struct matcher_hits *hits)
{
	uint32_t kept = 0;

	if (hits->n > 24)
		qsort(hits->v, hits->n, sizeof(*hits->v), cand_cmp);
	else
		sort_few(hits->v, hits->n);
	for (uint32_t i = 0; i < hits->n; i++) {
		if (kept == 0 || hits->v[kept - 1].num != hits->v[i].num)
			hits->v[kept++] = hits->v[i];
	}
	hits->n = kept;
}

void matcher_hits_add(struct matcher_hits *hits, const struct plan_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct plan_cand *c = &list->cands[i];

		if ((c->need & ~hits->have) || !(c->dirs & hits->dirs))
			continue;
		if (hits->n == hits->cap)
			matcher_hits_sort(hits);
		if (hits->n < hits->cap)
			hits->v[hits->n++] = *c;
	}
}

bool matcher_describe(const struct matcher *m, uint32_t n, char *ret, size_t cap,
		      const struct plan_list **ret_rules)
{
	static const char *const places[] = {"anywhere", "head", "suffix", "exact", "at"};
	const struct entry *e = &m->entries[n];
	size_t at;

	if (n >= m->nentries)
		return false;
	at = (size_t)snprintf(ret, cap, "%s %u %s\"", places[e->place], e->offset,
			      e->nocase ? "nocase " : "");
	for (size_t i = 0; i < e->bytes.len && at + 8 < cap; i++) {
		uint8_t c = e->bytes.data[i];

		if (c >= ' ' && c < 127 && c != '|')
			ret[at++] = (char)c;
		else
			at += (size_t)snprintf(ret + at, cap - at, "|%02x|", c);
	}
	snprintf(ret + at, cap - at, "\"");
	*ret_rules = &e->list;
	return true;
}
