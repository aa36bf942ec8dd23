/* "Would have done" (P8): what a policy makes of recorded judgements. Reads the whole list before
 * it says anything, so that a wrong list is refused whole. Needs no clock and keeps nothing. */
#pragma once

#include "control/mitigator/policy/policy.h"
#include "dataplane/base/slice.h"

enum {
	SIMULATE_BYTES = 256 << 20,  /* of one list */
	SIMULATE_ROWS = 4 << 20,     /* judgements */
	SIMULATE_HOST = 128,	     /* bytes of a host's name */
	SIMULATE_COUNT_MAX = 1000000 /* of one condition */
};

/* By which policy. */
struct simulate_by {
	/* Each host by its scope's action policy, which its name tells when it is an address or a
	 * MAC, or else the column "address" (of its first judgement in the list); any other host,
	 * and one of no scope, by the default one. */
	const struct policy *policy;
	/* Without: this one for every host, with one action per rule, named after its level. */
	const struct judge_policy *plain;
};

/* One judgement and what would have been done at it. Texts are valid during the call. */
struct simulate_step {
	const char *time, *host; /* as they are written in the list */
	enum level level;
	uint32_t count, days;
	const char *actions[JUDGE_ACTIONS_MAX]; /* in the order of the policy, each once */
	unsigned actions_n;
};

/* The list: CSV with the columns time, host and level in any order; others are passed over. When
 * the first line names no columns, they are these three in this order. Calls fn for each judgement
 * in the order of time, equal times in the order of the list; fn may stop with false. 0, or an
 * error with a sentence that names the line. */
int simulate_run(struct slice list, const char *name, const struct simulate_by *by,
		 bool (*fn)(void *ctx, const struct simulate_step *s), void *ctx, struct errmsg *e);

/* "danger=6,warning=4,caution=2" into one rule a level with that count, or with those days; where a
 * level has both, either suffices. 0 or an error with a sentence. */
int simulate_counts(const char *text, struct judge_policy *ret, struct errmsg *e);
int simulate_days(const char *text, struct judge_policy *ret, struct errmsg *e);
