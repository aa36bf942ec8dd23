/* A store with a believable past, to look at and to measure: three customers, twelve sites, ninety
 * days up to `now`. Deterministic: the same `now` gives the same store. */
#pragma once

#include "control/centre/store/store.h"

enum { DEMO_CUSTOMERS = 3, DEMO_SITES = 12, DEMO_DAYS = 90 };

/* Into a store that is empty (ERR_INVALID otherwise). */
int demo_fill(struct store *s, uint64_t now, struct errmsg *err);
