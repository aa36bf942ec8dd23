#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/centre/store/private.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS peers(name TEXT PRIMARY KEY, role TEXT, site TEXT, up INTEGER,"
	" since INTEGER, last_seen INTEGER);"
	"CREATE TABLE IF NOT EXISTS alerts(id TEXT PRIMARY KEY, time INTEGER, sensor TEXT, mac "
	"TEXT, ip TEXT,"
	" name TEXT, peer_ip TEXT, severity INTEGER, confidence INTEGER, gid INTEGER, sid INTEGER, "
	"msg TEXT,"
	" category TEXT, tactics TEXT, techniques TEXT, reasons TEXT, url TEXT, file TEXT, sha256 "
	"TEXT,"
	" eve BLOB) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS alerts_time ON alerts(time);"
	"CREATE INDEX IF NOT EXISTS alerts_ip ON alerts(ip, time);"
	"CREATE TABLE IF NOT EXISTS records(id TEXT PRIMARY KEY, time INTEGER, sensor TEXT, type "
	"TEXT,"
	" eve BLOB) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS records_time ON records(time);"
	"CREATE TABLE IF NOT EXISTS health(sensor TEXT PRIMARY KEY, time INTEGER, rx INTEGER, "
	"processed INTEGER,"
	" lost INTEGER, alive INTEGER, rules INTEGER, problems TEXT, span TEXT);"
	"CREATE TABLE IF NOT EXISTS events(id TEXT PRIMARY KEY, time INTEGER, number INTEGER, "
	"mitigator TEXT,"
	" mac TEXT, ip TEXT, name TEXT, threat TEXT, severity INTEGER, category TEXT, url TEXT,"
	" threat_id TEXT, alert_id TEXT, command_id TEXT, mode TEXT, text TEXT) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS events_time ON events(time);"
	"CREATE TABLE IF NOT EXISTS hosts(mitigator TEXT, id TEXT, mac TEXT, ip TEXT, name TEXT, "
	"level INTEGER,"
	" level_since INTEGER, first_seen INTEGER, last_seen INTEGER, alerts INTEGER, protected "
	"INTEGER,"
	" protected_reason TEXT, cut TEXT, PRIMARY KEY(mitigator, id)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS incidents(id TEXT PRIMARY KEY, mitigator TEXT, host_id TEXT, "
	"ip TEXT,"
	" opened INTEGER, updated INTEGER, closed INTEGER, state TEXT, title TEXT, severity "
	"INTEGER,"
	" root_cause TEXT, handling TEXT, threat_id TEXT) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS quarantines(command_id TEXT PRIMARY KEY, mitigator TEXT, mac "
	"TEXT, ip TEXT,"
	" name TEXT, action TEXT, cause TEXT, method TEXT, state TEXT, reason TEXT, actor TEXT,"
	" threat_id TEXT, detected INTEGER, reported INTEGER, ordered INTEGER, acked INTEGER,"
	" verified INTEGER, released INTEGER) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mitigators(name TEXT PRIMARY KEY, time INTEGER, mode TEXT, "
	"policy TEXT,"
	" problems TEXT);"
	"CREATE TABLE IF NOT EXISTS gone(kind TEXT PRIMARY KEY, n INTEGER, last INTEGER);"
	"INSERT OR IGNORE INTO gone VALUES('records',0,0),('alerts',0,0);";

/* What the store of an earlier release lacks; an error says that it is there. */
static const char *const additions[] = {
	"ALTER TABLE incidents ADD COLUMN root_cause_ja TEXT DEFAULT ''",
	"ALTER TABLE incidents ADD COLUMN handling_ja TEXT DEFAULT '[]'",
	"ALTER TABLE incidents ADD COLUMN risk REAL DEFAULT 0",
	"ALTER TABLE incidents ADD COLUMN level INTEGER DEFAULT 0",
	"ALTER TABLE incidents ADD COLUMN attacker TEXT DEFAULT ''",
	"ALTER TABLE incidents ADD COLUMN victim TEXT DEFAULT ''",
	"ALTER TABLE incidents ADD COLUMN techniques TEXT DEFAULT '[]'",
	"ALTER TABLE incidents ADD COLUMN affected TEXT DEFAULT '[]'",
	"ALTER TABLE incidents ADD COLUMN linked TEXT DEFAULT '[]'",
	"ALTER TABLE incidents ADD COLUMN steps TEXT DEFAULT '[]'",
	"ALTER TABLE hosts ADD COLUMN user TEXT DEFAULT ''",
	"ALTER TABLE hosts ADD COLUMN os TEXT DEFAULT ''",
	"ALTER TABLE hosts ADD COLUMN role TEXT DEFAULT ''",
	"ALTER TABLE hosts ADD COLUMN vendor TEXT DEFAULT ''",
};

static const char setup[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;"
	"PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=2000;";

static int sql_error(struct store *s, const char *what, struct errmsg *err)
{
	int code = sqlite3_errcode(s->db);

	if (code == SQLITE_FULL)
		return errmsg_set(err, ERR_IO,
				  "%s: the disk of the centre's store is full; free space, nothing "
				  "acknowledged is lost",
				  what);
	return errmsg_set(err, ERR_IO, "%s: %s", what, sqlite3_errmsg(s->db));
}

static int try_open(struct store *s, const char *path, struct errmsg *err)
{
	if (sqlite3_open_v2(path, &s->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return errmsg_set(err, ERR_IO, "%s: %s", path,
				  s->db ? sqlite3_errmsg(s->db) : "no memory");
	if (sqlite3_exec(s->db, setup, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return sql_error(s, path, err);
	for (size_t i = 0; i < ARRAY_SIZE(additions); i++)
		sqlite3_exec(s->db, additions[i], NULL, NULL, NULL);
	return ERR_OK;
}

static bool damaged(const struct store *s)
{
	int code = s->db ? sqlite3_errcode(s->db) : SQLITE_OK;

	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

struct store *store_open(const char *path, struct errmsg *ret_note, struct errmsg *err)
{
	struct store *s = calloc(1, sizeof(*s));
	char aside[512];

	if (!s)
		return NULL;
	ret_note->text[0] = 0;
	if (try_open(s, path, err) == ERR_OK) {
		room_keep(&s->room, s->db, path);
		return s;
	}
	if (!damaged(s)) {
		store_close(s);
		return NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
	snprintf(aside, sizeof(aside), "%s.damaged-%lld", path, (long long)time(NULL));
	if (rename(path, aside) == 0 && try_open(s, path, err) == ERR_OK) {
		room_keep(&s->room, s->db, path);
		errmsg_set(ret_note, ERR_OK,
			   "%s was damaged and is put aside as %s; a new store was made", path,
			   aside);
		return s;
	}
	store_close(s);
	return NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	free(s);
}

sqlite3 *store_db(struct store *s)
{
	return s->db;
}

static int exec(struct store *s, const char *sql, struct errmsg *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK
								       : sql_error(s, sql, err);
}

int store_begin(struct store *s, struct errmsg *err)
{
	return exec(s, "BEGIN IMMEDIATE", err);
}

int store_commit(struct store *s, struct errmsg *err)
{
	int rc = exec(s, "COMMIT", err);

	if (rc == ERR_OK)
		room_committed(&s->room);
	return rc;
}

void store_rollback(struct store *s)
{
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

sqlite3_stmt *store_prepare(struct store *s, const char *sql, struct errmsg *err)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK) {
		sql_error(s, "store", err);
		return NULL;
	}
	return st;
}

int store_finish(struct store *s, sqlite3_stmt *st, struct errmsg *err)
{
	int code, rc = ERR_OK;

	if (!st)
		return ERR_IO;
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		;
	if (code != SQLITE_DONE)
		rc = sql_error(s, "store", err);
	sqlite3_finalize(st);
	return rc;
}

void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text ? text : "", -1, SQLITE_TRANSIENT);
}

void bind_number(sqlite3_stmt *st, int at, uint64_t value)
{
	sqlite3_bind_int64(st, at, (sqlite3_int64)value);
}

void bind_ip(sqlite3_stmt *st, int at, const struct ip_addr *ip)
{
	static const struct ip_addr none;
	char text[IP_ADDR_TEXT] = "";

	if (!ip_addr_eq(ip, &none))
		ip_addr_text(ip, text, false);
	bind_text(st, at, text);
}

void bind_mac(sqlite3_stmt *st, int at, const struct mac_addr *mac)
{
	static const struct mac_addr none;
	char text[MAC_ADDR_TEXT] = "";

	if (memcmp(mac, &none, sizeof(none)) != 0)
		mac_addr_text(mac, text);
	bind_text(st, at, text);
}

/* As a JSON array of strings. */
void bind_list(sqlite3_stmt *st, int at, const struct text_list *list)
{
	json_t *array = json_array();
	char *text;

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->items[i]));
	text = json_dumps(array, JSON_COMPACT);
	bind_text(st, at, text ? text : "[]");
	free(text);
	json_decref(array);
}

const char *column_text(sqlite3_stmt *st, int at)
{
	const unsigned char *text = sqlite3_column_text(st, at);

	return text ? (const char *)text : "";
}

uint64_t store_count(struct store *s, const char *table)
{
	static const char *const known[] = {"alerts",	   "records",	"events", "hosts",
					    "quarantines", "incidents", "peers"};
	sqlite3_stmt *st;
	uint64_t n = 0;
	char sql[64];
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], table) != 0; i++)
		;
	if (i == sizeof(known) / sizeof(known[0]))
		return 0;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", known[i]);
	st = store_prepare(s, sql, NULL);
	if (st && sqlite3_step(st) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* --- a full disk --- */

bool store_refused(struct store *s)
{
	return room_refused(&s->room, "the oldest records go, alerts last");
}

bool store_tight(struct store *s)
{
	return room_tight(&s->room);
}

bool store_full(const struct store *s)
{
	return s->room.full;
}

enum { ROUNDS = 8 };

static void count_gone(struct store *s, const char *kind, long n)
{
	sqlite3_stmt *st =
		store_prepare(s, "UPDATE gone SET n=n+?1, last=strftime('%s') WHERE kind=?2", NULL);

	if (!st || n <= 0)
		return;
	bind_number(st, 1, (uint64_t)n);
	bind_text(st, 2, kind);
	store_finish(s, st, NULL);
}

/* Each a transaction that fits into the log's room. */
long store_make_room(struct store *s)
{
	static const char *const records =
		"DELETE FROM records WHERE id IN (SELECT id FROM records ORDER BY time LIMIT 100)";
	static const char *const alerts =
		"DELETE FROM alerts WHERE id IN (SELECT id FROM alerts ORDER BY time LIMIT 100)";
	long gone = room_make(&s->room, &records, 1, ROUNDS);

	count_gone(s, "records", gone);
	if (gone)
		return gone;
	gone = room_make(&s->room, &alerts, 1, 1);
	count_gone(s, "alerts", gone);
	return gone;
}

void store_look(struct store *s, uint64_t now)
{
	room_look(&s->room, now);
}

json_t *store_disk(struct store *s)
{
	sqlite3_stmt *st = store_prepare(s, "SELECT kind, n FROM gone", NULL);
	json_t *gone = json_object(), *problems = json_array();
	char text[160];

	while (st && sqlite3_step(st) == SQLITE_ROW) {
		long long n = sqlite3_column_int64(st, 1);

		json_object_set_new(gone, column_text(st, 0), json_integer(n));
		snprintf(text, sizeof(text), "%lld %s went for lack of room on the disk", n,
			 column_text(st, 0));
		if (n)
			json_array_append_new(problems, json_string(text));
	}
	sqlite3_finalize(st);
	if (s->room.trouble.text[0])
		json_array_insert_new(problems, 0, json_string(s->room.trouble.text));
	return json_pack("{sb so so}", "disk_full", s->room.full, "gone", gone, "problems",
			 problems);
}

long store_expire(struct store *s, uint64_t before, unsigned most)
{
	sqlite3_stmt *st =
		store_prepare(s,
			      "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE "
			      "time < ?1 ORDER BY time LIMIT ?2)",
			      NULL);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, before);
	bind_number(st, 2, most);
	if (store_finish(s, st, NULL) != ERR_OK)
		return ERR_IO;
	return sqlite3_changes(s->db);
}
