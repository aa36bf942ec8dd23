/* A hash table of chains whose links lie in the caller's structs. Found by a 64-bit hash of the
 * real key, made with a random key (hash.h): two keys with the same hash are taken for one. Within
 * a hash the oldest comes first. The caller bounds how many there are. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { CHAIN_BUCKETS = 64 };

struct chain_link {
	struct chain_link *next, *prev;
	uint64_t hash;
	uint64_t linked; /* not 0: in a table */
};

struct chain {
	struct {
		struct chain_link *first, *last;
	} bucket[CHAIN_BUCKETS];
};

static inline void chain_add(struct chain *c, struct chain_link *l, uint64_t hash)
{
	typeof(&c->bucket[0]) b = &c->bucket[hash % CHAIN_BUCKETS];

	l->hash = hash;
	l->linked = 1;
	l->next = NULL;
	l->prev = b->last;
	if (b->last)
		b->last->next = l;
	else
		b->first = l;
	b->last = l;
}

static inline void chain_remove(struct chain *c, struct chain_link *l)
{
	typeof(&c->bucket[0]) b = &c->bucket[l->hash % CHAIN_BUCKETS];

	if (!l->linked)
		return;
	if (l->prev)
		l->prev->next = l->next;
	else
		b->first = l->next;
	if (l->next)
		l->next->prev = l->prev;
	else
		b->last = l->prev;
	l->linked = 0;
}

/* The next one behind `after` (NULL: the first) with this hash; NULL when there is none. */
static inline struct chain_link *chain_find(const struct chain *c, const struct chain_link *after,
					    uint64_t hash)
{
	struct chain_link *l = after ? after->next : c->bucket[hash % CHAIN_BUCKETS].first;

	while (l && l->hash != hash)
		l = l->next;
	return l;
}
