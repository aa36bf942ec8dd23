#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/centre/store/private.h"

/* Whatever is of a site carries its name: every question names a customer or a site, and is
 * answered by an index that begins with it. `tally` counts alerts as they come, in slots of a
 * quarter of an hour (every time zone's midnight is one), so that reports never read the alerts
 * themselves. Alerts and records lie in the order of their times, so that new ones come behind the
 * last and old ones go in front, whatever their ids are; a double has the same time. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS customers(id TEXT PRIMARY KEY, name TEXT, zone TEXT, language "
	"TEXT) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS sites(site TEXT PRIMARY KEY, customer TEXT) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS sites_customer ON sites(customer);"
	"CREATE TABLE IF NOT EXISTS peers(name TEXT PRIMARY KEY, role TEXT, site TEXT, up INTEGER,"
	" since INTEGER, last_seen INTEGER);"
	"CREATE TABLE IF NOT EXISTS alerts(id TEXT, time INTEGER, site TEXT, sensor "
	"TEXT, mac TEXT, ip TEXT, name TEXT, peer_ip TEXT, severity INTEGER, confidence INTEGER, "
	"gid INTEGER, sid INTEGER, msg TEXT, category TEXT, tactics TEXT, techniques TEXT, reasons "
	"TEXT, url TEXT, file TEXT, sha256 TEXT, eve BLOB, PRIMARY KEY(time, id)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS alerts_ip ON alerts(site, ip, time);"
	"CREATE TABLE IF NOT EXISTS threats(id INTEGER PRIMARY KEY, gid INTEGER, sid INTEGER, msg "
	"TEXT, category TEXT, severity INTEGER, tactic TEXT, technique TEXT, "
	"UNIQUE(gid, sid, msg, severity));"
	"CREATE TABLE IF NOT EXISTS tally(site TEXT, slot INTEGER, threat INTEGER, ip TEXT, n "
	"INTEGER, first INTEGER, last INTEGER, PRIMARY KEY(site, slot, threat, ip)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS records(id TEXT, time INTEGER, sensor TEXT, type TEXT, eve "
	"BLOB, PRIMARY KEY(time, id)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS health(sensor TEXT PRIMARY KEY, time INTEGER, rx INTEGER, "
	"processed INTEGER, lost INTEGER, alive INTEGER, rules INTEGER, problems TEXT, span TEXT);"
	"CREATE TABLE IF NOT EXISTS machines(sensor TEXT PRIMARY KEY, cpu REAL, memory INTEGER, "
	"disk_free INTEGER, uptime INTEGER, spool INTEGER, spool_limit INTEGER);"
	"CREATE TABLE IF NOT EXISTS health_slots(sensor TEXT, slot INTEGER, rx INTEGER, lost "
	"INTEGER, up_s INTEGER, PRIMARY KEY(sensor, slot)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS events(id TEXT PRIMARY KEY, time INTEGER, number INTEGER, "
	"mitigator TEXT, mac TEXT, ip TEXT, name TEXT, threat TEXT, severity INTEGER, category "
	"TEXT, url TEXT, threat_id TEXT, alert_id TEXT, command_id TEXT, mode TEXT, text TEXT) "
	"WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS events_time ON events(time);"
	"CREATE TABLE IF NOT EXISTS hosts(mitigator TEXT, site TEXT, id TEXT, mac TEXT, ip TEXT, "
	"name TEXT, level INTEGER, level_since INTEGER, first_seen INTEGER, last_seen INTEGER, "
	"alerts INTEGER, protected INTEGER, protected_reason TEXT, cut TEXT, user TEXT, os TEXT, "
	"role TEXT, vendor TEXT, PRIMARY KEY(mitigator, id)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS hosts_ip ON hosts(site, ip);"
	"CREATE TABLE IF NOT EXISTS incidents(id TEXT PRIMARY KEY, mitigator TEXT, site TEXT, "
	"host_id TEXT, ip TEXT, opened INTEGER, updated INTEGER, closed INTEGER, state TEXT, title "
	"TEXT, severity INTEGER, root_cause TEXT, handling TEXT, threat_id TEXT, root_cause_ja "
	"TEXT, handling_ja TEXT, risk REAL, level INTEGER, attacker TEXT, victim TEXT, techniques "
	"TEXT, affected TEXT, linked TEXT, steps TEXT) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS incidents_site ON incidents(site, opened);"
	"CREATE INDEX IF NOT EXISTS incidents_host ON incidents(mitigator, host_id, opened);"
	"CREATE TABLE IF NOT EXISTS quarantines(command_id TEXT PRIMARY KEY, mitigator TEXT, site "
	"TEXT, mac TEXT, ip TEXT, name TEXT, action TEXT, cause TEXT, method TEXT, state TEXT, "
	"reason TEXT, actor TEXT, threat_id TEXT, detected INTEGER, reported INTEGER, ordered "
	"INTEGER, acked INTEGER, verified INTEGER, released INTEGER) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS quarantines_ip ON quarantines(site, ip, ordered);"
	"CREATE TABLE IF NOT EXISTS mitigators(name TEXT PRIMARY KEY, time INTEGER, mode TEXT, "
	"policy TEXT, problems TEXT);"
	"CREATE TABLE IF NOT EXISTS advisories(customer TEXT, month INTEGER, version INTEGER, time "
	"INTEGER, author TEXT, text_en TEXT, text_ja TEXT, PRIMARY KEY(customer, month, version)) "
	"WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS emergencies(id INTEGER PRIMARY KEY, key TEXT UNIQUE, kind "
	"TEXT, customer TEXT, site TEXT, host TEXT, title_en TEXT, title_ja TEXT, text_en TEXT, "
	"text_ja TEXT, opened INTEGER, acknowledged INTEGER, by TEXT, planned INTEGER DEFAULT -1, "
	"next INTEGER DEFAULT 0);"
	"CREATE INDEX IF NOT EXISTS emergencies_open ON emergencies(next) WHERE acknowledged = 0;"
	"CREATE TABLE IF NOT EXISTS recipients(id INTEGER PRIMARY KEY, customer TEXT, kind TEXT, "
	"address TEXT, language TEXT, tier INTEGER, quiet_from INTEGER, quiet_to INTEGER, "
	"UNIQUE(customer, kind, address));"
	"CREATE TABLE IF NOT EXISTS deliveries(id INTEGER PRIMARY KEY, emergency INTEGER, "
	"recipient INTEGER, wave INTEGER, due INTEGER, tries INTEGER, sent INTEGER, flying "
	"INTEGER, error TEXT, UNIQUE(emergency, recipient, wave));"
	"CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries(recipient, due) WHERE sent = 0;"
	"CREATE INDEX IF NOT EXISTS deliveries_sent ON deliveries(recipient, sent);"
	"CREATE TABLE IF NOT EXISTS proposals(id TEXT, kind TEXT, value TEXT, time INTEGER, "
	"mitigator TEXT, incident TEXT, threat_id TEXT, threat TEXT, comment TEXT, PRIMARY KEY(id, "
	"kind, value)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS audit_heads(mitigator TEXT, lines INTEGER, hash TEXT, time "
	"INTEGER, problem TEXT, PRIMARY KEY(mitigator, lines, hash)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS audit_heads_time ON audit_heads(mitigator, time);"
	"CREATE TABLE IF NOT EXISTS link_seen(peer TEXT, spool INTEGER, lane INTEGER, number "
	"INTEGER, PRIMARY KEY(peer, spool, lane)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS gone(kind TEXT PRIMARY KEY, n INTEGER, last INTEGER);"
	"INSERT OR IGNORE INTO gone VALUES('records',0,0),('alerts',0,0);"
	"INSERT OR IGNORE INTO sites VALUES('','');"
	"PRAGMA user_version=2;";

enum { SCHEMA_VERSION = 2 };

/* What SQLite has and PostgreSQL has not. */
#define STATE_FUNCTIONS                                                                            \
	"CREATE OR REPLACE FUNCTION min(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS " \
	"'SELECT least($1, $2)';"                                                                  \
	"CREATE OR REPLACE FUNCTION max(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS " \
	"'SELECT greatest($1, $2)';"                                                               \
	"CREATE OR REPLACE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS "  \
	"'SELECT strpos($1, $2)';"                                                                 \
	"CREATE OR REPLACE FUNCTION ifnull(anyelement, anyelement) RETURNS anyelement LANGUAGE "   \
	"sql IMMUTABLE AS 'SELECT coalesce($1, $2)';"                                              \
	"CREATE OR REPLACE FUNCTION iif(boolean, anyelement, anyelement) RETURNS anyelement "      \
	"LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1 THEN $2 ELSE $3 END';"

static int exec(struct store *s, const char *sql, struct errmsg *err)
{
	return s->db->ops->exec(s->db, sql, err);
}

/* A store of another schema is left as it is. */
static int check_version(struct store *s, const char *path, struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s,
			      "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM "
			      "pragma_user_version",
			      err);
	int version = 0, tables = 0;

	if (!st)
		return ERR_IO;
	if (db_step(st)) {
		version = column_int(st, 0);
		tables = column_int(st, 1);
	}
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	if (tables == 0 || version == SCHEMA_VERSION)
		return ERR_OK;
	return errmsg_set(err, ERR_INVALID,
			  "%s: a store of version %d, this banken-centre writes version %d; move "
			  "it away, or start the release that made it",
			  path, version, SCHEMA_VERSION);
}

static int try_open(struct store *s, const char *path, bool *ret_damaged, struct errmsg *err)
{
	int rc;

	s->db = db_sqlite_open(path, ret_damaged, err);
	if (!s->db)
		return ERR_IO;
	s->room.db = db_sqlite_handle(s->db);
	rc = check_version(s, path, err);
	rc = rc == ERR_OK ? exec(s, schema, err) : rc;
	if (rc != ERR_OK) {
		int code = sqlite3_errcode(db_sqlite_handle(s->db));

		*ret_damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
		s->db->ops->close(s->db);
		s->db = NULL;
	}
	return rc;
}

/* --- beyond one machine --- */

/* The tables of the history are not in the state database. */
static char *schema_of_state(void)
{
	static const char *const elsewhere[] = {"alerts",  "threats",	   "tally",
						"records", "health_slots", "events"};
	char *text = strdup(schema), *at, *end, name[40];

	for (at = text; at && *at; at = end) {
		end = strchr(at, ';');
		if (!end)
			break;
		end++;
		for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
			bool is_table;

			snprintf(name, sizeof(name), "EXISTS %s(", elsewhere[i]);
			is_table = strstr(at, name) && strstr(at, name) < end;
			snprintf(name, sizeof(name), " ON %s(", elsewhere[i]);
			if (is_table || (strstr(at, name) && strstr(at, name) < end))
				memset(at, ' ', (size_t)(end - at));
		}
	}
	return text;
}

static int check_state(struct store *s, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s,
					   "SELECT datcollate, pg_encoding_to_char(encoding) FROM "
					   "pg_database WHERE datname = current_database()",
					   err);
	bool right = false;

	if (!st)
		return ERR_IO;
	if (db_step(st))
		right = (strcmp(column_text(st, 0), "C") == 0 ||
			 strncmp(column_text(st, 0), "C.", 2) == 0) &&
			strcmp(column_text(st, 1), "UTF8") == 0;
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return right ? ERR_OK
		     : errmsg_set(err, ERR_INVALID,
				  "the state database orders text by a language or is not UTF-8; "
				  "make it with CREATE DATABASE banken TEMPLATE template0 ENCODING "
				  "'UTF8' LOCALE 'C'");
}

/* Many centres start at a time: one makes the tables. */
static int make_state(struct store *s, struct errmsg *err)
{
	char *text = schema_of_state();
	int rc = text ? store_begin(s, err) : ERR_NOMEM;

	rc = rc == ERR_OK
		     ? exec(s, "SELECT pg_advisory_xact_lock(7446272); SELECT 1;" STATE_FUNCTIONS,
			    err)
		     : rc;
	rc = rc == ERR_OK ? exec(s, text, err) : rc;
	rc = rc == ERR_OK ? store_commit(s, err) : rc;
	if (rc != ERR_OK)
		store_rollback(s);
	free(text);
	return rc;
}

static void greet(void *ctx, struct db *db)
{
	struct store *s = ctx;

	history_greet(s->history, db);
}

/* PostgreSQL and ClickHouse, both reached; NULL with a sentence. */
static struct store *open_far(const struct store_where *w, struct errmsg *err)
{
	const struct clickhouse_setup history = {
		.servers = w->history,
		.user = w->history_user,
		.password_file = w->history_password_file,
		.ca_file = w->ca_file,
		.database = w->history_database && w->history_database[0] ? w->history_database
									  : "banken",
	};
	struct store *s;

	if (!w->history || !w->history[0]) {
		errmsg_set(err, ERR_INVALID, "state-database needs history-servers beside it");
		return NULL;
	}
	if (strspn(history.database, "abcdefghijklmnopqrstuvwxyz_0123456789") !=
	    strlen(history.database)) {
		errmsg_set(err, ERR_INVALID, "history-database is of a-z, 0-9 and _");
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->history = history_open(&history, err);
	s->db = s->history ? db_postgres_open(w->state, greet, s, err) : NULL;
	if (s->db && check_state(s, err) == ERR_OK)
		return s;
	store_close(s);
	return NULL;
}

struct store *store_open_at(const struct store_where *w, struct errmsg *ret_note,
			    struct errmsg *err)
{
	struct store *s;

	if (!w->state || !w->state[0]) {
		if (w->history && w->history[0]) {
			errmsg_set(err, ERR_INVALID,
				   "history-servers needs a state-database beside it");
			return NULL;
		}
		return store_open(w->path, ret_note, err);
	}
	ret_note->text[0] = 0;
	s = open_far(w, err);
	if (!s || make_state(s, err) == ERR_OK)
		return s;
	store_close(s);
	return NULL;
}

struct store *store_open_to_read(const struct store_where *w, struct errmsg *err)
{
	struct store *s;

	if (w->state && w->state[0])
		return open_far(w, err);
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->db = db_sqlite_open_to_read(w->path, err);
	if (s->db && check_version(s, w->path, err) == ERR_OK && exec(s, "BEGIN", err) == ERR_OK)
		return s;
	store_close(s);
	return NULL;
}

struct store *store_open(const char *path, struct errmsg *ret_note, struct errmsg *err)
{
	struct store *s = calloc(1, sizeof(*s));
	bool damaged;
	char aside[512];

	if (!s)
		return NULL;
	ret_note->text[0] = 0;
	if (try_open(s, path, &damaged, err) != ERR_OK) {
		snprintf(aside, sizeof(aside), "%s.damaged-%lld", path, (long long)time(NULL));
		if (!damaged || rename(path, aside) != 0 ||
		    try_open(s, path, &damaged, err) != ERR_OK) {
			store_close(s);
			return NULL;
		}
		errmsg_set(ret_note, ERR_OK,
			   "%s was damaged and is put aside as %s; a new store was made", path,
			   aside);
	}
	if (strcmp(path, ":memory:") != 0)
		room_keep(&s->room, db_sqlite_handle(s->db), path);
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_KEPT; i++)
		db_end(s->kept[i].st);
	if (s->db)
		s->db->ops->close(s->db);
	history_close(s->history);
	health_forget(s, true);
	free(s);
}

int store_begin(struct store *s, struct errmsg *err)
{
	if (s->history)
		history_forget(s->history);
	s->in_transaction = exec(s, "BEGIN IMMEDIATE", err) == ERR_OK;
	return s->in_transaction ? ERR_OK : ERR_IO;
}

int store_commit(struct store *s, struct errmsg *err)
{
	/* First the history: were it the other way round, a death in between would lose it. */
	int rc = health_flush(s, err);

	if (rc == ERR_OK && s->history)
		rc = history_flush(s->history, err);
	rc = rc == ERR_OK ? exec(s, "COMMIT", err) : rc;
	s->in_transaction = rc != ERR_OK;
	if (rc == ERR_OK && s->room.db)
		room_committed(&s->room);
	return rc;
}

void store_rollback(struct store *s)
{
	if (s->history)
		history_forget(s->history);
	health_forget(s, false);
	s->in_transaction = false;
	exec(s, "ROLLBACK", NULL);
}

int store_settle(struct store *s, int rc, struct errmsg *err)
{
	if (s->in_transaction || rc != ERR_OK)
		return rc;
	rc = health_flush(s, err);
	return rc == ERR_OK && s->history ? history_flush(s->history, err) : rc;
}

uint64_t store_hash(const char *text)
{
	uint64_t x = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		x = (x ^ (unsigned char)*text) * 0x100000001b3ULL;
	return x ^ (x >> 29);
}

/* Statements are kept by their text's address, for all are literals: the busiest are prepared once.
 */
struct db_stmt *store_kept(struct store *s, const char *sql, struct errmsg *err)
{
	struct kept *k = &s->kept[((uintptr_t)sql >> 3) % STORE_KEPT];

	for (unsigned i = 0; i < STORE_KEPT && k->sql && k->sql != sql; i++)
		k = k == &s->kept[STORE_KEPT - 1] ? s->kept : k + 1;
	if (s->history && history_is_missing(s->history, sql, err))
		return NULL;
	if (k->sql != sql) {
		if (k->sql) {
			errmsg_set(err, ERR_NOMEM, "store: more statements than are kept");
			return NULL;
		}
		k->st = s->db->ops->prepare(s->db, sql, true, err);
		k->sql = k->st ? sql : NULL;
	}
	return k->st;
}

/* The rest of its rows. */
static int run_out(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	while (db_step(st))
		;
	return st->failed ? s->db->ops->error(s->db, "store", err) : ERR_OK;
}

int store_done(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	int rc;

	if (!st)
		return ERR_IO;
	rc = run_out(s, st, err);
	s->db->ops->reset(st);
	return rc;
}

struct db_stmt *store_prepare(struct store *s, const char *sql, struct errmsg *err)
{
	if (s->history && history_is_missing(s->history, sql, err))
		return NULL;
	return s->db->ops->prepare(s->db, sql, false, err);
}

int store_finish(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	int rc;

	if (!st)
		return ERR_IO;
	rc = run_out(s, st, err);
	db_end(st);
	return rc;
}

int64_t store_changes(const struct store *s)
{
	return s->db->changes;
}

void bind_ip(struct db_stmt *st, int at, const struct ip_addr *ip)
{
	static const struct ip_addr none;
	char text[IP_ADDR_TEXT] = "";

	if (!ip_addr_eq(ip, &none))
		ip_addr_text(ip, text, false);
	bind_text(st, at, text);
}

void bind_mac(struct db_stmt *st, int at, const struct mac_addr *mac)
{
	static const struct mac_addr none;
	char text[MAC_ADDR_TEXT] = "";

	if (memcmp(mac, &none, sizeof(none)) != 0)
		mac_addr_text(mac, text);
	bind_text(st, at, text);
}

/* As a JSON array of strings. */
void bind_list(struct db_stmt *st, int at, const struct text_list *list)
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

uint64_t store_count(struct store *s, const char *table)
{
	static const char *const known[] = {"alerts",	   "records",	"events", "hosts",
					    "quarantines", "incidents", "peers"};
	struct db_stmt *st;
	uint64_t n = 0;
	char sql[64];
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], table) != 0; i++)
		;
	if (i == sizeof(known) / sizeof(known[0]))
		return 0;
	if (s->history && i < 3)
		return history_count(s->history, table);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", known[i]);
	st = store_prepare(s, sql, NULL);
	if (st && db_step(st))
		n = (uint64_t)column_int64(st, 0);
	db_end(st);
	return n;
}

/* --- a full disk --- */

bool store_refused(struct store *s)
{
	return s->room.db && room_refused(&s->room, "the oldest records go, alerts last");
}

bool store_tight(struct store *s)
{
	return s->room.db && room_tight(&s->room);
}

bool store_full(const struct store *s)
{
	return s->room.full;
}

enum { ROUNDS = 8 };

static void count_gone(struct store *s, const char *kind, long n)
{
	struct db_stmt *st =
		store_prepare(s, "UPDATE gone SET n=n+?1, last=?3 WHERE kind=?2", NULL);

	if (!st || n <= 0)
		return;
	bind_number(st, 1, (uint64_t)n);
	bind_text(st, 2, kind);
	bind_number(st, 3, (uint64_t)time(NULL));
	store_finish(s, st, NULL);
}

/* Each a transaction that fits into the log's room. */
long store_make_room(struct store *s)
{
	static const char *const records =
		"DELETE FROM records WHERE (time, id) IN (SELECT time, id FROM records ORDER BY "
		"time, id LIMIT 100)";
	static const char *const alerts =
		"DELETE FROM alerts WHERE (time, id) IN (SELECT time, id FROM alerts ORDER BY "
		"time, id LIMIT 100)";
	long gone;

	if (!s->room.db)
		return 0;
	gone = room_make(&s->room, &records, 1, ROUNDS);

	count_gone(s, "records", gone);
	if (gone)
		return gone;
	gone = room_make(&s->room, &alerts, 1, 1);
	count_gone(s, "alerts", gone);
	return gone;
}

void store_look(struct store *s, uint64_t now)
{
	if (s->room.db)
		room_look(&s->room, now);
}

json_t *store_disk(struct store *s)
{
	struct db_stmt *st = store_prepare(s, "SELECT kind, n FROM gone", NULL);
	json_t *gone = json_object(), *problems = json_array();
	char text[160];

	while (st && db_step(st)) {
		long long n = column_int64(st, 1);

		json_object_set_new(gone, column_text(st, 0), json_integer(n));
		snprintf(text, sizeof(text), "%lld %s went for lack of room on the disk", n,
			 column_text(st, 0));
		if (n)
			json_array_append_new(problems, json_string(text));
	}
	db_end(st);
	if (s->room.trouble.text[0])
		json_array_insert_new(problems, 0, json_string(s->room.trouble.text));
	return json_pack("{sb so so}", "disk_full", s->room.full, "gone", gone, "problems",
			 problems);
}

long store_expire(struct store *s, uint64_t before, unsigned most)
{
	struct db_stmt *st;

	if (s->history)
		return history_expire(s->history, "records", before);
	st = store_prepare(s,
			   "DELETE FROM records WHERE (time, id) IN (SELECT time, id FROM records "
			   "WHERE time < ?1 ORDER BY time, id LIMIT ?2)",
			   NULL);
	if (!st)
		return ERR_IO;
	bind_number(st, 1, before);
	bind_number(st, 2, most);
	if (store_finish(s, st, NULL) != ERR_OK)
		return ERR_IO;
	return (long)store_changes(s);
}
