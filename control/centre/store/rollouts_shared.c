#include "control/centre/store/rollouts_shared.h"

#include <stdlib.h>

#include "control/centre/store/fleet_sql.h"

#define DATABASE_NOW "CAST(extract(epoch FROM clock_timestamp()) * 1000000000 AS BIGINT)"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS fleet_stamps(name TEXT PRIMARY KEY, stamp TEXT);"
	"INSERT OR IGNORE INTO fleet_stamps VALUES('rollouts', '');"
	"CREATE TABLE IF NOT EXISTS fleet_heard(box TEXT PRIMARY KEY, holder TEXT, told INTEGER, "
	"up INTEGER, counted INTEGER, age INTEGER, started INTEGER, uptime INTEGER, restarts "
	"INTEGER, loss INTEGER, rate INTEGER);";

int rollout_shared_tables(struct store *s, struct errmsg *err)
{
	return s->db->ops->exec(s->db, schema, err);
}

int rollout_stamp(struct store *s, bool lock, char ret[STAMP], struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err,
			  lock ? "SELECT stamp FROM fleet_stamps WHERE name = 'rollouts' FOR UPDATE"
			       : "SELECT stamp FROM fleet_stamps WHERE name = 'rollouts'",
			  "");

	ret[0] = '\0';
	if (!st)
		return ERR_IO;
	if (db_step(st))
		fleet_column(st, 0, ret, STAMP);
	return store_finish(s, st, err);
}

int rollout_stamp_set(struct store *s, const char *stamp, struct errmsg *err)
{
	return fleet_run(s, err, "UPDATE fleet_stamps SET stamp = ?1 WHERE name = 'rollouts'", "t",
			 stamp);
}

/* Shares as millionths, rates as thousandths. */
int box_heard_put(struct store *s, const char *holder, const struct box_heard *h,
		  struct errmsg *err)
{
	return fleet_run(
		s, err,
		"INSERT INTO fleet_heard(box, holder, told, up, counted, age, started, uptime, "
		"restarts, loss, rate) VALUES(?1, ?2, " DATABASE_NOW
		", ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(box) DO UPDATE SET holder = ?2, "
		"told = " DATABASE_NOW ", up = ?3, counted = ?4, age = ?5, started = ?6, uptime = "
		"?7, restarts = ?8, loss = ?9, rate = ?10",
		"ttnnnnnnnn", h->box, holder, (uint64_t)h->is_up, (uint64_t)h->has_counts, h->age,
		h->started, h->uptime, h->restarts, (uint64_t)(h->loss * 1e6),
		(uint64_t)(h->rate * 1e3));
}

int box_heard_gone(struct store *s, const char *holder, const char *box, struct errmsg *err)
{
	return fleet_run(s, err, "UPDATE fleet_heard SET up = 0 WHERE box = ?2 AND holder = ?1",
			 "tt", holder, box);
}

#define HEARD                                                                                      \
	"SELECT box, up, counted, age + " DATABASE_NOW                                             \
	" - told, started, uptime, restarts, loss, rate FROM fleet_heard WHERE "

static void take(struct db_stmt *st, struct box_heard *h)
{
	int64_t age = column_int64(st, 3);

	fleet_column(st, 0, h->box, sizeof(h->box));
	h->is_up = column_int64(st, 1);
	h->has_counts = column_int64(st, 2);
	h->age = age > 0 ? (uint64_t)age : 0;
	h->started = (uint64_t)column_int64(st, 4);
	h->uptime = (uint64_t)column_int64(st, 5);
	h->restarts = (uint64_t)column_int64(st, 6);
	h->loss = (double)column_int64(st, 7) / 1e6;
	h->rate = (double)column_int64(st, 8) / 1e3;
}

int box_heard_find(struct store *s, const char *box, struct box_heard *ret, struct errmsg *err)
{
	struct db_stmt *st = fleet_ask(s, err, HEARD "box = ?1", "t", box);
	int found;

	if (!st)
		return ERR_IO;
	found = db_step(st);
	if (found)
		take(st, ret);
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

int box_heard_others(struct store *s, const char *holder, uint64_t within, struct box_heard **ret,
		     size_t *ret_n, struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err, HEARD "holder <> ?1 AND told > " DATABASE_NOW " - ?2", "tn",
			  holder, within);
	size_t cap = 0;

	*ret = NULL;
	*ret_n = 0;
	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		if (*ret_n == cap) {
			struct box_heard *more =
				realloc(*ret, (cap = cap ? 2 * cap : 64) * sizeof(*more));

			if (!more)
				break;
			*ret = more;
		}
		take(st, &(*ret)[(*ret_n)++]);
	}
	return store_finish(s, st, err);
}
