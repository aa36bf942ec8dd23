/* Memory of one rule set: taken in small pieces, never given back singly, freed as a whole. Not
 * thread-safe. Also keeps one copy of equal strings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct lang_arena;

/* NULL when there is no memory. */
struct lang_arena *lang_arena_new(void);
void lang_arena_free(struct lang_arena *a);

/* Makes sure that `bytes` can be taken and `texts` new texts interned without failing; false when
 * there is no memory. Called once before each rule, so that nothing in between has to ask. */
bool lang_arena_reserve(struct lang_arena *a, size_t bytes, size_t texts);

/* Zeroed, 16-aligned (less than 16 bytes: 8), never NULL: taking more than was reserved is our
 * mistake and aborts. */
void *lang_arena_take(struct lang_arena *a, size_t bytes);
#define LANG_NEW(arena, type)	   ((type *)lang_arena_take(arena, sizeof(type)))
#define LANG_NEW_N(arena, type, n) ((type *)lang_arena_take(arena, sizeof(type) * (n)))

/* A copy with NUL. */
char *lang_arena_text(struct lang_arena *a, struct slice s);
/* The one copy of this text; equal texts give the same pointer. */
const char *lang_arena_intern(struct lang_arena *a, struct slice s);
size_t lang_arena_used(const struct lang_arena *a);
