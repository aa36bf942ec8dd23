#include "signatures/plan/literals.h"

#include <stdlib.h>

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

static bool sources_new(struct sources *s, const struct literals *l)
{
	*s = (struct sources){calloc(l->n, sizeof(*s->texts)), calloc(l->n, sizeof(*s->flags)),
			      calloc(l->n, sizeof(*s->ids))};
	if (!s->texts || !s->flags || !s->ids)
		return false;
	for (uint32_t i = 0; i < l->n; i++) {
		s->texts[i] = expression_of(l->entries[i].bytes);
		if (!s->texts[i])
			return false;
		s->flags[i] = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH |
			      (l->entries[i].nocase ? HS_FLAG_CASELESS : 0);
		s->ids[i] = i;
	}
	return true;
}

static void sources_free(struct sources *s, uint32_t n)
{
	for (uint32_t i = 0; s->texts && i < n; i++)
		free(s->texts[i]);
	free(s->texts);
	free(s->flags);
	free(s->ids);
}

int literals_compile(struct literals *l, struct errmsg *e)
{
	hs_compile_error_t *err = NULL;
	struct sources s;
	int ret = ERR_OK;

	if (l->n == 0 || l->db)
		return ERR_OK;
	if (!sources_new(&s, l))
		ret = errmsg_set(e, ERR_NOMEM, "no memory for patterns");
	else if (hs_compile_ext_multi((const char *const *)s.texts, s.flags, s.ids, NULL, l->n,
				      HS_MODE_BLOCK, NULL, &l->db, &err) != HS_SUCCESS)
		ret = errmsg_set(e, ERR_INVALID, "patterns could not be compiled: %s",
				 err ? err->message : "unknown reason");
	hs_free_compile_error(err);
	sources_free(&s, l->n);
	return ret;
}

bool literals_save(const struct literals *l, char **ret, size_t *ret_len)
{
	*ret = NULL;
	*ret_len = 0;
	return !l->db || hs_serialize_database(l->db, ret, ret_len) == HS_SUCCESS;
}

bool literals_load(struct literals *l, struct slice bytes)
{
	return !l->db &&
	       hs_deserialize_database((const char *)bytes.data, bytes.len, &l->db) == HS_SUCCESS;
}

void literals_done(struct literals *l)
{
	hs_free_database(l->db);
	l->db = NULL;
}

/* ---- scanning ---- */

struct scan {
	const struct literals *l;
	struct matcher_hits *hits;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *ctx)
{
	struct scan *s = ctx;
	const struct entry *e = &s->l->entries[id];

	if (e->place != MATCHER_HEAD || to <= MATCHER_HEAD_BYTES)
		matcher_hits_add(s->hits, &e->list);
	return 0;
}

void literals_scan(const struct literals *l, hs_scratch_t *scratch, struct slice data,
		   struct matcher_hits *hits)
{
	struct scan s = {l, hits};

	if (l->db)
		hs_scan(l->db, (const char *)data.data, (unsigned)data.len, 0, scratch, on_match,
			&s);
}
