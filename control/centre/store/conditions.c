#include "control/centre/store/conditions.h"

#include <string.h>

#include "control/centre/store/rows.h"
#include "dataplane/base/slice.h"

enum { AGAIN_MIN = 60 }; /* back within that, it is the same thing */

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS conditions(key TEXT PRIMARY KEY, kind TEXT, since BIGINT, held "
	"BIGINT, ended BIGINT)",
	"CREATE TABLE IF NOT EXISTS licences(customer TEXT PRIMARY KEY, ends BIGINT)",
	"CREATE TABLE IF NOT EXISTS disk_past(day BIGINT PRIMARY KEY, used BIGINT, size BIGINT)",
	"CREATE TABLE IF NOT EXISTS mirrors(sensor TEXT PRIMARY KEY, rx BIGINT, since BIGINT)",
};

static int run_sql(struct store *s, const char *sql, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, sql, err);

	return st ? store_finish(s, st, err) : ERR_IO;
}

int conditions_open(struct store *s, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && rc == ERR_OK; i++)
		rc = run_sql(s, tables[i], err);
	return rc;
}

static void keep(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from);
}

/* One statement that gives nothing, with a text and `n` numbers behind it. */
static int set(struct store *s, const char *sql, const char *text, const uint64_t *numbers, int n,
	       struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, sql, err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, text);
	for (int i = 0; i < n; i++)
		bind_number(st, 2 + i, numbers[i]);
	return store_done(s, st, err);
}

static int within(struct store *s, int rc, struct errmsg *err)
{
	if (rc >= 0)
		return store_commit(s, err) == ERR_OK ? rc : ERR_IO;
	store_rollback(s);
	return rc;
}

/* --- conditions --- */

/* When it began, so that the emergency has the same key for as long as it lasts. */
static int since_of(struct store *s, const char *key, uint64_t now, uint64_t *ret,
		    struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, "SELECT since FROM conditions WHERE key=?1", err);

	if (!st)
		return ERR_IO;
	*ret = now;
	bind_text(st, 1, key);
	if (db_step(st))
		*ret = (uint64_t)column_int64(st, 0);
	return store_done(s, st, err);
}

static int note_held(struct store *s, const struct emergency *e, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO conditions VALUES(?1,?2,?3,?3,0) ON CONFLICT(key) DO UPDATE SET "
		"since=CASE WHEN conditions.ended > 0 AND conditions.ended < ?4 THEN ?3 ELSE "
		"conditions.since END, held=?3, ended=0",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, e->key);
	bind_text(st, 2, emergency_kind_words[e->kind]);
	bind_number(st, 3, now);
	bind_number(st, 4, now - AGAIN_MIN * NS_PER_MIN);
	return store_done(s, st, err);
}

/* Back before an hour was over: it goes on, and is told with the next wave. */
static int reopen(struct store *s, const char *key, uint64_t now, struct errmsg *err)
{
	const uint64_t next = now + 15 * NS_PER_MIN;

	return set(s,
		   "UPDATE emergencies SET acknowledged=0, by='', next=?2 WHERE key=?1 AND "
		   "acknowledged > 0 AND by='(over)'",
		   key, &next, 1, err);
}

int condition_holds(struct store *s, const struct emergency *e, uint64_t now, struct errmsg *err)
{
	struct emergency copy = *e;
	uint64_t since = now;
	int rc = store_begin(s, err);

	if (rc != ERR_OK)
		return rc;
	rc = note_held(s, e, now, err);
	rc = rc == ERR_OK ? since_of(s, e->key, now, &since, err) : rc;
	snprintf(copy.key, sizeof(copy.key), "%.130s:%llu", e->key, (unsigned long long)since);
	copy.opened = since;
	rc = rc == ERR_OK ? reopen(s, copy.key, now, err) : rc;
	rc = rc == ERR_OK ? emergency_raise(s, &copy, err) : rc;
	return within(s, rc, err);
}

int conditions_end(struct store *s, enum emergency_kind kind, uint64_t since, uint64_t now,
		   struct errmsg *err)
{
	const char *word = emergency_kind_words[kind];
	const uint64_t times[] = {since, now}, old = now - NS_PER_DAY;
	int rc = store_begin(s, err), n = 0;

	if (rc != ERR_OK)
		return rc;
	rc = set(s,
		 "UPDATE emergencies SET acknowledged=?3, by='(over)' WHERE kind=?1 AND "
		 "acknowledged=0 AND key IN (SELECT c.key || ':' || c.since FROM conditions c "
		 "WHERE c.kind=?1 AND c.ended=0 AND c.held < ?2)",
		 word, times, 2, err);
	rc = rc == ERR_OK
		     ? set(s,
			   "UPDATE conditions SET ended=?3 WHERE kind=?1 AND ended=0 AND held < ?2",
			   word, times, 2, err)
		     : rc;
	n = rc == ERR_OK ? (int)store_changes(s) : 0;
	rc = rc == ERR_OK
		     ? set(s, "DELETE FROM conditions WHERE kind=?1 AND ended > 0 AND ended < ?2",
			   word, &old, 1, err)
		     : rc;
	return within(s, rc == ERR_OK ? n : rc, err);
}

int conditions_end_silent(struct store *s, uint64_t now, struct errmsg *err)
{
	return set(s,
		   "UPDATE emergencies SET acknowledged=?2, by='(over)' WHERE kind=?1 AND "
		   "acknowledged=0 AND EXISTS (SELECT 1 FROM peers p WHERE p.up=1 AND "
		   "emergencies.key LIKE 'silent:' || p.name || ':%')",
		   emergency_kind_words[EMERGENCY_SILENT], &now, 1, err);
}

json_t *conditions_list(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT c.key AS key, c.kind AS kind, e.customer AS customer, e.site AS site, "
		"c.since AS since, e.title_en AS title, e.title_ja AS title_ja, e.text_en AS text, "
		"e.text_ja AS text_ja FROM conditions c JOIN emergencies e ON e.key = c.key || ':' "
		"|| c.since WHERE c.ended=0 AND (?1='' OR e.customer=?1) ORDER BY c.since DESC",
		NULL);

	if (st)
		bind_text(st, 1, customer);
	return store_list(s, st);
}

static int count(struct store *s, const char *sql, uint64_t *ret, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, sql, err);

	if (!st)
		return ERR_IO;
	*ret = db_step(st) ? (uint64_t)column_int64(st, 0) : 0;
	return store_done(s, st, err);
}

int conditions_count(struct store *s, struct condition_figures *ret, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s, "SELECT kind, count(*) FROM conditions WHERE ended=0 GROUP BY kind", err);
	int rc;

	memset(ret, 0, sizeof(*ret));
	while (st && db_step(st)) {
		for (size_t k = 0; k < EMERGENCY_KINDS; k++) {
			if (strcmp(emergency_kind_words[k], column_text(st, 0)) == 0)
				ret->held[k] = (uint64_t)column_int64(st, 1);
		}
	}
	rc = st ? store_done(s, st, err) : ERR_IO;
	rc = rc == ERR_OK ? count(s,
				  "SELECT count(*) FROM emergencies WHERE acknowledged=0 AND "
				  "customer <> '(self-test)'",
				  &ret->emergencies, err)
			  : rc;
	return rc == ERR_OK
		       ? count(s,
			       "SELECT (SELECT count(*) FROM deliveries WHERE sent=0) + (SELECT "
			       "count(*) FROM report_mails WHERE sent=0)",
			       &ret->messages, err)
		       : rc;
}

/* --- licences --- */

int licence_put(struct store *s, const char *customer, uint64_t until, struct errmsg *err)
{
	return set(s,
		   "INSERT INTO licences VALUES(?1,?2) ON CONFLICT(customer) DO UPDATE SET ends=?2",
		   customer, &until, 1, err);
}

uint64_t licence_until(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(s, "SELECT ends FROM licences WHERE customer=?1", NULL);
	uint64_t ret = 0;

	if (!st)
		return 0;
	bind_text(st, 1, customer);
	if (db_step(st))
		ret = (uint64_t)column_int64(st, 0);
	store_finish(s, st, NULL);
	return ret;
}

int licences_ending(struct store *s, uint64_t before, struct licence *ret, unsigned most,
		    struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT l.customer, coalesce(c.name, l.customer), l.ends FROM licences l LEFT JOIN "
		"customers c ON c.id = l.customer WHERE l.ends > 0 AND l.ends < ?1 ORDER BY l.ends",
		err);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, before);
	while (n < most && db_step(st)) {
		keep(ret[n].customer, sizeof(ret[n].customer), column_text(st, 0));
		keep(ret[n].name, sizeof(ret[n].name), column_text(st, 1));
		ret[n++].until = (uint64_t)column_int64(st, 2);
	}
	return store_finish(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

/* --- the disk --- */

int disk_note(struct store *s, const struct disk_day *d, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"INSERT INTO disk_past VALUES(?1,?2,?3) ON CONFLICT(day) "
					"DO UPDATE SET used=?2, size=?3",
					err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, d->day);
	bind_number(st, 2, d->used);
	bind_number(st, 3, d->size);
	return store_done(s, st, err);
}

int disk_days(struct store *s, struct disk_day *ret, unsigned most, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s, "SELECT day, used, size FROM disk_past ORDER BY day DESC LIMIT ?1", err);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, most);
	while (n < most && db_step(st))
		ret[n++] = (struct disk_day){(uint64_t)column_int64(st, 0),
					     (uint64_t)column_int64(st, 1),
					     (uint64_t)column_int64(st, 2)};
	for (unsigned i = 0; i < n / 2; i++) {
		struct disk_day swap = ret[i];

		ret[i] = ret[n - 1 - i];
		ret[n - 1 - i] = swap;
	}
	return store_finish(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

/* --- mirror ports --- */

/* Only when a port is quiet: what a week's slots hold is much to ask for at every look. */
static int fetch_when_quiet(struct store *s, uint64_t since, uint64_t now, struct errmsg *err)
{
	const struct history_want want = {
		.what = HISTORY_HEALTH, .from = now - 7 * NS_PER_DAY, .to = now};
	const struct history_want nothing = {.what = HISTORY_HEALTH, .from = 1, .to = 2};
	struct db_stmt *st = store_kept(s, "SELECT count(*) FROM mirrors WHERE since < ?1", err);
	int64_t quiet;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, since);
	quiet = db_step(st) ? column_int64(st, 0) : 0;
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	return history_fetch(s, quiet ? &want : &nothing, err);
}

int mirrors_gone(struct store *s, uint64_t after, uint64_t now, struct mute_sensor *ret,
		 unsigned most, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO mirrors SELECT sensor, rx, ?1 FROM health WHERE 1=1 ON "
		"CONFLICT(sensor) DO UPDATE SET since=CASE WHEN mirrors.rx = excluded.rx THEN "
		"mirrors.since ELSE excluded.since END, rx=excluded.rx",
		err);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	if (fetch_when_quiet(s, now - after, now, err) != ERR_OK)
		return ERR_IO;
	st = store_prepare(
		s,
		"SELECT m.sensor, p.site, m.since FROM mirrors m JOIN peers p ON p.name = m.sensor "
		"JOIN health h ON h.sensor = m.sensor WHERE m.since < ?1 AND p.up = 1 AND h.alive "
		"= 1 AND h.time > ?1 AND EXISTS (SELECT 1 FROM health_slots x WHERE x.sensor = "
		"m.sensor AND x.slot > ?2 AND x.rx > 0) ORDER BY m.since",
		err);
	if (!st)
		return ERR_IO;
	bind_number(st, 1, now - after);
	bind_number(st, 2, (now - 7 * NS_PER_DAY) / SLOT_NS);
	while (n < most && db_step(st)) {
		keep(ret[n].name, sizeof(ret[n].name), column_text(st, 0));
		keep(ret[n].site, sizeof(ret[n].site), column_text(st, 1));
		ret[n++].since = (uint64_t)column_int64(st, 2);
	}
	return store_finish(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

/* --- counts --- */

int customers_all(struct store *s, struct customer_name *ret, unsigned most, struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s, "SELECT id, name FROM customers WHERE id <> '' ORDER BY id", err);
	unsigned n = 0;

	if (!st || most == 0)
		return ERR_IO;
	ret[n++] = (struct customer_name){"", ""};
	while (n < most && db_step(st)) {
		keep(ret[n].id, sizeof(ret[n].id), column_text(st, 0));
		keep(ret[n++].name, sizeof(ret[0].name), column_text(st, 1));
	}
	return store_finish(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

#define SITES_OF(customer) "(SELECT site FROM sites WHERE customer = " customer ")"

int incidents_by_hour(struct store *s, const char *customer, uint64_t now, unsigned *ret,
		      unsigned n, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"SELECT opened FROM incidents WHERE site IN " SITES_OF(
						"?1") " AND opened >= ?2 "
						      "AND opened < ?3 AND state <> 'merged'",
					err);

	memset(ret, 0, n * sizeof(*ret));
	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_number(st, 2, now - n * NS_PER_HOUR);
	bind_number(st, 3, now);
	while (db_step(st)) {
		uint64_t back = (now - 1 - (uint64_t)column_int64(st, 0)) / NS_PER_HOUR;

		if (back < n)
			ret[back]++;
	}
	return store_done(s, st, err);
}

int alerts_between(struct store *s, const char *customer, uint64_t from, uint64_t to, uint64_t *ret,
		   struct errmsg *err)
{
	const struct store_scope scope = {customer, ""};
	const struct history_want want = {
		.what = HISTORY_TALLY, .scope = &scope, .from = from, .to = to};
	struct db_stmt *st;

	*ret = 0;
	if (history_fetch(s, &want, err) != ERR_OK)
		return ERR_IO;
	st = store_kept(s,
			"SELECT coalesce(sum(n),0) FROM tally WHERE site IN " SITES_OF(
				"?1") " "
				      "AND slot >= ?2 AND slot < ?3",
			err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_number(st, 2, from / SLOT_NS);
	bind_number(st, 3, to / SLOT_NS);
	if (db_step(st))
		*ret = (uint64_t)column_int64(st, 0);
	return store_done(s, st, err);
}

uint64_t first_alert(struct store *s, const char *customer)
{
	const struct store_scope scope = {customer, ""};
	const struct history_want want = {.what = HISTORY_FIRST, .scope = &scope};
	struct db_stmt *st = NULL;
	uint64_t ret = 0;

	if (history_fetch(s, &want, NULL) == ERR_OK)
		st = store_kept(s, "SELECT min(slot) FROM tally WHERE site IN " SITES_OF("?1"),
				NULL);
	if (!st)
		return 0;
	bind_text(st, 1, customer);
	if (db_step(st) && !column_is_null(st, 0))
		ret = (uint64_t)column_int64(st, 0) * SLOT_NS;
	store_done(s, st, NULL);
	return ret;
}

/* --- stuck --- */

/* `sql`: number, since, what, error of the oldest; ?1: before. */
static int ask_stuck(struct store *s, const char *sql, uint64_t before, struct stuck *ret,
		     struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, sql, err);

	memset(ret, 0, sizeof(*ret));
	if (!st)
		return ERR_IO;
	bind_number(st, 1, before);
	while (db_step(st)) {
		if (ret->n++)
			continue;
		ret->since = (uint64_t)column_int64(st, 0);
		snprintf(ret->what, sizeof(ret->what), "%s %s", column_text(st, 1),
			 column_text(st, 2));
		keep(ret->error, sizeof(ret->error), column_text(st, 3));
	}
	return store_finish(s, st, err);
}

int reports_stuck(struct store *s, uint64_t before, struct stuck *ret, struct errmsg *err)
{
	return ask_stuck(s,
			 "SELECT due, kind, customer, error FROM report_runs WHERE state <> "
			 "'ready' AND due < ?1 ORDER BY due",
			 before, ret, err);
}

int messages_stuck(struct store *s, uint64_t before, struct stuck *ret, struct errmsg *err)
{
	return ask_stuck(
		s,
		"SELECT x.since, x.kind, x.address, x.error FROM (SELECT e.opened AS since, r.kind "
		"AS kind, r.address AS address, d.error AS error FROM deliveries d JOIN "
		"emergencies e ON e.id = d.emergency JOIN recipients r ON r.id = d.recipient WHERE "
		"d.sent = 0 AND d.tries > 2 AND e.acknowledged = 0 AND e.opened < ?1 UNION ALL "
		"SELECT r.made AS since, 'report' AS kind, m.address AS address, m.error AS error "
		"FROM report_mails m JOIN report_runs r ON r.customer = m.customer AND r.kind = "
		"m.kind AND r.period = m.period AND r.version = m.version WHERE m.sent = 0 AND "
		"m.tries > 2 AND r.made < ?1) x ORDER BY x.since",
		before, ret, err);
}
