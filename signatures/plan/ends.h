/* Whole values and suffixes (domains, fingerprints), found by hashing a buffer from its end. */
#pragma once

#include "signatures/plan/entry.h"

struct ends;

/* Of the entries with the places MATCHER_SUFFIX and MATCHER_EXACT; NULL when there are none. */
struct ends *ends_new(struct plan_mem *mem, const struct entry *entries, uint32_t n);
void ends_scan(const struct ends *e, struct slice data, struct matcher_hits *hits);
