#include "control/wire/seen.h"

int seen_init(sqlite3 *db, struct errmsg *e)
{
	static const char sql[] = "CREATE TABLE IF NOT EXISTS link_seen (peer TEXT, spool INTEGER,"
				  " lane INTEGER, number INTEGER, PRIMARY KEY (peer, spool, lane))"
				  " WITHOUT ROWID";

	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		return errmsg_set(e, ERR_IO, "table link_seen: %s", sqlite3_errmsg(db));
	return 0;
}

int seen_new(sqlite3 *db, const struct link_item *item, struct errmsg *e)
{
	/* One statement looks and remembers: nothing changes when the number is not new. */
	static const char sql[] =
		"INSERT INTO link_seen (peer, spool, lane, number) VALUES (?, ?, ?, ?)"
		" ON CONFLICT (peer, spool, lane) DO UPDATE SET number = excluded.number"
		" WHERE excluded.number > number";
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_text(st, 1, item->peer, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 2, (sqlite3_int64)item->spool);
		sqlite3_bind_int(st, 3, (int)item->lane);
		sqlite3_bind_int64(st, 4, (sqlite3_int64)item->number);
		rc = sqlite3_step(st);
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return errmsg_set(e, ERR_IO, "table link_seen: %s", sqlite3_errmsg(db));
	return sqlite3_changes(db) > 0;
}
