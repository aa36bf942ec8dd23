#include "control/mitigator/openc2/ledger.h"

#include <stdlib.h>
#include <string.h>

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS openc2(actor TEXT, id TEXT, digest TEXT, host TEXT, reason "
	"TEXT,"
	" action INTEGER, time INTEGER, start INTEGER, end INTEGER, cut INTEGER, status INTEGER,"
	" text TEXT, PRIMARY KEY(actor, id)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS openc2_start ON openc2(start) WHERE start<>0;"
	"CREATE INDEX IF NOT EXISTS openc2_time ON openc2(time);";

#define COLUMNS "actor, id, digest, host, reason, action, time, start, end, cut, status, text"

enum statement { SAVE, FIND, FORGET, DUE, WAITING, COUNT, OLDEST, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[SAVE] = "INSERT OR REPLACE INTO openc2(" COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
	[FIND] = "SELECT " COLUMNS " FROM openc2 WHERE actor=?1 AND id=?2",
	[FORGET] = "DELETE FROM openc2 WHERE actor=?1 AND id=?2",
	[DUE] = "SELECT " COLUMNS
		" FROM openc2 WHERE start<>0 AND start<=?1 ORDER BY start LIMIT 1",
	[WAITING] = "SELECT count(*) FROM openc2 WHERE start<>0",
	[COUNT] = "SELECT count(*) FROM openc2",
	[OLDEST] = ("DELETE FROM openc2 WHERE (actor, id) IN (SELECT actor, id FROM openc2 WHERE"
		    " start=0 ORDER BY time LIMIT 1000)"),
};

struct ledger {
	sqlite3 *db;
	sqlite3_stmt *s[STATEMENTS];
	unsigned fresh; /* saved since it was counted */
};

struct ledger *ledger_new(sqlite3 *db, struct errmsg *e)
{
	struct ledger *l = calloc(1, sizeof(*l));
	bool ok = l && sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK;

	for (unsigned i = 0; ok && i < STATEMENTS; i++)
		ok = sqlite3_prepare_v2(db, texts[i], -1, &l->s[i], NULL) == SQLITE_OK;
	if (!ok) {
		errmsg_set(e, ERR_IO, "the database of OpenC2 commands: %s", sqlite3_errmsg(db));
		ledger_free(l);
		return NULL;
	}
	l->db = db;
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(l->s[i]);
	free(l);
}

static void text_of(sqlite3_stmt *s, int column, char *ret, size_t cap)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	snprintf(ret, cap, "%s", text ? text : "");
}

/* One row of the statement, which is ready again afterwards. */
static int row(sqlite3_stmt *s, struct ledger_entry *ret)
{
	int rc = ERR_NOTFOUND;

	memset(ret, 0, sizeof(*ret));
	if (sqlite3_step(s) == SQLITE_ROW) {
		rc = 0;
		text_of(s, 0, ret->actor, sizeof(ret->actor));
		text_of(s, 1, ret->id, sizeof(ret->id));
		text_of(s, 2, ret->digest, sizeof(ret->digest));
		text_of(s, 3, ret->host, sizeof(ret->host));
		text_of(s, 4, ret->reason, sizeof(ret->reason));
		ret->action = (enum openc2_action)sqlite3_column_int(s, 5);
		ret->time = (uint64_t)sqlite3_column_int64(s, 6);
		ret->start = (uint64_t)sqlite3_column_int64(s, 7);
		ret->end = (uint64_t)sqlite3_column_int64(s, 8);
		ret->cut = (uint64_t)sqlite3_column_int64(s, 9);
		ret->status = (unsigned)sqlite3_column_int(s, 10);
		text_of(s, 11, ret->text, sizeof(ret->text));
	}
	sqlite3_reset(s);
	return rc;
}

static void bind_text(sqlite3_stmt *s, int n, const char *text)
{
	sqlite3_bind_text(s, n, text, -1, SQLITE_TRANSIENT);
}

int ledger_find(struct ledger *l, const char *actor, const char *id, struct ledger_entry *ret)
{
	bind_text(l->s[FIND], 1, actor);
	bind_text(l->s[FIND], 2, id);
	return row(l->s[FIND], ret);
}

int ledger_due(struct ledger *l, uint64_t now, struct ledger_entry *ret)
{
	sqlite3_bind_int64(l->s[DUE], 1, (sqlite3_int64)now);
	return row(l->s[DUE], ret);
}

static unsigned number(sqlite3_stmt *s)
{
	unsigned n = sqlite3_step(s) == SQLITE_ROW ? (unsigned)sqlite3_column_int(s, 0) : 0;

	sqlite3_reset(s);
	return n;
}

unsigned ledger_waiting(struct ledger *l)
{
	return number(l->s[WAITING]);
}

void ledger_forget(struct ledger *l, const char *actor, const char *id)
{
	bind_text(l->s[FORGET], 1, actor);
	bind_text(l->s[FORGET], 2, id);
	sqlite3_step(l->s[FORGET]);
	sqlite3_reset(l->s[FORGET]);
}

/* Counting is dear, so it is done now and then. */
static void make_room(struct ledger *l)
{
	if (++l->fresh % 256 != 1 || number(l->s[COUNT]) < OPENC2_KEPT)
		return;
	sqlite3_step(l->s[OLDEST]);
	sqlite3_reset(l->s[OLDEST]);
}

int ledger_save(struct ledger *l, const struct ledger_entry *en, struct errmsg *e)
{
	sqlite3_stmt *s = l->s[SAVE];
	int rc;

	make_room(l);
	bind_text(s, 1, en->actor);
	bind_text(s, 2, en->id);
	bind_text(s, 3, en->digest);
	bind_text(s, 4, en->host);
	bind_text(s, 5, en->reason);
	sqlite3_bind_int(s, 6, (int)en->action);
	sqlite3_bind_int64(s, 7, (sqlite3_int64)en->time);
	sqlite3_bind_int64(s, 8, (sqlite3_int64)en->start);
	sqlite3_bind_int64(s, 9, (sqlite3_int64)en->end);
	sqlite3_bind_int64(s, 10, (sqlite3_int64)en->cut);
	sqlite3_bind_int(s, 11, (int)en->status);
	bind_text(s, 12, en->text);
	rc = sqlite3_step(s);
	sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0
				 : errmsg_set(e, ERR_IO, "the database of OpenC2 commands: %s",
					      sqlite3_errmsg(l->db));
}
