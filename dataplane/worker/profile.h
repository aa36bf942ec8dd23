/* Where a worker's cycles go, by stage and by parser (--profile). One frame of PROFILE_EVERY is
 * measured, so that it may be left on; a stage's time is its own, without what it calls of others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

#include "dataplane/app/app.h"

enum pipeline_stage {
	STAGE_DECODE,
	STAGE_FLOW,
	STAGE_STREAM,
	STAGE_APP,    /* identification and parsers */
	STAGE_BEHAVE, /* detectors without rules, known-bad lists */
	STAGE_NAMES,  /* names for traffic nobody knows */
	STAGE_DETECT,
	STAGE_EVENT,
	STAGE_COUNT,
	/* not sampled: a whole burst each */
	STAGE_RX = STAGE_COUNT,
	STAGE_TICK, /* time-outs */
	STAGES_ALL,
};

extern const char *const profile_stage_names[STAGES_ALL];

enum {
	PROFILE_EVERY = 16,
	PROFILE_PARSERS = 64,
	PROFILE_AWAY =
		1 << 20, /* cycles between two looks at the clock: another process had the core */
};

struct profile {
	bool on, sampling; /* sampling: this frame is measured */
	uint8_t stage;	   /* enum pipeline_stage now at work */
	uint64_t since;
	uint64_t cycles[STAGES_ALL];
	uint64_t parser[PROFILE_PARSERS + 1]; /* by index of app_protocols; the last: none yet */
	uint64_t frames, bytes;		      /* sampled */
};

/* Another stage goes on; the one that is left, for profile_leave. */
static inline enum pipeline_stage profile_enter(struct profile *f, enum pipeline_stage stage)
{
	enum pipeline_stage before = (enum pipeline_stage)f->stage;
	uint64_t now;

	if (!f->sampling)
		return before;
	now = __rdtsc();
	if (now - f->since < PROFILE_AWAY)
		f->cycles[before] += now - f->since;
	f->since = now;
	f->stage = (uint8_t)stage;
	return before;
}

static inline void profile_leave(struct profile *f, enum pipeline_stage before)
{
	profile_enter(f, before);
}

/* Around a frame. */
static inline void profile_frame(struct profile *f, uint64_t number, uint32_t bytes)
{
	f->sampling = f->on && number % PROFILE_EVERY == 0;
	if (!f->sampling)
		return;
	f->frames++;
	f->bytes += bytes;
	f->stage = STAGE_DECODE;
	f->since = __rdtsc();
}

static inline void profile_frame_done(struct profile *f)
{
	profile_enter(f, STAGE_DECODE);
	f->sampling = false;
}

/* A whole burst's stage, begun at that clock. */
static inline void profile_burst(struct profile *f, enum pipeline_stage stage, uint64_t begin)
{
	uint64_t took = __rdtsc() - begin;

	if (took < PROFILE_AWAY)
		f->cycles[stage] += took;
}

/* Around a call of the app layer for that flow: what it took is its parser's. */
static inline uint64_t profile_parser(const struct profile *f)
{
	return f->cycles[STAGE_APP];
}

void profile_parser_done(struct profile *f, const struct app_flow *app, uint64_t begin);
