#include "control/centre/store/detections.h"

#include "control/centre/store/rows.h"

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
		"p.threat_id, p.threat, p.comment FROM proposals p JOIN peers m ON m.name = "
		"p.mitigator WHERE m.site IN " OUR_SITES
		" ORDER BY p.time DESC, p.id, p.kind, p.value LIMIT ?5",
		q, err);
	json_t *rows;

	if (st)
		bind_number(st, 5, q->most);
	rows = store_rows(s, st, err);
	return rows ? json_pack("{so}", "proposals", rows) : NULL;
}
