/* The daily report's figures. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"

static int threats(struct store *s, const struct period *p, struct report_daily *d,
		   struct errmsg *err)
{
	struct db_stmt *st = store_ask(
		s,
		"SELECT t.msg, t.category, t.severity, t.technique, min(x.first), max(x.last), "
		"sum(x.n), count(DISTINCT x.site || ' ' || x.ip) FROM tally x JOIN threats t ON "
		"t.id = x.threat WHERE x.site IN " OUR_SITES
		" AND " IN_PERIOD("x.slot") " GROUP BY t.id ORDER BY t.severity, sum(x.n) DESC, "
					    "t.msg LIMIT 500",
		p, err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		struct report_threat *t = report_add_threat(d);

		if (!t)
			break;
		t->name = column_copy(st, 0);
		t->category = column_copy(st, 1);
		t->severity = strdup(severity_text((enum severity)column_int(st, 2)));
		t->technique = column_copy(st, 3);
		t->first = (uint64_t)column_int64(st, 4);
		t->last = (uint64_t)column_int64(st, 5);
		t->hits = (uint64_t)column_int64(st, 6);
		t->hosts = (unsigned)column_int(st, 7);
		d->alerts += t->hits;
	}
	return store_finish(s, st, err);
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

/* Hosts above Safe, and those that in the period were cut, stood cut or were let back. */
static int hosts(struct store *s, const struct period *p, struct report_daily *d,
		 struct errmsg *err)
{
	struct db_stmt *st = store_ask(
		s,
		"WITH hit AS (SELECT site, ip, sum(n) AS n FROM tally WHERE site IN " OUR_SITES
		" AND " IN_PERIOD("slot") " GROUP BY site, ip) "
					  "SELECT h.name, h.ip, h.mac, h.level, q.state, q.reason, "
					  "i.root_cause, i.handling, "
					  "q.acked, q.verified, q.released, coalesce(hit.n, 0) AS "
					  "hits, i.root_cause_ja, "
					  "i.handling_ja, h.user, h.os, h.role, h.vendor, q.actor, "
					  "h.site FROM hosts h "
					  "LEFT JOIN hit ON hit.site = h.site AND hit.ip = h.ip "
					  "LEFT JOIN quarantines q ON q.command_id = (SELECT "
					  "command_id FROM quarantines x "
					  "WHERE x.site = h.site AND x.ip = h.ip AND x.ordered < "
					  "?2 ORDER BY x.ordered DESC "
					  "LIMIT 1) "
					  "LEFT JOIN incidents i ON i.id = (SELECT id FROM "
					  "incidents y WHERE y.mitigator = "
					  "h.mitigator AND y.host_id = h.id AND y.opened < ?2 AND "
					  "y.state <> 'merged' ORDER "
					  "BY y.level DESC, y.updated DESC LIMIT 1) "
					  "WHERE h.site IN " OUR_SITES
					  " AND ((h.level > 1 AND h.level_since < ?2) OR q.ordered "
					  ">= ?1 OR q.released >= ?1 "
					  "OR (q.released = 0 AND q.state NOT IN ('released', "
					  "'expired', 'refused', 'exception', 'outside-policy'))) "
					  "AND h.last_seen >= ?1 ORDER BY h.level DESC, hits DESC, "
					  "h.ip LIMIT 10000",
		p, err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		struct report_host *h = report_add_host(d);

		if (!h)
			break;
		h->name = column_copy(st, 0);
		h->ip = column_copy(st, 1);
		h->mac = column_copy(st, 2);
		h->level = strdup(level_text((enum level)column_int(st, 3)));
		h->cut_state = column_copy(st, 4);
		h->cut_reason = column_copy(st, 5);
		h->root_cause = column_copy(st, 6);
		add_handling(h, 0, column_text(st, 7));
		h->cut_at = (uint64_t)column_int64(st, 8);
		h->verified_at = (uint64_t)column_int64(st, 9);
		h->released_at = (uint64_t)column_int64(st, 10);
		h->alerts = (uint64_t)column_int64(st, 11);
		h->root_cause_ja = column_copy(st, 12);
		add_handling(h, 1, column_text(st, 13));
		h->about = columns_joined(st, 14, 17);
		h->actor = column_copy(st, 18);
		h->site = column_copy(st, 19);
	}
	return store_finish(s, st, err);
}

/* A behaviour's sentence in English or Japanese. */
static char *reason_of(const char *list, size_t language)
{
	char *text = text_of_list(list, language);

	if (text && text[0])
		return text;
	free(text);
	return text_of_list(list, 0);
}

/* The host's first alert of the period: what a behaviour explains before a rule's hit that brought
 * a file, and that before any other. */
static int first_signs(struct store *s, const struct period *p, struct report_daily *d,
		       struct errmsg *err)
{
	for (size_t i = 0; i < d->host_count; i++) {
		struct report_host *h = &d->hosts[i];
		struct db_stmt *st = store_prepare(
			s,
			"SELECT time, msg, peer_ip, url, file, reasons FROM alerts WHERE site = ?4 "
			"AND ip = ?3 AND time >= ?1 AND time < ?2 ORDER BY gid <> 2, file = '', "
			"time LIMIT 1",
			err);

		if (!st)
			return ERR_IO;
		bind_number(st, 1, p->from);
		bind_number(st, 2, p->to);
		bind_text(st, 3, h->ip);
		bind_text(st, 4, h->site);
		if (db_step(st)) {
			h->sign_at = (uint64_t)column_int64(st, 0);
			h->sign = column_copy(st, 1);
			h->sign_peer = column_copy(st, 2);
			h->sign_url = column_copy(st, 3);
			h->sign_file = column_copy(st, 4);
			h->sign_reason[0] = reason_of(column_text(st, 5), 0);
			h->sign_reason[1] = reason_of(column_text(st, 5), 1);
		}
		db_end(st);
	}
	return ERR_OK;
}

static int hours(struct store *s, const struct period *p, struct report_daily *d,
		 struct errmsg *err)
{
	struct db_stmt *st = store_ask(s,
				       "SELECT max(0, (slot * 900000000000 - ?1) / 3600000000000), "
				       "sum(n) FROM tally WHERE "
				       "site IN " OUR_SITES " AND " IN_PERIOD("slot") " GROUP BY 1",
				       p, err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		int hour = column_int(st, 0);

		if (hour >= 0 && hour < DAILY_HOURS)
			d->per_hour[hour] = (unsigned)column_int(st, 1);
	}
	return store_finish(s, st, err);
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

/* What each sensor saw, and since when it is there at all. */
static int sensors(struct store *s, const struct period *p, struct report_daily *d,
		   struct errmsg *err)
{
	struct db_stmt *st = store_ask(s, WATCHED, p, err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		const char *name = column_text(st, 0);
		struct report_sensor *x = report_add_sensor(d);

		if (!x)
			break;
		x->name = strdup(name);
		x->packets = (uint64_t)column_int64(st, 1);
		x->lost = (uint64_t)column_int64(st, 2);
		x->up_s = (uint64_t)column_int64(st, 3);
		x->first = (uint64_t)column_int64(st, 4) * SLOT_NS;
		d->packets += x->packets;
		d->lost += x->lost;
		add_sentences(d, name, column_text(st, 5));
		add_sentences(d, name, column_text(st, 6));
	}
	return store_finish(s, st, err);
}

static int hosts_seen(struct store *s, const struct period *p, struct report_daily *d,
		      struct errmsg *err)
{
	struct db_stmt *st =
		store_ask(s,
			  "SELECT count(*) FROM (SELECT DISTINCT site, ip FROM tally "
			  "WHERE site IN " OUR_SITES " AND " IN_PERIOD("slot") ") AS seen",
			  p, err);

	if (!st)
		return ERR_IO;
	if (db_step(st))
		d->hosts_seen = (uint64_t)column_int64(st, 0);
	return store_finish(s, st, err);
}

int store_daily(struct store *s, const struct store_scope *scope, uint64_t from, uint64_t to,
		struct report_daily *ret, struct errmsg *err)
{
	const struct history_want want = {
		.what = HISTORY_TALLY | HISTORY_HEALTH | HISTORY_SIGNS,
		.scope = scope,
		.from = from,
		.to = to,
	};
	const struct period p = {scope, from, to};
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (history_fetch(s, &want, err) != ERR_OK)
		return ERR_IO;
	ret->customer = store_customer_name(s, scope->customer);
	ret->site = strdup(scope->site);
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
		rc = hosts_seen(s, &p, ret, err);
	if (rc == ERR_OK)
		rc = sensors(s, &p, ret, err);
	if (rc != ERR_OK)
		report_daily_free(ret);
	return rc;
}
