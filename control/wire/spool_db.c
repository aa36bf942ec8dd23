#include "control/wire/spool_db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dataplane/base/slice.h"

/* Lanes come and go with every transaction: numbers must never be given twice, so `next` is kept
 * even when a lane is empty. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS value (key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS destination (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT "
	"NULL);"
	"CREATE TABLE IF NOT EXISTS lane (id INTEGER PRIMARY KEY, next INTEGER, records INTEGER,"
	" bytes INTEGER, dropped INTEGER);"
	"CREATE TABLE IF NOT EXISTS item (key INTEGER PRIMARY KEY, created INTEGER, payload BLOB);";

static const char *const sql[STMT_COUNT] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_PUT] = "INSERT INTO item (key, created, payload) VALUES (?, ?, ?)",
	[STMT_NEXT] =
		"SELECT key, payload FROM item WHERE key > ? AND key < ? ORDER BY key LIMIT 1",
	[STMT_OLDEST] = "SELECT key, length(payload), created FROM item WHERE key > ? AND key < ?"
			" ORDER BY key LIMIT 1",
	[STMT_DELETE] = "DELETE FROM item WHERE key = ?",
	[STMT_ACK_SIZE] = "SELECT count(*), total(length(payload)) FROM item"
			  " WHERE key > ? AND key <= ?",
	[STMT_ACK] = "DELETE FROM item WHERE key > ? AND key <= ?",
	[STMT_LANE_SAVE] = "INSERT OR REPLACE INTO lane (id, next, records, bytes, dropped)"
			   " VALUES (?, ?, ?, ?, ?)",
	[STMT_LANE_LOAD] = "SELECT id, next, records, bytes, dropped FROM lane",
	[STMT_DEST_ADD] = "INSERT INTO destination (id, name) VALUES (?, ?)",
	[STMT_DEST_LOAD] = "SELECT id, name FROM destination ORDER BY id",
	[STMT_SET] = "INSERT OR REPLACE INTO value (key, value) VALUES (?, ?)",
	[STMT_GET] = "SELECT value FROM value WHERE key = ?",
};

static bool is_full(struct spool *s, int rc)
{
	int why = s->db ? sqlite3_system_errno(s->db) : 0;

	if ((rc & 0xff) == SQLITE_FULL)
		return true;
	return (rc & 0xff) == SQLITE_IOERR && (why == ENOSPC || why == EDQUOT);
}

int spool_db_error(struct spool *s, int rc, const char *what, struct errmsg *e)
{
	const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		s->damaged = true;
		return errmsg_set(e, ERR_INVALID, "spool %s is damaged (%s)", s->path, why);
	case SQLITE_BUSY:
		return errmsg_set(e, ERR_EXISTS, "spool %s is in use by another process", s->path);
	default:
		break;
	}
	if (is_full(s, rc)) {
		spool_disk_refused(s, what);
		return errmsg_set(e, ERR_IO, "%s", s->full_why.text);
	}
	return errmsg_set(e, ERR_IO, "spool %s: %s failed: %s", s->path, what, why);
}

int spool_db_step(struct spool *s, enum spool_statement which, const char *what, struct errmsg *e)
{
	sqlite3_stmt *st = s->stmts[which];
	int rc = sqlite3_step(st), result = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		result = spool_db_error(s, rc, what, e);
	sqlite3_reset(st);
	return result;
}

static int run(struct spool *s, const char *text, struct errmsg *e)
{
	int rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);

	return rc ? spool_db_error(s, rc, "opening", e) : 0;
}

static int prepare(struct spool *s, struct errmsg *e)
{
	for (int i = 0; i < STMT_COUNT; i++) {
		int rc = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
					    &s->stmts[i], NULL);

		if (rc)
			return spool_db_error(s, rc, "opening", e);
	}
	return 0;
}

static int load_identity(struct spool *s, struct errmsg *e)
{
	uint64_t fresh = 0;

	s->identity = spool_value(s, "identity");
	if (s->identity)
		return 0;
	while (fresh == 0) {
		if (getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh))
			return errmsg_set(e, ERR_IO, "no random numbers: %s", strerror(errno));
		fresh &= INT64_MAX;
	}
	s->identity = fresh;
	return spool_set_value(s, "identity", fresh, e);
}

int spool_db_open(struct spool *s, struct errmsg *e)
{
	int rc = sqlite3_open_v2(s->path, &s->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc)
		return spool_db_error(s, rc, "opening", e);
	/* The log stays small (1 MiB and the largest transaction), so that a full disk's ballast is
	 * room enough to move it into the file. One process owns it: exclusive mode needs no shared
	 * index file, which a full disk could not extend, and tells a second process at once. */
	sqlite3_extended_result_codes(s->db, 1);
	rc = run(s,
		 "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
		 "PRAGMA wal_autocheckpoint=512;",
		 e);
	if (rc == 0)
		rc = run(s, s->no_sync ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=FULL", e);
	if (rc == 0)
		rc = run(s, schema, e);
	if (rc == 0)
		rc = prepare(s, e);
	if (rc == 0)
		rc = load_identity(s, e);
	if (rc == 0)
		rc = spool_db_load(s, e);
	return rc;
}

void spool_db_close(struct spool *s)
{
	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->stmts[i]);
	memset(s->stmts, 0, sizeof(s->stmts));
	sqlite3_close(s->db);
	s->db = NULL;
}

/* ---- destinations and lanes ---- */

static int add_dest(struct spool *s, const char *name, struct errmsg *e)
{
	struct spool_dest *d;

	if (s->n_dests == SPOOL_DESTINATIONS)
		return errmsg_set(e, ERR_LIMIT, "spool %s has %d destinations already", s->path,
				  SPOOL_DESTINATIONS);
	if (s->n_dests == s->cap_dests) {
		unsigned cap = s->cap_dests ? s->cap_dests * 2 : 8;

		d = realloc(s->dests, cap * sizeof(*d));
		if (!d)
			return errmsg_set(e, ERR_NOMEM, "no memory for the spool");
		s->dests = d;
		s->cap_dests = cap;
	}
	d = &s->dests[s->n_dests++];
	memset(d, 0, sizeof(*d));
	snprintf(d->name, sizeof(d->name), "%s", name);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		d->lanes[lane].next = 1;
	return 0;
}

static int load_dests(struct spool *s, struct errmsg *e)
{
	sqlite3_stmt *st = s->stmts[STMT_DEST_LOAD];
	int rc, result = 0;

	while (result == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 1);

		if (sqlite3_column_int64(st, 0) != s->n_dests + 1 || !name)
			rc = SQLITE_CORRUPT;
		else
			result = add_dest(s, name, e);
		if (rc == SQLITE_CORRUPT)
			break;
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = spool_db_error(s, rc, "reading", e);
	sqlite3_reset(st);
	return result;
}

static bool load_lane(struct spool *s, sqlite3_stmt *st)
{
	uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);
	unsigned dest = (unsigned)(id >> 3), lane = id & 7;
	struct spool_lane *l;

	if (dest >= s->n_dests || lane >= LANE_COUNT)
		return false;
	l = &s->dests[dest].lanes[lane];
	l->next = (uint64_t)sqlite3_column_int64(st, 1);
	l->records = (uint64_t)sqlite3_column_int64(st, 2);
	l->bytes = (uint64_t)sqlite3_column_int64(st, 3);
	l->dropped = (uint64_t)sqlite3_column_int64(st, 4);
	s->bytes[lane] += l->bytes;
	return l->next > 0;
}

int spool_db_load(struct spool *s, struct errmsg *e)
{
	sqlite3_stmt *st = s->stmts[STMT_LANE_LOAD];
	int rc, result;

	s->n_dests = 0;
	memset(s->bytes, 0, sizeof(s->bytes));
	result = load_dests(s, e);
	if (result)
		return result;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!load_lane(s, st)) {
			rc = SQLITE_CORRUPT;
			break;
		}
	}
	if (rc != SQLITE_DONE)
		result = spool_db_error(s, rc, "reading", e);
	sqlite3_reset(st);
	return result;
}

static int save_lane(struct spool *s, unsigned dest, unsigned lane, struct errmsg *e)
{
	struct spool_lane *l = &s->dests[dest].lanes[lane];
	sqlite3_stmt *st = s->stmts[STMT_LANE_SAVE];

	sqlite3_bind_int64(st, 1, (sqlite3_int64)((uint64_t)dest << 3 | lane));
	sqlite3_bind_int64(st, 2, (sqlite3_int64)l->next);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)l->records);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)l->bytes);
	sqlite3_bind_int64(st, 5, (sqlite3_int64)l->dropped);
	l->dirty = false;
	return spool_db_step(s, STMT_LANE_SAVE, "writing", e);
}

int spool_db_save(struct spool *s, struct errmsg *e)
{
	int rc = 0;

	for (unsigned d = 0; d < s->n_dests && rc == 0; d++) {
		for (unsigned lane = 0; lane < LANE_COUNT && rc == 0; lane++) {
			if (s->dests[d].lanes[lane].dirty)
				rc = save_lane(s, d, lane, e);
		}
	}
	return rc;
}

int spool_db_find(const struct spool *s, const char *name, unsigned *ret)
{
	for (unsigned d = 0; d < s->n_dests; d++) {
		if (strcmp(s->dests[d].name, name) == 0) {
			*ret = d;
			return 0;
		}
	}
	return ERR_NOTFOUND;
}

int spool_db_dest(struct spool *s, const char *name, unsigned *ret, struct errmsg *e)
{
	sqlite3_stmt *st = s->stmts[STMT_DEST_ADD];
	int rc;

	if (spool_db_find(s, name, ret) == 0)
		return 0;
	if (strlen(name) == 0 || strlen(name) >= SPOOL_NAME_MAX)
		return errmsg_set(e, ERR_INVALID, "'%s' cannot be a destination's name", name);
	rc = add_dest(s, name, e);
	if (rc)
		return rc;
	*ret = s->n_dests - 1;
	sqlite3_bind_int64(st, 1, s->n_dests);
	sqlite3_bind_text(st, 2, name, -1, SQLITE_TRANSIENT);
	return spool_db_step(s, STMT_DEST_ADD, "writing", e);
}
