/* One worker's stages, connected: the one place that knows all of them. Run to completion, one
 * thread; nothing is shared with other workers but the read-only engine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/app.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/err.h"
#include "dataplane/behave/behave.h"
#include "dataplane/decode/decode.h"
#include "dataplane/detect/detect.h"
#include "dataplane/event/event.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stream/stream.h"
#include "dataplane/worker/carry.h"
#include "dataplane/worker/mirror.h"

struct pipeline_config {
	struct decode_config decode;
	struct flow_config flow;
	struct stream_config stream;
	struct app_config app;
	struct event_config event;
	struct behave_config behave;
	size_t memory; /* cap of the worker's slab, bytes */
	size_t warm;   /* so many of them are made ready at the start, and tables with them */
	struct desk_port *desk; /* NULL: files go to nobody */
	struct keeper *keeper;	/* NULL: no packets are kept */
	unsigned index;		/* of the worker, for it */
	struct carry_config carry;
	enum mirror_removal duplicates;
	unsigned list_repeat; /* seconds: a host's hit on the same indicator is told so seldom, 0 =
				 each */
	bool profile;
	/* The same frames give the same bytes: fixed keys. Only where nobody can aim at them. */
	bool repeatable;
};

struct pipeline_config pipeline_config_default(void);

struct pipeline_totals {  /* D10 */
	uint64_t packets; /* frames received by this worker */
	uint64_t bytes;	  /* of them, on the wire */
	uint64_t alerts;
	uint64_t behaviour; /* hits of detectors that need no rule */
};

struct pipeline;
struct profile;
struct lists;
struct keeper;

/* `engine` may be NULL (no rules) and must outlive the pipeline. `first_id`: of its records. */
struct pipeline *pipeline_new(const struct pipeline_config *config, struct detect_engine *engine,
			      uint64_t first_id, const struct event_sink *sink, struct errmsg *err);
/* pipeline_finish first; the sink is not called any more. */
void pipeline_delete(struct pipeline *l);

/* Called for every decoded packet once its flow is known, before anything else looks at it; live.
 * NULL: nobody wants them, and frames of bypassed flows are not decoded. */
void pipeline_set_hook(struct pipeline *l, void (*hook)(void *ctx, const struct packet *p),
		       void *ctx);

/* Whether a frame may go unseen if not all can be looked at. */
enum pipeline_worth {
	WORTH_NEW,  /* its flow is new or has had little; or it opens or closes it */
	WORTH_BULK, /* it may: its flow has had LIMIT_SHED_BYTES, and no rule has matched in it */
	WORTH_MUCH, /* its flow has had as much, but a rule has matched or waits for more */
};
enum pipeline_worth pipeline_worth(const struct pipeline *l, const struct packet *p);
/* Up to PIPELINE_BURST frames, in their order: what they will touch is fetched first. `p` have the
 * rx fields filled and are zero otherwise. */
enum { PIPELINE_BURST = 64 };
void pipeline_burst(struct pipeline *l, struct packet *p, unsigned n);
/* Time-outs; once a burst. */
void pipeline_tick(struct pipeline *l, uint64_t now_ns);
/* Ends all flows and detectors, so that everything known has been reported. */
void pipeline_finish(struct pipeline *l, uint64_t now_ns);
/* Known-bad lists, NULL = none; the caller's until all pipelines have others. */
void pipeline_switch_lists(struct pipeline *l, const struct lists *lists, uint64_t now_ns);
void pipeline_switch_rules(struct pipeline *l, struct detect_engine *engine);

const struct pipeline_totals *pipeline_totals(const struct pipeline *l);
/* What the desk has found since and nobody has collected: after desk_stop. */
void pipeline_collect(struct pipeline *l);

enum { PIPELINE_COUNTER_SETS = 10 + DESK_COUNTER_SETS };
/* Fills up to PIPELINE_COUNTER_SETS sets; returns how many. */
unsigned pipeline_counters(const struct pipeline *l, struct counter_set ret[PIPELINE_COUNTER_SETS]);
/* Cycles by stage, zeros without config.profile. The caller adds what STAGE_RX took. */
struct profile *pipeline_profile(struct pipeline *l);
/* NULL without rules. */
const struct detector *pipeline_detector(const struct pipeline *l);
/* A stats record with the counters. */
void pipeline_put_stats(struct pipeline *l, uint64_t now_ns, uint64_t uptime_seconds);
