/* Few patterns anywhere in a buffer, found by nibbles: eight sets of patterns, and for each of four
 * neighbouring bytes the halves of a byte that each set has there. 64 places are asked at once by
 * table look-ups in registers; where all four bytes may belong to a set its patterns are compared.
 * Needs AVX-512; costs less than a quarter of a cycle a byte, and next to nothing to begin. */
#pragma once

#include "signatures/plan/entry.h"

enum { FEW_MAX = 56 };

struct few;

/* Whether this processor can. */
bool few_possible(void);

/* Of n entries, 1..FEW_MAX, which must outlive it. NULL when there is no memory. */
struct few *few_new(struct plan_mem *mem, const struct entry *entries, uint32_t n);
/* Each pattern hits at most once. */
void few_scan(const struct few *f, struct slice data, struct matcher_hits *hits);
