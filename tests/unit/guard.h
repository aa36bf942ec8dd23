/* For tests: a copy of bytes that ends at a page nobody may touch, so that reading one byte over
 * stops the test even without a sanitizer. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct guard {
	uint8_t *map;
	size_t size; /* of the readable part */
};

/* Room for copies of up to `max` bytes. */
static inline struct guard guard_new(size_t max)
{
	enum { PAGE = 4096 };
	struct guard g = {.size = (max + PAGE) / PAGE * PAGE};

	g.map = mmap(NULL, g.size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (g.map == MAP_FAILED || mprotect(g.map + g.size, PAGE, PROT_NONE))
		abort();
	return g;
}

static inline void guard_delete(struct guard *g)
{
	munmap(g->map, g->size + 4096);
}

/* The copy; it replaces the one before. */
static inline const uint8_t *guard_copy(struct guard *g, const void *data, size_t len)
{
	if (len > g->size)
		abort();
	if (len)
		memcpy(g->map + g->size - len, data, len);
	return g->map + g->size - len;
}
