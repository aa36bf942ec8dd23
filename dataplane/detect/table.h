/* A bounded hash table whose entries expire by packet time: thresholds, bits of hosts and pairs.
 * Keys are a few 8-byte words that traffic can choose, so the hash is keyed. Owner: one worker. */
#pragma once

#include <stdint.h>

#include "dataplane/base/hash.h"
#include "dataplane/base/slab.h"

enum { TABLE_KEY = 5 }; /* words */

struct table_key {
	uint64_t w[TABLE_KEY];
};

struct table_entry {
	struct table_entry *next;
	struct table_key key;
	uint64_t until_ns; /* may be dropped after this */
	uint64_t start_ns;
	uint64_t extra_ns;
	uint64_t info; /* the user's */
	uint32_t count, limit;
};

struct table;

struct table *table_new(struct slab *slab, struct hash_key key, uint32_t max);
void table_free(struct table *t);
struct table_entry *table_find(struct table *t, const struct table_key *key);
/* A new zeroed entry; NULL when there is no room even after dropping what has expired. */
struct table_entry *table_add(struct table *t, const struct table_key *key, uint64_t now_ns);
void table_remove(struct table *t, const struct table_key *key);
/* Drops what has expired in a few buckets. */
void table_tick(struct table *t, uint64_t now_ns);
