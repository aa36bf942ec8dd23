#include "control/mitigator/recovery/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/recovery/private.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char self[] = "automatic";

#define STATE_BIT(s) (1u << (s))

struct recovery *recovery_new(sqlite3 *db, const struct recovery_sink *sink, struct errmsg *e)
{
	struct recovery *r = calloc(1, sizeof(*r));

	if (!r || recovery_db_open(db, e) < 0) {
		free(r);
		return NULL;
	}
	r->db = db;
	r->sink = *sink;
	return r;
}

void recovery_free(struct recovery *r)
{
	free(r);
}

void recovery_set(struct recovery *r, const struct playbook *p)
{
	r->playbook = p;
}

bool recovery_failed(struct recovery *r)
{
	bool failed = r->failed;

	r->failed = false;
	return failed;
}

/* ---- for people ---- */

char *recovery_where(const struct recovery_case *c, char *ret, size_t cap)
{
	snprintf(ret, cap, "%s%s%s%s, user %s, at %s, file %s%s%s%s", c->host[0] ? c->host : c->ip,
		 c->host[0] && c->ip[0] ? " (" : "", c->host[0] ? c->ip : "",
		 c->host[0] && c->ip[0] ? ")" : "", c->user[0] ? c->user : "unknown",
		 c->location[0] ? c->location : "an unknown place",
		 c->file[0] ? c->file : "unknown", c->sha256[0] ? " (sha256 " : "", c->sha256,
		 c->sha256[0] ? ")" : "");
	return ret;
}

char *recovery_command_id(const char *mitigator, const struct recovery_task *t,
			  char ret[RECOVERY_ID])
{
	snprintf(ret, RECOVERY_ID, "%.60s-r%llu.%u", mitigator, (unsigned long long)t->id,
		 t->number);
	return ret;
}

/* What a person must know to finish by hand. */
static void tell_unfinished(struct recovery *r, const struct recovery_task *t,
			    const struct recovery_case *c)
{
	char where[800], text[1400];

	snprintf(text, sizeof(text),
		 "%s \"%s\" %s on %s: %s. Finish it by hand, then say: banken "
		 "recovery done %llu --reason TEXT",
		 recovery_kind_text(t->what.kind), t->what.name,
		 t->state == TASK_STUCK	   ? "could not be rolled back"
		 : t->state == TASK_UNDONE ? "failed and was rolled back"
					   : "failed",
		 recovery_where(c, where, sizeof(where)), t->text, (unsigned long long)t->id);
	r->sink.alarm(r->sink.ctx, c, text);
}

/* ---- events ---- */

struct why {
	const char *actor, *reason;
	uint64_t now;
};

static void order_times(struct recovery *r, struct recovery_task *t, uint64_t now)
{
	t->ordered = now;
	t->expires = now + t->what.valid_s * NS_PER_SEC;
	r->due = true;
}

static bool happen(struct recovery *r, struct recovery_task *t, enum recovery_event ev,
		   const struct why *w)
{
	enum recovery_state from = t->state;
	struct recovery_case c;

	if (!recovery_next(from, ev, &t->state))
		return false;
	t->changed = w->now;
	snprintf(t->actor, sizeof(t->actor), "%s", w->actor);
	snprintf(t->text, sizeof(t->text), "%s", w->reason);
	if (ev == TASK_EV_YES || ev == TASK_EV_TURN || ev == TASK_EV_UNDO) {
		t->tries = 0;
		t->expires = 0;
	}
	/* A new command; after a restart the same one is sent again. */
	if (ev == TASK_EV_ORDER || ev == TASK_EV_UNDO ||
	    (ev == TASK_EV_AGAIN && from == TASK_UNDOING))
		t->number++;
	if (t->state == TASK_ASKED)
		t->expires = w->now + (r->playbook ? r->playbook->answer_s : 86400) * NS_PER_SEC;
	if (ev == TASK_EV_ORDER || ev == TASK_EV_UNDO) {
		t->tries++;
		if (!t->expires || ev == TASK_EV_UNDO)
			order_times(r, t, w->now);
	}
	r->due = r->due || t->state == TASK_READY || t->state == TASK_UNDOING;
	recovery_db_save(r, t);
	recovery_db_note(r, t, from, ev);
	recovery_db_read_case(r, t->incident, &c, NULL);
	r->sink.changed(r->sink.ctx, t, &c, from);
	if (t->state == TASK_ASKED)
		r->sink.ask(r->sink.ctx, t, &c);
	if (t->state == TASK_STUCK || (t->state == TASK_FAILED && !t->what.roll_back) ||
	    t->state == TASK_UNDONE)
		tell_unfinished(r, t, &c);
	if (recovery_over(from) && !recovery_over(t->state))
		recovery_db_close_case(r, t->incident, 0);
	return true;
}

/* ---- opening ---- */

bool recovery_has(struct recovery *r, uint64_t incident)
{
	struct recovery_case c;

	return recovery_db_read_case(r, incident, &c, NULL);
}

int recovery_open(struct recovery *r, const struct recovery_case *c, bool automatic,
		  const char *actor, uint64_t now, struct errmsg *e)
{
	uint64_t open[RECOVERY_OPEN + 1];

	if (!r->playbook || r->playbook->tasks_n == 0)
		return errmsg_set(e, ERR_NOTFOUND, "the playbook has no tasks");
	if (recovery_has(r, c->incident))
		return errmsg_set(e, ERR_EXISTS, "incident %llu has its tasks already",
				  (unsigned long long)c->incident);
	if (recovery_db_open_cases(r, open, RECOVERY_OPEN + 1) >= RECOVERY_OPEN) {
		r->sink.alarm(r->sink.ctx, c,
			      "no more incidents fit into recovery: a person must take it up");
		return errmsg_set(e, ERR_LIMIT, "%d incidents are under recovery, no more fit",
				  RECOVERY_OPEN);
	}
	recovery_db_case(r, c, automatic, now);
	for (unsigned i = 0; i < r->playbook->tasks_n; i++) {
		struct recovery_task t = {.incident = c->incident,
					  .n = i,
					  .what = r->playbook->tasks[i],
					  .state = TASK_WAITING,
					  .changed = now};

		snprintf(t.actor, sizeof(t.actor), "%s", actor);
		recovery_db_add(r, &t);
	}
	recovery_db_expire(r);
	return r->failed ? errmsg_set(e, ERR_IO, "the tasks could not be stored") : 0;
}

/* ---- time ---- */

/* Nothing was found: what would act on it is not needed. */
static void skip_rest(struct recovery *r, const uint64_t *ids, unsigned n, unsigned from,
		      uint64_t now)
{
	struct why w = {self, "the assessment found nothing", now};

	for (unsigned i = from; i < n; i++) {
		struct recovery_task t;

		if (recovery_db_task(r, ids[i], &t))
			happen(r, &t, TASK_EV_SKIP, &w);
	}
}

/* The first task that is not done decides how the incident goes on. */
static void advance(struct recovery *r, uint64_t incident, uint64_t now, bool stopped)
{
	uint64_t ids[PLAYBOOK_TASKS];
	unsigned n = recovery_db_of(r, incident, ids);
	struct recovery_case c;
	bool automatic = false;

	recovery_db_read_case(r, incident, &c, &automatic);
	for (unsigned i = 0; i < n; i++) {
		struct recovery_task t;
		struct why w = {self, "its turn", now};

		if (!recovery_db_task(r, ids[i], &t))
			return;
		if (t.state == TASK_NOTHING && t.what.kind == RECOVERY_ASSESSMENT) {
			skip_rest(r, ids, n, i + 1, now);
			continue;
		}
		if (t.state == TASK_DONE || t.state == TASK_NOTHING || t.state == TASK_SKIPPED)
			continue;
		if (t.state == TASK_WAITING)
			happen(r, &t,
			       t.what.approve || !automatic || stopped ? TASK_EV_ASK : TASK_EV_TURN,
			       &w);
		return;
	}
	recovery_db_close_case(r, incident, now);
	r->sink.over(r->sink.ctx, &c);
}

static bool is_running(const struct recovery *r, uint64_t id)
{
	for (unsigned i = 0; i < r->running_n; i++) {
		if (r->running[i] == id)
			return true;
	}
	return false;
}

static void run_ends(struct recovery *r, uint64_t id)
{
	for (unsigned i = 0; i < r->running_n; i++) {
		if (r->running[i] == id)
			r->running[i--] = r->running[--r->running_n];
	}
}

/* One more try, or it has failed. */
static void fall_short(struct recovery *r, struct recovery_task *t, const char *reason,
		       uint64_t now)
{
	struct why w = {self, reason, now};
	bool undo = t->state == TASK_UNDOING;

	run_ends(r, t->id);
	if (t->tries < t->what.tries && now < t->expires) {
		happen(r, t, TASK_EV_AGAIN, &w);
		if (undo) {
			t->tries++;
			recovery_db_save(r, t);
		}
		return;
	}
	happen(r, t, TASK_EV_FAIL, &w);
	/* What was begun is taken back; what was never begun has nothing to take back. */
	if (t->state == TASK_FAILED && t->what.roll_back && t->ordered) {
		char why[RECOVERY_TEXT];

		snprintf(why, sizeof(why), "it failed: %.200s", reason);
		w.reason = why;
		happen(r, t, TASK_EV_UNDO, &w);
	}
}

static void tick_task(struct recovery *r, struct recovery_task *t, uint64_t now, bool stopped)
{
	struct why w = {self, "nobody answered in time", now};

	if (t->state == TASK_ASKED && now >= t->expires) {
		happen(r, t, TASK_EV_LAPSE, &w);
	} else if (t->state == TASK_READY && stopped && strcmp(t->actor, self) == 0) {
		w.reason = "the kill switch stands";
		happen(r, t, TASK_EV_ASK, &w);
	} else if (t->state == TASK_READY && t->expires && now >= t->expires) {
		w.reason = "its order is no longer good";
		happen(r, t, TASK_EV_FAIL, &w);
	} else if ((t->state == TASK_ORDERED || t->state == TASK_UNDOING) &&
		   now >= t->expires + t->what.timeout_s * NS_PER_SEC) {
		fall_short(r, t, "no answer came while its order was good", now);
	}
}

void recovery_tick(struct recovery *r, uint64_t now, bool stopped)
{
	uint64_t ids[RECOVERY_OPEN];
	unsigned n = recovery_db_ids(r,
				     STATE_BIT(TASK_ASKED) | STATE_BIT(TASK_READY) |
					     STATE_BIT(TASK_ORDERED) | STATE_BIT(TASK_UNDOING),
				     ids, RECOVERY_OPEN);

	for (unsigned i = 0; i < n; i++) {
		struct recovery_task t;

		if (recovery_db_task(r, ids[i], &t))
			tick_task(r, &t, now, stopped);
	}
	n = recovery_db_open_cases(r, ids, RECOVERY_OPEN);
	for (unsigned i = 0; i < n; i++)
		advance(r, ids[i], now, stopped);
	/* What is ready becomes ordered within the transaction, and is sent after it. */
	n = recovery_db_ids(r, STATE_BIT(TASK_READY), ids, RECOVERY_OPEN);
	for (unsigned i = 0; i < n; i++) {
		struct recovery_task t;

		if (recovery_db_task(r, ids[i], &t))
			happen(r, &t, TASK_EV_ORDER, &(struct why){self, "ordered", now});
	}
	r->due = r->due || n;
}

/* ---- orders and answers ---- */

static void details_before(struct recovery *r, const struct recovery_task *t,
			   char ret[RECOVERY_DETAIL])
{
	uint64_t ids[PLAYBOOK_TASKS];
	unsigned n = recovery_db_of(r, t->incident, ids);
	struct recovery_task b;

	ret[0] = 0;
	for (unsigned i = 0; i < n && ids[i] != t->id; i++) {
		if (recovery_db_task(r, ids[i], &b) && b.detail[0])
			memcpy(ret, b.detail, sizeof(b.detail));
	}
}

void recovery_effects(struct recovery *r, uint64_t now)
{
	uint64_t ids[RECOVERY_OPEN];
	char before[RECOVERY_DETAIL];
	unsigned n;

	if (!r->due)
		return;
	r->due = false;
	n = recovery_db_ids(r, STATE_BIT(TASK_ORDERED) | STATE_BIT(TASK_UNDOING), ids,
			    RECOVERY_OPEN);
	for (unsigned i = 0; i < n; i++) {
		struct recovery_task t;
		struct recovery_case c;

		if (is_running(r, ids[i]) || !recovery_db_task(r, ids[i], &t) ||
		    !recovery_db_read_case(r, t.incident, &c, NULL) || now >= t.expires)
			continue;
		details_before(r, &t, before);
		if (r->running_n == ARRAY_SIZE(r->running) ||
		    !r->sink.order(r->sink.ctx, &t, &c, t.state == TASK_UNDOING, before)) {
			r->due = true;
			return;
		}
		r->running[r->running_n++] = t.id;
	}
}

void recovery_recover(struct recovery *r)
{
	r->running_n = 0;
	r->due = true;
}

bool recovery_answer(struct recovery *r, const struct recovery_result *a, uint64_t now)
{
	struct recovery_task t;
	struct why w = {self, a->text, now};

	run_ends(r, a->task);
	if (!recovery_db_task(r, a->task, &t) || t.number != a->number ||
	    t.state != (a->undo ? TASK_UNDOING : TASK_ORDERED))
		return false;
	if (!a->ok) {
		fall_short(r, &t, a->text, now);
		return true;
	}
	if (strlen(a->detail) < sizeof(t.detail))
		snprintf(t.detail, sizeof(t.detail), "%s", a->detail);
	happen(r, &t, a->found_none ? TASK_EV_FOUND_NONE : TASK_EV_OK, &w);
	return true;
}

int recovery_person(struct recovery *r, uint64_t task, enum recovery_event event, const char *actor,
		    const char *reason, uint64_t now, struct errmsg *e)
{
	struct recovery_task t;
	struct why w = {actor, reason, now};

	if (!recovery_db_task(r, task, &t))
		return errmsg_set(e, ERR_NOTFOUND, "there is no task %llu",
				  (unsigned long long)task);
	if (event == TASK_EV_UNDO && !t.what.roll_back)
		return errmsg_set(e, ERR_DENIED,
				  "task %llu: its program does not know how to undo (roll-back in "
				  "the playbook)",
				  (unsigned long long)task);
	if (!happen(r, &t, event, &w))
		return errmsg_set(e, ERR_DENIED, "task %llu is %s: it cannot be %s now",
				  (unsigned long long)task, recovery_state_text(t.state),
				  event == TASK_EV_YES	  ? "begun"
				  : event == TASK_EV_NO	  ? "called off"
				  : event == TASK_EV_UNDO ? "undone"
							  : "done by hand");
	return 0;
}

int recovery_each(struct recovery *r, uint64_t incident, bool open_only, unsigned most,
		  bool (*fn)(void *ctx, const struct recovery_case *c,
			     const struct recovery_task *t),
		  void *ctx, struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(r->db,
			       "SELECT t.id, t.incident FROM recovery_task t JOIN recovery r ON "
			       "r.incident=t.incident WHERE (?1=0 OR t.incident=?1) AND (?2=0 OR "
			       "r.closed=0) ORDER BY r.opened DESC, t.incident DESC, t.n LIMIT ?3",
			       -1, &s, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database of recovery: %s", sqlite3_errmsg(r->db));
	sqlite3_bind_int64(s, 1, (sqlite3_int64)incident);
	sqlite3_bind_int(s, 2, open_only);
	sqlite3_bind_int64(s, 3, most);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct recovery_task t;
		struct recovery_case c;

		if (recovery_db_task(r, (uint64_t)sqlite3_column_int64(s, 0), &t) &&
		    recovery_db_read_case(r, t.incident, &c, NULL) && !fn(ctx, &c, &t))
			break;
	}
	sqlite3_finalize(s);
	return 0;
}
