/* Facts that were told lately are not told again: a bounded memory of hashes. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/sensor/host/identity.h"

enum {
	FACTS_SEEN = 1 << 16,	 /* entries, 16 bytes each; a newer one displaces */
	FACTS_AGAIN_S = 15 * 60, /* the same fact is told again after that long */
};

struct seen_facts;

struct seen_facts *seen_facts_new(void);
void seen_facts_free(struct seen_facts *s);
/* True when the fact is to be told; then it counts as told. */
bool seen_facts_new_one(struct seen_facts *s, const struct identity_fact *f, uint64_t now);
