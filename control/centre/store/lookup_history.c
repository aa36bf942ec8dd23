/* What happened: alerts, incidents, cuts; a page at a time from the newest. */
#include <string.h>

#include "control/centre/store/rows.h"
#include "control/centre/store/words.h"

/* Behind the cursor: ?5 time, ?6 id; ?7 how many. */
#define BEHIND(time, id) "(?5 = 0 OR " time " < ?5 OR (" time " = ?5 AND " id " < ?6))"

enum { SAME_MOMENT = 1000 }; /* alerts of one nanosecond, before the cursor's */

static struct db_stmt *page_question(struct store *s, const char *sql, const struct store_query *q,
				     struct errmsg *err)
{
	struct db_stmt *st = store_question(s, sql, q, err);

	if (st) {
		bind_number(st, 5, q->before.time);
		bind_text(st, 6, q->before.id);
		bind_number(st, 7, q->most + 1ull);
	}
	return st;
}

json_t *store_alert_list(struct store *s, const struct store_query *q,
			 const struct store_alert_filter *f, struct errmsg *err)
{
	const struct history_want want = {
		.what = HISTORY_ALERTS,
		.scope = &q->scope,
		.from = q->from,
		.to = q->before.time && q->before.time < q->to ? q->before.time + 1 : q->to,
		.host = f->host && f->host[0] ? f->host : NULL,
		.gid = f->gid,
		.sid = f->sid,
		.severity = f->severity,
		.most = q->most + SAME_MOMENT,
	};
	struct db_stmt *st;

	if (history_fetch(s, &want, err) != ERR_OK)
		return NULL;
	st = page_question(
		s,
		"SELECT a.time AS at, a.id, a.time AS time__time, a.site, x.customer, a.sensor, "
		"a.ip, a.mac, a.name, a.peer_ip, a.severity AS severity__severity, a.gid, a.sid, "
		"a.msg, a.category, a.tactics AS tactics__json, a.techniques AS techniques__json, "
		"a.reasons AS reasons__json, a.url, a.file, a.sha256 FROM alerts a JOIN sites x ON "
		"x.site = a.site WHERE a.time >= ?1 AND a.time < ?2 AND a.site IN " OUR_SITES
		" AND " BEHIND("a.time", "a.id") " AND (?8 = '' OR a.ip = ?8 OR a.name = ?8 OR "
						 "a.mac = ?8) AND (?9 = 0 OR a.gid = ?9) AND (?10 "
						 "= 0 OR a.sid = ?10) AND (?11 = 0 OR a.severity = "
						 "?11) ORDER BY a.time DESC, a.id DESC LIMIT ?7",
		q, err);

	if (st) {
		bind_text(st, 8, f->host);
		bind_number(st, 9, f->gid);
		bind_number(st, 10, f->sid);
		bind_number(st, 11, f->severity);
	}
	return store_page("alerts", store_rows(s, st, err), q, "at", "id");
}

/* --- incidents --- */

#define INCIDENT                                                                                   \
	"SELECT i.opened AS at, i.id, i.site, x.customer, i.mitigator, i.host_id, i.ip AS host, "  \
	"h.name AS host_name, h.mac AS host_mac, i.opened AS opened__time, i.updated AS "          \
	"last__time, i.closed AS closed__time, i.level AS level__level, i.risk AS risk__real, "    \
	"i.severity AS severity__severity, i.title AS title__en, i.title AS title__ja, "           \
	"i.root_cause AS root_cause__en, i.root_cause_ja AS root_cause__ja, i.state, i.attacker, " \
	"i.victim, i.techniques AS techniques__json, i.steps AS steps__json, i.handling AS "       \
	"handling_en__json, i.handling_ja AS handling_ja__json, i.affected AS affected__json, "    \
	"i.linked AS linked__json, i.threat_id, (SELECT w.verdict FROM incident_words w WHERE "    \
	"w.incident = i.id AND w.verdict <> '' ORDER BY w.n DESC LIMIT 1) AS verdict FROM "        \
	"incidents i JOIN sites x ON x.site = i.site LEFT JOIN hosts h ON h.mitigator = "          \
	"i.mitigator AND h.id = i.host_id WHERE i.state <> 'merged' AND i.site IN " OUR_SITES

/* Arrays "X_en" and "X_ja" as "X": {"en", "ja"}. */
static void join_languages(json_t *row)
{
	json_object_set_new(row, "handling",
			    json_pack("{sO sO}", "en", json_object_get(row, "handling_en"), "ja",
				      json_object_get(row, "handling_ja")));
	json_object_del(row, "handling_en");
	json_object_del(row, "handling_ja");
}

static void shorten(json_t *row)
{
	json_object_set_new(
		row, "steps_n",
		json_integer((json_int_t)json_array_size(json_object_get(row, "steps"))));
	json_object_del(row, "steps");
	json_object_del(row, "affected");
	json_object_del(row, "linked");
	join_languages(row);
}

json_t *store_incident_list(struct store *s, const struct store_query *q,
			    const struct store_incident_filter *f, struct errmsg *err)
{
	struct db_stmt *st = page_question(
		s,
		INCIDENT " AND i.opened >= ?1 AND i.opened < ?2 AND " BEHIND(
			"i.opened", "i.id") " AND (?8 = 0 OR i.closed = 0) AND (?9 = '' OR i.ip = "
					    "?9 OR i.host_id = ?9 OR h.name = ?9) ORDER BY "
					    "i.opened DESC, i.id DESC LIMIT ?7",
		q, err);
	json_t *rows, *row;
	size_t i;

	if (st) {
		bind_number(st, 8, f->only_open);
		bind_text(st, 9, f->host);
	}
	rows = store_rows(s, st, err);
	json_array_foreach(rows, i, row) shorten(row);
	return store_page("incidents", rows, q, "at", "id");
}

/* Steps as the API says them. */
static void tell_steps(json_t *row)
{
	json_t *steps = json_object_get(row, "steps"), *x;
	size_t i;

	json_array_foreach(steps, i, x)
	{
		json_int_t first = json_integer_value(json_object_get(x, "time"));
		json_int_t last = json_integer_value(json_object_get(x, "last"));
		json_t *ja = json_object_get(x, "text_ja"), *en = json_object_get(x, "text");

		json_object_set_new(x, "time", store_time((uint64_t)first));
		json_object_set_new(x, "last", store_time((uint64_t)last));
		if (en)
			json_object_set(x, "en", en);
		if (en || ja)
			json_object_set(x, "ja", ja ? ja : en);
		json_object_del(x, "text");
		json_object_del(x, "text_ja");
	}
}

/* Alerts of its host while it was open. */
static json_t *alerts_of(struct store *s, const struct store_query *q, const json_t *row,
			 struct errmsg *err)
{
	const struct history_want want = {
		.what = HISTORY_ALERTS,
		.scope = &q->scope,
		.from = (uint64_t)json_integer_value(json_object_get(row, "at")),
		.to = INT64_MAX,
		.ip = json_string_value(json_object_get(row, "host")),
	};
	struct db_stmt *st;

	if (history_fetch(s, &want, err) != ERR_OK)
		return NULL;
	st = store_question(
		s,
		"SELECT a.id, a.time AS time__time, a.sensor, a.ip, a.peer_ip, a.severity AS "
		"severity__severity, a.gid, a.sid, a.msg, a.category, a.techniques AS "
		"techniques__json, a.reasons AS reasons__json FROM alerts a JOIN incidents i ON "
		"i.site = a.site AND i.ip = a.ip WHERE i.id = ?5 AND a.site IN " OUR_SITES
		" AND a.time >= i.opened AND a.time <= CASE WHEN i.closed > 0 AND i.closed < "
		"i.updated THEN i.closed ELSE i.updated END ORDER BY a.time DESC, a.id DESC LIMIT "
		"200",
		q, err);

	if (st)
		bind_text(st, 5, json_string_value(json_object_get(row, "id")));
	return store_rows(s, st, err);
}

json_t *store_incident(struct store *s, const struct store_query *q, const char *id,
		       struct errmsg *err)
{
	struct db_stmt *st = store_question(s, INCIDENT " AND i.id = ?5", q, err);
	json_t *row, *alerts;

	if (st)
		bind_text(st, 5, id);
	row = store_row(s, st, err);
	if (!row || json_object_size(row) == 0)
		return row;
	tell_steps(row);
	join_languages(row);
	alerts = alerts_of(s, q, row, err);
	json_object_del(row, "at");
	if (!alerts) {
		json_decref(row);
		return NULL;
	}
	json_object_set_new(row, "alerts", alerts);
	if (store_said(s, q, row, err) == ERR_OK)
		return row;
	json_decref(row);
	return NULL;
}

/* --- cuts --- */

json_t *store_cut_list(struct store *s, const struct store_query *q,
		       const struct store_cut_filter *f, struct errmsg *err)
{
	struct db_stmt *st = page_question(
		s,
		"SELECT k.ordered AS at, k.command_id, k.site, x.customer, k.mitigator, k.ip, "
		"k.mac, k.name AS host, k.action, k.cause, k.method, k.state, k.reason, k.actor AS "
		"by, k.threat_id, k.detected AS detected__time, k.ordered AS ordered__time, "
		"k.acked AS acked__time, k.verified AS verified__time, k.released AS "
		"released__time, CASE WHEN k.state = 'held' THEN 1 ELSE 0 END AS waits__bool FROM "
		"quarantines k JOIN sites x "
		"ON x.site = k.site WHERE k.ordered >= ?1 AND k.ordered < ?2 AND k.site "
		"IN " OUR_SITES " AND " BEHIND(
			"k.ordered",
			"k.command_id") " AND (?8 = 0 OR k.state NOT IN ('released', 'expired', "
					"'failed', 'refused', 'outside-policy', 'exception')) AND "
					"(?9 = '' OR k.ip = ?9 OR k.mac = ?9 OR k.name = ?9) AND "
					"(?10 = '' OR k.command_id = ?10) ORDER BY k.ordered DESC, "
					"k.command_id DESC LIMIT ?7",
		q, err);

	if (st) {
		bind_number(st, 8, f->only_open);
		bind_text(st, 9, f->host);
		bind_text(st, 10, f->id);
	}
	return store_page("quarantines", store_rows(s, st, err), q, "at", "command_id");
}
