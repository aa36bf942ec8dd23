/* Names of what banken-dataplane and banken-control share in their run folder (RUNDIR). */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define PATHS_STATS "stats"
#define PATHS_WATCH "watch"

/* "RUNDIR/alert.0.ring" (lane RECORD_LANE_ALERT) or "RUNDIR/event.0.ring" of worker 0, 1, ...
 * Workers are numbered without gaps: control opens them from 0 up until one is not there. */
static inline void paths_ring(char *ret, size_t cap, const char *rundir, unsigned lane,
			      unsigned worker)
{
	snprintf(ret, cap, "%s/%s.%u.ring", rundir, lane == 0 ? "alert" : "event", worker);
}

static inline void paths_file(char *ret, size_t cap, const char *rundir, const char *name)
{
	snprintf(ret, cap, "%s/%s", rundir, name);
}
