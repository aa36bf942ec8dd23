/* STIX 2.1 patterns (part 9 of the standard): the comparisons in use. */
#pragma once

#include "signatures/lists/indicator.h"

enum { STIX_WHY = 160 };

struct stix_sink {
	/* Not ERR_OK ends it. */
	int (*take)(void *ctx, struct slice value, enum indicator_hint hint);
	void *ctx;
};

/* Comparisons with = or IN (ISSUBSET of addresses) joined by OR, inside and between observations.
 * AND only where it names one thing: digests of a file, address and port of a service. Anything
 * else is ERR_UNSUPPORTED, and what is no pattern ERR_INVALID, with the reason. Nothing is given to
 * the sink unless the whole pattern is understood. */
int stix_pattern(struct slice pattern, const struct stix_sink *sink, char ret_why[STIX_WHY]);
