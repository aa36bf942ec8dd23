/* What a set is looked up by while it is being filled: rules by (gid, sid), names by text, address
 * and port lists by text. Private to lang. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signatures/lang/build.h"

struct lang_index;

/* NULL when there is no memory. */
struct lang_index *lang_index_new(void);
void lang_index_free(struct lang_index *x);

/* A keyword or sticky buffer by name or alias in any case of letters; both NULL when there is none
 * of this release. */
struct lang_word {
	const struct lang_keyword *keyword;
	const struct lang_buffer *buffer;
};
struct lang_word lang_index_word(const struct lang_index *x, const char *name, uint8_t lang);

/* Makes sure that one more rule with at most `names` new names and lists finds room; false when
 * there is no memory. */
bool lang_index_reserve(struct lang_index *x, size_t names);

/* The number of an interned name: the same name gives the same number. */
uint32_t lang_index_name(struct lang_index *x, enum lang_name_kind kind, const char *interned);
struct lang_names lang_index_names(const struct lang_index *x, enum lang_name_kind kind);

/* A place for something that belongs to an interned text, e.g. a resolved address list; `space`
 * keeps different things with the same text apart. The place stays where it is until
 * lang_index_reserve. */
void **lang_index_place(struct lang_index *x, const char *interned, unsigned space);

/* Adds a rule. The place it got; an older revision of the same (gid, sid) is replaced in its place
 * and ret_replaced tells so. -1 when one of the same or a newer revision is there. */
int64_t lang_index_add_rule(struct lang_index *x, struct rule *rule, bool *ret_replaced);
const struct rule *const *lang_index_rules(const struct lang_index *x, uint32_t *ret_count);
void lang_index_add_problem(struct lang_index *x, const struct lang_problem *p);
const struct lang_problem *lang_index_problems(const struct lang_index *x, uint32_t *ret_count);
