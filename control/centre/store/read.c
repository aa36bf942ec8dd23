#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"

/* Rows as objects; a column's name is the field's. `lists`: columns that hold JSON. */
static json_t *rows(struct store *s, const char *sql, unsigned most)
{
	sqlite3_stmt *st = store_prepare(s, sql, NULL);
	json_t *array = json_array();

	if (!st)
		return array;
	bind_number(st, 1, most);
	while (sqlite3_step(st) == SQLITE_ROW) {
		json_t *row = json_object();

		for (int i = 0; i < sqlite3_column_count(st); i++) {
			const char *name = sqlite3_column_name(st, i), *text = column_text(st, i);
			json_t *value = NULL;

			if (sqlite3_column_type(st, i) == SQLITE_INTEGER)
				value = json_integer(sqlite3_column_int64(st, i));
			else if (text[0] == '[')
				value = json_loads(text, 0, NULL);
			if (!value)
				value = json_string(text);
			json_object_set_new(row, name, value ? value : json_string(""));
		}
		json_array_append_new(array, row);
	}
	sqlite3_finalize(st);
	return array;
}

json_t *store_alerts(struct store *s, unsigned most)
{
	return rows(s,
		    "SELECT id, time, sensor, ip, mac, name, peer_ip, severity, gid, sid, msg, "
		    "category, "
		    "techniques, reasons, url FROM alerts ORDER BY time DESC LIMIT ?1",
		    most);
}

json_t *store_overview(struct store *s, unsigned most)
{
	json_t *o = json_object();

	json_object_set_new(
		o, "sites",
		rows(s,
		     "SELECT p.name, p.role, p.site, p.up, p.since, h.time AS health_time, h.rx, "
		     "h.processed, h.lost, h.alive, h.rules, h.problems, h.span FROM peers p LEFT "
		     "JOIN "
		     "health h ON h.sensor = p.name ORDER BY p.site, p.role, p.name LIMIT ?1",
		     most));
	json_object_set_new(o, "hosts",
			    rows(s,
				 "SELECT h.mitigator, h.id, h.mac, h.ip, h.name, h.level, "
				 "h.level_since, h.last_seen, "
				 "h.alerts, h.protected, h.protected_reason, h.cut, (SELECT "
				 "q.state FROM quarantines q "
				 "WHERE q.command_id = h.cut) AS cut_state FROM hosts h WHERE "
				 "h.level > 1 OR h.cut <> '' "
				 "ORDER BY h.level DESC, h.last_seen DESC LIMIT ?1",
				 most));
	json_object_set_new(o, "alerts", store_alerts(s, most));
	json_object_set_new(
		o, "quarantines",
		rows(s,
		     "SELECT command_id, mitigator, mac, ip, name, action, cause, method, state, "
		     "reason, actor, threat_id, detected, reported, ordered, acked, verified, "
		     "released "
		     "FROM quarantines ORDER BY ordered DESC, command_id LIMIT ?1",
		     most));
	json_object_set_new(
		o, "incidents",
		rows(s,
		     "SELECT id, mitigator, host_id, ip, opened, updated, closed, state, title, "
		     "severity, level, CAST(risk * 100 AS INTEGER) AS risk_percent, attacker, "
		     "victim, techniques, root_cause, root_cause_ja, handling, handling_ja, "
		     "affected, linked, steps FROM incidents WHERE state <> 'merged' ORDER BY "
		     "closed <> 0, level DESC, updated DESC LIMIT ?1",
		     most < 100 ? most : 100));
	json_object_set_new(
		o, "events",
		rows(s,
		     "SELECT id, time, number, ip, name, threat, mode, text FROM events ORDER BY "
		     "time DESC LIMIT ?1",
		     most));
	json_object_set_new(o, "disk", store_disk(s));
	return o;
}

/* --- the daily report --- */

struct period {
	const char *site;
	uint64_t from, to;
};

static sqlite3_stmt *ask(struct store *s, const char *sql, const struct period *p,
			 struct errmsg *err)
{
	sqlite3_stmt *st = store_prepare(s, sql, err);

	if (!st)
		return NULL;
	bind_number(st, 1, p->from);
	bind_number(st, 2, p->to);
	bind_text(st, 3, p->site);
	return st;
}

/* Senders of the site; '' means every site. */
#define OF_SITE(column) "(?3 = '' OR " column " IN (SELECT name FROM peers WHERE site = ?3))"

static char *copy(sqlite3_stmt *st, int at)
{
	return strdup(column_text(st, at));
}

/* First element of a JSON array of strings. */
static char *first_of(const char *list)
{
	json_t *array = json_loads(list, 0, NULL);
	const char *text = json_string_value(json_array_get(array, 0));
	char *ret = strdup(text ? text : "");

	json_decref(array);
	return ret;
}

static int threats(struct store *s, const struct period *p, struct report_daily *d,
		   struct errmsg *err)
{
	sqlite3_stmt *st = ask(
		s,
		"SELECT msg, category, severity, techniques, min(time), max(time), count(*), "
		"count(DISTINCT ip) FROM alerts WHERE time >= ?1 AND time < ?2 AND " OF_SITE(
			"sensor") " GROUP BY gid, sid, msg ORDER BY severity, count(*) DESC, msg "
				  "LIMIT 500",
		p, err);

	if (!st)
		return ERR_IO;
	while (sqlite3_step(st) == SQLITE_ROW) {
		struct report_threat *t = report_add_threat(d);

		if (!t)
			break;
		t->name = copy(st, 0);
		t->category = copy(st, 1);
		t->severity = strdup(severity_text((enum severity)sqlite3_column_int(st, 2)));
		t->technique = first_of(column_text(st, 3));
		t->first = (uint64_t)sqlite3_column_int64(st, 4);
		t->last = (uint64_t)sqlite3_column_int64(st, 5);
		t->hits = (uint64_t)sqlite3_column_int64(st, 6);
		t->hosts = (unsigned)sqlite3_column_int(st, 7);
		d->alerts += t->hits;
	}
	sqlite3_finalize(st);
	return ERR_OK;
}

static void add_handling(struct report_host *h, unsigned language, const char *list)
{
	json_t *array = json_loads(list, 0, NULL), *step;
	size_t i;

	json_array_foreach(array, i, step)
	{
		if (json_is_string(step))
			report_add_handling(h, language, json_string_value(step));
	}
	json_decref(array);
}

/* What is not empty of the columns, with commas. */
static char *join(sqlite3_stmt *st, int from, int to)
{
	char text[512];
	size_t len = 0;

	text[0] = 0;
	for (int i = from; i <= to; i++) {
		const char *part = column_text(st, i);

		if (part[0] && len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						len ? ", " : "", part);
	}
	return strdup(text);
}

/* Hosts that were judged above Safe, had alerts or were cut in the period. */
static int hosts(struct store *s, const struct period *p, struct report_daily *d,
		 struct errmsg *err)
{
	sqlite3_stmt *st = ask(
		s,
		"SELECT h.name, h.ip, h.mac, h.level, q.state, q.reason, i.root_cause, i.handling, "
		"q.acked, "
		"q.verified, q.released, (SELECT count(*) FROM alerts a WHERE a.ip = h.ip AND "
		"a.time >= ?1 "
		"AND a.time < ?2) AS n, i.root_cause_ja, i.handling_ja, h.user, h.os, h.role, "
		"h.vendor FROM hosts h "
		"LEFT JOIN quarantines q ON q.command_id = (SELECT command_id FROM quarantines x "
		"WHERE "
		"x.mitigator = h.mitigator AND x.ip = h.ip AND x.ordered < ?2 ORDER BY x.ordered "
		"DESC LIMIT 1) "
		"LEFT JOIN incidents i ON i.id = (SELECT id FROM incidents y WHERE y.mitigator = "
		"h.mitigator "
		"AND y.host_id = h.id AND y.opened < ?2 AND y.state <> 'merged' ORDER BY y.level "
		"DESC, y.updated DESC LIMIT 1) "
		"WHERE " OF_SITE("h.mitigator") " AND (h.level > 1 OR q.state IS NOT NULL) AND "
						"h.last_seen >= ?1 "
						"ORDER BY h.level DESC, n DESC, h.ip LIMIT 10000",
		p, err);

	if (!st)
		return ERR_IO;
	while (sqlite3_step(st) == SQLITE_ROW) {
		struct report_host *h = report_add_host(d);

		if (!h)
			break;
		h->name = copy(st, 0);
		h->ip = copy(st, 1);
		h->mac = copy(st, 2);
		h->level = strdup(level_text((enum level)sqlite3_column_int(st, 3)));
		h->cut_state = copy(st, 4);
		h->cut_reason = copy(st, 5);
		h->root_cause = copy(st, 6);
		add_handling(h, 0, column_text(st, 7));
		h->cut_at = (uint64_t)sqlite3_column_int64(st, 8);
		h->verified_at = (uint64_t)sqlite3_column_int64(st, 9);
		h->released_at = (uint64_t)sqlite3_column_int64(st, 10);
		h->alerts = (uint64_t)sqlite3_column_int64(st, 11);
		h->root_cause_ja = copy(st, 12);
		add_handling(h, 1, column_text(st, 13));
		h->about = join(st, 14, 17);
	}
	sqlite3_finalize(st);
	return ERR_OK;
}

/* A behaviour's sentence in English or Japanese. */
static char *reason_of(const char *list, size_t language)
{
	json_t *array = json_loads(list, 0, NULL);
	const char *text = json_string_value(json_array_get(array, language));
	char *ret;

	if (!text)
		text = json_string_value(json_array_get(array, 0));
	ret = strdup(text ? text : "");
	json_decref(array);
	return ret;
}

/* The host's first alert of the period: what a behaviour explains before a rule's hit that brought
 * a file, and that before any other. */
static int first_signs(struct store *s, const struct period *p, struct report_daily *d,
		       struct errmsg *err)
{
	for (size_t i = 0; i < d->host_count; i++) {
		struct report_host *h = &d->hosts[i];
		sqlite3_stmt *st = store_prepare(
			s,
			"SELECT time, msg, peer_ip, url, file, reasons FROM alerts WHERE ip = ?3 "
			"AND time >= ?1 AND time < ?2 ORDER BY gid <> 2, file = '', time LIMIT 1",
			err);

		if (!st)
			return ERR_IO;
		bind_number(st, 1, p->from);
		bind_number(st, 2, p->to);
		bind_text(st, 3, h->ip);
		if (sqlite3_step(st) == SQLITE_ROW) {
			h->sign_at = (uint64_t)sqlite3_column_int64(st, 0);
			h->sign = copy(st, 1);
			h->sign_peer = copy(st, 2);
			h->sign_url = copy(st, 3);
			h->sign_file = copy(st, 4);
			h->sign_reason[0] = reason_of(column_text(st, 5), 0);
			h->sign_reason[1] = reason_of(column_text(st, 5), 1);
		}
		sqlite3_finalize(st);
	}
	return ERR_OK;
}

static int hours(struct store *s, const struct period *p, struct report_daily *d,
		 struct errmsg *err)
{
	sqlite3_stmt *st = ask(
		s,
		"SELECT min(23, (time - ?1) / 3600000000000), count(*) FROM alerts WHERE time >= "
		"?1 AND time < ?2 AND " OF_SITE("sensor") " GROUP BY 1",
		p, err);

	if (!st)
		return ERR_IO;
	while (sqlite3_step(st) == SQLITE_ROW) {
		int hour = sqlite3_column_int(st, 0);

		if (hour >= 0 && hour < 24)
			d->per_hour[hour] = (unsigned)sqlite3_column_int(st, 1);
	}
	sqlite3_finalize(st);
	return ERR_OK;
}

static void add_sentences(struct report_daily *d, const char *sensor, const char *list)
{
	json_t *array = json_loads(list, 0, NULL), *sentence;
	size_t i;

	json_array_foreach(array, i, sentence)
	{
		struct report_blind *b = json_is_string(sentence) ? report_add_blind(d) : NULL;

		if (!b)
			continue;
		b->sensor = strdup(sensor);
		b->sentence = strdup(json_string_value(sentence));
	}
	json_decref(array);
}

static int blind(struct store *s, const struct period *p, struct report_daily *d,
		 struct errmsg *err)
{
	sqlite3_stmt *st = ask(
		s,
		"SELECT sensor, rx, lost, problems, span FROM health WHERE ?1 < ?2 AND " OF_SITE(
			"sensor") " ORDER BY sensor",
		p, err);

	if (!st)
		return ERR_IO;
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *sensor = column_text(st, 0);

		d->packets += (uint64_t)sqlite3_column_int64(st, 1);
		d->lost += (uint64_t)sqlite3_column_int64(st, 2);
		add_sentences(d, sensor, column_text(st, 3));
		add_sentences(d, sensor, column_text(st, 4));
	}
	sqlite3_finalize(st);
	return ERR_OK;
}

int store_daily(struct store *s, const char *site, uint64_t from, uint64_t to,
		struct report_daily *ret, struct errmsg *err)
{
	const struct period p = {site, from, to};
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret->site = strdup(site);
	ret->from = from;
	ret->to = to;
	rc = threats(s, &p, ret, err);
	if (rc == ERR_OK)
		rc = hosts(s, &p, ret, err);
	if (rc == ERR_OK)
		rc = first_signs(s, &p, ret, err);
	if (rc == ERR_OK)
		rc = hours(s, &p, ret, err);
	if (rc == ERR_OK)
		rc = blind(s, &p, ret, err);
	if (rc != ERR_OK)
		report_daily_free(ret);
	return rc;
}
