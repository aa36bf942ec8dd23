/* Exceptions (P9): how often each had effect, and what one would have removed of the last 30 days'
 * alerts. Alerts are kept as counts by day, rule, addresses and sensor; their table is bounded. */
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/policy/when.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum {
	DAYS = 30,
	ROWS_MAX = 500000, /* more only count on rows that are there; said in the preview */
	EXAMPLES = 20,
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS alerted(day INTEGER, gid INTEGER, sid INTEGER, source TEXT,"
	" destination TEXT, sensor TEXT, n INTEGER, PRIMARY KEY(day, gid, sid, source, destination,"
	" sensor)) WITHOUT ROWID";

static uint64_t day_of(const struct mitigator *m)
{
	return mitigator_now(m).wall / NS_PER_DAY;
}

static uint64_t count_rows(struct mitigator *m)
{
	sqlite3_stmt *s;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(m->db, "SELECT count(*) FROM alerted", -1, &s, NULL) != SQLITE_OK)
		return 0;
	if (sqlite3_step(s) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

int except_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	m->except_rows = count_rows(m);
	return 0;
}

/* Once a day what is older goes. */
static void new_day(struct mitigator *m)
{
	uint64_t today = day_of(m);
	char sql[96];

	if (today == m->except_day)
		return;
	m->except_day = today;
	snprintf(sql, sizeof(sql), "DELETE FROM alerted WHERE day<%llu",
		 (unsigned long long)(today > DAYS ? today - DAYS : 0));
	sqlite3_exec(m->db, sql, NULL, NULL, NULL);
	m->except_rows = count_rows(m);
}

void except_note(struct mitigator *m, const struct alert *a, const char *sensor)
{
	static const char more[] =
		"INSERT INTO alerted VALUES(?1,?2,?3,?4,?5,?6,1) ON CONFLICT DO UPDATE SET n=n+1";
	static const char known[] =
		"UPDATE alerted SET n=n+1 WHERE day=?1 AND gid=?2 AND sid=?3 AND source=?4 AND "
		"destination=?5 AND sensor=?6";
	char host[IP_ADDR_TEXT], peer[IP_ADDR_TEXT];
	sqlite3_int64 before;
	sqlite3_stmt *s;

	new_day(m);
	if (sqlite3_prepare_v2(m->db, m->except_rows < ROWS_MAX ? more : known, -1, &s, NULL) !=
	    SQLITE_OK)
		return;
	ip_addr_text(&a->host.ip, host, false);
	ip_addr_text(&a->peer.ip, peer, false);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)m->except_day);
	sqlite3_bind_int64(s, 2, a->gid);
	sqlite3_bind_int64(s, 3, a->sid);
	sqlite3_bind_text(s, 4, a->host_is_source ? host : peer, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, a->host_is_source ? peer : host, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, sensor, -1, SQLITE_STATIC);
	before = sqlite3_total_changes(m->db);
	if (sqlite3_step(s) == SQLITE_DONE && sqlite3_total_changes(m->db) == before)
		m->except_lost++;
	/* An upper bound, counted anew each day: an update of a row counts as well. */
	m->except_rows += m->except_rows < ROWS_MAX;
	if (m->except_rows == ROWS_MAX)
		m->except_rows = count_rows(m);
	sqlite3_finalize(s);
}

/* ---- answers ---- */

json_t *except_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	struct mitigator *m = ctx;
	const struct policy *p = m->policy;
	uint64_t now = mitigator_now(m).wall;
	json_t *list = json_array();

	for (unsigned i = 0; i < p->exceptions_n; i++) {
		const struct policy_exception *x = &p->exceptions[i];
		char source[IP_PREFIX_TEXT] = "", destination[IP_PREFIX_TEXT] = "", rule[32] = "",
		     until[WHEN_TEXT] = "";

		if (x->has_source)
			ip_prefix_text(&x->source.addr, x->source.bits, source);
		if (x->has_destination)
			ip_prefix_text(&x->destination.addr, x->destination.bits, destination);
		if (x->sid)
			snprintf(rule, sizeof(rule), "%u:%u", x->gid ? x->gid : 1, x->sid);
		if (x->until)
			when_text(x->until, until);
		json_array_append_new(list,
				      json_pack("{ss ss ss ss ss ss sb sI so sI}", "never",
						x->never == NEVER_ALERT ? "alert" : "block", "rule",
						rule, "source", source, "destination", destination,
						"sensor", x->sensor, "until", until, "in_force",
						x->until == 0 || x->until > now, "effect",
						(json_int_t)m->decide.count.exceptions[i], "reason",
						local_text(x->reason), "number",
						(json_int_t)m->over.exceptions[i]));
	}
	return json_pack("{sb so}", "ok", 1, "exceptions", list);
}

static bool read_hit(sqlite3_stmt *s, struct policy_hit *ret)
{
	const char *source = (const char *)sqlite3_column_text(s, 2);
	const char *destination = (const char *)sqlite3_column_text(s, 3);

	*ret = (struct policy_hit){.gid = (uint32_t)sqlite3_column_int64(s, 0),
				   .sid = (uint32_t)sqlite3_column_int64(s, 1),
				   .sensor = (const char *)sqlite3_column_text(s, 4)};
	return source && destination && ret->sensor && ip_addr_parse(source, &ret->source) == 0 &&
	       ip_addr_parse(destination, &ret->destination) == 0;
}

static json_t *hit_json(sqlite3_stmt *s)
{
	return json_pack("{sI sI ss ss so sI}", "gid", (json_int_t)sqlite3_column_int64(s, 0),
			 "sid", (json_int_t)sqlite3_column_int64(s, 1), "source",
			 (const char *)sqlite3_column_text(s, 2), "destination",
			 (const char *)sqlite3_column_text(s, 3), "sensor",
			 local_text((const char *)sqlite3_column_text(s, 4)), "alerts",
			 (json_int_t)sqlite3_column_int64(s, 5));
}

json_t *except_do_preview(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t total = 0, removed = 0;
	struct policy_exception x;
	struct policy_hit hit;
	json_t *list;
	sqlite3_stmt *s;

	if (policy_exception_make(text_member(request, "rule"), text_member(request, "source"),
				  text_member(request, "destination"),
				  text_member(request, "sensor"), &x, e) < 0)
		return NULL;
	if (sqlite3_prepare_v2(
		    m->db,
		    "SELECT gid, sid, source, destination, sensor, sum(n) AS n FROM "
		    "alerted WHERE day>=? GROUP BY gid, sid, source, destination, sensor "
		    "ORDER BY n DESC",
		    -1, &s, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
		return NULL;
	}
	sqlite3_bind_int64(s, 1, (sqlite3_int64)(day_of(m) > DAYS ? day_of(m) - DAYS : 0));
	list = json_array();
	while (sqlite3_step(s) == SQLITE_ROW) {
		json_int_t n = sqlite3_column_int64(s, 5);

		total += n;
		if (!read_hit(s, &hit) || !policy_exception_covers(&x, &hit))
			continue;
		removed += n;
		if (json_array_size(list) < EXAMPLES)
			json_array_append_new(list, hit_json(s));
	}
	sqlite3_finalize(s);
	return json_pack("{sb si sI sI sI so}", "ok", 1, "days", DAYS, "total", total, "removed",
			 removed, "not_counted", (json_int_t)m->except_lost, "most", list);
}
