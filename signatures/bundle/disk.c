#include "signatures/bundle/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/wire/file.h"

int disk_path(char ret[DISK_PATH], struct errmsg *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(ret, DISK_PATH, fmt, ap);
	va_end(ap);
	return n >= 0 && n < DISK_PATH ? ERR_OK : errmsg_set(e, ERR_LIMIT, "a path is too long");
}

int disk_lock(const char *folder, struct errmsg *e)
{
	char path[DISK_PATH];
	int fd;

	if (file_make_folder(folder, 0755, e) != ERR_OK ||
	    disk_path(path, e, "%s/lock", folder) != ERR_OK)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		errmsg_set(e, ERR_IO, "%s cannot be opened: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		errmsg_set(e, ERR_AGAIN, "%s is being changed by another program; try again",
			   folder);
		return -1;
	}
	return fd;
}

int disk_sync(const char *folder, struct errmsg *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) ? errmsg_set(e, ERR_IO, "%s cannot be written: %s", folder,
						  strerror(errno))
				     : ERR_OK;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path) && errno != ENOENT;
}

void disk_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void disk_sweep(const char *folder)
{
	struct dirent *d;
	DIR *dir = opendir(folder);

	while (dir && (d = readdir(dir))) {
		char path[DISK_PATH];

		if (strncmp(d->d_name, ".new", 4) == 0 &&
		    disk_path(path, NULL, "%s/%s", folder, d->d_name) == ERR_OK)
			disk_remove(path);
	}
	if (dir)
		closedir(dir);
}

static int sync_above(const char *path, struct errmsg *e)
{
	char folder[DISK_PATH];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	return disk_sync(folder, e);
}

int disk_move(const char *from, const char *to, struct errmsg *e)
{
	int rc = disk_sync(from, e);

	if (rc != ERR_OK)
		return rc;
	/* Exchanged, so that there is no moment without either. */
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
		disk_remove(from);
	else if (rename(from, to))
		return errmsg_set(e, ERR_IO, "%s cannot be put in place: %s", to, strerror(errno));
	return sync_above(to, e);
}

int disk_link(const char *target, const char *link, struct errmsg *e)
{
	char beside[DISK_PATH];
	int rc = disk_path(beside, e, "%s.new", link);

	if (rc != ERR_OK)
		return rc;
	unlink(beside);
	if (symlink(target, beside) || rename(beside, link))
		return errmsg_set(e, ERR_IO, "%s cannot be changed: %s", link, strerror(errno));
	return sync_above(link, e);
}

static int share_one(const char *from, const char *to, struct errmsg *e)
{
	struct slice bytes;
	int rc;

	if (link(from, to) == 0 || errno == EEXIST)
		return ERR_OK;
	rc = file_read(from, BUNDLE_FILE_MAX, &bytes, e);
	if (rc != ERR_OK)
		return rc;
	rc = file_write(to, bytes, 0644, e);
	free((void *)bytes.data);
	return rc;
}

int disk_share(const char *from, const char *to, struct errmsg *e)
{
	DIR *dir = opendir(from);
	struct dirent *d;
	int rc = ERR_OK;

	if (!dir)
		return ERR_OK;
	while (rc == ERR_OK && (d = readdir(dir))) {
		char a[DISK_PATH], b[DISK_PATH];

		if (d->d_name[0] == '.' || d->d_type == DT_DIR)
			continue;
		rc = file_make_folder(to, 0755, e);
		if (rc == ERR_OK)
			rc = disk_path(a, e, "%s/%s", from, d->d_name);
		if (rc == ERR_OK)
			rc = disk_path(b, e, "%s/%s", to, d->d_name);
		if (rc == ERR_OK)
			rc = share_one(a, b, e);
	}
	closedir(dir);
	return rc;
}

static int unpack_one(const struct bundle_file *f, const char *folder, struct errmsg *e)
{
	char path[DISK_PATH];
	struct slice bytes;
	int rc = disk_path(path, e, "%s/%s", folder, f->path);

	if (rc == ERR_OK)
		rc = bundle_unpack(f, &bytes, e);
	if (rc != ERR_OK)
		return rc;
	rc = file_write(path, bytes, 0644, e);
	free((void *)bytes.data);
	return rc;
}

int disk_unpack(const struct bundle *b, const char *folder, struct errmsg *e)
{
	int rc = file_make_folder(folder, 0755, e);

	for (unsigned i = 0; bundle_folders[i] && rc == ERR_OK; i++) {
		char path[DISK_PATH];

		rc = disk_path(path, e, "%s/%s", folder, bundle_folders[i]);
		if (rc == ERR_OK)
			rc = file_make_folder(path, 0755, e);
	}
	for (unsigned i = 0; i < b->n && rc == ERR_OK; i++)
		rc = unpack_one(&b->files[i], folder, e);
	return rc;
}
