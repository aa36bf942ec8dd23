/* Recovery (Q12): a dangerous incident becomes tasks in the playbook's order, each carried out by
 * the operator's program. One table says how a task goes on; everything is stored before it acts,
 * so that after a kill what was ordered is ordered again by the same id and nothing twice. Knows no
 * program, key or clock: what it wants done goes through its sink. Owner: the mitigator's loop; the
 * caller owns the transaction. */
#pragma once

#include <sqlite3.h>

#include "control/mitigator/recovery/playbook.h"

enum {
	RECOVERY_OPEN = 256,   /* incidents under recovery at once; more are refused and told */
	RECOVERY_KEPT = 10000, /* incidents in the database, then the oldest that are over go */
	RECOVERY_TEXT = 256,
	RECOVERY_DETAIL = 4096, /* of a result, JSON; longer ones are dropped */
	RECOVERY_ID = 96,
};

enum recovery_state {
	TASK_WAITING, /* for the one before it */
	TASK_ASKED,   /* for a person's yes */
	TASK_READY,   /* for somebody to carry it out */
	TASK_ORDERED,
	TASK_DONE,
	TASK_NOTHING, /* done, and there was nothing to find */
	TASK_FAILED,
	TASK_UNDOING,
	TASK_UNDONE,
	TASK_STUCK, /* could not be rolled back: a person must */
	TASK_SKIPPED,
	TASK_CANCELLED,
	TASK_EXPIRED, /* nobody answered */
	TASK_STATES
};

enum recovery_event {
	TASK_EV_TURN,	    /* the one before is done */
	TASK_EV_ASK,	    /* likewise, and a person must say yes */
	TASK_EV_YES,	    /* a person: do it, or do it once more */
	TASK_EV_NO,	    /* a person: do not */
	TASK_EV_BY_HAND,    /* a person did it */
	TASK_EV_LAPSE,	    /* nobody answered in time */
	TASK_EV_ORDER,	    /* somebody is free to carry it out */
	TASK_EV_OK,	    /* the result is good */
	TASK_EV_FOUND_NONE, /* ... and there was nothing to find */
	TASK_EV_AGAIN,	    /* failed or too late, and there are tries left */
	TASK_EV_FAIL,	    /* ... and there are none */
	TASK_EV_UNDO,	    /* roll back */
	TASK_EV_SKIP,	    /* not needed */
	TASK_EVENTS
};

const char *recovery_state_text(enum recovery_state s);
const char *recovery_event_text(enum recovery_event e);
/* False: the event does not belong to the state. */
bool recovery_next(enum recovery_state from, enum recovery_event event, enum recovery_state *ret);
/* Nothing happens to it any more unless a person says so. */
bool recovery_over(enum recovery_state s);

/* What the incident is about: who has to be found by a person when a program cannot. */
struct recovery_case {
	uint64_t incident;
	char host_id[64], host[64], ip[48], mac[24], user[64];
	char location[160]; /* switch, port, network, the sensor that saw it */
	char file[160], sha256[65], url[200];
	char threat_id[64], threat[128];
};

struct recovery_task {
	uint64_t id, incident;
	unsigned n; /* its place, from 0 */
	struct playbook_task what;
	enum recovery_state state;
	uint32_t number; /* of the command; the same while it is sent again */
	uint32_t tries;
	uint64_t ordered, expires, changed; /* wall; expires: of the order or the question */
	char actor[64];			    /* who brought it into its state */
	char text[RECOVERY_TEXT];	    /* why, or the result */
	char detail[RECOVERY_DETAIL];	    /* the result's JSON, "" none */
};

/* All text is the callee's only during the call. */
struct recovery_sink {
	/* After the commit (recovery_effects). False: nobody is free; asked again later. `before`:
	 * the details of the last task that has any, JSON or "". */
	bool (*order)(void *ctx, const struct recovery_task *t, const struct recovery_case *c,
		      bool undo, const char *before);
	/* Within the transaction. */
	void (*changed)(void *ctx, const struct recovery_task *t, const struct recovery_case *c,
			enum recovery_state from);
	void (*ask)(void *ctx, const struct recovery_task *t, const struct recovery_case *c);
	/* A person must finish it: the sentence names host, user, location and file. */
	void (*alarm)(void *ctx, const struct recovery_case *c, const char *text);
	/* All tasks are done. */
	void (*over)(void *ctx, const struct recovery_case *c);
	void *ctx;
};

struct recovery;

struct recovery *recovery_new(sqlite3 *db, const struct recovery_sink *sink, struct errmsg *e);
void recovery_free(struct recovery *r);
void recovery_set(struct recovery *r, const struct playbook *p); /* stays the caller's */

/* `automatic`: tasks that need no yes begin at once; otherwise each asks. 0, ERR_EXISTS when the
 * incident is under recovery or was, ERR_LIMIT, ERR_NOTFOUND when the playbook has no tasks. */
int recovery_open(struct recovery *r, const struct recovery_case *c, bool automatic,
		  const char *actor, uint64_t now, struct errmsg *e);
/* Moves on what waits. `stopped`: the kill switch stands, nothing new is ordered that no person
 * said yes to. */
void recovery_tick(struct recovery *r, uint64_t now, bool stopped);
/* After the commit: orders. */
void recovery_effects(struct recovery *r, uint64_t now);
/* After a start: what was ordered is ordered again. */
void recovery_recover(struct recovery *r);

struct recovery_result {
	uint64_t task;
	uint32_t number;
	bool undo, ok, found_none;
	const char *text, *detail;
};

/* False when nobody waits for it: an answer of before. */
bool recovery_answer(struct recovery *r, const struct recovery_result *a, uint64_t now);

/* A person: YES, NO, BY_HAND, UNDO. 0 or a sentence. */
int recovery_person(struct recovery *r, uint64_t task, enum recovery_event event, const char *actor,
		    const char *reason, uint64_t now, struct errmsg *e);

/* Newest incidents first, tasks in order; fn may stop with false. `incident` 0: all. */
int recovery_each(struct recovery *r, uint64_t incident, bool open_only, unsigned most,
		  bool (*fn)(void *ctx, const struct recovery_case *c,
			     const struct recovery_task *t),
		  void *ctx, struct errmsg *e);
bool recovery_has(struct recovery *r, uint64_t incident);
/* True when the store refused since the last look: the transaction must be rolled back. */
bool recovery_failed(struct recovery *r);

/* "pc-12 (10.0.0.5), user sato, at br0 port 12, file C:\a.exe (sha256 ...)". Returns ret. */
char *recovery_where(const struct recovery_case *c, char *ret, size_t cap);
/* "MITIGATOR-r17.2"; returns ret. */
char *recovery_command_id(const char *mitigator, const struct recovery_task *t,
			  char ret[RECOVERY_ID]);
