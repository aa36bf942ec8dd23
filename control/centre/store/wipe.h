/* A customer goes with all that is his (C8): from the embedded store, the accounts, what still
 * waits for his machines, and the reports' folder. The centre must not run. What stays is the
 * vendor's: audit.log, which may not lose a line, and entries of the fleet's lists. */
#pragma once

#include <stdio.h>

#include "control/centre/store/store.h"

/* `state`: the centre's state-folder; `reports`: its report-folder. Writes what went, a line a
 * table, and what was looked at afterwards, on `out`. ERR_EXISTS: the centre runs; ERR_NOTFOUND: no
 * such customer; ERR_INVALID: something of his is still there, by name. Ended early, called again
 * it goes on. */
int wipe_customer(const char *state, const char *reports, const char *customer, FILE *out,
		  struct errmsg *err);
/* The same where the store is beyond one machine: every row in PostgreSQL and on every replica of
 * ClickHouse, tables written anew, then looked for by his names; `state` and `reports` are those of
 * one of the centres. */
int wipe_customer_far(const struct store_where *where, const char *state, const char *reports,
		      const char *customer, FILE *out, struct errmsg *err);
