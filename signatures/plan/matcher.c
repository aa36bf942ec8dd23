#include "signatures/plan/matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/plan/ends.h"
#include "signatures/plan/few.h"
#include "signatures/plan/grams.h"
#include "signatures/plan/lengths.h"
#include "signatures/plan/literals.h"
#include "signatures/plan/slots.h"

/* What a pattern is, which decides how it is looked for; patterns are sorted by it. */
enum way {
	WAY_HEAD_SHORT, /* in the first bytes, too short for grams */
	WAY_SHORT,
	WAY_LONG,
	WAY_HEAD_LONG,
	WAY_FIXED, /* by hash where it must be */
	WAYS,
};

struct matcher {
	uint32_t id;
	const char *name;
	struct VEC(struct matcher_pattern) patterns;
	uint32_t nentries;
	struct entry *entries; /* sorted by way, then by place */
	uint32_t first[WAYS + 1];
	bool portable;
	struct ends *ends;
	struct slots *slots;
	struct lengths *lengths;
	struct few *few;
	struct grams *grams;
	size_t few_reach, grams_reach;		     /* bytes in which they lie */
	struct literals literals[MATCHER_DATABASES]; /* of the first bytes, of all */
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

static enum way way_of(const struct matcher_pattern *p)
{
	if (p->place == MATCHER_ANYWHERE)
		return grams_suit(p->bytes) ? WAY_LONG : WAY_SHORT;
	if (p->place == MATCHER_HEAD)
		return grams_suit(p->bytes) ? WAY_HEAD_LONG : WAY_HEAD_SHORT;
	return WAY_FIXED;
}

static int pattern_cmp(const void *a, const void *b)
{
	const struct matcher_pattern *x = a, *y = b;
	size_t n = x->bytes.len < y->bytes.len ? x->bytes.len : y->bytes.len;
	int c;

	if (way_of(x) != way_of(y))
		return way_of(x) < way_of(y) ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
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
			m->first[way_of(&p[i]) + 1] = m->nentries;
		}
		m->entries[m->nentries - 1].list.count++;
	}
}

enum {
	LITERALS_FEW = 64, /* Hyperscan is at its best with so few patterns */
	FEW_ALL = 24,	   /* long ones among few short ones: grams are then needless */
	FEW_LONG = 40,	   /* the same of those anywhere: grams look into the first bytes only */
};

static uint32_t of_way(const struct matcher *m, enum way way)
{
	return m->first[way + 1] - m->first[way];
}

/* Bytes in which entries of ways lie. */
static size_t reach(const struct matcher *m, enum way unbounded, uint32_t from, uint32_t to)
{
	uint32_t first = m->first[unbounded], last = m->first[unbounded + 1];

	return from < last && first < to && first < last ? SIZE_MAX : MATCHER_HEAD_BYTES;
}

/* How many of the first entries are looked for as a few patterns; 0: too many, or it cannot be. */
static uint32_t few_build(struct matcher *m, struct plan_mem *mem)
{
	uint32_t n = m->first[WAY_LONG];

	if (n > FEW_MAX || m->portable || !few_possible())
		return 0;
	if (m->first[WAY_FIXED] <= FEW_ALL)
		n = m->first[WAY_FIXED];
	else if (m->first[WAY_HEAD_LONG] <= FEW_LONG)
		n = m->first[WAY_HEAD_LONG];
	if (n)
		m->few = few_new(mem, m->entries, n);
	m->few_reach = reach(m, WAY_SHORT, 0, n) == SIZE_MAX ? SIZE_MAX : reach(m, WAY_LONG, 0, n);
	return n;
}

static void searches_build(struct matcher *m, struct plan_mem *mem)
{
	uint32_t few = few_build(m, mem);
	uint32_t grams = few > m->first[WAY_LONG] ? few : m->first[WAY_LONG];

	/* Where Hyperscan is needed anyway it takes a few more; without AVX-512 it is better at
	 * these than grams. */
	if (!few && (of_way(m, WAY_SHORT) || m->portable || !few_possible()) &&
	    of_way(m, WAY_SHORT) + of_way(m, WAY_LONG) <= LITERALS_FEW)
		grams = m->first[WAY_HEAD_LONG];
	if (!few) {
		m->literals[0] = (struct literals){m->entries, m->first[WAY_SHORT], NULL};
		m->literals[1] = (struct literals){m->entries + m->first[WAY_SHORT],
						   grams - m->first[WAY_SHORT], NULL};
	}
	m->grams = grams_new(mem, m->entries + grams, m->first[WAY_FIXED] - grams);
	m->grams_reach = reach(m, WAY_LONG, grams, m->first[WAY_FIXED]);
	if (m->grams && m->portable)
		grams_portable(m->grams);
}

void matcher_finish(struct matcher *m, struct plan_mem *mem)
{
	gather(m, mem);
	vec_free(&m->patterns);
	if (mem->failed)
		return;
	for (unsigned i = 1; i <= WAYS; i++) {
		if (m->first[i] < m->first[i - 1])
			m->first[i] = m->first[i - 1];
	}
	searches_build(m, mem);
	m->ends = ends_new(mem, m->entries, m->nentries);
	m->slots = slots_new(mem, m->entries, m->nentries, !m->portable && slots_wide());
	m->lengths = lengths_new(mem, m->entries, m->nentries);
}

int matcher_compile(struct matcher *m, struct errmsg *e)
{
	int ret = ERR_OK;

	for (unsigned i = 0; i < MATCHER_DATABASES && ret == ERR_OK; i++)
		ret = literals_compile(&m->literals[i], e);
	return ret;
}

int matcher_scratch(const struct matcher *m, hs_scratch_t **scratch)
{
	for (unsigned i = 0; i < MATCHER_DATABASES; i++) {
		if (m->literals[i].db && hs_alloc_scratch(m->literals[i].db, scratch) != HS_SUCCESS)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

void matcher_done(struct matcher *m)
{
	vec_free(&m->patterns);
	for (unsigned i = 0; i < MATCHER_DATABASES; i++)
		literals_done(&m->literals[i]);
}

/* ---- the cache ---- */

uint32_t matcher_literals(const struct matcher *m, unsigned database)
{
	return m->literals[database].n;
}

static void hash_literals(const struct literals *l, uint64_t *hash,
			  void (*mix)(uint64_t *hash, const void *data, size_t n))
{
	for (uint32_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->entries[i];
		uint64_t head = (uint64_t)e->bytes.len << 1 | e->nocase;

		mix(hash, &head, sizeof(head));
		mix(hash, e->bytes.data, e->bytes.len);
	}
	mix(hash, &l->n, sizeof(l->n));
}

void matcher_hash(const struct matcher *m, uint64_t *hash,
		  void (*mix)(uint64_t *hash, const void *data, size_t n))
{
	for (unsigned i = 0; i < MATCHER_DATABASES; i++)
		hash_literals(&m->literals[i], hash, mix);
}

bool matcher_save(const struct matcher *m, unsigned database, char **ret, size_t *ret_len)
{
	return literals_save(&m->literals[database], ret, ret_len);
}

bool matcher_load(struct matcher *m, unsigned database, struct slice bytes)
{
	return literals_load(&m->literals[database], bytes);
}

/* ---- scanning ---- */

void matcher_scan(const struct matcher *m, hs_scratch_t *scratch, const struct matcher_window *w,
		  struct matcher_hits *hits)
{
	struct slice rest = slice_sub(w->data, w->from, w->data.len);

	if (w->data.len == 0)
		return;
	if (m->ends)
		ends_scan(m->ends, w->data, hits);
	if (m->slots)
		slots_scan(m->slots, w, hits);
	if (m->lengths)
		lengths_scan(m->lengths, w->data, hits);
	if (rest.len == 0)
		return;
	/* What lies in the first bytes is not asked of windows. */
	if (m->few)
		few_scan(m->few, slice_sub(rest, 0, m->few_reach), hits);
	if (m->grams)
		grams_scan(m->grams, slice_sub(rest, 0, m->grams_reach), hits);
	literals_scan(&m->literals[0], scratch, slice_sub(rest, 0, MATCHER_HEAD_BYTES), hits);
	literals_scan(&m->literals[1], scratch, rest, hits);
}

bool matcher_begins(const struct matcher *m, struct slice data)
{
	return m->slots && slots_scan(m->slots, &(struct matcher_window){.data = data}, NULL);
}

void matcher_portable(struct matcher *m)
{
	m->portable = true;
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
	static const char *const places[] = {"anywhere", "head", "suffix", "exact", "at", "length"};
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
