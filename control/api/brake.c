#include "control/api/brake.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

enum { SETS = 1024, WAYS = 4 };

/* The bucket is empty until `due`; its level is how far `due` lies before now + burst * every. */
struct bucket {
	uint64_t key, due, used;
};

struct brake {
	struct hash_key key;
	struct bucket buckets[SETS][WAYS];
};

struct brake *brake_new(void)
{
	struct brake *b = calloc(1, sizeof(*b));

	if (b)
		b->key = hash_key_random();
	return b;
}

void brake_delete(struct brake *b)
{
	free(b);
}

static struct bucket *find(struct brake *b, const char *key)
{
	uint64_t h = hash_bytes(&b->key, key, strlen(key)) | 1;
	struct bucket *set = b->buckets[h / 2 % SETS], *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == h)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*oldest = (struct bucket){.key = h};
	return oldest;
}

static unsigned wait_of(const struct bucket *k, struct brake_rate rate, uint64_t now)
{
	uint64_t ahead = k->due > now ? k->due - now : 0, room = rate.every * (rate.burst - 1);

	return ahead <= room ? 0 : (unsigned)((ahead - room + NS_PER_SEC - 1) / NS_PER_SEC);
}

unsigned brake_take(struct brake *b, const char *key, struct brake_rate rate, uint64_t now)
{
	struct bucket *k = find(b, key);
	unsigned wait = wait_of(k, rate, now);

	k->used = now;
	if (!wait)
		k->due = (k->due > now ? k->due : now) + rate.every;
	return wait;
}

void brake_forgive(struct brake *b, const char *key)
{
	find(b, key)->due = 0;
}
