#include "control/centre/store/lease.h"

#include "control/centre/store/private.h"

int lease_open(struct store *s, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s,
					   "CREATE TABLE IF NOT EXISTS leases(name TEXT PRIMARY "
					   "KEY, holder TEXT, ends BIGINT)",
					   err);

	return st ? store_finish(s, st, err) : ERR_IO;
}

#define DATABASE_NOW "CAST(extract(epoch FROM clock_timestamp()) * 1000000000 AS BIGINT)"

int lease_take(struct store *s, const char *name, const char *holder, uint64_t for_ns, uint64_t now,
	       struct errmsg *err)
{
	/* One statement: of two that come at once the second sees what the first wrote. */
	static const char ours[] =
		"INSERT INTO leases VALUES(?1,?2,?4 + ?3) ON CONFLICT(name) DO UPDATE SET "
		"holder=?2, ends=?4 + ?3 WHERE leases.holder=?2 OR leases.ends <= ?4";
	static const char theirs[] =
		"INSERT INTO leases VALUES(?1,?2," DATABASE_NOW " + ?3) ON CONFLICT(name) DO "
		"UPDATE SET holder=?2, ends=" DATABASE_NOW " + ?3 WHERE leases.holder=?2 OR "
		"leases.ends <= " DATABASE_NOW;
	bool is_far = db_is_postgres(s->db);
	struct db_stmt *st = store_prepare(s, is_far ? theirs : ours, err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, name);
	bind_text(st, 2, holder);
	bind_number(st, 3, for_ns);
	if (!is_far)
		bind_number(st, 4, now);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) > 0;
}

int lease_give(struct store *s, const char *name, const char *holder, struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s, "DELETE FROM leases WHERE name=?1 AND holder=?2", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, name);
	bind_text(st, 2, holder);
	return store_finish(s, st, err);
}
