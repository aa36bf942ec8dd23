#include "control/centre/store/kept.h"

#include "control/centre/store/fleet_sql.h"

enum { DAYS_KEPT = 400, BACKUPS_KEPT = 100 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS kept_past(day INTEGER PRIMARY KEY, bytes INTEGER);"
	"CREATE TABLE IF NOT EXISTS kept_backups(time INTEGER PRIMARY KEY, bytes INTEGER, place "
	"TEXT);";

int kept_open(struct store *s, struct errmsg *err)
{
	return s->db->ops->exec(s->db, schema, err);
}

static int measure_here(struct store *s, uint64_t *ret_bytes, uint64_t *ret_oldest,
			struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err,
			  "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size "
			  "FROM pragma_page_size), (SELECT min(time) FROM records WHERE time > 0)",
			  "");
	int64_t oldest;

	if (!st)
		return ERR_IO;
	if (db_step(st)) {
		*ret_bytes = (uint64_t)column_int64(st, 0);
		oldest = column_int64(st, 1);
		*ret_oldest = oldest > 0 ? (uint64_t)oldest : 0;
	}
	return store_finish(s, st, err);
}

/* 202611: its first moment. */
static uint64_t month_begins(uint64_t month)
{
	struct tm tm = {.tm_year = (int)(month / 100) - 1900,
			.tm_mon = (int)(month % 100) - 1,
			.tm_mday = 1};
	time_t at = month ? timegm(&tm) : 0;

	return at > 0 ? (uint64_t)at * NS_PER_SEC : 0;
}

static int measure_there(struct store *s, uint64_t *ret_bytes, uint64_t *ret_oldest,
			 struct errmsg *err)
{
	uint64_t bytes, day, month;
	int rc = history_size(s->history, &bytes, &day, err);

	rc = rc == ERR_OK ? history_oldest(s->history, &month, err) : rc;
	if (rc != ERR_OK)
		return rc;
	*ret_oldest = month_begins(month);
	*ret_bytes = bytes + fleet_number(s, fleet_ask(s, err,
						       "SELECT pg_database_size("
						       "current_database())",
						       ""));
	return ERR_OK;
}

int kept_measure(struct store *s, uint64_t *ret_bytes, uint64_t *ret_oldest, struct errmsg *err)
{
	*ret_bytes = *ret_oldest = 0;
	return s->history ? measure_there(s, ret_bytes, ret_oldest, err)
			  : measure_here(s, ret_bytes, ret_oldest, err);
}

int kept_note(struct store *s, const struct kept_day *d, struct errmsg *err)
{
	int rc = fleet_run(s, err,
			   "INSERT INTO kept_past(day, bytes) VALUES(?1, ?2) ON CONFLICT(day) DO "
			   "UPDATE SET bytes = ?2",
			   "nn", d->day, d->bytes);

	return rc == ERR_OK && d->day > DAYS_KEPT
		       ? fleet_run(s, err, "DELETE FROM kept_past WHERE day < ?1", "n",
				   d->day - DAYS_KEPT)
		       : rc;
}

int kept_days(struct store *s, struct kept_day *ret, unsigned most, struct errmsg *err)
{
	struct db_stmt *st = fleet_ask(
		s, err,
		"SELECT x.day, x.bytes FROM (SELECT day, bytes FROM kept_past ORDER BY day DESC "
		"LIMIT ?1) x ORDER BY x.day",
		"n", (uint64_t)most);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	while (n < most && db_step(st))
		ret[n++] = (struct kept_day){(uint64_t)column_int64(st, 0),
					     (uint64_t)column_int64(st, 1)};
	return store_finish(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

int kept_backup_note(struct store *s, const struct kept_backup *b, struct errmsg *err)
{
	int rc = fleet_run(s, err,
			   "INSERT INTO kept_backups(time, bytes, place) VALUES(?1, ?2, ?3) ON "
			   "CONFLICT(time) DO UPDATE SET bytes = ?2, place = ?3",
			   "nnt", b->time, b->bytes, b->place);

	return rc == ERR_OK
		       ? fleet_run(s, err,
				   "DELETE FROM kept_backups WHERE time NOT IN (SELECT time FROM "
				   "kept_backups ORDER BY time DESC LIMIT ?1)",
				   "n", (uint64_t)BACKUPS_KEPT)
		       : rc;
}

int kept_backup_last(struct store *s, struct kept_backup *ret, struct errmsg *err)
{
	struct db_stmt *st = fleet_ask(
		s, err, "SELECT time, bytes, place FROM kept_backups ORDER BY time DESC LIMIT 1",
		"");
	int found;

	*ret = (struct kept_backup){0};
	if (!st)
		return ERR_IO;
	found = db_step(st);
	if (found) {
		ret->time = (uint64_t)column_int64(st, 0);
		ret->bytes = (uint64_t)column_int64(st, 1);
		fleet_column(st, 2, ret->place, sizeof(ret->place));
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}
