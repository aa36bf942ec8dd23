/* Patterns that Hyperscan looks for. */
#pragma once

#include "signatures/plan/entry.h"

struct literals {
	const struct entry *entries;
	uint32_t n;
	hs_database_t *db; /* NULL before it is compiled or loaded, and of none */
};

/* ERR_OK, ERR_INVALID or ERR_NOMEM with a sentence. Does nothing when there is a database. */
int literals_compile(struct literals *l, struct errmsg *e);
bool literals_save(const struct literals *l, char **ret, size_t *ret_len); /* free(3) it */
bool literals_load(struct literals *l, struct slice bytes);
void literals_done(struct literals *l);
void literals_scan(const struct literals *l, hs_scratch_t *scratch, struct slice data,
		   struct matcher_hits *hits);
