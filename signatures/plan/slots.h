/* Patterns at fixed offsets, found by hashing the bytes there. */
#pragma once

#include "signatures/plan/entry.h"

struct slots;

/* Of the entries with the place MATCHER_AT; NULL when there are none. */
struct slots *slots_new(struct plan_mem *mem, const struct entry *entries, uint32_t n);
void slots_scan(const struct slots *s, struct slice data, struct matcher_hits *hits);
