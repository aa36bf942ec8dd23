/* What looking for the rules' patterns alone costs: Hyperscan over every payload, nothing else. */
#pragma once

#include <stdint.h>

#include "dataplane/base/slice.h"

struct match;

/* The fast patterns that the rules of the file have on raw payload, in one block-mode database.
 * NULL and a sentence on stderr when that fails; match_delete gives it back. */
struct match *match_new(const char *rules);
void match_delete(struct match *m);

uint32_t match_patterns(const struct match *m);
/* How many hits `data` has. */
uint64_t match_scan(struct match *m, struct slice data);
