/* What recovery.c and store.c share. Private to this folder. */
#pragma once

#include "control/mitigator/recovery/recovery.h"

struct recovery {
	sqlite3 *db;
	struct recovery_sink sink;
	const struct playbook *playbook;
	bool failed;
	bool due;	      /* something is to be ordered after the commit */
	uint64_t running[64]; /* tasks that were ordered since the start */
	unsigned running_n;
};

/* store.c: all within the caller's transaction */
int recovery_db_open(sqlite3 *db, struct errmsg *e);
void recovery_db_case(struct recovery *r, const struct recovery_case *c, bool automatic,
		      uint64_t now);
/* Gives a new task its id. */
void recovery_db_add(struct recovery *r, struct recovery_task *t);
void recovery_db_save(struct recovery *r, const struct recovery_task *t);
void recovery_db_note(struct recovery *r, const struct recovery_task *t, enum recovery_state from,
		      enum recovery_event event);
bool recovery_db_task(struct recovery *r, uint64_t id, struct recovery_task *ret);
bool recovery_db_read_case(struct recovery *r, uint64_t incident, struct recovery_case *ret,
			   bool *ret_automatic);
/* Ids of tasks in one of the states (bits), oldest first. */
unsigned recovery_db_ids(struct recovery *r, uint32_t states, uint64_t *ret, unsigned max);
/* Of one incident, in order. */
unsigned recovery_db_of(struct recovery *r, uint64_t incident, uint64_t ret[PLAYBOOK_TASKS]);
unsigned recovery_db_open_cases(struct recovery *r, uint64_t *ret, unsigned max);
void recovery_db_close_case(struct recovery *r, uint64_t incident, uint64_t when); /* 0: opens */
void recovery_db_expire(struct recovery *r);
