#include "dataplane/behave/detector.h"

#include <string.h>

#include "dataplane/base/hash.h"

enum { WAYS = 4 };

void behave_table_init(struct behave_table *t, void *memory, size_t bytes, uint32_t entry_size)
{
	struct hash_key key = hash_key_random();

	t->entries = memory;
	t->entry_size = entry_size;
	t->sets = 1;
	while ((size_t)t->sets * 2 * WAYS * entry_size <= bytes)
		t->sets *= 2;
	t->key[0] = key.k0;
	t->key[1] = key.k1;
}

void *behave_table_get(struct behave_table *t, const uint64_t *words, unsigned count,
		       uint64_t now_ns, bool *ret_new)
{
	struct hash_key key = {t->key[0], t->key[1]};
	uint64_t hash = hash_words(&key, words, count) | 1;
	uint8_t *set = t->entries + (hash >> 32 & (t->sets - 1)) * WAYS * t->entry_size;
	struct behave_entry *oldest = (struct behave_entry *)set;

	for (unsigned i = 0; i < WAYS; i++) {
		struct behave_entry *e = (struct behave_entry *)(set + i * t->entry_size);

		if (e->hash == hash) {
			e->last_ns = now_ns;
			*ret_new = false;
			return e;
		}
		if (e->last_ns < oldest->last_ns)
			oldest = e;
	}
	memset(oldest, 0, t->entry_size);
	oldest->hash = hash;
	oldest->last_ns = now_ns;
	*ret_new = true;
	return oldest;
}
