/* What a flow's first bytes must be for libndpi 4.2 to give it one of the few names that behaviour
 * detectors wait for. Most unknown flows begin otherwise, and looking here costs a hundredth of
 * showing a piece. Facts: its dissectors' conditions, as they read in release 4.2. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/parser.h"
#include "dataplane/base/hash.h"

enum naming_look {
	NAMING_LOOK_SHOW,   /* the library may have a name for it, now or with what follows */
	NAMING_LOOK_UNLIKE, /* it has none, whatever follows */
	NAMING_LOOK_WAIT,   /* not with this piece; the next ones may have one */
};

/* Every name among these is one whose beginnings are known here; NULL-ended. */
bool naming_look_covers(const char *const *names);

/* The flow's next piece, not empty; `first`: there was none before it. Memory of hosts apart. */
enum naming_look naming_look_at(const struct app_tuple *ends, enum dir dir, struct slice piece,
				bool first, uint64_t now_ns);

/* The library remembers who shares files or mines, and names what else goes there: this knows at
 * least the same hosts, as long as they are not displaced. IPv4 only, like the library's. */
enum { NAMING_PLACES = 1 << 14 };

struct naming_hosts {
	struct hash_key key;
	bool any;
	uint32_t tag[NAMING_PLACES];
};

void naming_hosts_add(struct naming_hosts *h, const struct app_tuple *ends);
bool naming_hosts_has(const struct naming_hosts *h, const struct app_tuple *ends);
