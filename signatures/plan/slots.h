/* Patterns at fixed offsets, found by hashing the bytes there. */
#pragma once

#include "signatures/plan/entry.h"

struct slots;

/* Whether the processor has what `wide` needs (AVX-512 VBMI). */
bool slots_wide(void);
/* Of the entries with the place MATCHER_AT; NULL when there are none. */
struct slots *slots_new(struct plan_mem *mem, const struct entry *entries, uint32_t n, bool wide);
/* Patterns' offsets count from the buffer's begin. `hits` NULL: asked is only whether there is one.
 */
bool slots_scan(const struct slots *s, const struct matcher_window *w, struct matcher_hits *hits);
