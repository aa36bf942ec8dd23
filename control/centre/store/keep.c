#include "control/centre/store/keep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/centre/store/kept.h"
#include "control/centre/store/private.h"

/* --- whole copies --- */

static int complain(sqlite3 *db, const char *path, struct errmsg *err)
{
	return errmsg_set(err, ERR_IO, "%s: %s", path, db ? sqlite3_errmsg(db) : "no memory");
}

/* One number of a pragma or question; -1 when it fails. */
static int64_t one(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static bool is_sound(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	bool sound = false;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		sound = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	sqlite3_finalize(st);
	return sound;
}

/* In one step: a reader's view of one moment, writers go on. */
static int copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct errmsg *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int code = b ? sqlite3_backup_step(b, -1) : SQLITE_ERROR;

	if (b)
		sqlite3_backup_finish(b);
	return code == SQLITE_DONE ? ERR_OK : complain(to, path, err);
}

/* Opens a file that is a store already: opening it as the centre does would put anything else aside
 * and make an empty store of that name. The caller closes *ret, also after an error. */
static int open_file(const char *path, sqlite3 **ret, struct errmsg *err)
{
	if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return complain(*ret, path, err);
	sqlite3_busy_timeout(*ret, 10000);
	if (one(*ret, "PRAGMA user_version") <= 0)
		return errmsg_set(err, ERR_INVALID, "%s is no store of banken-centre", path);
	return ERR_OK;
}

int keep_check(const char *path, struct errmsg *err)
{
	sqlite3 *db = NULL;
	int rc = open_file(path, &db, err);

	sqlite3_close(db);
	return rc;
}

static int copy_file(const char *from, const char *to, struct errmsg *err)
{
	sqlite3 *source = NULL, *target = NULL;
	char part[1100];
	int rc;

	snprintf(part, sizeof(part), "%.1000s.part-%d", to, getpid());
	if (access(to, F_OK) == 0)
		return errmsg_set(err, ERR_EXISTS, "%s is there already; move it away first", to);
	rc = open_file(from, &source, err);
	if (rc == ERR_OK &&
	    sqlite3_open_v2(part, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
		    SQLITE_OK)
		rc = complain(target, part, err);
	if (rc == ERR_OK)
		rc = copy_pages(source, target, part, err);
	if (rc == ERR_OK && !is_sound(target))
		rc = errmsg_set(err, ERR_INVALID, "%s: the copy is not sound; look at the disks",
				part);
	sqlite3_close(source);
	sqlite3_close(target);
	if (rc == ERR_OK && rename(part, to) != 0)
		rc = errmsg_set(err, ERR_IO, "%s cannot be renamed to %s", part, to);
	if (rc != ERR_OK)
		unlink(part);
	return rc;
}

/* --- when --- */

static int note_backup(const struct store_where *where, const char *place, uint64_t bytes,
		       struct errmsg *err)
{
	struct kept_backup b = {.time = (uint64_t)time(NULL) * NS_PER_SEC, .bytes = bytes};
	struct errmsg note;
	struct store *s = store_open_at(where, &note, err);
	int rc = s ? kept_open(s, err) : ERR_IO;

	snprintf(b.place, sizeof(b.place), "%s", place);
	rc = rc == ERR_OK ? kept_backup_note(s, &b, err) : rc;
	store_close(s);
	return rc;
}

int keep_backup(const char *from, const char *to, struct errmsg *err)
{
	const struct store_where where = {.path = from};
	struct stat st = {0};
	int rc = copy_file(from, to, err);

	if (rc != ERR_OK || stat(to, &st) != 0)
		return rc;
	return note_backup(&where, to, (uint64_t)st.st_size, err);
}

int keep_backed_up(const struct store_where *where, const char *place, struct errmsg *err)
{
	return note_backup(where, place, 0, err);
}

int keep_restore(const char *from, const char *to, struct errmsg *err)
{
	return copy_file(from, to, err);
}

int keep_compact(const char *path, struct errmsg *err)
{
	sqlite3 *db = NULL;
	int rc = open_file(path, &db, err);

	if (rc == ERR_OK && sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE); VACUUM", NULL, NULL,
					 NULL) != SQLITE_OK)
		rc = complain(db, path, err);
	sqlite3_close(db);
	return rc;
}

/* --- growth --- */

int keep_size(struct store *s, uint64_t *ret_bytes, uint64_t *ret_day, struct errmsg *err)
{
	static const char week[] =
		"SELECT count(*), coalesce((max(time) - min(time)) / 86400000000000 + 1, 1) FROM "
		"records WHERE time > (SELECT max(time) FROM records) - 604800000000000";
	sqlite3 *db = db_sqlite_handle(s->db);
	int64_t pages, rows, days = 1, lately = 0;
	struct db_stmt *st;

	if (s->history)
		return history_size(s->history, ret_bytes, ret_day, err);
	pages = one(db, "PRAGMA page_count") - one(db, "PRAGMA freelist_count");
	*ret_bytes = (uint64_t)(pages * one(db, "PRAGMA page_size"));
	st = store_prepare(s, week, err);
	if (st && db_step(st)) {
		lately = column_int64(st, 0);
		days = column_int64(st, 1);
	}
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	rows = (int64_t)store_count(s, "records");
	*ret_day = rows > 0 ? (uint64_t)((double)*ret_bytes / (double)rows * (double)lately /
					 (double)(days > 7 ? 7 : days))
			    : 0;
	return ERR_OK;
}

int keep_print_size(const struct store_where *where, struct errmsg *err)
{
	struct errmsg note;
	uint64_t bytes, day;
	struct store *s;
	int rc;

	if (where->path && keep_check(where->path, err) != ERR_OK)
		return ERR_INVALID;
	s = store_open_at(where, &note, err);
	if (!s)
		return ERR_IO;
	rc = keep_size(s, &bytes, &day, err);
	store_close(s);
	if (rc == ERR_OK)
		printf("%llu bytes, %llu a day\n", (unsigned long long)bytes,
		       (unsigned long long)day);
	return rc;
}
