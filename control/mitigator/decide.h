/* From alerts to decisions: levels, incidents, judgements (P1-P9), and whether a host is cut, held,
 * refused or left alone (Q2-Q8). Knows no network and no clock: what it is to do goes through its
 * sink, so that a property test can run any site through it. Owner: the mitigator's loop. */
#pragma once

#include "control/mitigator/host/host.h"
#include "control/mitigator/incident/incident.h"
#include "control/mitigator/policy/policy.h"
#include "control/mitigator/quarantine/cut.h"

/* One judgement as it is kept and told (P6). */
struct decide_judgement {
	const struct host *host;
	enum level level;
	uint32_t count, days, actions; /* ACTION_BITs that fired */
	enum policy_mode mode;	       /* under which they were taken or not */
	const char *trigger;
};

struct decide_sink {
	/* 1188; all text is the callee's only during the call. */
	void (*event)(void *ctx, const struct event *ev);
	void (*judged)(void *ctx, const struct decide_judgement *j);
	/* It opened, went on, closed or became part of another. NULL: nobody wants to know. */
	void (*incident)(void *ctx, const struct incident *i);
	void (*mail)(void *ctx, const struct host *h, const char *text);
	void (*message)(void *ctx, const struct host *h, const char *text);
	void (*command)(void *ctx, const struct host *h, const char *text);
	/* ACTION_BITs that wait for `banken policy act --deferred` (P11); may be NULL: done at
	 * once. */
	void (*deferred)(void *ctx, const struct host *h, uint32_t actions);
	/* What the switch knows of the port of the target. */
	struct port_facts (*port)(void *ctx, const struct cut_target *t);
	void *ctx;
};

struct decide_counts {
	uint64_t alerts, unalerted, levelless, hostless, full, cut, held, refused, excepted,
		outside, stale, doubled;
	uint64_t exceptions[POLICY_EXCEPTIONS]; /* how often each had effect (P9) */
};

struct decide {
	const struct policy *policy;
	struct hosts *hosts;
	struct incidents *incidents;
	struct cuts *cuts;
	struct protect *protect;
	struct fuse *fuse;
	bool kill_switch;
	bool no_channel; /* nobody takes messages: a cut waits for none */
	struct decide_sink sink;
	struct decide_counts count;
	struct errmsg e; /* the last refusal of a store */
};

/* `reported`: when it came, ns since 1970. */
void decide_alert(struct decide *d, const struct alert *a, const char *sensor, struct cut_now now);
void decide_fact(struct decide *d, const struct host_fact *f, const char *sensor,
		 struct cut_now now);
/* A switch was asked where each MAC is (hosts_note_port), and whether any `moved` since it was
 * asked before: what was seen meanwhile is proven or not, once and for all (Q8). */
void decide_ports_checked(struct decide *d, bool moved, struct cut_now now);
/* Judgements that are due, incidents that close. */
void decide_tick(struct decide *d, struct cut_now now);
/* The policy changed: protected list, fuse. */
void decide_reload(struct decide *d, const struct policy *p, struct cut_now now);
/* Takes open incidents and cuts into account after a restart. */
void decide_recover(struct decide *d, struct cut_now now);
/* One more entry of the protected list, also for what is cut already (Q6). */
void decide_protect(struct decide *d, const struct protect_entry *e, struct cut_now now);
/* The kill switch: nothing is cut any more that no person said yes to (Q6). */
void decide_stop(struct decide *d, bool stopped);
/* Somebody set the wall clock by `delta` ns: what was given a length keeps it. */
void decide_clock_set(struct decide *d, int64_t delta, struct cut_now now);
/* The fuse remembers what it allowed before a restart: each cut it counted. */
void decide_recount(struct decide *d, const char *host_id, uint64_t opened, struct cut_now now);

/* What a person orders. `host`: an address, a MAC, a host's id or a command's. `end`: wall, 0 =
 * until released. 0 or an error with a sentence. */
struct decide_order {
	const char *host, *actor, *reason, *mitigator;
	uint64_t end;
};

/* What a person has done to a host by hand, after or instead of the automatic actions (P11): the
 * guards that hold for persons hold. `text`: for who gets the message, mail or command. */
int decide_person_acts(struct decide *d, const struct decide_order *o, enum policy_action action,
		       const char *text, struct cut_now now, struct errmsg *e);
/* Mass recovery (Q11): the host's cut for the threat ends, whatever else the same detection added
 * to it; what a person or the vendor ordered stays, unless the threat is "manual". */
enum decide_restored {
	RESTORE_RELEASED,
	RESTORE_NOT_CUT, /* or not for this threat */
	RESTORE_KEPT,	 /* cut on by somebody's order */
	RESTORE_COUNT
};

struct decide_restore {
	const char *threat, *actor, *reason;
	const struct mac_addr *mac; /* all zero: by the address */
	const struct ip_addr *ip;
};

enum decide_restored decide_restores(struct decide *d, const struct decide_restore *r,
				     struct cut_now now);

/* What another system orders (OpenC2). Held to what holds an automatic cut: protected list,
 * exceptions, mode, kill switch, fuse; where a person must decide it is HELD, which is no error.
 * The host must have been seen. ERR_DENIED with a sentence when it is not to be cut. */
int decide_program_cuts(struct decide *d, const struct decide_order *o, struct cut_now now,
			struct cut **ret, struct errmsg *e);
/* Takes back what programs ordered, and nothing else (Q3). *ret: the cut, which stands on when
 * somebody else wants it too; NULL with 0: the host is not cut. */
int decide_program_releases(struct decide *d, const struct decide_order *o, struct cut_now now,
			    struct cut **ret, struct errmsg *e);

int decide_person_cuts(struct decide *d, const struct decide_order *o, struct cut_now now,
		       struct errmsg *e);
/* Within the vendor's mandate, which the caller has looked at: every guard of an automatic cut
 * holds, `ask`: a person here says yes first. `ret`: the cut. */
int decide_vendor_cuts(struct decide *d, const struct decide_order *o, bool ask, struct cut_now now,
		       struct cut **ret, struct errmsg *e);
int decide_vendor_releases(struct decide *d, const struct decide_order *o, struct cut_now now,
			   struct errmsg *e);
/* The host was treated: from now on it is judged more strictly for a while (Q14). False: the policy
 * says no, or it is watched already. */
bool decide_watch(struct decide *d, struct host *h, struct cut_now now);
int decide_person_releases(struct decide *d, const struct decide_order *o, struct cut_now now,
			   struct errmsg *e);
/* DECIDE_ONE_OF_TWO: the yes is noted, a second person must say it too. */
enum { DECIDE_ONE_OF_TWO = 1 };
int decide_person_answers(struct decide *d, const struct decide_order *o, bool yes,
			  struct cut_now now, struct errmsg *e);
