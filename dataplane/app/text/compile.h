/* For app_keyword.compile: runs at load, so it may allocate. */
#pragma once

#include <stddef.h>

#include "dataplane/app/text/text.h"

/* `size` zeroed bytes for what a rule's argument compiles to; freed with free(). Never NULL. */
void *compile_new(size_t size);
/* Refuses: frees `compiled` (may be NULL), fills `why` and returns NULL. */
void *compile_refuse(void *compiled, char *why, size_t cap, const char *sentence);

/* Whole compile functions. */
void *compile_none(struct slice argument, char *why, size_t cap); /* no argument is allowed */
/* A struct text_range of numbers up to the type's end. */
void *compile_range_u8(struct slice argument, char *why, size_t cap);
void *compile_range_u16(struct slice argument, char *why, size_t cap);
void *compile_range_u32(struct slice argument, char *why, size_t cap);
void *compile_range_u64(struct slice argument, char *why, size_t cap);
/* The ends of "3-9" are meant too. */
void *compile_range_u32_inclusive(struct slice argument, char *why, size_t cap);

/* `!"text"` in quotes or without, possibly negated. */
struct compile_quoted {
	bool negated;
	size_t len;
	char text[];
};
void *compile_quoted(struct slice argument, char *why, size_t cap);
