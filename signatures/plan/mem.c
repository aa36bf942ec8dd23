#include "signatures/plan/mem.h"

enum { CHUNK = 1 << 16 };

static struct plan_chunk *chunk_new(struct plan_mem *m, size_t n)
{
	size_t cap = n > CHUNK ? n : CHUNK;
	struct plan_chunk *c = calloc(1, sizeof(*c) + cap);

	if (!c) {
		m->failed = true;
		return NULL;
	}
	c->cap = cap;
	c->next = m->chunks;
	m->chunks = c;
	m->total += cap;
	return c;
}

void *plan_alloc(struct plan_mem *m, size_t n)
{
	struct plan_chunk *c = m->chunks;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!c || c->cap - c->used < n)
		c = chunk_new(m, n);
	if (!c)
		return NULL;
	p = c->bytes + c->used;
	c->used += n;
	return p;
}

void *plan_copy(struct plan_mem *m, const void *p, size_t n)
{
	void *copy = plan_alloc(m, n ? n : 1);

	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

void plan_mem_done(struct plan_mem *m)
{
	while (m->chunks) {
		struct plan_chunk *c = m->chunks;

		m->chunks = c->next;
		free(c);
	}
	m->total = 0;
}
