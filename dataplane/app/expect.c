#include "dataplane/app/expect.h"

#include <stdlib.h>

#include "dataplane/base/clock.h"

enum { SETS = 256, WAYS = 4 };

struct entry {
	struct ip_addr addr[2]; /* the smaller one first */
	uint64_t until_ns;	/* 0 = free */
	struct app_expectation e;
};

struct expect_table {
	struct hash_key key;
	uint32_t count; /* at most so many are in use: 0 = a look-up is one comparison */
	struct entry set[SETS][WAYS];
};

struct expect_table *expect_new(void)
{
	struct expect_table *t = calloc(1, sizeof(*t));

	if (t)
		t->key = hash_key_random();
	return t;
}

void expect_free(struct expect_table *t)
{
	free(t);
}

static void pair(const struct app_tuple *tuple, struct ip_addr ret[2])
{
	bool swap = ip_addr_cmp(&tuple->addr[0], &tuple->addr[1]) > 0;

	ret[0] = tuple->addr[swap];
	ret[1] = tuple->addr[!swap];
}

static struct entry *set_of(struct expect_table *t, const struct ip_addr addr[2], uint16_t port)
{
	uint64_t words[5] = {0, 0, 0, 0, port};

	memcpy(words, addr, 2 * sizeof(*addr));
	return t->set[hash_words(&t->key, words, ARRAY_SIZE(words)) % SETS];
}

void expect_add(struct expect_table *t, const struct app_tuple *announcer,
		const struct app_expectation *e, uint64_t now_ns)
{
	struct ip_addr addr[2];
	struct entry *set, *to;

	pair(announcer, addr);
	set = to = set_of(t, addr, e->port);
	for (unsigned i = 1; i < WAYS; i++) {
		if (set[i].until_ns < to->until_ns)
			to = &set[i];
	}
	t->count += to->until_ns == 0;
	to->addr[0] = addr[0];
	to->addr[1] = addr[1];
	to->until_ns = now_ns + LIMIT_APP_EXPECT_SECONDS * NS_PER_SEC;
	to->e = *e;
}

bool expect_take(struct expect_table *t, const struct app_tuple *tuple, uint64_t now_ns,
		 struct app_expectation *ret)
{
	struct ip_addr addr[2];
	struct entry *set;

	if (t->count == 0)
		return false;
	pair(tuple, addr);
	set = set_of(t, addr, tuple->port[DIR_TC]);
	for (unsigned i = 0; i < WAYS; i++) {
		struct entry *n = &set[i];

		if (n->until_ns == 0 || n->e.port != tuple->port[DIR_TC] ||
		    !ip_addr_eq(&n->addr[0], &addr[0]) || !ip_addr_eq(&n->addr[1], &addr[1]))
			continue;
		*ret = n->e;
		now_ns = n->until_ns >= now_ns ? 0 : now_ns;
		n->until_ns = 0;
		t->count--;
		return now_ns == 0;
	}
	return false;
}
