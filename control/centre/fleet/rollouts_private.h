/* Shared by config.c, rollouts.c, rollouts_health.c and rollouts_show.c. */
#pragma once

#include "control/centre/fleet/rollouts.h"
#include "control/centre/store/rollouts_shared.h"
#include "control/wire/loop.h"

enum { CONFIG_SCOPES = 4, CONFIG_SCOPE = WIRE_NAME_MAX + 16 };

/* The scopes of a box, the widest first. */
void config_scopes(const struct fleet_box *b, char ret[CONFIG_SCOPES][CONFIG_SCOPE]);
json_t *config_write(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e);
json_t *config_judge(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e);
json_t *config_compare(struct fleet *f, const json_t *request, struct errmsg *e);
/* The box's whole document with `scope` at `version`, as a file; size 0: nothing is left. */
int config_document(struct fleet *f, const struct fleet_box *box, const char *scope,
		    uint64_t version, struct fleet_file *ret, struct errmsg *e);

/* Where a file is written before it is kept. */
void fleet_new_path(const struct fleet *f, char ret[512]);
/* Takes the file at `path` (it is moved) under its hash, and notes it. */
int rollouts_keep_file(struct fleet *f, const char *path, const struct fleet_file *file,
		       struct errmsg *e);

/* One roll-out with what the engine does not know. */
struct task {
	struct rollout *r;
	struct rollout_about about;
	struct rollout_box_more *more; /* one for each of r->boxes */
	uint64_t *carried;	       /* likewise: which of its offers this centre has sent */
	struct rollouts *all;
};

/* How a box was heard to be; lost with the program, heard again within seconds. */
struct heard {
	char name[WIRE_NAME_MAX];
	uint64_t at, rx, lost, alerts;
	uint64_t started; /* s since 1970, by its clock */
	uint64_t uptime;  /* s, as it said last */
	double loss, rate;
	uint64_t restarts;
	bool is_up, has_counts, has_no_counts;
	bool is_elsewhere; /* another centre says so */
};

struct rollouts {
	struct fleet *f;
	struct loop_timer timer;
	struct task tasks[ROLLOUTS_MOST];
	unsigned n;
	struct heard *heard; /* sorted by name */
	size_t n_heard, cap_heard;
	char stamp[STAMP]; /* of what is in `tasks` */
	bool is_open;	   /* between rollouts_enter and rollouts_leave */
	uint64_t told;	   /* when the others last heard from here, monotonic */
};

/* rollouts_shared.c: of several centres beside each other the one on duty takes the turns, the one
 * that a box is connected to sends it what it is offered, and any of them takes answers and orders.
 * What there is stands in their common store. A centre alone: nothing of this does anything. */
bool rollouts_are_shared(const struct rollouts *r);
/* Before anything is read: what others wrote is here. Tasks may be others afterwards. */
int rollouts_fresh(struct rollouts *r, struct errmsg *e);
/* The same within a transaction, and nobody else writes until it ends. */
int rollouts_lock(struct rollouts *r, struct errmsg *e);
/* A transaction of its own with that; `rc`: what came of it. */
int rollouts_enter(struct rollouts *r, struct errmsg *e);
int rollouts_leave(struct rollouts *r, int rc, struct errmsg *e);
/* Something was written: the others shall read it. */
int rollouts_stamp(struct rollouts *r, struct errmsg *e);
/* What is offered to boxes that are connected here is sent. */
void rollouts_carry(struct rollouts *r);
/* Tells and hears how boxes are. */
void rollouts_tell(struct rollouts *r);
void rollouts_hear(struct rollouts *r);
void rollouts_take_over(struct rollouts *r, struct heard *h);

/* rollouts.c */
int rollouts_offer(struct rollouts *r, const struct fleet_box *box, const struct task *t,
		   const struct fleet_file *file, bool back, struct errmsg *e);
int rollouts_load(struct rollouts *r, struct errmsg *e);
void rollouts_free_task(struct task *t);
/* rollouts_health.c: NULL when it was never heard of and is not to be made, or there are too many.
 */
struct heard *rollouts_heard_of(struct rollouts *r, const char *name, bool make);

/* NULL when there is none of that number. */
struct task *rollouts_task(struct rollouts *r, uint64_t id);
/* rollout_ops.health, with a task as its ctx. */
void rollouts_how(void *task, const char *box, struct rollout_health *ret);
/* Puts a box into the roll-outs of its scope that are done. */
void rollouts_join(struct rollouts *all, const struct identity *peer);
