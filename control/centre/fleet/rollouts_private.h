/* Shared by config.c, rollouts.c, rollouts_health.c and rollouts_show.c. */
#pragma once

#include "control/centre/fleet/rollouts.h"
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

/* Takes the file at `path` (it is moved) under its hash, and notes it. */
int rollouts_keep_file(struct fleet *f, const char *path, const struct fleet_file *file,
		       struct errmsg *e);

/* One roll-out with what the engine does not know. */
struct task {
	struct rollout *r;
	struct rollout_about about;
	struct rollout_box_more *more; /* one for each of r->boxes */
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
};

struct rollouts {
	struct fleet *f;
	struct loop_timer timer;
	struct task tasks[ROLLOUTS_MOST];
	unsigned n;
	struct heard *heard; /* sorted by name */
	size_t n_heard, cap_heard;
};

/* NULL when there is none of that number. */
struct task *rollouts_task(struct rollouts *r, uint64_t id);
/* rollout_ops.health, with a task as its ctx. */
void rollouts_how(void *task, const char *box, struct rollout_health *ret);
/* Puts a box into the roll-outs of its scope that are done. */
void rollouts_join(struct rollouts *all, const struct identity *peer);
