#include "tests/bench/match.h"

#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/lang.h"

enum { HEX = 4 }; /* \xHH */

struct match {
	hs_database_t *db;
	hs_scratch_t *scratch;
	uint32_t count;
	char **texts; /* expressions */
	unsigned *flags, *ids;
};

static bool has_buffer_content(const struct rule *r)
{
	for (uint32_t i = 0; i < r->nbuffers; i++)
		for (uint32_t k = 0; k < r->buffers[i].items.count; k++)
			if (r->buffers[i].items.items[k].kind == RULE_ITEM_CONTENT)
				return true;
	return false;
}

/* The content a rule is looked for by when that is on raw payload: the marked one or the longest;
 * NULL when there is none. */
static const struct rule_content *payload_pattern(const struct rule *r)
{
	const struct rule_content *best = NULL;

	if (r->fast_pattern)
		return r->fast_buffer < 0 ? r->fast_pattern : NULL;
	if (has_buffer_content(r))
		return NULL;
	for (uint32_t i = 0; i < r->payload.count; i++) {
		const struct rule_content *c = r->payload.items[i].content;

		if (r->payload.items[i].kind != RULE_ITEM_CONTENT ||
		    c->flags & RULE_CONTENT_NEGATED)
			continue;
		if (!best || c->bytes.len > best->bytes.len)
			best = c;
	}
	return best;
}

static char *expression(struct slice s)
{
	char *text = calloc(s.len + 1, HEX);

	for (size_t i = 0; text && i < s.len; i++)
		snprintf(text + i * HEX, HEX + 1, "\\x%02x", s.data[i]);
	return text;
}

static bool known(const struct match *m, const char *text, unsigned flags)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (m->flags[i] == flags && !strcmp(m->texts[i], text))
			return true;
	return false;
}

static bool add(struct match *m, const struct rule_content *c)
{
	unsigned flags = c->flags & RULE_CONTENT_NOCASE ? HS_FLAG_CASELESS : 0;
	struct slice s = c->bytes;
	char *text;
	bool good;

	if (c->flags & RULE_CONTENT_FAST_CHOP)
		s = SLICE(c->bytes.data + c->chop_offset, c->chop_len);
	text = expression(s);
	if (text && !known(m, text, flags)) {
		m->texts[m->count] = text;
		m->flags[m->count] = flags;
		m->ids[m->count] = m->count;
		m->count++;
		return true;
	}
	good = text != NULL;
	free(text);
	return good;
}

static bool gather(struct match *m, const struct lang_set *set)
{
	m->texts = calloc(set->count + 1, sizeof(*m->texts));
	m->flags = calloc(set->count + 1, sizeof(*m->flags));
	m->ids = calloc(set->count + 1, sizeof(*m->ids));
	if (!m->texts || !m->flags || !m->ids)
		return false;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct rule_content *c = payload_pattern(set->rules[i]);

		if (c && !add(m, c))
			return false;
	}
	return true;
}

static bool compile(struct match *m)
{
	hs_compile_error_t *e = NULL;

	if (m->count == 0)
		return true;
	if (hs_compile_multi((const char *const *)m->texts, m->flags, m->ids, m->count,
			     HS_MODE_BLOCK, NULL, &m->db, &e) != HS_SUCCESS) {
		fprintf(stderr, "limits: Hyperscan: %s\n", e ? e->message : "no reason given");
		hs_free_compile_error(e);
		return false;
	}
	return hs_alloc_scratch(m->db, &m->scratch) == HS_SUCCESS;
}

struct match *match_new(const char *rules)
{
	struct match *m = calloc(1, sizeof(*m));
	struct lang_set *set = lang_set_new();
	struct errmsg e = {0};
	bool good = m && set;

	if (good && lang_load_file(rules, lang_vars_default(), NULL, set, &e)) {
		fprintf(stderr, "limits: %s\n", e.text);
		good = false;
	}
	good = good && gather(m, set) && compile(m);
	if (set)
		lang_set_free(set);
	if (good)
		return m;
	match_delete(m);
	return NULL;
}

void match_delete(struct match *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->count; i++)
		free(m->texts[i]);
	free(m->texts);
	free(m->flags);
	free(m->ids);
	hs_free_scratch(m->scratch);
	hs_free_database(m->db);
	free(m);
}

uint32_t match_patterns(const struct match *m)
{
	return m->count;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *ctx)
{
	++*(uint64_t *)ctx;
	return 0;
}

uint64_t match_scan(struct match *m, struct slice data)
{
	uint64_t hits = 0;

	if (m->db && data.len)
		hs_scan(m->db, (const char *)data.data, (unsigned)data.len, 0, m->scratch, on_match,
			&hits);
	return hits;
}
