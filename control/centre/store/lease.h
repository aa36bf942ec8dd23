/* What several centres beside each other may do only one at a time: who holds the lease in their
 * common store. Beyond one machine its time is the database's, so that clocks of machines need not
 * agree. Each call is a transaction of its own. */
#pragma once

#include "control/centre/store/store.h"

int lease_open(struct store *s, struct errmsg *err);
/* Takes it when it is free or over, renews it when it is `holder`'s: 1. Another holds it: 0. `now`:
 * ns since 1970, for the embedded store. Negative with a sentence. */
int lease_take(struct store *s, const char *name, const char *holder, uint64_t for_ns, uint64_t now,
	       struct errmsg *err);
/* Before its time, when it is `holder`'s. */
int lease_give(struct store *s, const char *name, const char *holder, struct errmsg *err);
