#include "control/centre/store/detections.h"

#include <stdio.h>

#include "control/centre/store/rows.h"
#include "dataplane/base/clock.h"

/* --- how each grows: a count for each 24 h of the period --- */

enum { DAYS_MOST = 100, SLOTS_A_DAY = NS_PER_DAY / SLOT_NS };

static uint64_t number_at(const json_t *row, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(row, name));
}

/* Which threat a row is of, as text. */
static const char *threat_key(const json_t *row, char ret[600])
{
	snprintf(ret, 600, "%llu:%llu:%s:%s", (unsigned long long)number_at(row, "gid"),
		 (unsigned long long)number_at(row, "sid"),
		 json_string_value(json_object_get(row, "severity")) ?: "",
		 json_string_value(json_object_get(row, "msg")) ?: "");
	return ret;
}

static json_t *by_threat(json_t *rows, size_t days)
{
	json_t *all = json_object(), *row;
	char key[600];
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_t *list = json_array();

		for (size_t k = 0; k < days; k++)
			json_array_append_new(list, json_integer(0));
		json_object_set_new(row, "days", list);
		json_object_set(all, threat_key(row, key), list);
	}
	return all;
}

static int add_days(struct store *s, const struct store_query *q, json_t *rows, struct errmsg *err)
{
	uint64_t first = q->from / SLOT_NS;
	size_t days = (size_t)((q->to - 1) / SLOT_NS - first) / SLOTS_A_DAY + 1, i;
	json_t *counts, *all, *row;
	struct db_stmt *st;
	char key[600];

	if (days > DAYS_MOST)
		return ERR_OK;
	st = store_question(s,
			    "SELECT h.gid, h.sid, h.msg, h.severity AS severity__severity, (t.slot "
			    "- ?5) / ?6 AS day, sum(t.n) AS n FROM tally t JOIN threats h ON h.id "
			    "= t.threat WHERE " IN_PERIOD("t.slot") " AND t.site IN " OUR_SITES
								    " GROUP BY h.gid, h.sid, "
								    "h.msg, h.severity, day",
			    q, err);
	if (st) {
		bind_number(st, 5, first);
		bind_number(st, 6, SLOTS_A_DAY);
	}
	counts = store_rows(s, st, err);
	if (!counts)
		return ERR_IO;
	all = by_threat(rows, days);
	json_array_foreach(counts, i, row)
		json_array_set(json_object_get(all, threat_key(row, key)),
			       (size_t)number_at(row, "day"), json_object_get(row, "n"));
	json_decref(all);
	json_decref(counts);
	return ERR_OK;
}

json_t *store_detections(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st;
	json_t *rows;

	if (store_fetch(s, HISTORY_TALLY, q, err) != ERR_OK)
		return NULL;
	st = store_question(
		s,
		"SELECT h.gid, h.sid, h.msg, h.category, h.severity AS severity__severity, "
		"h.tactic, h.technique, sum(t.n) AS n, count(DISTINCT t.ip || ' ' || t.site) AS "
		"hosts, count(DISTINCT t.site) AS sites, min(t.first) AS first__time, max(t.last) "
		"AS last__time FROM tally t JOIN threats h ON h.id = t.threat WHERE " IN_PERIOD(
			"t.slot") " AND t.site IN " OUR_SITES
				  " GROUP BY h.gid, h.sid, h.msg, h.category, h.severity, "
				  "h.tactic, h.technique ORDER BY h.severity, n DESC, h.gid, h.sid "
				  "LIMIT ?5",
		q, err);
	if (st)
		bind_number(st, 5, q->most);
	rows = store_rows(s, st, err);
	if (rows && add_days(s, q, rows, err) != ERR_OK) {
		json_decref(rows);
		return NULL;
	}
	return rows ? json_pack("{so}", "detections", rows) : NULL;
}

#define WOULD_GO                                                                                   \
	" a.time >= ?1 AND a.time < ?2 AND a.site IN " OUR_SITES                                   \
	" AND a.gid = ?5 AND a.sid = ?6 AND (?7 = '' OR a.ip = ?7) AND (?8 = '' OR a.peer_ip = "   \
	"?8) AND (?9 = '' OR a.sensor = ?9)"

static const char *or_any(const char *text)
{
	return text && text[0] ? text : NULL;
}

static int fetch_preview(struct store *s, const struct store_query *q,
			 const struct store_exception *x, struct errmsg *err)
{
	const struct history_want want = {
		.what = HISTORY_ALERTS,
		.scope = &q->scope,
		.from = q->from,
		.to = q->to,
		.ip = or_any(x->source),
		.peer_ip = or_any(x->destination),
		.sender = or_any(x->sensor),
		.gid = x->gid,
		.sid = x->sid,
	};

	return history_fetch(s, &want, err);
}

static json_t *preview_rows(struct store *s, const struct store_query *q,
			    const struct store_exception *x, const char *sql, struct errmsg *err)
{
	struct db_stmt *st = store_question(s, sql, q, err);

	if (st) {
		bind_number(st, 5, x->gid);
		bind_number(st, 6, x->sid);
		bind_text(st, 7, x->source);
		bind_text(st, 8, x->destination);
		bind_text(st, 9, x->sensor);
	}
	return store_rows(s, st, err);
}

json_t *store_exception_preview(struct store *s, const struct store_query *q,
				const struct store_exception *x, struct errmsg *err)
{
	json_t *of = NULL, *counts = NULL, *hosts = NULL, *days = NULL, *ret = NULL;

	if (store_fetch(s, HISTORY_TALLY, q, err) == ERR_OK)
		of = store_row(s,
			       store_question(s,
					      "SELECT coalesce(sum(t.n), 0) AS n FROM tally t "
					      "WHERE " IN_PERIOD("t.slot") " AND t.site "
									   "IN " OUR_SITES,
					      q, err),
			       err);
	if (of && fetch_preview(s, q, x, err) == ERR_OK)
		counts = preview_rows(s, q, x,
				      "SELECT count(*) AS removed, count(DISTINCT a.ip) AS "
				      "hosts_n FROM alerts a WHERE" WOULD_GO,
				      err);
	if (counts)
		hosts = preview_rows(s, q, x,
				     "SELECT a.site, a.ip, max(a.name) AS name, count(*) AS n "
				     "FROM alerts a WHERE" WOULD_GO
				     " GROUP BY a.site, a.ip ORDER BY n DESC, a.ip LIMIT 50",
				     err);
	if (hosts)
		days = preview_rows(s, q, x,
				    "SELECT a.time / 86400000000000 * 86400000000000 AS "
				    "day__time, count(*) AS n FROM alerts a WHERE" WOULD_GO
				    " GROUP BY day__time ORDER BY day__time",
				    err);
	if (days)
		ret = json_pack("{sO sO sO sO sO}", "removed",
				json_object_get(json_array_get(counts, 0), "removed"), "hosts_n",
				json_object_get(json_array_get(counts, 0), "hosts_n"), "of",
				json_object_get(of, "n"), "hosts", hosts, "days", days);
	json_decref(counts);
	json_decref(of);
	json_decref(hosts);
	json_decref(days);
	return ret;
}

json_t *store_proposal_list(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT p.id, p.kind, p.value, p.time AS time__time, p.mitigator, m.site, "
		"p.incident, "
		"p.threat_id, p.threat, p.comment, CASE WHEN e.value IS NULL THEN 0 ELSE 1 END AS "
		"accepted__bool FROM proposals p JOIN peers m ON m.name = p.mitigator LEFT JOIN "
		"fleet_entries e ON e.kind = p.kind AND e.value = p.value WHERE m.site "
		"IN " OUR_SITES " ORDER BY p.time DESC, p.id, p.kind, p.value LIMIT ?5",
		q, err);
	json_t *rows;

	if (st)
		bind_number(st, 5, q->most);
	rows = store_rows(s, st, err);
	return rows ? json_pack("{so}", "proposals", rows) : NULL;
}
