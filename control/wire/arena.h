/* Memory of one message, given back in one go, with a cap that no input can pass. */
#pragma once

#include <stddef.h>

struct arena;

/* NULL when there is no memory. `cap` in bytes. */
struct arena *arena_new(size_t cap);
void arena_delete(struct arena *a);
/* 16-aligned and zeroed; NULL at the cap. n == 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);
/* True when something was refused for the cap. */
int arena_full(const struct arena *a);
