/* The monthly report's figures: from the tallies, never from the alerts themselves. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"
#include "dataplane/base/slice.h"

enum { THREATS_MOST = 200, GONE_MOST = 100, HOSTS_MOST = 200, INCIDENTS_MOST = 100 };

struct asking {
	struct store *s;
	struct report_monthly *m;
	struct period now, before; /* this month, the one before */
	struct errmsg *err;
};

static uint64_t number(struct db_stmt *st, int at)
{
	int64_t n = column_int64(st, at);

	return n > 0 ? (uint64_t)n : 0;
}

static enum report_severity severity_of(struct db_stmt *st, int at)
{
	switch (column_int(st, at)) {
	case SEVERITY_HIGH:
		return REPORT_HIGH;
	case SEVERITY_MEDIUM:
		return REPORT_MEDIUM;
	case SEVERITY_LOW:
		return REPORT_LOW;
	default:
		return REPORT_INFO;
	}
}

/* One number of a question about a period. */
static int one(struct asking *a, const struct period *p, const char *sql, uint64_t *ret)
{
	struct db_stmt *st = store_ask(a->s, sql, p, a->err);

	if (!st)
		return ERR_IO;
	if (db_step(st))
		*ret = number(st, 0);
	return store_finish(a->s, st, a->err);
}

/* --- each month's figures --- */

static int month_alerts(struct asking *a, const struct period *p, struct monthly_figures *f)
{
	struct db_stmt *st = store_ask(a->s,
				       "SELECT t.severity, sum(x.n) FROM tally x JOIN threats t ON "
				       "t.id = x.threat WHERE x.site IN " OUR_SITES
				       " AND " IN_PERIOD("x.slot") " GROUP BY 1",
				       p, a->err);

	if (!st)
		return ERR_IO;
	while (db_step(st))
		f->alerts[severity_of(st, 0)] += number(st, 1);
	return store_finish(a->s, st, a->err);
}

static int month_figures(struct asking *a, const struct period *p, struct monthly_figures *f)
{
	static const char hosts[] =
		"SELECT count(*) FROM (SELECT DISTINCT site, ip FROM tally WHERE site IN " OUR_SITES
		" AND " IN_PERIOD("slot") ") AS seen";
	static const char incidents[] =
		"SELECT count(*) FROM incidents WHERE opened >= ?1 AND opened < ?2 AND state <> "
		"'merged' AND site IN " OUR_SITES;
	static const char cuts[] =
		"SELECT count(*) FROM quarantines WHERE ordered >= ?1 AND ordered < ?2 AND acked > "
		"0 AND site IN " OUR_SITES;
	static const char releases[] =
		"SELECT count(*) FROM quarantines WHERE released >= ?1 AND released < ?2 AND site "
		"IN " OUR_SITES;
	static const char frames[] = "SELECT sum(rx) FROM health_slots WHERE sensor IN " OUR_PEERS
				     " AND " IN_PERIOD("slot");
	static const char lost[] = "SELECT sum(lost) FROM health_slots WHERE sensor IN " OUR_PEERS
				   " AND " IN_PERIOD("slot");
	int rc = month_alerts(a, p, f);

	rc = rc == ERR_OK ? one(a, p, hosts, &f->hosts) : rc;
	rc = rc == ERR_OK ? one(a, p, incidents, &f->incidents) : rc;
	rc = rc == ERR_OK ? one(a, p, cuts, &f->cuts) : rc;
	rc = rc == ERR_OK ? one(a, p, releases, &f->releases) : rc;
	rc = rc == ERR_OK ? one(a, p, frames, &f->packets) : rc;
	rc = rc == ERR_OK ? one(a, p, lost, &f->lost) : rc;
	f->is_known = monthly_alerts(f) || f->packets || f->incidents;
	return rc;
}

static int figures(struct asking *a)
{
	int rc = ERR_OK;

	for (int i = 0; i <= MONTHLY_BACK && rc == ERR_OK; i++) {
		struct monthly_figures *f = &a->m->month[i];
		struct period p = {a->now.scope, zone_month(&a->m->zone, a->m->from, -i),
				   zone_month(&a->m->zone, a->m->from, 1 - i)};

		f->from = p.from;
		rc = month_figures(a, &p, f);
	}
	return rc;
}

/* --- by day and by hour of the week --- */

static int days(struct asking *a)
{
	struct report_monthly *m = a->m;
	struct db_stmt *st = store_ask(a->s,
				       "SELECT x.slot, t.severity, sum(x.n) FROM tally x JOIN "
				       "threats t ON t.id = x.threat WHERE x.site IN " OUR_SITES
				       " AND " IN_PERIOD("x.slot") " GROUP BY 1, 2",
				       &a->now, a->err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		uint64_t n = number(st, 2);
		struct tm tm;

		zone_local(&m->zone, number(st, 0) * SLOT_NS, &tm);
		m->day[tm.tm_mday - 1][severity_of(st, 1)] += n;
		m->hour_of_week[(tm.tm_wday + 6) % 7][tm.tm_hour] += n;
	}
	return store_finish(a->s, st, a->err);
}

static int cut_days(struct asking *a)
{
	struct db_stmt *st = store_ask(a->s,
				       "SELECT ordered FROM quarantines WHERE ordered >= ?1 AND "
				       "ordered < ?2 AND acked > 0 AND site IN " OUR_SITES,
				       &a->now, a->err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		struct tm tm;

		zone_local(&a->m->zone, number(st, 0), &tm);
		a->m->cuts_of_day[tm.tm_mday - 1]++;
	}
	return store_finish(a->s, st, a->err);
}

/* --- tallies --- */

/* ?5: offset from UTC in minutes, for local days; ?6: how many; ?7, ?8: the month before. */
#define TALLIED                                                                                    \
	"WITH now AS (SELECT threat, sum(n) AS n, min(first) AS first, max(last) AS last, "        \
	"count(DISTINCT site || ' ' || ip) AS hosts, count(DISTINCT (slot * 15 + ?5) / 1440) AS "  \
	"days FROM tally WHERE site IN " OUR_SITES " AND " IN_PERIOD(                              \
		"slot") " GROUP BY threat), was AS (SELECT threat, sum(n) AS n, min(first) AS "    \
			"first, max(last) AS last, count(DISTINCT site || ' ' || ip) AS hosts "    \
			"FROM "                                                                    \
			"tally WHERE site IN " OUR_SITES                                           \
			" AND slot >= ?7 / 900000000000 AND slot "                                 \
			"< (?8 + 899999999999) / 900000000000 GROUP BY threat) "

static struct db_stmt *ask_tallied(struct asking *a, const char *sql, unsigned most)
{
	struct db_stmt *st = store_ask(a->s, sql, &a->now, a->err);

	if (!st)
		return NULL;
	bind_int64(st, 5, zone_offset(&a->m->zone, a->m->from));
	bind_number(st, 6, most);
	bind_number(st, 7, a->before.from);
	bind_number(st, 8, a->before.to);
	return st;
}

static int read_threats(struct asking *a, struct db_stmt *st, bool is_gone)
{
	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		struct monthly_threat *t = monthly_add_threat(a->m, is_gone);

		if (!t)
			break;
		t->name = column_copy(st, 0);
		t->category = column_copy(st, 1);
		t->technique = column_copy(st, 2);
		t->severity = severity_of(st, 3);
		t->hits = number(st, 4);
		t->hits_before = number(st, 5);
		t->first = number(st, 6);
		t->last = number(st, 7);
		t->hosts = (unsigned)number(st, 8);
		t->days = (unsigned)number(st, 9);
	}
	return store_finish(a->s, st, a->err);
}

static int threats(struct asking *a)
{
	static const char seen[] = TALLIED
		"SELECT t.msg, t.category, t.technique, t.severity, now.n, was.n, now.first, "
		"now.last, now.hosts, now.days FROM now JOIN threats t ON t.id = now.threat LEFT "
		"JOIN was ON was.threat = now.threat ORDER BY now.n DESC, t.msg LIMIT ?6";
	static const char gone[] = TALLIED
		"SELECT t.msg, t.category, t.technique, t.severity, 0, was.n, was.first, was.last, "
		"was.hosts, 0 FROM was JOIN threats t ON t.id = was.threat WHERE was.threat NOT IN "
		"(SELECT threat FROM now) ORDER BY was.n DESC, t.msg LIMIT ?6";
	int rc = read_threats(a, ask_tallied(a, seen, THREATS_MOST), false);

	return rc == ERR_OK ? read_threats(a, ask_tallied(a, gone, GONE_MOST), true) : rc;
}

static int techniques(struct asking *a)
{
	struct db_stmt *st =
		store_ask(a->s,
			  "SELECT t.tactic, t.technique, sum(x.n) FROM tally x JOIN "
			  "threats t ON t.id = x.threat WHERE t.technique <> '' AND "
			  "x.site IN " OUR_SITES
			  " AND " IN_PERIOD("x.slot") " GROUP BY 1, 2 ORDER BY 3 DESC, 2",
			  &a->now, a->err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		struct monthly_technique *t = monthly_add_technique(a->m);

		if (!t)
			break;
		t->tactic = column_copy(st, 0);
		t->technique = column_copy(st, 1);
		t->hits = number(st, 2);
	}
	return store_finish(a->s, st, a->err);
}

/* --- hosts --- */

/* Name, what is known, latest cut and number of incidents of the host at ?5 in site ?4. */
static int about_host(struct asking *a, struct monthly_host *h)
{
	const struct store_scope scope = {"", h->site};
	const struct period p = {&scope, a->m->from, a->m->to};
	struct db_stmt *st = store_ask(
		a->s,
		"SELECT h.name, h.user, h.os, h.role, h.vendor, (SELECT state FROM quarantines q "
		"WHERE q.site = ?4 AND q.ip = ?5 AND q.ordered < ?2 ORDER BY ordered DESC LIMIT "
		"1), "
		"(SELECT count(*) FROM incidents i WHERE i.site = ?4 AND i.ip = ?5 AND i.opened >= "
		"?1 AND i.opened < ?2 AND i.state <> 'merged'), ?3 FROM (SELECT 1) AS one LEFT "
		"JOIN hosts "
		"h "
		"ON h.site = ?4 AND h.ip = ?5 ORDER BY h.last_seen DESC LIMIT 1",
		&p, a->err);

	if (!st)
		return ERR_IO;
	bind_text(st, 5, h->ip);
	if (db_step(st)) {
		h->name = column_copy(st, 0);
		h->about = columns_joined(st, 1, 4);
		h->cut_state = column_copy(st, 5);
		h->incidents = number(st, 6);
	}
	return store_finish(a->s, st, a->err);
}

/* A host's worst threat: what hit most often, of several the most severe. */
static int hosts(struct asking *a)
{
	struct db_stmt *st = ask_tallied(
		a,
		"WITH each AS (SELECT site, ip, threat, sum(n) AS n FROM tally WHERE site "
		"IN " OUR_SITES " AND " IN_PERIOD(
			"slot") " GROUP BY 1, 2, 3), host AS (SELECT site, ip, "
				"sum(n) AS n, count(*) AS threats FROM each GROUP BY 1, 2 ORDER BY "
				"sum(n) DESC, site, ip LIMIT ?6), worst AS (SELECT e.site, e.ip, "
				"t.msg, row_number() OVER (PARTITION BY e.site, e.ip ORDER BY e.n "
				"DESC, t.severity, t.msg) AS place FROM each e JOIN threats t ON "
				"t.id = e.threat) SELECT h.site, h.ip, h.n, h.threats, w.msg, "
				"(SELECT "
				"count(DISTINCT (x.slot * 15 + ?5) / 1440) FROM tally x WHERE "
				"x.site = h.site AND " IN_PERIOD(
					"x.slot") " AND x.ip = h.ip) FROM host h JOIN worst w ON "
						  "w.site = h.site AND w.ip = h.ip AND w.place = 1 "
						  "ORDER BY h.n DESC, h.site, h.ip",
		HOSTS_MOST);
	int rc;

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		struct monthly_host *h = monthly_add_host(a->m);

		if (!h)
			break;
		h->site = column_copy(st, 0);
		h->ip = column_copy(st, 1);
		h->hits = number(st, 2);
		h->threats = (unsigned)number(st, 3);
		h->worst = column_copy(st, 4);
		h->days = (unsigned)number(st, 5);
	}
	rc = store_finish(a->s, st, a->err);
	for (size_t i = 0; i < a->m->host_count && rc == ERR_OK; i++)
		rc = about_host(a, &a->m->hosts[i]);
	return rc;
}

/* --- incidents and how long it took --- */

static int incidents(struct asking *a)
{
	struct db_stmt *st = store_ask(
		a->s,
		"SELECT i.title, coalesce(nullif((SELECT name FROM hosts h WHERE h.mitigator = "
		"i.mitigator AND h.id = i.host_id), ''), i.ip), i.site, i.level, i.root_cause, "
		"i.root_cause_ja, i.opened, i.closed, (SELECT state FROM quarantines q WHERE "
		"q.site "
		"= i.site AND q.ip = i.ip AND q.ordered >= i.opened ORDER BY q.ordered LIMIT 1) "
		"FROM "
		"incidents i WHERE i.opened >= ?1 AND i.opened < ?2 AND i.state <> 'merged' AND "
		"i.site IN " OUR_SITES " ORDER BY i.level DESC, i.opened LIMIT ?5",
		&a->now, a->err);

	if (!st)
		return ERR_IO;
	bind_number(st, 5, INCIDENTS_MOST);
	while (db_step(st)) {
		struct monthly_incident *x = monthly_add_incident(a->m);

		if (!x)
			break;
		x->title = column_copy(st, 0);
		x->host = column_copy(st, 1);
		x->site = column_copy(st, 2);
		x->level = strdup(level_text((enum level)column_int(st, 3)));
		x->root_cause[REPORT_ENGLISH] = column_copy(st, 4);
		x->root_cause[REPORT_JAPANESE] = column_copy(st, 5);
		x->opened = number(st, 6);
		x->closed = number(st, 7);
		x->cut_state = column_copy(st, 8);
	}
	return store_finish(a->s, st, a->err);
}

/* Durations between two moments of each case, of which the question gives both. */
static int times(struct asking *a, const struct period *p, const char *sql,
		 struct monthly_times *ret)
{
	struct db_stmt *st = store_ask(a->s, sql, p, a->err);
	uint64_t *list = NULL;
	size_t n = 0;

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		uint64_t from = number(st, 0), to = number(st, 1);
		uint64_t *d = from && to >= from ? report_grow(&list, &n, sizeof(*list)) : NULL;

		if (d)
			*d = to - from;
	}
	*ret = monthly_times_of(list, n);
	free(list);
	return store_finish(a->s, st, a->err);
}

static int all_times(struct asking *a)
{
	static const char detect[] =
		"SELECT (SELECT max(opened) FROM incidents i WHERE i.site = q.site AND i.ip = q.ip "
		"AND i.opened <= q.detected AND i.state <> 'merged'), q.detected FROM quarantines "
		"q "
		"WHERE q.ordered >= ?1 AND q.ordered < ?2 AND q.site IN " OUR_SITES;
	static const char contain[] = "SELECT detected, verified FROM quarantines WHERE ordered >= "
				      "?1 AND ordered < ?2 AND "
				      "verified > 0 AND site IN " OUR_SITES;
	static const char recover[] = "SELECT acked, released FROM quarantines WHERE released >= "
				      "?1 AND released < ?2 AND "
				      "acked > 0 AND site IN " OUR_SITES;
	int rc = times(a, &a->now, detect, &a->m->detect);

	rc = rc == ERR_OK ? times(a, &a->now, contain, &a->m->contain) : rc;
	rc = rc == ERR_OK ? times(a, &a->before, contain, &a->m->contain_before) : rc;
	return rc == ERR_OK ? times(a, &a->now, recover, &a->m->recover) : rc;
}

static int waiting(struct asking *a)
{
	static const char sql[] =
		"SELECT count(*) FROM (SELECT DISTINCT site, ip FROM quarantines WHERE state IN "
		"('requested', 'held', 'sent', 'acked', 'verified', 'still-seen', 'quiet', "
		"'failed') "
		"AND site IN " OUR_SITES " AND ordered < ?2) AS waits";

	return one(a, &a->now, sql, &a->m->waiting);
}

/* --- what was not seen --- */

/* Sentences of the mirror port, "English\nJapanese" each, as one text a language. */
static void sentences(struct monthly_blind *b, const char *list)
{
	json_t *array = json_loads(list, 0, NULL), *item;
	char text[REPORT_LANGUAGES][2048] = {"", ""};
	size_t i;

	json_array_foreach(array, i, item)
	{
		const char *both = json_string_value(item);
		size_t n = both ? strcspn(both, "\n") : 0;

		for (unsigned l = 0; both && l < REPORT_LANGUAGES; l++) {
			size_t used = strlen(text[l]);
			bool own = l == REPORT_JAPANESE && both[n];

			snprintf(text[l] + used, sizeof(text[l]) - used, "%s%.*s", used ? " " : "",
				 own ? (int)strlen(both + n + 1) : (int)n,
				 own ? both + n + 1 : both);
		}
	}
	for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
		b->sentence[l] = strdup(text[l]);
	json_decref(array);
}

static int blind(struct asking *a)
{
	struct report_monthly *m = a->m;
	uint64_t to = m->made && m->made < m->to ? m->made : m->to;
	struct db_stmt *st = store_ask(a->s, WATCHED, &a->now, a->err);

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		uint64_t first = number(st, 4) * SLOT_NS, up = number(st, 3), from, all;
		bool is_there = first && first < to;
		struct monthly_blind *b = is_there ? monthly_add_blind(m) : NULL;

		if (!is_there)
			continue;
		if (!b)
			break;
		from = first > m->from ? first : m->from;
		all = to > from ? (to - from) / NS_PER_SEC : 0;
		b->sensor = column_copy(st, 0);
		b->packets = number(st, 1);
		b->lost = number(st, 2);
		b->down_s = all > up ? all - up : 0;
		sentences(b, column_text(st, 6));
		m->month[0].down_s += b->down_s;
	}
	return store_finish(a->s, st, a->err);
}

/* The customer's latest, else what was written for all. */
static int advisory(struct asking *a)
{
	struct monthly_advisory *ret = &a->m->advisory;
	struct db_stmt *st =
		store_ask(a->s,
			  "SELECT author, text_en, text_ja, version, time FROM advisories "
			  "WHERE month = ?1 AND customer IN (?3, '') ORDER BY customer "
			  "DESC, version DESC LIMIT 1",
			  &a->now, a->err);

	if (!st)
		return ERR_IO;
	if (db_step(st)) {
		ret->author = column_copy(st, 0);
		for (int l = 0; l < REPORT_LANGUAGES; l++)
			ret->text[l] = column_text(st, 1 + l)[0] ? column_copy(st, 1 + l) : NULL;
		ret->version = (unsigned)number(st, 3);
		ret->time = number(st, 4);
	}
	return store_finish(a->s, st, a->err);
}

char *store_customer_name(struct store *s, const char *id)
{
	struct db_stmt *st = store_kept(s, "SELECT name FROM customers WHERE id = ?1", NULL);
	char *name;

	if (!st)
		return strdup(id);
	bind_text(st, 1, id);
	name = strdup(db_step(st) ? column_text(st, 0) : id);
	store_done(s, st, NULL);
	return name;
}

int store_monthly(struct store *s, const struct store_scope *scope, const struct zone *zone,
		  uint64_t when, uint64_t now, struct report_monthly *ret, struct errmsg *err)
{
	static int (*const parts[])(struct asking *) = {
		figures,   days,      cut_days, threats, techniques, hosts,
		incidents, all_times, waiting,	blind,	 advisory,
	};
	struct asking a = {.s = s, .m = ret, .err = err};
	int rc = ERR_OK;

	const struct history_want want = {
		.what = HISTORY_TALLY | HISTORY_HEALTH,
		.scope = scope,
		.from = zone_month(zone, when, -MONTHLY_BACK),
		.to = zone_month(zone, when, 1),
	};

	memset(ret, 0, sizeof(*ret));
	if (history_fetch(s, &want, err) != ERR_OK)
		return ERR_IO;
	ret->customer = store_customer_name(s, scope->customer);
	ret->site = strdup(scope->site);
	ret->zone = *zone;
	ret->from = zone_month(zone, when, 0);
	ret->to = zone_month(zone, when, 1);
	ret->made = now;
	ret->days = (unsigned)((ret->to - ret->from + NS_PER_DAY / 2) / NS_PER_DAY);
	a.now = (struct period){scope, ret->from, ret->to};
	a.before = (struct period){scope, zone_month(zone, when, -1), ret->from};
	for (size_t i = 0; i < ARRAY_SIZE(parts) && rc == ERR_OK; i++)
		rc = parts[i](&a);
	if (rc != ERR_OK)
		report_monthly_free(ret);
	return rc;
}
