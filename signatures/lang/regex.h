/* A rule's expression as PCRE2 code; here only to see whether it is valid. What evaluates rules
 * compiles it for itself with the same options (lang_regex_options). Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"
#include "signatures/lang/rule.h"

struct lang_regex;

/* The flags of a rule_pcre as PCRE2 compile options. */
uint32_t lang_regex_options(uint32_t flags);

/* NULL and the sentence when it is not valid. */
struct lang_regex *lang_regex_compile(const struct rule_pcre *pcre, struct errmsg *e);
/* The same of a transform's expression. */
struct lang_regex *lang_regex_compile_text(const char *pattern, uint32_t options, struct errmsg *e);
void lang_regex_free(struct lang_regex *re);
/* True when it failed only because it refers to a group that does not capture. */
bool lang_regex_needs_groups(const struct rule_pcre *pcre);
uint32_t lang_regex_groups(const struct lang_regex *re);
/* The number of a named group, or less than 1. */
int lang_regex_group(const struct lang_regex *re, struct slice name);
