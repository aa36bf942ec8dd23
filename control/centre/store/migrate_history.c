#include <stdlib.h>
#include <string.h>

#include "control/centre/store/migrate.h"

enum { AT_ONCE = 5000, BACK_AT_ONCE = 20000, FIELDS = 40 };

static const struct {
	const char *table;   /* of the history */
	const char *here;    /* of the embedded store */
	const char *columns; /* of both; time and id first. Health is put together there */
	const char *order;   /* of the embedded store's rows behind (?1, ?2) */
	const char *put;     /* a row into the embedded store */
} histories[] = {
	{"alerts", "alerts",
	 "time, id, site, sensor, mac, ip, name, peer_ip, severity, confidence, gid, sid, msg, "
	 "category, tactics, techniques, reasons, url, file, sha256, eve",
	 "(time, id) > (?1, ?2) ORDER BY time, id LIMIT ?3",
	 "INSERT OR IGNORE INTO alerts(time, id, site, sensor, mac, ip, name, peer_ip, severity, "
	 "confidence, gid, sid, msg, category, tactics, techniques, reasons, url, file, sha256, "
	 "eve) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)"},
	{"records", "records", "time, id, sensor, type, eve",
	 "(time, id) > (?1, ?2) ORDER BY time, id LIMIT ?3",
	 "INSERT OR IGNORE INTO records(time, id, sensor, type, eve) VALUES(?1,?2,?3,?4,?5)"},
	{"events", "events",
	 "time, id, number, mitigator, mac, ip, name, threat, severity, category, url, threat_id, "
	 "alert_id, command_id, mode, text",
	 "(time, id) > (?1, ?2) ORDER BY time, id LIMIT ?3",
	 "INSERT OR IGNORE INTO events(time, id, number, mitigator, mac, ip, name, threat, "
	 "severity, category, url, threat_id, alert_id, command_id, mode, text) "
	 "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"},
	{"health", "health_slots", "slot * 900000000000 AS time, sensor AS id, rx, lost, up_s",
	 "(slot * 900000000000, sensor) > (?1, ?2) ORDER BY slot, sensor LIMIT ?3",
	 "INSERT OR REPLACE INTO health_slots(slot, sensor, rx, lost, up_s) VALUES(?1 / "
	 "900000000000,?2,?3,?4,?5)"},
};

/* --- the place that was reached --- */

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

/* --- beyond one machine --- */

/* The next rows of the embedded store; NULL with a sentence. */
static struct db_stmt *rows_here(struct moving *m, struct store *s, size_t which, int64_t time,
				 const char *id)
{
	char sql[600];
	struct db_stmt *st;

	snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE %s", histories[which].columns,
		 histories[which].here, histories[which].order);
	st = store_prepare(s, sql, m->err);
	if (!st)
		return NULL;
	bind_int64(st, 1, time);
	bind_text(st, 2, id);
	bind_int64(st, 3, AT_ONCE);
	return st;
}

static int copy_some(struct moving *m, size_t which, unsigned *ret_n)
{
	const char *table = histories[which].table;
	struct db_stmt *st;
	int64_t time;
	char id[200];
	int rc = read_place(m, table, &time, id);

	*ret_n = 0;
	st = rc == ERR_OK ? rows_here(m, m->from, which, time, id) : NULL;
	if (!st || store_begin(m->to, m->err) != ERR_OK) {
		db_end(st);
		return ERR_IO;
	}
	while (rc == ERR_OK && db_step(st)) {
		time = column_int64(st, 0);
		snprintf(id, sizeof(id), "%s", column_text(st, 1));
		rc = history_copy(m->to->history, table, st, m->err);
		++*ret_n;
	}
	rc = store_finish(m->from, st, m->err) == ERR_OK ? rc : ERR_IO;
	rc = rc == ERR_OK ? keep_place(m, table, time, id) : rc;
	rc = rc == ERR_OK ? store_commit(m->to, m->err) : rc;
	if (rc != ERR_OK)
		store_rollback(m->to);
	return rc;
}

/* --- sums --- */

static int sum_here(struct moving *m, struct store *s, size_t which, struct rowsum *ret)
{
	int64_t time = INT64_MIN;
	char id[200] = "";
	unsigned n = AT_ONCE;

	*ret = (struct rowsum){0};
	while (n == AT_ONCE) {
		struct db_stmt *st = rows_here(m, s, which, time, id);

		for (n = 0; st && db_step(st); n++) {
			time = column_int64(st, 0);
			snprintf(id, sizeof(id), "%s", column_text(st, 1));
			rowsum_add_row(ret, st, 0);
		}
		if (!st || store_finish(s, st, m->err) != ERR_OK)
			return ERR_IO;
	}
	return ERR_OK;
}

/* --- an hour of the history --- */

struct reading {
	struct moving *m;
	size_t which;
	int (*row)(struct reading *r, const struct slice *fields, size_t n);
	struct rowsum sum;
	struct db_stmt *put;
};

static int read_lines(struct reading *r, char *at, unsigned *ret_n, int64_t *ret_time,
		      char ret_id[200])
{
	struct slice fields[FIELDS];
	size_t n = 0;
	bool last;
	int rc = ERR_OK;

	while (rc == ERR_OK && at && n < FIELDS && clickhouse_next(&at, &fields[n++], &last)) {
		char number[24] = "";

		if (!last)
			continue;
		memcpy(number, fields[0].data, fields[0].len < 23 ? fields[0].len : 23);
		*ret_time = strtoll(number, NULL, 10);
		snprintf(ret_id, 200, "%.*s", (int)(n > 1 ? fields[1].len : 0),
			 n > 1 ? (const char *)fields[1].data : "");
		rc = r->row(r, fields, n);
		++*ret_n;
		n = 0;
	}
	return n == FIELDS ? errmsg_set(r->m->err, ERR_LIMIT, "%s has too many columns",
					histories[r->which].table)
			   : rc;
}

static int read_hour(struct reading *r, struct store *s, int64_t hour)
{
	bool is_health = strcmp(histories[r->which].table, "health") == 0;
	char id[200] = "";
	struct history_place place = {.hour = hour};
	unsigned n = BACK_AT_ONCE;
	int rc = ERR_OK;

	while (rc == ERR_OK && n == BACK_AT_ONCE) {
		struct clickhouse_answer answer;

		n = 0;
		rc = history_rows(s->history, histories[r->which].table,
				  histories[r->which].columns, &place, BACK_AT_ONCE, &answer,
				  r->m->err);
		if (rc == ERR_OK)
			rc = read_lines(r, answer.text, &n, &place.time, id);
		place.id = id;
		free(answer.text);
		if (is_health)
			break;
	}
	return rc;
}

static int add_to_sum(struct reading *r, const struct slice *fields, size_t n)
{
	rowsum_add(&r->sum, fields, n);
	return ERR_OK;
}

static int sum_there(struct moving *m, struct store *s, size_t which, struct rowsum *ret)
{
	struct reading r = {.m = m, .which = which, .row = add_to_sum};
	int64_t *hours;
	size_t n;
	int rc = history_hours(s->history, histories[which].table, INT64_MIN, &hours, &n, m->err);

	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		rc = read_hour(&r, s, hours[i]);
	free(hours);
	*ret = r.sum;
	return rc;
}

/* --- both ways --- */

static int compare(struct moving *m, size_t which)
{
	struct store *here = m->to->history ? m->from : m->to,
		     *there = here == m->to ? m->from : m->to;
	struct rowsum a, b;
	int rc = sum_here(m, here, which, &a);

	rc = rc == ERR_OK ? sum_there(m, there, which, &b) : rc;
	if (rc == ERR_OK)
		migrate_tell(m, histories[which].table, here == m->from ? &a : &b,
			     here == m->from ? &b : &a);
	return rc;
}

int migrate_history(struct moving *m)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(histories) && rc == ERR_OK; i++) {
		unsigned n = AT_ONCE;

		while (n == AT_ONCE && rc == ERR_OK)
			rc = copy_some(m, i, &n);
		rc = rc == ERR_OK ? compare(m, i) : rc;
	}
	return rc;
}

/* --- back --- */

static int put_row(struct reading *r, const struct slice *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char number[24] = "";

		/* `eve` is the last; the rest are texts, or numbers by their columns. */
		if (i == 0) {
			memcpy(number, fields[i].data, fields[i].len < 23 ? fields[i].len : 23);
			bind_int64(r->put, 1, strtoll(number, NULL, 10));
		} else if (i + 1 == n && r->which < 2) {
			bind_bytes(r->put, (int)i + 1, fields[i]);
		} else {
			bind_text_of(r->put, (int)i + 1, fields[i]);
		}
	}
	return store_done(r->m->to, r->put, r->m->err);
}

/* An hour is a transaction, and the place behind it is in it. */
static int take_hour(struct reading *r, int64_t hour)
{
	struct moving *m = r->m;
	int rc = store_begin(m->to, m->err);

	rc = rc == ERR_OK ? read_hour(r, m->from, hour) : rc;
	rc = rc == ERR_OK ? keep_place(m, histories[r->which].table, hour, "") : rc;
	rc = rc == ERR_OK ? store_commit(m->to, m->err) : rc;
	if (rc != ERR_OK)
		store_rollback(m->to);
	return rc;
}

static int take_table(struct moving *m, size_t which)
{
	struct reading r = {.m = m, .which = which, .row = put_row};
	int64_t *hours = NULL, after;
	char id[200];
	size_t n = 0;
	int rc = read_place(m, histories[which].table, &after, id);

	rc = rc == ERR_OK ? history_hours(m->from->history, histories[which].table, after, &hours,
					  &n, m->err)
			  : rc;
	r.put = rc == ERR_OK ? store_kept(m->to, histories[which].put, m->err) : NULL;
	rc = rc == ERR_OK && !r.put ? ERR_IO : rc;
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		rc = take_hour(&r, hours[i]);
	free(hours);
	return rc;
}

/* What the embedded store counts as alerts come. */
static int tally(struct moving *m)
{
	static const char sql[] =
		"BEGIN IMMEDIATE; DELETE FROM tally; DELETE FROM threats;"
		"INSERT OR IGNORE INTO threats(gid, sid, msg, category, severity, tactic, "
		"technique) SELECT gid, sid, msg, category, severity, "
		"coalesce(json_extract(iif(json_valid(tactics), tactics, '[]'), '$[0]'), ''), "
		"coalesce(json_extract(iif(json_valid(techniques), techniques, '[]'), '$[0]'), '') "
		"FROM alerts ORDER BY time, id;"
		"INSERT INTO tally SELECT a.site, a.time / 900000000000, t.id, a.ip, count(*), "
		"min(a.time), max(a.time) FROM alerts a JOIN threats t ON t.gid = a.gid AND t.sid "
		"= a.sid AND t.msg = a.msg AND t.severity = a.severity GROUP BY 1, 2, 3, 4;"
		"COMMIT";

	return m->to->db->ops->exec(m->to->db, sql, m->err);
}

int migrate_history_back(struct moving *m)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(histories) && rc == ERR_OK; i++) {
		rc = take_table(m, i);
		rc = rc == ERR_OK ? compare(m, i) : rc;
	}
	return rc == ERR_OK ? tally(m) : rc;
}
