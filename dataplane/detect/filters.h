/* What threshold files say about an engine's rules (lang_filter), sorted by rule. */
#pragma once

#include "signatures/lang/lang.h"

struct filter_link { /* one suppression of a rule */
	const struct filter_link *next;
	const struct lang_filter *filter;
};

struct filter_rule {
	const struct filter_link *suppress;	/* by address, in file order */
	const struct rule_threshold *threshold; /* instead of the rule's own; NULL: its own */
	bool silent;				/* suppressed whatever the address */
};

struct filters;

/* NULL when the set has no filters or there is no memory (then *ret_failed). */
struct filters *filters_new(const struct lang_set *set, bool *ret_failed);
void filters_free(struct filters *f);
/* By rule.index. */
const struct filter_rule *filters_rule(const struct filters *f, uint32_t index);
/* Statements that are about a rule that is not there. */
uint32_t filters_unused(const struct filters *f, const struct lang_filter *const **ret);
