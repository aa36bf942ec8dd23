/* Recovery in the mitigator's database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/recovery/private.h"
#include "dataplane/base/slice.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS recovery(incident INTEGER PRIMARY KEY, host_id TEXT, host TEXT,"
	" ip TEXT, mac TEXT, user TEXT, location TEXT, file TEXT, sha256 TEXT, url TEXT,"
	" threat_id TEXT, threat TEXT, automatic INTEGER, opened INTEGER, closed INTEGER);"
	"CREATE INDEX IF NOT EXISTS recovery_open ON recovery(closed);"
	"CREATE TABLE IF NOT EXISTS recovery_task(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" incident INTEGER, n INTEGER, name TEXT, program TEXT, kind INTEGER, timeout INTEGER,"
	" tries_max INTEGER, valid INTEGER, approve INTEGER, roll_back INTEGER, state INTEGER,"
	" number INTEGER, tries INTEGER, ordered INTEGER, expires INTEGER, changed INTEGER,"
	" actor TEXT, text TEXT, detail TEXT);"
	"CREATE INDEX IF NOT EXISTS recovery_task_state ON recovery_task(state);"
	"CREATE INDEX IF NOT EXISTS recovery_task_incident ON recovery_task(incident, n);"
	"CREATE TABLE IF NOT EXISTS recovery_change(task INTEGER, time INTEGER, came TEXT,"
	" went TEXT, event TEXT, actor TEXT, reason TEXT);"
	"CREATE INDEX IF NOT EXISTS recovery_change_task ON recovery_change(task);";

int recovery_db_open(sqlite3 *db, struct errmsg *e)
{
	if (sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return errmsg_set(e, ERR_IO, "the database of recovery: %s", sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(struct recovery *r, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) != SQLITE_OK)
		r->failed = true;
	return s;
}

static void finish(struct recovery *r, sqlite3_stmt *s)
{
	if (s && sqlite3_step(s) != SQLITE_DONE)
		r->failed = true;
	sqlite3_finalize(s);
}

static void texts(sqlite3_stmt *s, int from, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sqlite3_bind_text(s, from + (int)i, list[i], -1, SQLITE_TRANSIENT);
}

static void numbers(sqlite3_stmt *s, int from, const uint64_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sqlite3_bind_int64(s, from + (int)i, (sqlite3_int64)list[i]);
}

void recovery_db_case(struct recovery *r, const struct recovery_case *c, bool automatic,
		      uint64_t now)
{
	sqlite3_stmt *s = prepare(r, "INSERT INTO recovery VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,0)");
	const char *const list[] = {c->host_id, c->host,      c->ip,	c->mac,
				    c->user,	c->location,  c->file,	c->sha256,
				    c->url,	c->threat_id, c->threat};

	if (!s)
		return;
	numbers(s, 1, &c->incident, 1);
	texts(s, 2, list, ARRAY_SIZE(list));
	numbers(s, 13, (const uint64_t[]){automatic, now}, 2);
	finish(r, s);
}

static void bind_task(sqlite3_stmt *s, const struct recovery_task *t)
{
	const char *const names[] = {t->what.name, t->what.program};
	const char *const words[] = {t->actor, t->text, t->detail};
	const uint64_t figures[] = {t->what.kind,    t->what.timeout_s, t->what.tries,
				    t->what.valid_s, t->what.approve,	t->what.roll_back,
				    t->state,	     t->number,		t->tries,
				    t->ordered,	     t->expires,	t->changed};

	numbers(s, 2, (const uint64_t[]){t->incident, t->n}, 2);
	texts(s, 4, names, 2);
	numbers(s, 6, figures, ARRAY_SIZE(figures));
	texts(s, 18, words, 3);
}

static const char put_task[] = "INSERT OR REPLACE INTO recovery_task VALUES(?,?,?,?,?,?,?,?,?,?,?,"
			       "?,?,?,?,?,?,?,?,?)";

void recovery_db_add(struct recovery *r, struct recovery_task *t)
{
	sqlite3_stmt *s = prepare(r, put_task);

	if (!s)
		return;
	sqlite3_bind_null(s, 1);
	bind_task(s, t);
	finish(r, s);
	t->id = (uint64_t)sqlite3_last_insert_rowid(r->db);
}

void recovery_db_save(struct recovery *r, const struct recovery_task *t)
{
	sqlite3_stmt *s = prepare(r, put_task);

	if (!s)
		return;
	numbers(s, 1, &t->id, 1);
	bind_task(s, t);
	finish(r, s);
}

void recovery_db_note(struct recovery *r, const struct recovery_task *t, enum recovery_state from,
		      enum recovery_event event)
{
	sqlite3_stmt *s = prepare(r, "INSERT INTO recovery_change VALUES(?,?,?,?,?,?,?)");
	const char *const list[] = {recovery_state_text(from), recovery_state_text(t->state),
				    recovery_event_text(event), t->actor, t->text};

	if (!s)
		return;
	numbers(s, 1, (const uint64_t[]){t->id, t->changed}, 2);
	texts(s, 3, list, ARRAY_SIZE(list));
	finish(r, s);
}

static uint64_t number(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}

static void text(sqlite3_stmt *s, int column, char *to, size_t cap)
{
	const char *from = (const char *)sqlite3_column_text(s, column);

	snprintf(to, cap, "%s", from ? from : "");
}

bool recovery_db_task(struct recovery *r, uint64_t id, struct recovery_task *ret)
{
	sqlite3_stmt *s = prepare(r, "SELECT * FROM recovery_task WHERE id=?");
	bool found;

	if (!s)
		return false;
	numbers(s, 1, &id, 1);
	found = sqlite3_step(s) == SQLITE_ROW;
	*ret = (struct recovery_task){.id = id};
	if (found) {
		ret->incident = number(s, 1);
		ret->n = (unsigned)number(s, 2);
		text(s, 3, ret->what.name, sizeof(ret->what.name));
		text(s, 4, ret->what.program, sizeof(ret->what.program));
		ret->what.kind = (enum recovery_kind)number(s, 5);
		ret->what.timeout_s = (uint32_t)number(s, 6);
		ret->what.tries = (uint32_t)number(s, 7);
		ret->what.valid_s = (uint32_t)number(s, 8);
		ret->what.approve = number(s, 9) != 0;
		ret->what.roll_back = number(s, 10) != 0;
		ret->state = (enum recovery_state)number(s, 11);
		ret->number = (uint32_t)number(s, 12);
		ret->tries = (uint32_t)number(s, 13);
		ret->ordered = number(s, 14);
		ret->expires = number(s, 15);
		ret->changed = number(s, 16);
		text(s, 17, ret->actor, sizeof(ret->actor));
		text(s, 18, ret->text, sizeof(ret->text));
		text(s, 19, ret->detail, sizeof(ret->detail));
	}
	sqlite3_finalize(s);
	return found && ret->state < TASK_STATES;
}

bool recovery_db_read_case(struct recovery *r, uint64_t incident, struct recovery_case *ret,
			   bool *ret_automatic)
{
	sqlite3_stmt *s = prepare(r, "SELECT * FROM recovery WHERE incident=?");
	bool found;

	*ret = (struct recovery_case){.incident = incident};
	if (!s)
		return false;
	numbers(s, 1, &incident, 1);
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		text(s, 1, ret->host_id, sizeof(ret->host_id));
		text(s, 2, ret->host, sizeof(ret->host));
		text(s, 3, ret->ip, sizeof(ret->ip));
		text(s, 4, ret->mac, sizeof(ret->mac));
		text(s, 5, ret->user, sizeof(ret->user));
		text(s, 6, ret->location, sizeof(ret->location));
		text(s, 7, ret->file, sizeof(ret->file));
		text(s, 8, ret->sha256, sizeof(ret->sha256));
		text(s, 9, ret->url, sizeof(ret->url));
		text(s, 10, ret->threat_id, sizeof(ret->threat_id));
		text(s, 11, ret->threat, sizeof(ret->threat));
		if (ret_automatic)
			*ret_automatic = number(s, 12) != 0;
	}
	sqlite3_finalize(s);
	return found;
}

static unsigned ids(struct recovery *r, const char *sql, uint64_t argument, uint64_t *ret,
		    unsigned max)
{
	sqlite3_stmt *s = prepare(r, sql);
	unsigned n = 0;

	if (!s)
		return 0;
	numbers(s, 1, (const uint64_t[]){argument, max}, 2);
	while (n < max && sqlite3_step(s) == SQLITE_ROW)
		ret[n++] = number(s, 0);
	sqlite3_finalize(s);
	return n;
}

unsigned recovery_db_ids(struct recovery *r, uint32_t states, uint64_t *ret, unsigned max)
{
	return ids(r, "SELECT id FROM recovery_task WHERE (?1 >> state) & 1 ORDER BY id LIMIT ?2",
		   states, ret, max);
}

unsigned recovery_db_of(struct recovery *r, uint64_t incident, uint64_t ret[PLAYBOOK_TASKS])
{
	return ids(r, "SELECT id FROM recovery_task WHERE incident=?1 ORDER BY n LIMIT ?2",
		   incident, ret, PLAYBOOK_TASKS);
}

unsigned recovery_db_open_cases(struct recovery *r, uint64_t *ret, unsigned max)
{
	return ids(r, "SELECT incident FROM recovery WHERE closed=?1 ORDER BY opened LIMIT ?2", 0,
		   ret, max);
}

void recovery_db_close_case(struct recovery *r, uint64_t incident, uint64_t when)
{
	sqlite3_stmt *s = prepare(r, "UPDATE recovery SET closed=? WHERE incident=?");

	if (!s)
		return;
	numbers(s, 1, (const uint64_t[]){when, incident}, 2);
	finish(r, s);
}

void recovery_db_expire(struct recovery *r)
{
	char sql[512];

	snprintf(
		sql, sizeof(sql),
		"DELETE FROM recovery WHERE closed<>0 AND incident<=(SELECT incident FROM recovery "
		"ORDER BY incident DESC LIMIT 1 OFFSET %d);"
		"DELETE FROM recovery_task WHERE incident NOT IN (SELECT incident FROM recovery);"
		"DELETE FROM recovery_change WHERE task NOT IN (SELECT id FROM recovery_task)",
		RECOVERY_KEPT);
	if (sqlite3_exec(r->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		r->failed = true;
}
