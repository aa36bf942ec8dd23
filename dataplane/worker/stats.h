/* stats.json of an offline run. */
#pragma once

#include <stdio.h>

#include "dataplane/worker/pipeline.h"
#include "dataplane/worker/ruleset.h"

struct stats_run {
	double load_seconds, run_seconds;
	double run_cpu_seconds; /* what the run took of the processor */
	const char *capture;
	const char *damage; /* NULL = the capture was whole */
};

/* The whole file's text. */
void stats_write(FILE *out, const struct pipeline *l, const struct ruleset *rules,
		 const struct stats_run *run);
/* Cycles by stage as a table (--profile). */
void stats_print_profile(FILE *out, struct pipeline *l);
/* Names and values of all counters, one a line. */
