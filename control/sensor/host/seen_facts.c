#include "control/sensor/host/seen_facts.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

struct told {
	uint64_t what, when;
};

struct seen_facts {
	struct hash_key key;
	struct told told[FACTS_SEEN];
};

struct seen_facts *seen_facts_new(void)
{
	struct seen_facts *s = calloc(1, sizeof(*s));

	if (s)
		s->key = hash_key_random();
	return s;
}

void seen_facts_free(struct seen_facts *s)
{
	free(s);
}

static uint64_t hash_of(const struct seen_facts *s, const struct identity_fact *f)
{
	uint64_t words[6] = {0};

	memcpy(&words[0], f->about.ip.bytes, 16);
	memcpy(&words[2], f->about.mac.bytes, 6);
	words[3] = (uint64_t)f->kind;
	words[4] = hash_bytes(&s->key, f->value, strlen(f->value));
	words[5] = hash_bytes(&s->key, f->source, strlen(f->source));
	return hash_words(&s->key, words, 6) | 1;
}

bool seen_facts_new_one(struct seen_facts *s, const struct identity_fact *f, uint64_t now)
{
	uint64_t h = hash_of(s, f);
	struct told *t = &s->told[h >> 32 & (FACTS_SEEN - 1)];

	if (t->what == h && now >= t->when && now - t->when < FACTS_AGAIN_S * NS_PER_SEC)
		return false;
	*t = (struct told){h, now};
	return true;
}
