/* Names for traffic that none of our parsers knows, by libndpi 4.2 where it is installed (README).
 * One a worker; not thread-safe. A flow's first bytes are shown to it as datagrams or segments of
 * our own making, so that it never parses headers from the wire. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/naming/look.h"
#include "dataplane/app/parser.h"
#include "dataplane/base/traffic.h"

struct naming;
struct naming_flow;

enum naming_counter {
	NAMING_NAMED,	/* flows that got a name */
	NAMING_UNKNOWN, /* flows that got none */
	NAMING_PACKETS, /* pieces shown to the library */
	NAMING_BUSY,	/* pieces and flows passed over (LIMIT_NAMING_RATE) */
	NAMING_OLDEST,	/* flows given up for newer ones (LIMIT_NAMING_FLOWS) */
	NAMING_UNLIKE,	/* flows not shown: they begin like nothing that is waited for (look.h) */
	NAMING_MEMORY,	/* refused for want of memory (LIMIT_NAMING_MEMORY, worker.memory-mb) */
	NAMING_COUNTERS,
};

/* NULL when the library is not there (`ret_why`: a static sentence) or without memory. `late`: it
 * is readied when the first flow needs it, which takes some 12 ms (offline), not now. `only`: the
 * library looks for these of its names alone, which takes it a fraction of the time, and gives no
 * other; NULL-ended, must outlive it; NULL: for all that it knows. */
struct naming *naming_new(struct slab *slab, bool late, const char *const *only,
			  const char **ret_why);
void naming_delete(struct naming *n);

/* A piece of a flow that has none before naming_begin: whether it is to be shown. `pieces`: how
 * many came before, zero pieces not counted. Looks when only a few names are wanted, else shows
 * all. */
enum naming_look naming_worth(struct naming *n, const struct app_tuple *ends, enum dir dir,
			      struct slice bytes, unsigned pieces, uint64_t now_ns);

/* A flow to be named; NULL at a limit. `*holder` is set to it, and to NULL when it is given up for
 * a newer one; it must not move. */
struct naming_flow *naming_begin(struct naming *n, uint64_t now_ns, struct naming_flow **holder);
/* Further bytes of the flow, of which at most NAMING_PIECE are looked at. True when it is decided:
 * `*ret_name` (of the slab, the caller's) or NULL, and the flow is gone. */
bool naming_bytes(struct naming *n, struct naming_flow *nf, const struct app_tuple *ends,
		  enum dir dir, struct slice bytes, uint64_t now_ns, struct traffic **ret_name);
/* Nothing more will come. The name, or NULL; the flow is gone. */
struct traffic *naming_end(struct naming *n, struct naming_flow *nf);
void naming_drop(struct naming *n, struct naming_flow *nf);

const uint64_t *naming_counts(const struct naming *n);
/* Bytes that the library holds of the slab now. */
uint64_t naming_memory(const struct naming *n);

enum { NAMING_PIECE = 1400 };
