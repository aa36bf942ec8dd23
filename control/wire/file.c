#include "control/wire/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, struct slice content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		content.data += n;
		content.len -= (size_t)n;
	}
	return fsync(fd);
}

static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int file_write(const char *path, struct slice content, mode_t mode, struct errmsg *e)
{
	char beside[PATH_MAX];
	int fd, failed, why;

	if (snprintf(beside, sizeof(beside), "%s.%ld.new", path, (long)getpid()) >=
	    (int)sizeof(beside))
		return errmsg_set(e, ERR_LIMIT, "path %s is too long", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return errmsg_set(e, ERR_IO, "%s cannot be written: %s", path, strerror(errno));
	failed = fchmod(fd, mode) || write_all(fd, content);
	why = errno;
	if (close(fd) && !failed) {
		failed = 1;
		why = errno;
	}
	if (!failed && rename(beside, path)) {
		failed = 1;
		why = errno;
	}
	if (failed) {
		unlink(beside);
		return errmsg_set(e, ERR_IO, "%s cannot be written: %s", path, strerror(why));
	}
	sync_folder(path);
	return 0;
}

int file_make_folder(const char *path, mode_t mode, struct errmsg *e)
{
	char part[PATH_MAX];
	struct stat st;

	if (snprintf(part, sizeof(part), "%s/", path) >= (int)sizeof(part))
		return errmsg_set(e, ERR_LIMIT, "path %s is too long", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return errmsg_set(e, ERR_IO, "folder %s cannot be made: %s", part,
					  strerror(errno));
		*slash = '/';
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return errmsg_set(e, ERR_IO, "%s is not a folder", path);
	return 0;
}

int file_read(const char *path, size_t max, struct slice *ret, struct errmsg *e)
{
	FILE *f = fopen(path, "rbe");
	char *buf;
	size_t n;

	if (!f)
		return errmsg_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
				  "%s cannot be read: %s", path, strerror(errno));
	buf = malloc(max + 2);
	if (!buf) {
		fclose(f);
		return errmsg_set(e, ERR_NOMEM, "no memory to read %s", path);
	}
	n = fread(buf, 1, max + 1, f);
	if (ferror(f) || n > max) {
		int rc = ferror(f)
				 ? errmsg_set(e, ERR_IO, "%s cannot be read: %s", path,
					      strerror(errno))
				 : errmsg_set(e, ERR_LIMIT,
					      "%s is larger than the %zu bytes allowed", path, max);

		fclose(f);
		free(buf);
		return rc;
	}
	fclose(f);
	buf[n] = '\0';
	*ret = SLICE(buf, n);
	return 0;
}
