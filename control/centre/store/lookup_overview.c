/* The first page: counts by customer, what a person should see to, and a time line. */
#include <string.h>

#include "control/centre/store/rows.h"
#include "control/wire/local.h"
#include "dataplane/base/slice.h"

#define OF_CUSTOMER "IN (SELECT site FROM sites WHERE customer = c.id AND site <> '')"
#define CUT_OVER                                                                                   \
	"('released', 'expired', 'failed', 'refused', 'outside-policy', 'exception', 'releasing')"

json_t *store_by_customer(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT c.id, c.name, (SELECT count(*) FROM sites x WHERE x.customer = c.id AND "
		"x.site <> '') AS sites, (SELECT count(*) FROM peers p WHERE p.role = 'sensor' AND "
		"p.site " OF_CUSTOMER ") AS sensors, (SELECT count(*) FROM peers p WHERE p.role = "
		"'sensor' AND p.up = 1 AND p.site " OF_CUSTOMER ") AS up, (SELECT count(*) FROM "
		"incidents i WHERE i.closed = 0 AND i.state <> 'merged' AND i.site " OF_CUSTOMER
		") AS open_incidents, (SELECT count(*) FROM hosts h WHERE h.level = 4 AND "
		"h.site " OF_CUSTOMER ") AS danger, (SELECT count(*) FROM hosts h WHERE h.level = "
		"3 AND h.site " OF_CUSTOMER ") AS warning, (SELECT count(*) FROM quarantines k "
		"WHERE k.state NOT IN " CUT_OVER " AND k.site " OF_CUSTOMER
		") AS cuts, (SELECT count(*) FROM emergencies e WHERE e.acknowledged = 0 AND "
		"e.customer = c.id) AS emergencies FROM (SELECT id, name FROM customers UNION ALL "
		"SELECT '', '' WHERE EXISTS (SELECT 1 FROM sites WHERE customer = '' AND site <> "
		"'')) c WHERE ?3 = '' OR c.id = ?3 ORDER BY c.id",
		q, err);

	return store_rows(s, st, err);
}

/* --- what needs action --- */

/* Each gives kind, since, customer, site, host, what: text about it; newest first, some. */
static const struct {
	const char *kind, *link, *sql;
	const char *text[REPORT_LANGUAGES];
} needs[] = {
	{"approve",
	 "quarantines",
	 "SELECT k.ordered AS since__time, x.customer, k.site, CASE WHEN k.name = '' THEN k.ip "
	 "ELSE k.name END AS host, k.reason AS what, k.command_id AS id FROM quarantines k JOIN "
	 "sites x ON x.site = k.site WHERE k.state = 'held' AND k.site IN " OUR_SITES
	 " ORDER BY k.ordered DESC LIMIT 50",
	 {"A cut waits for approval", "遮断が承認を待っています"}},
	{"still-seen",
	 "quarantines",
	 "SELECT k.ordered AS since__time, x.customer, k.site, CASE WHEN k.name = '' THEN k.ip "
	 "ELSE k.name END AS host, k.reason AS what, k.command_id AS id FROM quarantines k JOIN "
	 "sites x ON x.site = k.site WHERE k.state IN ('still-seen', 'failed') AND k.released = 0 "
	 "AND k.site IN " OUR_SITES " ORDER BY k.ordered DESC LIMIT 50",
	 {"A cut has no effect", "遮断の効果がありません"}},
	{"emergency",
	 "emergencies",
	 "SELECT e.opened AS since__time, e.customer, e.site, e.host, e.title_en AS what, "
	 "e.title_ja AS what_ja, CAST(e.id AS TEXT) AS id FROM emergencies e WHERE e.acknowledged "
	 "= 0 AND (?3 = '' OR e.customer = ?3) AND (?4 = '' OR e.site = ?4) ORDER BY e.opened "
	 "DESC LIMIT 50",
	 {"An emergency is not acknowledged", "緊急連絡が確認されていません"}},
	{"danger",
	 "hosts",
	 "SELECT h.level_since AS since__time, x.customer, h.site, CASE WHEN h.name = '' THEN "
	 "h.ip ELSE h.name END AS host, h.protected_reason AS what, h.id FROM hosts h JOIN sites "
	 "x ON x.site = h.site WHERE h.level = 4 AND h.cut = '' AND h.site IN " OUR_SITES
	 " ORDER BY h.level_since DESC LIMIT 50",
	 {"A dangerous host is not cut off", "危険なホストが遮断されていません"}},
	{"silent",
	 "sensors",
	 "SELECT p.last_seen AS since__time, x.customer, p.site, '' AS host, p.name AS what, "
	 "p.name AS id FROM peers p JOIN sites x ON x.site = p.site WHERE p.up = 0 AND p.site "
	 "IN " OUR_SITES " ORDER BY p.last_seen DESC LIMIT 50",
	 {"is not connected", "と接続していません"}},
	{"lost",
	 "sensors",
	 "SELECT h.time AS since__time, x.customer, p.site, '' AS host, p.name AS what, p.name AS "
	 "id FROM health h JOIN peers p ON p.name = h.sensor JOIN sites x ON x.site = p.site "
	 "WHERE (h.alive = 0 OR h.problems <> '[]') AND p.up = 1 AND p.site IN " OUR_SITES
	 " ORDER BY h.time DESC LIMIT 50",
	 {"has a problem", "に問題があります"}},
};

static void add_sentence(json_t *row, unsigned at)
{
	const char *en = json_string_value(json_object_get(row, "what"));
	const char *ja = json_string_value(json_object_get(row, "what_ja"));
	bool first = strcmp(needs[at].link, "sensors") == 0;
	char text[REPORT_LANGUAGES][600];

	en = en ? en : "";
	ja = ja ? ja : en;
	if (first) {
		snprintf(text[0], sizeof(text[0]), "%s %s", en, needs[at].text[0]);
		snprintf(text[1], sizeof(text[1]), "%s%s", ja, needs[at].text[1]);
	} else {
		snprintf(text[0], sizeof(text[0]), "%s%s%s", needs[at].text[0], en[0] ? ": " : "",
			 en);
		snprintf(text[1], sizeof(text[1]), "%s%s%s", needs[at].text[1], ja[0] ? ": " : "",
			 ja);
	}
	json_object_set_new(
		row, "text",
		json_pack("{so so}", "en", local_text(text[0]), "ja", local_text(text[1])));
	json_object_del(row, "what");
	json_object_del(row, "what_ja");
	json_object_set_new(row, "kind", json_string(needs[at].kind));
	json_object_set_new(row, "link", json_string(needs[at].link));
}

json_t *store_needs_action(struct store *s, const struct store_query *q, struct errmsg *err)
{
	json_t *all = json_array();

	for (unsigned k = 0; k < ARRAY_SIZE(needs); k++) {
		json_t *list = store_rows(s, store_question(s, needs[k].sql, q, err), err), *row;
		size_t i;

		if (!list) {
			json_decref(all);
			return NULL;
		}
		json_array_foreach(list, i, row) add_sentence(row, k);
		json_array_extend(all, list);
		json_decref(list);
	}
	return all;
}

/* --- time line --- */

enum { BINS = 200 };

struct timeline {
	uint64_t first, per, n; /* slots */
	json_t *by_site;	/* site -> row */
};

static json_t *zeros(uint64_t n)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(0));
	return list;
}

/* Rows "site", "bin", "n", "high", "up". */
static void fill(const struct timeline *t, json_t *rows, const char *const *names)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_t *to = json_object_get(t->by_site,
					     json_string_value(json_object_get(row, "site")) ?: "");
		size_t bin = (size_t)json_integer_value(json_object_get(row, "bin"));

		for (unsigned k = 0; to && names[k]; k++)
			json_array_set(json_object_get(to, names[k]), bin,
				       json_object_get(row, names[k]));
	}
}

static struct db_stmt *binned(struct store *s, const char *sql, const struct store_query *q,
			      const struct timeline *t, struct errmsg *err)
{
	struct db_stmt *st = store_question(s, sql, q, err);

	if (st) {
		bind_number(st, 5, t->first);
		bind_number(st, 6, t->per);
	}
	return st;
}

static int fill_all(struct store *s, const struct store_query *q, const struct timeline *t,
		    struct errmsg *err)
{
	static const char *const counts[] = {"alerts", "danger", NULL}, *const ups[] = {"up", NULL};
	json_t *tally, *up;

	if (store_fetch(s, HISTORY_TALLY | HISTORY_HEALTH, q, err) != ERR_OK)
		return ERR_IO;
	tally = store_rows(
		s,
		binned(s,
		       "SELECT t.site, (t.slot - ?5) / ?6 AS bin, sum(t.n) AS alerts, sum(CASE "
		       "WHEN h.severity = 1 THEN t.n ELSE 0 END) AS danger FROM tally t JOIN "
		       "threats h ON h.id = t.threat WHERE " IN_PERIOD(
			       "t.slot") " AND t.site IN " OUR_SITES " GROUP BY t.site, bin",
		       q, t, err),
		err);
	up = tally ? store_rows(s,
				binned(s,
				       "SELECT p.site, (h.slot - ?5) / ?6 AS bin, "
				       "sum(h.up_s) * 1.0 / (900 * ?6 * count(DISTINCT "
				       "h.sensor)) AS up__real FROM health_slots h JOIN peers p "
				       "ON p.name = h.sensor WHERE " IN_PERIOD(
					       "h.slot") " AND p.site IN " OUR_SITES
							 " GROUP BY p.site, bin",
				       q, t, err),
				err)
		   : NULL;

	if (up) {
		fill(t, tally, counts);
		fill(t, up, ups);
	}
	json_decref(tally);
	json_decref(up);
	return up ? ERR_OK : ERR_IO;
}

json_t *store_timeline(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct store_query wide = *q;
	struct timeline t = {.first = q->from / SLOT_NS, .by_site = json_object()};
	uint64_t slots = q->to > q->from ? (q->to - 1) / SLOT_NS - t.first + 1 : 1;
	json_t *sites, *row;
	size_t i;

	t.per = (slots + BINS - 1) / BINS;
	t.n = (slots + t.per - 1) / t.per;
	wide.from = t.first * SLOT_NS;
	wide.to = (t.first + t.per * t.n) * SLOT_NS;
	sites = store_rows(s,
			   store_question(s,
					  "SELECT site, customer FROM sites WHERE site <> '' AND "
					  "site IN " OUR_SITES " ORDER BY customer, site",
					  q, err),
			   err);
	json_array_foreach(sites, i, row)
	{
		json_object_set_new(row, "alerts", zeros(t.n));
		json_object_set_new(row, "danger", zeros(t.n));
		json_object_set_new(row, "up", zeros(t.n));
		json_object_set(t.by_site, json_string_value(json_object_get(row, "site")), row);
	}
	if (sites && fill_all(s, &wide, &t, err) != ERR_OK) {
		json_decref(sites);
		sites = NULL;
	}
	json_decref(t.by_site);
	return sites ? json_pack("{so so sI so}", "from", store_time(wide.from), "to",
				 store_time(wide.to), "step_s",
				 (json_int_t)(t.per * SLOT_NS / NS_PER_SEC), "sites", sites)
		     : NULL;
}
