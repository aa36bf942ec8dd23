/* banken-dataplane -p: live. The main thread opens ports, starts workers, reads orders, keeps
 * statistics and sends resets; it never touches a packet that a worker owns. */
#pragma once

#include "dataplane/base/err.h"
#include "dataplane/worker/options.h"

/* Runs until SIGTERM, SIGINT or a stop order. */
int live_run(const struct options *options, struct errmsg *err);
