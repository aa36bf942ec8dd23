#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"

/* Rows as objects; a column's name is the field's. `lists`: columns that hold JSON. */
static json_t *rows(struct store *s, const char *sql, unsigned most)
{
	struct db_stmt *st = store_prepare(s, sql, NULL);
	json_t *array = json_array();

	if (!st)
		return array;
	bind_number(st, 1, most);
	while (db_step(st)) {
		json_t *row = json_object();

		for (int i = 0; i < column_count(st); i++) {
			const char *name = column_name(st, i), *text = column_text(st, i);
			json_t *value = NULL;

			if (column_is_number(st, i))
				value = json_integer(column_int64(st, i));
			else if (text[0] == '[')
				value = json_loads(text, 0, NULL);
			if (!value)
				value = json_string(text);
			json_object_set_new(row, name, value ? value : json_string(""));
		}
		json_array_append_new(array, row);
	}
	db_end(st);
	return array;
}

static json_t *alerts(struct store *s, unsigned most)
{
	return rows(s,
		    "SELECT id, time, sensor, ip, mac, name, peer_ip, severity, gid, sid, msg, "
		    "category, "
		    "techniques, reasons, url FROM alerts ORDER BY time DESC LIMIT ?1",
		    most);
}

json_t *store_alerts(struct store *s, unsigned most)
{
	const struct history_want want = {.what = HISTORY_ALERTS, .most = most};

	return history_fetch(s, &want, NULL) == ERR_OK ? alerts(s, most) : json_array();
}

json_t *store_overview(struct store *s, unsigned most)
{
	const struct history_want want = {.what = HISTORY_ALERTS | HISTORY_EVENTS, .most = most};
	json_t *o = json_object();

	(void)history_fetch(s, &want, NULL);

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
	json_object_set_new(o, "alerts", alerts(s, most));
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

/* --- for the reports --- */

struct db_stmt *store_ask(struct store *s, const char *sql, const struct period *p,
			  struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, sql, err);

	if (!st)
		return NULL;
	bind_number(st, 1, p->from);
	bind_number(st, 2, p->to);
	bind_text(st, 3, p->scope->customer);
	bind_text(st, 4, p->scope->site);
	return st;
}

char *column_copy(struct db_stmt *st, int at)
{
	return strdup(column_text(st, at));
}

char *text_of_list(const char *list, size_t at)
{
	json_t *array = json_loads(list, 0, NULL);
	const char *text = json_string_value(json_array_get(array, at));
	char *ret = strdup(text ? text : "");

	json_decref(array);
	return ret;
}

char *columns_joined(struct db_stmt *st, int from, int to)
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
