/* A cut: one host, why it is cut, by which methods, and where in its life cycle it stands. All
 * causes of one host share one cut, so a host is never cut twice; it ends when the last cause is
 * gone (a permit takes the policy's away, never the threat's, Q3). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/quarantine/guard.h"
#include "control/mitigator/quarantine/state.h"
#include "control/mitigator/quarantine/target.h"
#include "control/mitigator/quarantine/verify.h"

enum {
	CUTS_MAX = 8192,  /* open at once; more are refused and counted */
	CUT_METHODS = 16, /* configured methods; bits of the masks below */
	CUT_ID_TEXT = 96, /* a command's id */
	CUT_TEXT = 128,	  /* names, ids */
	CUT_REASON = 256, /* a sentence */
	CUT_WATCHERS = 8, /* sensors that watch one host */
};

/* Why a host is cut. BLOCK ends with the next judgement, MANUAL at the end a person gave it. */
enum cut_cause {
	CAUSE_THREAT,
	CAUSE_POLICY,
	CAUSE_BLOCK,
	CAUSE_MANUAL,
	CAUSE_VENDOR,
	CAUSE_PROGRAM, /* ordered by another system (OpenC2), which may take back its own */
	CAUSE_COUNT
};

#define CAUSE_BIT(c) (1u << (c))

/* Both clocks: leases and what people see follow the wall, time-outs the monotonic one. ns. */
struct cut_now {
	uint64_t wall, mono;
};

struct cut {
	uint64_t id; /* from 1, never used again */
	enum cut_state state;
	char host_id[CUT_TEXT];
	struct cut_target target;
	bool whole_port;
	uint32_t causes;	    /* CAUSE_BITs */
	uint64_t ends[CAUSE_COUNT]; /* wall, 0: never by itself */
	uint64_t review;	    /* wall; of HELD when the question lapses; 0: none */
	enum guard_reason held_for; /* of HELD and REFUSED */
	bool approved;		    /* a person did, or ordered it */
	bool counted;		    /* in the fuse ... */
	uint64_t fused;		    /* ... since then, wall */

	char threat_id[CUT_TEXT], threat_name[CUT_TEXT], alert_id[CUT_TEXT], incident_id[CUT_TEXT];
	char category[CUT_TEXT], url[CUT_TEXT], mode[16], scope[64];
	char first_yes[64];		    /* who approved first, where two must */
	char actor[64], reason[CUT_REASON]; /* who asked for it, and why */
	char note[CUT_REASON];		    /* why it is in its state */
	enum severity severity;

	uint32_t number;	     /* of the current command */
	uint8_t method;		     /* current, index into the engine's methods */
	uint8_t ladder[CUT_METHODS]; /* methods in order */
	uint8_t ladder_n, rung;
	uint32_t ordered;	       /* methods that may hold it */
	uint32_t numbers[CUT_METHODS]; /* last command ordered from each */

	uint64_t opened, changed;				    /* wall */
	uint64_t detected, reported, sent, acked, verified, closed; /* wall */
	uint64_t drops;

	/* Not stored: begins anew after a restart. */
	char note_actor[64];		    /* who brought it into its state */
	uint32_t threat_hosts;		    /* that its threat had hit when it was held */
	uint64_t deadline;		    /* mono, 0: none */
	uint32_t tries;			    /* of the current command */
	uint32_t acked_by, useless, undone; /* methods */
	uint32_t denied;		    /* methods that said no to their last order */
	uint32_t retries;		    /* of the whole ladder */
	uint32_t effects;		    /* to carry out after the commit */
	bool busy;			    /* the last order was not sent */
	bool watching;
	char watch_id[CUT_ID_TEXT];
	uint32_t watch_number; /* of the watch under way or the last one */
	/* mono; `again`: unless a sensor that sees has told by then */
	uint64_t watch_renew, watch_again, watch_end;
	uint64_t entered; /* mono, this state */
	struct verify verify;
};

struct cut_method {
	char name[32];
	bool holds;  /* a cut stays; otherwise it only ends sessions */
	bool beside; /* of no ladder unless a scope names it */
};

struct cut_times {
	uint64_t message_ns; /* the message's head start, at most 500 ms (Q4) */
	uint64_t ack_ns;     /* for an acknowledgement; then the same command again */
	uint32_t ack_tries;  /* ... this often, then the next method */
	uint64_t retry_ns;   /* from FAILED or STILL-SEEN back to the ladder's begin */
	uint64_t hold_ns;    /* how long a person has to answer */
	uint64_t review_ns;  /* of a cut that does not end by itself */
	uint64_t recheck_ns; /* a verified cut is watched again this often */
	struct verify_limits verify;
};

/* What the engine wants done. */
struct cut_sink {
	/* After the change is stored (cuts_effects). */
	void (*keep)(void *ctx, const struct cut *c);
	void (*order)(void *ctx, const struct cut *c, unsigned method);
	void (*undo)(void *ctx, const struct cut *c, unsigned method);
	void (*watch)(void *ctx, const struct cut *c, bool on); /* again: extends it */
	/* Within the transaction that stores the change: to be put into an outbox. */
	void (*message)(void *ctx, const struct cut *c);
	void (*ask)(void *ctx, const struct cut *c);
	void (*alarm)(void *ctx, const struct cut *c);
	void (*event)(void *ctx, const struct cut *c); /* 1190 */
	void (*changed)(void *ctx, const struct cut *c, enum cut_state from);
	void *ctx;
};

struct cuts;
struct cut_store;

struct cuts_setup {
	const char *mitigator;	  /* our name, the beginning of command ids */
	const char *message_note; /* why the wait for the message is over, for the history */
	struct cut_store *store;
	struct cut_sink sink;
	struct cut_times times;
	struct cut_method methods[CUT_METHODS];
	unsigned methods_n;
	unsigned watches_max; /* hosts watched at once; a sensor has few places */
};

struct cuts *cuts_new(const struct cuts_setup *setup);
void cuts_free(struct cuts *cs);
void cuts_set_times(struct cuts *cs, const struct cut_times *t);
const struct cut_method *cuts_methods(const struct cuts *cs, unsigned *ret_n);
/* Loads what is open and takes it up where the store says it stands. 0 or an error. */
int cuts_recover(struct cuts *cs, struct cut_now now, struct errmsg *e);

/* A new cut in CUT_NEW with everything but id, times and state filled in by the caller goes to the
 * state that `event` leads to, because of its note. NULL when CUTS_MAX are open or the store
 * refused (in `e`). */
struct cut *cuts_open(struct cuts *cs, const struct cut *request, enum cut_event event,
		      struct cut_now now, struct errmsg *e);
/* An event, by whom and why. False when the state does not know it. */
bool cuts_event(struct cuts *cs, struct cut *c, enum cut_event event, const char *actor,
		const char *reason, struct cut_now now);

/* Adds a cause to an open cut (0: never ends by itself), or moves its end. */
void cuts_add_cause(struct cuts *cs, struct cut *c, enum cut_cause cause, uint64_t end,
		    const char *actor, const char *reason, struct cut_now now);
/* Takes causes away; releases when none is left. */
void cuts_drop_causes(struct cuts *cs, struct cut *c, uint32_t causes, const char *actor,
		      const char *reason, struct cut_now now);

/* What a method answered to command `number` of the cut. BUSY: it has too much to do already, so
 * that the order was not even sent; it is soon sent again and counts as no try. */
enum cut_answer {
	CUT_ANSWER_DONE,
	CUT_ANSWER_REFUSED,
	CUT_ANSWER_FAILED,
	CUT_ANSWER_AWAY,
	CUT_ANSWER_BUSY
};

struct cut_result {
	uint64_t cut;
	uint32_t number;
	unsigned method;
	bool undo;
	enum cut_answer answer;
	const char *text;
};

void cuts_result(struct cuts *cs, const struct cut_result *r, struct cut_now now);
/* The methods that hold the cut no longer know of it. */
void cuts_lost(struct cuts *cs, struct cut *c, unsigned method, struct cut_now now);
/* The host's port became known and may be cut whole: stored, for the next order. */
void cuts_take_port(struct cuts *cs, struct cut *c, const char *switch_name, const char *port);
/* A cut on its way out is wanted again, for what `request` says of cause, threat and target. False:
 * it is not on its way out. */
bool cuts_again(struct cuts *cs, struct cut *c, const struct cut *request, struct cut_now now);
/* While it stands, what was not ordered yet and no person said yes to asks, and no further method
 * is tried for it. */
void cuts_stop(struct cuts *cs, bool stopped);
/* The wall clock was set by `delta` ns: what was given a length keeps it. */
void cuts_clock_set(struct cuts *cs, int64_t delta, struct cut_now now);
/* How often the host was cut since `since`, the cuts that are open now included. */
unsigned cuts_repeats(struct cuts *cs, const char *host_id, uint64_t since);
/* The first of two approvals, stored. */
void cuts_first_yes(struct cuts *cs, struct cut *c, const char *actor);
/* A method's drop counter of the cut. */
void cuts_drops(struct cuts *cs, struct cut *c, uint64_t drops, struct cut_now now);
/* What a sensor saw of a watched host. */
void cuts_seen(struct cuts *cs, struct cut *c, const char *sensor, const struct watch_result *w,
	       struct cut_now now);

/* Time-outs; the next one on the monotonic clock, UINT64_MAX when none. */
uint64_t cuts_tick(struct cuts *cs, struct cut_now now);
/* After the store's commit: carries out what was stored. */
void cuts_effects(struct cuts *cs, struct cut_now now);
/* After a failed commit: forgets what was not stored. */
/* True when the store refused since the last commit; then the transaction must not be committed. */
bool cuts_failed(const struct cuts *cs, struct errmsg *e);
int cuts_rollback(struct cuts *cs, struct cut_now now, struct errmsg *e);

unsigned cuts_count(const struct cuts *cs);
struct cut *cuts_at(struct cuts *cs, unsigned i); /* open ones, in no order */
struct cut *cuts_find(struct cuts *cs, uint64_t id);
/* The open cut of the host, NULL when there is none. */
struct cut *cuts_of_host(struct cuts *cs, const char *host_id);
/* The open cut that shares the MAC or, without one, an address. */
struct cut *cuts_of_target(struct cuts *cs, const struct cut_target *t);
uint64_t cuts_refused(const struct cuts *cs); /* for lack of room */

const char *cut_cause_text(enum cut_cause c);
enum command_cause cut_cause_wire(uint32_t causes); /* the strongest */
/* The end that all causes together give it: wall, 0 when one never ends. */
uint64_t cut_end(const struct cut *c);
/* "MITIGATOR-17.2"; returns ret. A watch's id has ".w1" behind it. */
char *cut_command_id(const char *mitigator, uint64_t cut, uint32_t number, char ret[CUT_ID_TEXT]);
/* Of a command or a watch. False when the id is not of this mitigator. */
bool cut_command_parse(const char *mitigator, const char *id, uint64_t *ret_cut,
		       uint32_t *ret_number);
