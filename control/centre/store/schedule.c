#include "control/centre/store/schedule.h"

#include <string.h>

#include "control/centre/store/rows.h"
#include "control/wire/local.h"
#include "dataplane/base/slice.h"

const char *const report_kind_words[] = {"daily", "monthly"};
static const char *const states[] = {"due", "written", "ready"};

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS report_schedules(customer TEXT PRIMARY KEY, hour BIGINT, daily "
	"BIGINT, monthly BIGINT, since BIGINT, last_daily BIGINT, last_monthly BIGINT)",
	"CREATE TABLE IF NOT EXISTS report_recipients(customer TEXT, address TEXT, language TEXT, "
	"daily BIGINT, monthly BIGINT, PRIMARY KEY(customer, address))",
	"CREATE TABLE IF NOT EXISTS report_runs(customer TEXT, kind TEXT, period BIGINT, version "
	"BIGINT, zone TEXT, state TEXT, due BIGINT, next BIGINT, tries BIGINT, made BIGINT, error "
	"TEXT, PRIMARY KEY(customer, kind, period, version))",
	"CREATE TABLE IF NOT EXISTS report_mails(customer TEXT, kind TEXT, period BIGINT, version "
	"BIGINT, address TEXT, language TEXT, due BIGINT, tries BIGINT, sent BIGINT, error TEXT, "
	"PRIMARY KEY(customer, kind, period, version, address))",
	"CREATE INDEX IF NOT EXISTS report_runs_open ON report_runs(state, next)",
	"CREATE INDEX IF NOT EXISTS report_mails_open ON report_mails(sent, due)",
};

/* --- periods --- */

uint64_t report_period_end(const struct zone *zone, enum report_period kind, uint64_t period)
{
	return kind == REPORT_OF_DAY ? zone_day(zone, period, 1) : zone_month(zone, period, 1);
}

uint64_t report_due(const struct zone *zone, enum report_period kind, uint64_t period,
		    unsigned hour)
{
	uint64_t at = report_period_end(zone, kind, period) + hour * NS_PER_HOUR;
	struct tm tm;
	int off;

	zone_local(zone, at, &tm);
	off = (int)hour - tm.tm_hour; /* of a day with a time change */
	if (off > 12)
		off -= 24;
	if (off < -12)
		off += 24;
	return (uint64_t)((int64_t)at + off * (int64_t)NS_PER_HOUR);
}

static uint64_t period_of(const struct zone *zone, enum report_period kind, uint64_t at, int n)
{
	return kind == REPORT_OF_DAY ? zone_day(zone, at, n) : zone_month(zone, at, n);
}

/* --- small --- */

static int run_sql(struct store *s, const char *sql, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, sql, err);

	return st ? store_finish(s, st, err) : ERR_IO;
}

int schedule_open(struct store *s, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && rc == ERR_OK; i++)
		rc = run_sql(s, tables[i], err);
	return rc;
}

static int within(struct store *s, int rc, struct errmsg *err)
{
	if (rc == ERR_OK)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

static void keep(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from);
}

/* --- schedules --- */

int schedule_put(struct store *s, const struct report_schedule *c, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st;

	if (c->hour > 23)
		return errmsg_set(err, ERR_INVALID, "\"hour\" is 0 to 23");
	st = store_prepare(s,
			   "INSERT INTO report_schedules VALUES(?1,?2,?3,?4,?5,0,0) ON "
			   "CONFLICT(customer) DO UPDATE SET hour=?2, daily=?3, monthly=?4, "
			   "since=CASE WHEN ?6 = 0 THEN report_schedules.since ELSE ?6 END, "
			   "last_daily=CASE WHEN ?6 = 0 THEN report_schedules.last_daily ELSE 0 "
			   "END, last_monthly=CASE WHEN ?6 = 0 THEN report_schedules.last_monthly "
			   "ELSE 0 END",
			   err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, c->customer);
	bind_number(st, 2, c->hour);
	bind_number(st, 3, c->wants[REPORT_OF_DAY]);
	bind_number(st, 4, c->wants[REPORT_OF_MONTH]);
	bind_number(st, 5, c->since ? c->since : now);
	bind_number(st, 6, c->since);
	return store_finish(s, st, err);
}

json_t *schedule_list(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT r.customer AS customer, coalesce(c.name, '') AS name, coalesce(c.zone, '') "
		"AS zone, r.hour AS hour, r.daily AS daily__bool, r.monthly AS monthly__bool, "
		"r.since AS since FROM report_schedules r LEFT JOIN customers c ON c.id = "
		"r.customer WHERE ?1='' OR r.customer=?1 ORDER BY r.customer",
		NULL);

	if (st)
		bind_text(st, 1, customer);
	return store_list(s, st);
}

int report_recipient_put(struct store *s, const struct report_recipient *r, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"INSERT INTO report_recipients VALUES(?1,?2,?3,?4,?5) ON CONFLICT(customer, "
		"address) DO UPDATE SET language=?3, daily=?4, monthly=?5",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, r->customer);
	bind_text(st, 2, r->address);
	bind_text(st, 3, r->language == REPORT_JAPANESE ? "ja" : "en");
	bind_number(st, 4, r->wants[REPORT_OF_DAY]);
	bind_number(st, 5, r->wants[REPORT_OF_MONTH]);
	return store_finish(s, st, err);
}

int report_recipient_remove(struct store *s, const char *customer, const char *address,
			    struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s, "DELETE FROM report_recipients WHERE customer=?1 AND address=?2", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_text(st, 2, address);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) ? ERR_OK
				: errmsg_set(err, ERR_NOTFOUND, "%.100s gets no reports%s%.60s",
					     address, customer[0] ? " of " : "", customer);
}

json_t *report_recipient_list(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT customer, address, language, daily AS daily__bool, monthly AS "
		"monthly__bool FROM report_recipients WHERE ?1='' OR customer=?1 ORDER BY "
		"customer, address",
		NULL);

	if (st)
		bind_text(st, 1, customer);
	return store_list(s, st);
}

/* --- what is owed --- */

enum { CUSTOMERS_MOST = 1000, OWED_MOST = 400 }; /* periods at once; the next call goes on */

struct owner {
	struct report_schedule c;
	uint64_t last[REPORT_PERIODS];
};

/* Who is new has a schedule from now on. */
static int adopt(struct store *s, unsigned hour, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"INSERT INTO report_schedules SELECT x.id, ?1, 1, 1, ?2, 0, 0 FROM (SELECT id FROM "
		"customers UNION SELECT '') x WHERE NOT EXISTS (SELECT 1 FROM report_schedules r "
		"WHERE r.customer = x.id)",
		err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, hour);
	bind_number(st, 2, now);
	return store_finish(s, st, err);
}

static int owners(struct store *s, const struct zone *ours, struct owner *ret, unsigned *n,
		  struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT r.customer, coalesce(c.zone, ''), r.hour, r.daily, r.monthly, r.since, "
		"r.last_daily, r.last_monthly FROM report_schedules r LEFT JOIN customers c ON "
		"c.id = r.customer ORDER BY r.customer LIMIT 1000",
		err);

	*n = 0;
	if (!st)
		return ERR_IO;
	while (*n < CUSTOMERS_MOST && db_step(st)) {
		struct owner *o = &ret[(*n)++];

		memset(o, 0, sizeof(*o));
		keep(o->c.customer, sizeof(o->c.customer), column_text(st, 0));
		if (!column_text(st, 1)[0] || zone_set(&o->c.zone, column_text(st, 1), err) < 0)
			o->c.zone = *ours;
		o->c.hour = (unsigned)column_int64(st, 2);
		o->c.wants[REPORT_OF_DAY] = column_int64(st, 3);
		o->c.wants[REPORT_OF_MONTH] = column_int64(st, 4);
		o->c.since = column_int64(st, 5);
		o->last[REPORT_OF_DAY] = column_int64(st, 6);
		o->last[REPORT_OF_MONTH] = column_int64(st, 7);
	}
	return store_finish(s, st, err);
}

static int lay_run(struct store *s, const struct report_run *r, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"INSERT INTO report_runs VALUES(?1,?2,?3,?4,?5,'due',?6,?6,0,0,'') ON CONFLICT "
		"DO NOTHING",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, r->customer);
	bind_text(st, 2, report_kind_words[r->kind]);
	bind_number(st, 3, r->period);
	bind_number(st, 4, r->version);
	bind_text(st, 5, r->zone.name);
	bind_number(st, 6, r->due);
	return store_finish(s, st, err);
}

static int note_last(struct store *s, const char *customer, enum report_period kind,
		     uint64_t period, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		kind == REPORT_OF_DAY
			? "UPDATE report_schedules SET last_daily=?2 WHERE customer=?1"
			: "UPDATE report_schedules SET last_monthly=?2 WHERE customer=?1",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_number(st, 2, period);
	return store_finish(s, st, err);
}

/* Period after period from the last that was laid down; a month that began before `since` is owed
 * when it ends after it. */
static int owe(struct store *s, const struct owner *o, enum report_period kind, uint64_t now,
	       struct errmsg *err)
{
	const struct zone *zone = &o->c.zone;
	struct report_run r = {.kind = kind, .version = 1, .zone = *zone};
	uint64_t last = o->last[kind];
	int rc = ERR_OK;

	/* Behind the last; an hour past its end meets the next also when the zone was changed. */
	r.period = last ? report_period_end(zone, kind, last + NS_PER_HOUR)
			: period_of(zone, kind, o->c.since, 0);
	keep(r.customer, sizeof(r.customer), o->c.customer);
	for (unsigned i = 0; i < OWED_MOST && rc == ERR_OK; i++) {
		r.due = report_due(zone, kind, r.period, o->c.hour);
		if (r.due > now)
			return ERR_OK;
		rc = o->c.wants[kind] ? lay_run(s, &r, err) : ERR_OK;
		rc = rc == ERR_OK ? note_last(s, o->c.customer, kind, r.period, err) : rc;
		r.period = report_period_end(zone, kind, r.period);
	}
	return rc;
}

int schedule_plan(struct store *s, const struct zone *ours, unsigned hour, uint64_t now,
		  struct errmsg *err)
{
	struct owner *list = calloc(CUSTOMERS_MOST, sizeof(*list));
	unsigned n = 0;
	int rc = list ? store_begin(s, err) : ERR_NOMEM;

	if (rc != ERR_OK) {
		free(list);
		return rc;
	}
	rc = adopt(s, hour, now, err);
	rc = rc == ERR_OK ? owners(s, ours, list, &n, err) : rc;
	for (unsigned i = 0; i < n && rc == ERR_OK; i++) {
		for (int k = 0; k < REPORT_PERIODS && rc == ERR_OK; k++)
			rc = owe(s, &list[i], (enum report_period)k, now, err);
	}
	free(list);
	return within(s, rc, err);
}

int schedule_owe_now(struct store *s, const struct report_run *r, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"INSERT INTO report_runs SELECT ?1, ?2, ?3, coalesce(max(version), 0) + 1, ?5, "
		"'due', ?4, ?4, 0, 0, '' FROM report_runs WHERE customer=?1 AND kind=?2 AND "
		"period=?3",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, r->customer);
	bind_text(st, 2, report_kind_words[r->kind]);
	bind_number(st, 3, r->period);
	bind_number(st, 4, r->due);
	bind_text(st, 5, r->zone.name);
	return store_finish(s, st, err);
}

int schedule_again(struct store *s, const char *customer, enum report_period kind, uint64_t period,
		   uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"INSERT INTO report_runs SELECT customer, kind, period, max(version)+1, max(zone), "
		"'due', ?4, ?4, 0, 0, '' FROM report_runs WHERE customer=?1 AND kind=?2 AND "
		"period=?3 GROUP BY customer, kind, period",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_text(st, 2, report_kind_words[kind]);
	bind_number(st, 3, period);
	bind_number(st, 4, now);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) ? ERR_OK
				: errmsg_set(err, ERR_NOTFOUND,
					     "no final %s report of that date was made yet",
					     report_kind_words[kind]);
}

/* --- runs --- */

#define RUN	"r.customer, r.kind, r.period, r.version, r.zone, r.state, r.due, r.tries"
#define NAME_OF "coalesce((SELECT name FROM customers c WHERE c.id = r.customer), '')"

static void read_run(struct db_stmt *st, struct report_run *r)
{
	memset(r, 0, sizeof(*r));
	keep(r->customer, sizeof(r->customer), column_text(st, 0));
	r->kind = strcmp(column_text(st, 1), "daily") == 0 ? REPORT_OF_DAY : REPORT_OF_MONTH;
	r->period = column_int64(st, 2);
	r->version = (unsigned)column_int64(st, 3);
	keep(r->zone.name, sizeof(r->zone.name), column_text(st, 4));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (strcmp(states[i], column_text(st, 5)) == 0)
			r->state = (enum run_state)i;
	}
	r->due = column_int64(st, 6);
	r->tries = (unsigned)column_int64(st, 7);
	keep(r->name, sizeof(r->name), column_text(st, 8));
}

static void bind_run(struct db_stmt *st, const struct report_run *r)
{
	bind_text(st, 1, r->customer);
	bind_text(st, 2, report_kind_words[r->kind]);
	bind_number(st, 3, r->period);
	bind_number(st, 4, r->version);
}

int report_run_next(struct store *s, uint64_t now, struct report_run *ret, struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s,
			      "SELECT " RUN ", " NAME_OF
			      " FROM report_runs r WHERE r.state <> 'ready' AND r.next "
			      "<= ?1 ORDER BY r.next, r.period LIMIT 1",
			      err);
	int found = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	if (db_step(st)) {
		read_run(st, ret);
		found = 1;
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

static int lay_mails(struct store *s, const struct report_run *r, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		r->kind == REPORT_OF_DAY
			? "INSERT INTO report_mails SELECT ?1, ?2, ?3, ?4, x.address, x.language, "
			  "?5, 0, 0, '' FROM report_recipients x WHERE x.customer=?1 AND x.daily=1 "
			  "ON CONFLICT DO NOTHING"
			: "INSERT INTO report_mails SELECT ?1, ?2, ?3, ?4, x.address, x.language, "
			  "?5, 0, 0, '' FROM report_recipients x WHERE x.customer=?1 AND "
			  "x.monthly=1 ON CONFLICT DO NOTHING",
		err);

	if (!st)
		return ERR_IO;
	bind_run(st, r);
	bind_number(st, 5, now);
	return store_finish(s, st, err);
}

static int set_state(struct store *s, const struct report_run *r, enum run_state state,
		     const char *error, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s,
					   "UPDATE report_runs SET state=?5, made=?6, next=?6, "
					   "tries=0, error=?7 WHERE customer=?1 AND kind=?2 AND "
					   "period=?3 AND version=?4",
					   err);

	if (!st)
		return ERR_IO;
	bind_run(st, r);
	bind_text(st, 5, states[state]);
	bind_number(st, 6, now);
	bind_text(st, 7, error);
	return store_finish(s, st, err);
}

int report_run_moved(struct store *s, const struct report_run *r, enum run_state state,
		     const char *error, uint64_t now, struct errmsg *err)
{
	int rc = store_begin(s, err);

	if (rc != ERR_OK)
		return rc;
	rc = set_state(s, r, state, error, now, err);
	if (rc == ERR_OK && state == RUN_READY)
		rc = lay_mails(s, r, now, err);
	return within(s, rc, err);
}

/* 10 s, 20, 40 ... an hour. */
static uint64_t later(unsigned tries, uint64_t now)
{
	uint64_t wait = 10ULL << (tries < 9 ? tries : 9);

	return now + (wait < 3600 ? wait : 3600) * NS_PER_SEC;
}

int report_run_failed(struct store *s, const struct report_run *r, const char *error, uint64_t now,
		      struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s,
			      "UPDATE report_runs SET tries=tries+1, next=?5, error=?6 "
			      "WHERE customer=?1 AND kind=?2 AND period=?3 AND "
			      "version=?4",
			      err);

	if (!st)
		return ERR_IO;
	bind_run(st, r);
	bind_number(st, 5, later(r->tries, now));
	bind_text(st, 6, error);
	return store_finish(s, st, err);
}

static json_t *mails_of(struct store *s, const struct report_run *r)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT address AS \"to\", language, due, tries, sent, error FROM report_mails "
		"WHERE customer=?1 AND kind=?2 AND period=?3 AND version=?4 ORDER BY address",
		NULL);

	if (st)
		bind_run(st, r);
	return store_list(s, st);
}

json_t *report_run_list(struct store *s, const char *customer, unsigned most)
{
	struct db_stmt *st =
		store_prepare(s,
			      "SELECT " RUN ", " NAME_OF ", r.made, r.error FROM "
			      "report_runs r WHERE ?1='' OR r.customer=?1 ORDER BY "
			      "r.due DESC, r.customer, r.kind, r.version DESC LIMIT ?2",
			      NULL);
	json_t *list = json_array();

	if (!st)
		return list;
	bind_text(st, 1, customer);
	bind_number(st, 2, most);
	while (db_step(st)) {
		struct report_run r;
		char date[ZONE_TEXT];

		read_run(st, &r);
		(r.kind == REPORT_OF_DAY ? zone_day_text : zone_month_text)(&r.zone, r.period,
									    date);
		json_array_append_new(
			list, json_pack("{so so ss ss sI si ss sI sI so so}", "customer",
					local_text(r.customer), "name", local_text(r.name), "kind",
					report_kind_words[r.kind], "date", date, "period",
					(json_int_t)r.period, "version", (int)r.version, "state",
					states[r.state], "due", (json_int_t)r.due, "made",
					(json_int_t)column_int64(st, 9), "error",
					local_text(column_text(st, 10)), "mails", mails_of(s, &r)));
	}
	store_finish(s, st, NULL);
	return list;
}

/* --- mails --- */

int report_mail_next(struct store *s, uint64_t now, struct report_mail *ret, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT " RUN ", " NAME_OF ", m.address, m.language, m.tries FROM report_mails m "
		"JOIN report_runs r ON r.customer = m.customer AND r.kind = m.kind AND r.period = "
		"m.period AND r.version = m.version WHERE m.sent = 0 AND m.due <= ?1 ORDER BY "
		"m.due, m.customer, m.address LIMIT 1",
		err);
	int found = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	if (db_step(st)) {
		read_run(st, &ret->run);
		keep(ret->address, sizeof(ret->address), column_text(st, 9));
		ret->language =
			strcmp(column_text(st, 10), "ja") == 0 ? REPORT_JAPANESE : REPORT_ENGLISH;
		ret->tries = (unsigned)column_int64(st, 11);
		found = 1;
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

int report_mail_sent(struct store *s, const struct report_mail *m, const char *error, uint64_t now,
		     struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s,
			      "UPDATE report_mails SET tries=tries+1, sent=?6, due=?7, "
			      "error=?8 WHERE customer=?1 AND kind=?2 AND period=?3 AND "
			      "version=?4 AND address=?5",
			      err);

	if (!st)
		return ERR_IO;
	bind_run(st, &m->run);
	bind_text(st, 5, m->address);
	bind_number(st, 6, error[0] ? 0 : now);
	bind_number(st, 7, error[0] ? later(m->tries, now) : now);
	bind_text(st, 8, error);
	return store_finish(s, st, err);
}
