/* Patterns at fixed offsets, found by hashing the bytes there. */
#pragma once

#include "signatures/plan/entry.h"

struct slots;

/* Of the entries with the place MATCHER_AT; NULL when there are none. */
struct slots *slots_new(struct plan_mem *mem, const struct entry *entries, uint32_t n);
/* `offset`: of data's first byte in the buffer that the patterns' offsets count in. */
bool slots_scan(const struct slots *s, struct slice data, uint64_t offset,
		struct matcher_hits *hits);
