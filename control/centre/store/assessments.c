#include "control/centre/store/assessments.h"

#include <string.h>

#include "control/centre/store/rows.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

int assessments_open(struct store *s, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"CREATE TABLE IF NOT EXISTS assessments(customer TEXT PRIMARY KEY, began BIGINT, "
		"until BIGINT, over BIGINT, author TEXT)",
		err);

	return st ? store_finish(s, st, err) : ERR_IO;
}

/* `st` ran to its end; ERR_OK when it wrote, else `none` with the sentence. */
static int wrote(struct store *s, struct db_stmt *st, int none, const char *sentence,
		 struct errmsg *err)
{
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) ? ERR_OK : errmsg_set(err, none, "%s", sentence);
}

static bool is_customer(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(s, "SELECT 1 FROM customers WHERE id = ?1", NULL);
	bool found;

	if (!st)
		return false;
	bind_text(st, 1, customer);
	found = db_step(st);
	db_end(st);
	return found;
}

int assessment_begin(struct store *s, const char *customer, unsigned days, const char *by,
		     uint64_t now, struct errmsg *err)
{
	struct db_stmt *st;

	if (days < 1 || days > ASSESSMENT_DAYS_MOST)
		return errmsg_set(err, ERR_INVALID, "an assessment takes 1 to %d days",
				  ASSESSMENT_DAYS_MOST);
	if (!is_customer(s, customer))
		return errmsg_set(err, ERR_NOTFOUND, "there is no customer %.60s", customer);
	st = store_prepare(
		s, "INSERT INTO assessments VALUES(?1,?2,?3,0,?4) ON CONFLICT DO NOTHING", err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_number(st, 2, now);
	bind_number(st, 3, now + days * NS_PER_DAY);
	bind_text(st, 4, by);
	return wrote(s, st, ERR_EXISTS, "an assessment of this customer is under way", err);
}

int assessment_end(struct store *s, const char *customer, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s, "UPDATE assessments SET until = ?2 WHERE customer = ?1 AND over = 0", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_number(st, 2, now);
	return wrote(s, st, ERR_NOTFOUND, "no assessment of this customer is under way", err);
}

/* Zones decide where a month begins: read whole before anything is written. */
struct over {
	char customer[64];
	struct zone zone;
	uint64_t until;
};

enum { OVER_AT_ONCE = 16 };

static int read_over(struct store *s, const struct zone *ours, uint64_t now, struct over *ret,
		     struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT a.customer, coalesce(c.zone, ''), a.until FROM assessments a LEFT JOIN "
		"customers c ON c.id = a.customer WHERE a.over = 0 AND a.until <= ?1 ORDER BY "
		"a.until",
		err);
	int n = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	while (n < OVER_AT_ONCE && db_step(st)) {
		struct over *o = &ret[n++];

		snprintf(o->customer, sizeof(o->customer), "%s", column_text(st, 0));
		if (!column_text(st, 1)[0] || zone_set(&o->zone, column_text(st, 1), err) < 0)
			o->zone = *ours;
		o->until = (uint64_t)column_int64(st, 2);
	}
	db_end(st);
	return n;
}

static int end_one(struct store *s, const struct over *o, struct errmsg *err)
{
	struct report_run last = {.kind = REPORT_OF_MONTH,
				  .period = zone_month(&o->zone, o->until, 0),
				  .due = o->until,
				  .zone = o->zone};
	struct db_stmt *st;
	int rc = store_begin(s, err);

	if (rc != ERR_OK)
		return rc;
	snprintf(last.customer, sizeof(last.customer), "%s", o->customer);
	rc = schedule_owe_now(s, &last, err);
	st = rc == ERR_OK
		     ? store_prepare(s, "UPDATE assessments SET over = until WHERE customer = ?1",
				     err)
		     : NULL;
	if (st)
		bind_text(st, 1, o->customer);
	rc = st ? store_finish(s, st, err) : ERR_IO;
	if (rc == ERR_OK)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

int assessments_look(struct store *s, const struct zone *ours, uint64_t now, struct errmsg *err)
{
	struct over list[OVER_AT_ONCE];
	int n = read_over(s, ours, now, list, err), rc = n < 0 ? n : ERR_OK;

	for (int i = 0; i < n && rc == ERR_OK; i++)
		rc = end_one(s, &list[i], err);
	return rc == ERR_OK ? n : rc;
}

int assessment_allows_cut(struct store *s, const char *site, const char *mitigator,
			  struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT a.customer FROM assessments a JOIN sites x ON x.customer = a.customer "
		"WHERE x.site = ?1 OR x.site IN (SELECT site FROM peers WHERE name = ?2)",
		err);
	int rc = ERR_OK;

	if (!st)
		return ERR_IO;
	bind_text(st, 1, site);
	bind_text(st, 2, mitigator);
	if (db_step(st))
		rc = errmsg_set(
			err, ERR_DENIED,
			"customer %.60s is under assessment: it is watched only, nothing is "
			"cut",
			column_text(st, 0));
	db_end(st);
	return rc;
}

json_t *assessment_list(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT a.customer AS customer, coalesce(c.name, '') AS name, a.began AS began, "
		"a.until AS until, CASE WHEN a.over = 0 THEN 'runs' ELSE 'over' END AS state, "
		"a.author AS author, (SELECT count(*) FROM report_runs r WHERE r.customer = "
		"a.customer AND r.state <> 'ready') + (SELECT count(*) FROM report_mails m WHERE "
		"m.customer = a.customer AND m.sent = 0) AS reports_left, (SELECT count(*) FROM "
		"mitigators g JOIN peers p ON p.name = g.name JOIN sites x ON x.site = p.site "
		"WHERE x.customer = a.customer AND g.mode <> 'monitor') AS not_monitor FROM "
		"assessments a LEFT JOIN customers c ON c.id = a.customer WHERE ?1 = '' OR "
		"a.customer = ?1 ORDER BY a.until",
		NULL);

	if (st)
		bind_text(st, 1, customer);
	return store_list(s, st);
}
