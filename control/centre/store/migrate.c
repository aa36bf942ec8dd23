/* From the embedded store beyond one machine. State goes table by table, row over row; history in
 * the order of time, with the place that was reached kept in the transaction that stored it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/store/keep.h"
#include "control/centre/store/private.h"

enum { AT_ONCE = 5000, COLUMNS = 60, TABLES = 100 };

struct moving {
	struct store *from, *to;
	FILE *out;
	struct errmsg *err;
	bool differs;
};

static int64_t count(struct store *s, const char *table, struct errmsg *err)
{
	struct db_stmt *st;
	char sql[120];
	int64_t n = -1;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	st = store_prepare(s, sql, err);
	if (st && db_step(st))
		n = column_int64(st, 0);
	db_end(st);
	return n;
}

static void tell(struct moving *m, const char *table, int64_t from, int64_t to)
{
	fprintf(m->out, "%-20s %12lld %12lld%s\n", table, (long long)from, (long long)to,
		from == to ? "" : "  differs");
	fflush(m->out);
	m->differs = m->differs || from != to;
}

/* --- state --- */

static void copy_value(struct db_stmt *to, struct db_stmt *from, int at)
{
	if (column_is_null(from, at))
		return;
	if (column_is_number(from, at))
		bind_int64(to, at + 1, column_int64(from, at));
	else if (column_is_real(from, at))
		bind_real(to, at + 1, column_real(from, at));
	else if (column_is_bytes(from, at))
		bind_bytes(to, at + 1, column_bytes(from, at));
	else
		bind_text(to, at + 1, column_text(from, at));
}

static struct db_stmt *insertion(struct moving *m, const char *table, struct db_stmt *rows)
{
	char sql[4000];
	int n = column_count(rows);
	size_t len = (size_t)snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s(", table);

	for (int i = 0; i < n && len < sizeof(sql); i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, "%s%s", i ? ", " : "",
					column_name(rows, i));
	for (int i = 0; i < n && len < sizeof(sql); i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, "%s?%d",
					i ? ", " : ") VALUES(", i + 1);
	if (n > COLUMNS || len + 2 > sizeof(sql)) {
		errmsg_set(m->err, ERR_LIMIT, "%s has too many columns", table);
		return NULL;
	}
	snprintf(sql + len, sizeof(sql) - len, ")");
	return m->to->db->ops->prepare(m->to->db, sql, true, m->err);
}

static int copy_rows(struct moving *m, struct db_stmt *rows, struct db_stmt *put)
{
	int rc = store_begin(m->to, m->err);

	for (unsigned n = 1; rc == ERR_OK && db_step(rows); n++) {
		for (int i = 0; i < column_count(rows); i++)
			copy_value(put, rows, i);
		rc = store_done(m->to, put, m->err);
		if (rc == ERR_OK && n % AT_ONCE == 0) {
			rc = store_commit(m->to, m->err);
			rc = rc == ERR_OK ? store_begin(m->to, m->err) : rc;
		}
	}
	rc = rc == ERR_OK ? store_commit(m->to, m->err) : rc;
	if (rc != ERR_OK)
		store_rollback(m->to);
	return rc;
}

/* Numbers that PostgreSQL gives go on behind those that came. */
static int go_on_counting(struct moving *m, const char *table)
{
	struct db_stmt *st;
	char sql[300];
	bool counts;

	snprintf(sql, sizeof(sql),
		 "SELECT 1 FROM pg_attribute WHERE attrelid = '%s'::regclass AND attname = 'id' "
		 "AND attidentity <> ''",
		 table);
	st = store_prepare(m->to, sql, m->err);
	counts = st && db_step(st);
	if (store_finish(m->to, st, m->err) != ERR_OK || !counts)
		return counts ? ERR_IO : ERR_OK;
	snprintf(sql, sizeof(sql),
		 "SELECT setval(pg_get_serial_sequence('%s', 'id'), (SELECT coalesce(max(id), 0) + "
		 "1 "
		 "FROM %s), false)",
		 table, table);
	return m->to->db->ops->exec(m->to->db, sql, m->err);
}

/* As the embedded store made it; what is there already stays. */
static int make_table(struct moving *m, const char *table)
{
	static const char begin[] = "CREATE TABLE ";
	struct db_stmt *st = store_prepare(
		m->from, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1",
		m->err);
	char *sql = NULL;
	int rc;

	if (!st)
		return ERR_IO;
	bind_text(st, 1, table);
	if (db_step(st) && strncmp(column_text(st, 0), begin, sizeof(begin) - 1) == 0 &&
	    asprintf(&sql, "%sIF NOT EXISTS %s", begin, column_text(st, 0) + sizeof(begin) - 1) < 0)
		sql = NULL;
	rc = store_finish(m->from, st, m->err);
	if (rc == ERR_OK)
		rc = sql ? m->to->db->ops->exec(m->to->db, sql, m->err)
			 : errmsg_set(m->err, ERR_INVALID, "%s: how it was made is not known",
				      table);
	free(sql);
	return rc;
}

static int copy_table(struct moving *m, const char *table)
{
	struct db_stmt *rows, *put;
	char sql[100];
	int rc = make_table(m, table);

	if (rc != ERR_OK)
		return rc;
	rc = ERR_IO;
	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	rows = store_prepare(m->from, sql, m->err);
	put = rows ? insertion(m, table, rows) : NULL;
	if (put)
		rc = copy_rows(m, rows, put);
	db_end(put);
	db_end(rows);
	if (rc == ERR_OK)
		rc = go_on_counting(m, table);
	if (rc == ERR_OK)
		tell(m, table, count(m->from, table, m->err), count(m->to, table, m->err));
	return rc;
}

static int copy_state(struct moving *m)
{
	struct db_stmt *st = store_prepare(
		m->from,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
		"AND name NOT IN ('alerts', 'records', 'events', 'tally', 'threats', "
		"'health_slots', 'migration') ORDER BY name",
		m->err);
	char *names[TABLES];
	unsigned n = 0;
	int rc = ERR_OK;

	if (!st)
		return ERR_IO;
	while (n < TABLES && db_step(st))
		names[n++] = column_copy(st, 0);
	rc = store_finish(m->from, st, m->err);
	for (unsigned i = 0; i < n; i++) {
		rc = rc == ERR_OK ? copy_table(m, names[i]) : rc;
		free(names[i]);
	}
	return rc;
}

/* --- history --- */

static int read_place(struct moving *m, const char *table, int64_t *ret_time, char ret_id[200])
{
	struct db_stmt *st =
		store_kept(m->to, "SELECT time, id FROM migration WHERE name = ?1", m->err);

	*ret_time = INT64_MIN;
	ret_id[0] = 0;
	if (!st)
		return ERR_IO;
	bind_text(st, 1, table);
	if (db_step(st)) {
		*ret_time = column_int64(st, 0);
		snprintf(ret_id, 200, "%s", column_text(st, 1));
	}
	return store_done(m->to, st, m->err);
}

static int keep_place(struct moving *m, const char *table, int64_t time, const char *id)
{
	struct db_stmt *st =
		store_kept(m->to, "INSERT OR REPLACE INTO migration VALUES(?1,?2,?3)", m->err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, table);
	bind_int64(st, 2, time);
	bind_text(st, 3, id);
	return store_done(m->to, st, m->err);
}

/* The next rows; *ret_n: how many. Columns 0 and 1 are time and id, the rest as history_copy has
 * them. */
static int copy_some(struct moving *m, const char *table, const char *sql, unsigned *ret_n)
{
	struct db_stmt *st = store_kept(m->from, sql, m->err);
	int64_t time;
	char id[200];
	int rc = st ? read_place(m, table, &time, id) : ERR_IO;

	*ret_n = 0;
	if (rc != ERR_OK || store_begin(m->to, m->err) != ERR_OK)
		return ERR_IO;
	bind_int64(st, 1, time);
	bind_text(st, 2, id);
	bind_int64(st, 3, AT_ONCE);
	while (rc == ERR_OK && db_step(st)) {
		time = column_int64(st, 0);
		snprintf(id, sizeof(id), "%s", column_text(st, 1));
		rc = history_copy(m->to->history, table, st, m->err);
		++*ret_n;
	}
	rc = store_done(m->from, st, m->err) == ERR_OK ? rc : ERR_IO;
	rc = rc == ERR_OK ? keep_place(m, table, time, id) : rc;
	rc = rc == ERR_OK ? store_commit(m->to, m->err) : rc;
	if (rc != ERR_OK)
		store_rollback(m->to);
	return rc;
}

#define BEHIND " WHERE (time, id) > (?1, ?2) ORDER BY time, id LIMIT ?3"

static const struct {
	const char *table, *sql;
} histories[] = {
	{"alerts",
	 "SELECT time, id, site, sensor, mac, ip, name, peer_ip, severity, confidence, gid, sid, "
	 "msg, category, tactics, techniques, reasons, url, file, sha256, eve FROM alerts" BEHIND},
	{"records", "SELECT time, id, sensor, type, eve FROM records" BEHIND},
	{"events",
	 "SELECT time, id, number, mitigator, mac, ip, name, threat, severity, category, url, "
	 "threat_id, alert_id, command_id, mode, text FROM events" BEHIND},
	{"health",
	 "SELECT slot * 900000000000 AS time, sensor AS id, rx, lost, up_s FROM health_slots WHERE "
	 "(slot * 900000000000, sensor) > (?1, ?2) ORDER BY slot, sensor LIMIT ?3"},
};

static int copy_history(struct moving *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(histories); i++) {
		const char *table = histories[i].table;
		bool is_health = strcmp(table, "health") == 0;
		unsigned n = AT_ONCE;

		while (n == AT_ONCE) {
			if (copy_some(m, table, histories[i].sql, &n) != ERR_OK)
				return ERR_IO;
		}
		tell(m, table, count(m->from, is_health ? "health_slots" : table, m->err),
		     history_exact(m->to->history, table, m->err));
	}
	return ERR_OK;
}

int keep_migrate(const char *from, const struct store_where *to, FILE *out, struct errmsg *err)
{
	const struct store_where at = {.path = from};
	struct moving m = {.out = out, .err = err};
	struct errmsg note;
	int rc = ERR_IO;

	if (keep_check(from, err) != ERR_OK)
		return ERR_INVALID;
	m.from = store_open_at(&at, &note, err);
	m.to = m.from ? store_open_at(to, &note, err) : NULL;
	if (m.to)
		rc = m.to->db->ops->exec(m.to->db,
					 "CREATE TABLE IF NOT EXISTS migration(name TEXT PRIMARY "
					 "KEY, time INTEGER, id TEXT)",
					 err);
	if (rc == ERR_OK) {
		fprintf(out, "%-20s %12s %12s\n", "table", "there", "here");
		rc = copy_history(&m);
	}
	rc = rc == ERR_OK ? copy_state(&m) : rc;
	store_close(m.from);
	store_close(m.to);
	if (rc == ERR_OK && m.differs)
		rc = errmsg_set(err, ERR_INVALID,
				"not everything arrived; was something written meanwhile? run it "
				"again");
	return rc;
}
