/* What is known of a host besides its addresses: names, users, operating systems, roles, each with
 * its source and age (E3). Facts belong to the host, never to an address: when the address goes to
 * another machine, they stay. Bounded; the oldest of the commonest kind goes first. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/wire/message.h"

enum {
	HOST_FACTS = 10,
	HOST_FACT_VALUE = 64,
	HOST_FACT_SOURCE = 12,
	HOST_FACTS_TEXT = HOST_FACTS * (HOST_FACT_VALUE + HOST_FACT_SOURCE + 64),
};

struct host_known {
	enum host_fact_kind kind;
	enum confidence confidence;
	char value[HOST_FACT_VALUE], source[HOST_FACT_SOURCE];
	uint64_t first, last; /* when it was said, ns since 1970 */
};

struct host_facts {
	struct host_known items[HOST_FACTS];
	unsigned n;
};

/* True when something new was learnt (not only that an old fact still holds). */
bool host_facts_note(struct host_facts *f, const struct host_fact *said, uint64_t now);
/* The best of that kind: by what the source is worth, then by age; NULL: none. */
const struct host_known *host_facts_best(const struct host_facts *f, enum host_fact_kind kind);
/* One line for the database, and back. */
char *host_facts_text(const struct host_facts *f, char ret[HOST_FACTS_TEXT]);
void host_facts_parse(const char *text, struct host_facts *ret);
