/* Memory of a plan while it is built and as long as it lives: an arena with a sticky failure, and
 * growing arrays. Nothing is given back before plan_free. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct plan_chunk {
	struct plan_chunk *next;
	size_t used, cap;
	_Alignas(16) uint8_t bytes[];
};

struct plan_mem {
	struct plan_chunk *chunks;
	size_t total;
	bool failed; /* something was refused: what was built is not whole */
};

/* n zeroed bytes, 16-aligned; NULL and `failed` when the system refuses. */
void *plan_alloc(struct plan_mem *m, size_t n);
void *plan_copy(struct plan_mem *m, const void *p, size_t n);
void plan_mem_done(struct plan_mem *m);

/* A growing array: struct VEC(type) v = {0}; memory by realloc, freed by vec_free. */
#define VEC(type)                                                                                  \
	{                                                                                          \
		type *v;                                                                           \
		uint32_t n, cap;                                                                   \
	}

static inline bool vec_room_(struct plan_mem *m, void **v, uint32_t *cap, uint32_t n, size_t size)
{
	uint32_t want = *cap ? *cap * 2 : 8;
	void *bigger;

	if (n < *cap)
		return true;
	bigger = reallocarray(*v, want, size);
	if (!bigger) {
		m->failed = true;
		return false;
	}
	*v = bigger;
	*cap = want;
	return true;
}

#define vec_push(m, vec, ...)                                                                      \
	do {                                                                                       \
		if (vec_room_((m), (void **)&(vec)->v, &(vec)->cap, (vec)->n, sizeof(*(vec)->v)))  \
			(vec)->v[(vec)->n++] = (__VA_ARGS__);                                      \
	} while (0)

#define vec_free(vec)                                                                              \
	do {                                                                                       \
		free((vec)->v);                                                                    \
		(vec)->v = NULL;                                                                   \
		(vec)->n = (vec)->cap = 0;                                                         \
	} while (0)
