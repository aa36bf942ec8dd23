/* A roll-out in rings, without store, clock or link (C7, E5): boxes are put into rings; a ring is
 * offered the new version when the one before has answered, its soak time is over and nobody in it
 * is worse than before; it stops by itself when too many are. What changes is told through the ops
 * before it takes effect, so that a kill between two calls loses nothing: the caller keeps it, and
 * gives it back as it was.
 *
 * Never: a box offered in a ring behind the current one; a new box offered by a roll-out that is
 * stopped or paused; a roll-back that leaves out a box that got it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/wire/limits.h"
#include "dataplane/base/err.h"

enum {
	ROLLOUT_RINGS = 8,
	ROLLOUT_GRACE_S = 120, /* that a box may be away after it got it (it may start again) */
	ROLLOUT_GRACE_MACHINE_S = 1800, /* when the whole machine starts, perhaps thrice */
	ROLLOUT_AGAIN_S = 300,		/* an unanswered offer is made again */
	ROLLOUT_WHY = 256,
};

enum rollout_state {
	ROLLOUT_RUNNING,
	ROLLOUT_PAUSED,
	ROLLOUT_STOPPED, /* nobody new gets it */
	ROLLOUT_BACK,	 /* who got it goes back */
	ROLLOUT_DONE,	 /* who comes later gets it too */
	ROLLOUT_STATES,
};

enum rollout_step {
	STEP_WAITING,
	STEP_OFFERED,
	STEP_IN_FORCE,
	STEP_REFUSED, /* what it had stays */
	STEP_BACK_OFFERED,
	STEP_BACK,
	STEP_BACK_FAILED,
	ROLLOUT_STEPS,
};

/* How a box is, over the last minutes. */
struct rollout_health {
	bool is_up, is_known; /* is_known: it has said how it is since it is up */
	double loss;	      /* share of frames, 0 to 1 */
	double alerts;	      /* an hour */
	uint64_t restarts;    /* since whenever */
	uint64_t last;	      /* ns since 1970, when it said something; 0: not known */
	unsigned grace_s;     /* that it may be away; 0: ROLLOUT_GRACE_S */
};

struct rollout_box {
	char name[WIRE_NAME_MAX];
	unsigned ring;
	enum rollout_step step;
	uint64_t offered, settled; /* ns since 1970 */
	struct rollout_health before;
};

struct rollout {
	uint64_t id;
	enum rollout_state state;
	unsigned n_rings, ring;		 /* the current one */
	unsigned percent[ROLLOUT_RINGS]; /* of all, cumulative; the last is 100 */
	uint64_t ring_since;		 /* its boxes have answered since, 0: not yet */
	uint64_t soak_ns;
	unsigned limit; /* percent of those reached that may be worse */
	char why[ROLLOUT_WHY];
	struct rollout_box *boxes;
	size_t n;
};

struct rollout_ops {
	void (*health)(void *ctx, const char *box, struct rollout_health *ret);
	/* Keeps the box as it now is; when 0 is returned and `offer`, offers it (`back`: what it
	 * had before). An error: nothing changed, it is tried again at the next turn. */
	int (*change)(void *ctx, const struct rollout *r, const struct rollout_box *b, bool offer,
		      bool back);
	/* Keeps state, ring, ring_since, why. */
	int (*keep)(void *ctx, const struct rollout *r);
	void *ctx;
};

/* Rings by percent: the same boxes for the same id, at least one box in the first; those that are
 * away (before.is_up) in the last ones. */
void rollout_plan(struct rollout *r);

/* One turn. */
void rollout_turn(struct rollout *r, uint64_t now, const struct rollout_ops *ops);

/* A box has answered. `is_back`: to what it was offered to go back to. */
int rollout_answer(struct rollout *r, const char *box, bool is_back, bool is_in_force, uint64_t now,
		   const struct rollout_ops *ops);

/* A person's hand. ERR_INVALID with a sentence when it is not possible now. */
int rollout_order(struct rollout *r, enum rollout_state wanted, const char *why,
		  const struct rollout_ops *ops, struct errmsg *e);

struct rollout_box *rollout_find(struct rollout *r, const char *box);
const char *rollout_state_text(enum rollout_state s);
const char *rollout_step_text(enum rollout_step s);
/* Why a box is worse than before; false when it is not. */
bool rollout_is_worse(const struct rollout_box *b, const struct rollout_health *h, uint64_t now,
		      char ret[ROLLOUT_WHY]);
