/* What centres beside each other must know of each other's roll-outs: whether another has written
 * them since, and how boxes are that are connected elsewhere. Beyond one machine only: ages are by
 * the database's clock, so that those of the centres need not agree. */
#pragma once

#include "control/centre/store/fleet.h"

enum { STAMP = 40 };

int rollout_shared_tables(struct store *s, struct errmsg *err);

/* Changes with every write; `lock`: and nobody else writes before this transaction ends. */
int rollout_stamp(struct store *s, bool lock, char ret[STAMP], struct errmsg *err);
int rollout_stamp_set(struct store *s, const char *stamp, struct errmsg *err);

/* How a box is, as the centre says that it is connected to. */
struct box_heard {
	char box[WIRE_NAME_MAX];
	bool is_up, has_counts;
	uint64_t age; /* ns since it was heard */
	uint64_t started, uptime, restarts;
	double loss, rate;
};
int box_heard_put(struct store *s, const char *holder, const struct box_heard *h,
		  struct errmsg *err);
/* It went from `holder`; what another says of it meanwhile stays. */
int box_heard_gone(struct store *s, const char *holder, const char *box, struct errmsg *err);
/* 1: there is one. */
int box_heard_find(struct store *s, const char *box, struct box_heard *ret, struct errmsg *err);
/* Of those that others said within `within` ns; to be freed. */
int box_heard_others(struct store *s, const char *holder, uint64_t within, struct box_heard **ret,
		     size_t *ret_n, struct errmsg *err);
