#include "control/wire/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LITTLE_BYTES = 256 << 10, TIGHT_PAGES = 256 };

static bool folder_of(const struct room *r, struct statvfs *ret)
{
	char folder[512];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", r->path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	return statvfs(slash ? folder : ".", ret) == 0;
}

static bool take(const struct room *r)
{
	int fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool taken;

	if (fd < 0)
		return false;
	taken = posix_fallocate(fd, 0, ROOM_BYTES) == 0;
	close(fd);
	if (!taken)
		unlink(r->path);
	return taken;
}

void room_keep(struct room *r, sqlite3 *db, const char *db_path)
{
	*r = (struct room){.db = db};
	snprintf(r->path, sizeof(r->path), "%s.ballast", db_path);
	if (take(r))
		return;
	r->full = true;
	errmsg_set(&r->trouble, ERR_IO,
		   "the disk of %s is full: no room could be kept for what matters; free space "
		   "there",
		   db_path);
}

bool room_refused(struct room *r, const char *then)
{
	const char *name = sqlite3_db_filename(r->db, "main");
	struct statvfs v;

	/* The error code may be that of a later statement, or of the log, so the disk is asked. */
	if (sqlite3_errcode(r->db) != SQLITE_FULL &&
	    (!folder_of(r, &v) || (uint64_t)v.f_bavail * v.f_frsize >= LITTLE_BYTES))
		return false;
	unlink(r->path);
	r->full = true;
	errmsg_set(&r->trouble, ERR_IO,
		   "the disk of %s is full: what matters is still stored, %s; free space there",
		   name ? name : "the database", then);
	return true;
}

/* The log begins anew but keeps the room it has: others may have filled the disk. */
static void empty_log(struct room *r)
{
	(void)sqlite3_wal_checkpoint_v2(r->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
}

long room_make(struct room *r, const char *const *deletes, unsigned n, unsigned rounds)
{
	long gone = 0;

	empty_log(r);
	for (unsigned i = 0, at = 0; i < rounds && at < n; i++) {
		int changes;

		if (sqlite3_exec(r->db, deletes[at], NULL, NULL, NULL) != SQLITE_OK)
			break;
		changes = sqlite3_changes(r->db);
		empty_log(r);
		at += changes == 0;
		gone += changes;
	}
	r->freed += (uint64_t)gone;
	return gone;
}

bool room_tight(struct room *r)
{
	sqlite3_stmt *st = NULL;
	struct statvfs v;
	int pages = 0;

	/* Half of the room that was kept may be filled; the other half is for removing. */
	if (!r->full || (folder_of(r, &v) && (uint64_t)v.f_bavail * v.f_frsize > ROOM_BYTES / 2) ||
	    sqlite3_prepare_v2(r->db, "PRAGMA freelist_count", -1, &st, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(st) == SQLITE_ROW)
		pages = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return pages < TIGHT_PAGES;
}

void room_committed(struct room *r)
{
	if (r->full)
		empty_log(r);
}

bool room_look(struct room *r, uint64_t now)
{
	struct statvfs v;

	if (!r->full || now - r->looked < ROOM_LOOK_S)
		return false;
	r->looked = now;
	if (!folder_of(r, &v) || (uint64_t)v.f_bavail * v.f_frsize < 3 * (uint64_t)ROOM_BYTES ||
	    !take(r))
		return false;
	r->full = false;
	r->trouble.text[0] = 0;
	return true;
}
