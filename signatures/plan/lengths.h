/* Patterns behind the buffer's own length: messages of many backdoors begin with their length in
 * four bytes, least first, and rules on them ask for it (byte_jump, then isdataat) at a place
 * before a pattern that is too short to be searched. The length is searched instead, once for all.
 */
#pragma once

#include "signatures/plan/entry.h"

struct lengths;

/* Of the entries with the place MATCHER_LENGTH; NULL when there are none. */
struct lengths *lengths_new(struct plan_mem *mem, const struct entry *entries, uint32_t n);
void lengths_scan(const struct lengths *l, struct slice data, struct matcher_hits *hits);
