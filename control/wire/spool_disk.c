/* A full disk: the ballast file holds room for urgent records; when the disk refuses a write it is
 * given up, what may be kept shrinks to what is there, and when there is room again it is taken
 * back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/spool_db.h"

enum { LOOK_SECONDS = 5 };

static uint64_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static void ballast_path(const struct spool *s, char ret[4096])
{
	snprintf(ret, 4096, "%s.ballast", s->path);
}

void spool_disk_reserve(struct spool *s)
{
	char path[4096];
	int fd;

	ballast_path(s, path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, (off_t)s->ballast_bytes)) {
		close(fd);
		spool_disk_refused(s, "keeping room for alerts");
		return;
	}
	close(fd);
}

static uint64_t total(const struct spool *s)
{
	uint64_t sum = 0;

	for (int lane = 0; lane < LANE_COUNT; lane++)
		sum += s->bytes[lane];
	return sum;
}

void spool_disk_refused(struct spool *s, const char *why)
{
	char path[4096];
	uint64_t now_there = total(s);

	ballast_path(s, path);
	unlink(path);
	s->full_since = seconds();
	/* Rows that go make room inside the file for those that come. Each refusal gives up a
	 * little more, so that it comes to rest. */
	if (!s->disk_full || now_there < s->full_limit)
		s->full_limit = now_there;
	s->full_limit -= s->full_limit / 16;
	s->disk_full = true;
	s->checkpoint_due = true;
	errmsg_set(&s->full_why, ERR_IO,
		   "the disk of %s is full (%s): alerts use their reserved share, then the oldest "
		   "records go; free space there",
		   s->path, why);
}

void spool_disk_look(struct spool *s)
{
	struct statvfs v;
	uint64_t now = seconds();

	if (s->checkpoint_due) {
		/* What waits in the log moves into the file, and the log's room is free. */
		s->checkpoint_due = false;
		(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						NULL);
	}
	if (!s->disk_full || now - s->full_since < LOOK_SECONDS)
		return;
	s->full_since = now;
	if (statvfs(s->path, &v) || (uint64_t)v.f_bavail * v.f_frsize < 3 * s->ballast_bytes)
		return;
	s->disk_full = false;
	s->full_why.text[0] = '\0';
	spool_disk_reserve(s);
}
