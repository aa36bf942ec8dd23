#include "control/wire/arena.h"

#include <stdbool.h>
#include <stdlib.h>

enum { BLOCK = 4096 - 64, ALIGN = 16 };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGN) unsigned char data[];
};

struct arena {
	struct block *blocks; /* the first is the one being filled */
	size_t taken, cap;
	bool full;
};

struct arena *arena_new(size_t cap)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a)
		a->cap = cap;
	return a;
}

void arena_delete(struct arena *a)
{
	if (!a)
		return;
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

static struct block *block_new(struct arena *a, size_t size)
{
	struct block *b;

	if (size > a->cap - a->taken) {
		a->full = true;
		return NULL;
	}
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	a->taken += size;
	return b;
}

/* A block of its own behind the first, so that the first goes on being filled. */
static void *alloc_large(struct arena *a, size_t n)
{
	struct block *b = block_new(a, n);

	if (!b)
		return NULL;
	b->used = n;
	if (a->blocks) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		a->blocks = b;
	}
	return b->data;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->blocks;

	if (n > a->cap) {
		a->full = true;
		return NULL;
	}
	n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (n > BLOCK / 4)
		return alloc_large(a, n);
	if (!b || b->size - b->used < n) {
		b = block_new(a, BLOCK);
		if (!b)
			return NULL;
		b->next = a->blocks;
		a->blocks = b;
	}
	b->used += n;
	return b->data + b->used - n;
}

int arena_full(const struct arena *a)
{
	return a->full;
}
