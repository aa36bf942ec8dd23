#include "dataplane/detect/table.h"

#include <stdlib.h>

enum { BUCKETS = 1 << 12, TICK_BUCKETS = 8 };

struct table {
	struct slab *slab;
	struct hash_key key;
	uint32_t count, max, cursor;
	struct table_entry *buckets[BUCKETS];
};

struct table *table_new(struct slab *slab, struct hash_key key, uint32_t max)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t) {
		t->slab = slab;
		t->key = key;
		t->max = max;
	}
	return t;
}

static void drop(struct table *t, struct table_entry **at)
{
	struct table_entry *e = *at;

	*at = e->next;
	t->count--;
	slab_free(t->slab, e, sizeof(*e));
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		while (t->buckets[i])
			drop(t, &t->buckets[i]);
	}
	free(t);
}

static struct table_entry **place(struct table *t, const struct table_key *key)
{
	struct table_entry **at = &t->buckets[hash_words(&t->key, key->w, TABLE_KEY) % BUCKETS];

	while (*at && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
		at = &(*at)->next;
	return at;
}

struct table_entry *table_find(struct table *t, const struct table_key *key)
{
	return *place(t, key);
}

void table_tick(struct table *t, uint64_t now_ns)
{
	for (unsigned i = 0; i < TICK_BUCKETS; i++) {
		struct table_entry **at = &t->buckets[t->cursor];

		while (*at) {
			if ((*at)->until_ns < now_ns)
				drop(t, at);
			else
				at = &(*at)->next;
		}
		t->cursor = (t->cursor + 1) % BUCKETS;
	}
}

struct table_entry *table_add(struct table *t, const struct table_key *key, uint64_t now_ns)
{
	struct table_entry *e, **at;

	if (t->count >= t->max)
		table_tick(t, now_ns);
	if (t->count >= t->max)
		return NULL;
	e = slab_zalloc(t->slab, sizeof(*e));
	if (!e)
		return NULL;
	e->key = *key;
	at = place(t, key);
	e->next = *at;
	*at = e;
	t->count++;
	return e;
}

void table_remove(struct table *t, const struct table_key *key)
{
	struct table_entry **at = place(t, key);

	if (*at)
		drop(t, at);
}
