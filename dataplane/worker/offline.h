/* banken-dataplane -r: a capture file through the same pipeline as live traffic, on the file's own
 * clock, without privileges. */
#pragma once

#include "dataplane/base/err.h"
#include "dataplane/worker/options.h"

/* Writes eve.json, banken.json and stats.json into options->log_folder. ERR_OK also when the
 * capture is damaged at its end (a warning is printed); otherwise a sentence. */
int offline_run(const struct options *options, struct errmsg *err);
