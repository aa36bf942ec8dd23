/* A customer goes with all that is his (C8): from the embedded store, the accounts, what still
 * waits for his machines, and the reports' folder. The centre must not run. What stays is the
 * vendor's: audit.log, which may not lose a line, and entries of the fleet's lists. */
#pragma once

#include <stdio.h>

#include "dataplane/base/err.h"

/* `state`: the centre's state-folder; `reports`: its report-folder. Writes what went, a line a
 * table, and what was looked at afterwards, on `out`. ERR_EXISTS: the centre runs; ERR_NOTFOUND: no
 * such customer; ERR_INVALID: something of his is still there, by name. Ended early, called again
 * it goes on. */
int wipe_customer(const char *state, const char *reports, const char *customer, FILE *out,
		  struct errmsg *err);
