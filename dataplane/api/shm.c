#include "dataplane/api/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock(int fd, enum shm_part part)
{
	/* Of the open file, not of the process: gone with it whatever happens. */
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = part, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &l);
}

static int remember(struct shm_file *f, int fd, const char *path, struct errmsg *e)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    snprintf(f->path, sizeof(f->path), "%s", path) >= (int)sizeof(f->path)) {
		close(fd);
		return errmsg_set(e, ERR_IO, "%s is no regular file", path);
	}
	f->fd = fd;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->size = (size_t)st.st_size;
	return 0;
}

static int open_file(const char *path, int flags, struct shm_file *ret, struct errmsg *e)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errmsg_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
				  "%s cannot be opened: %s", path, strerror(errno));
	return remember(ret, fd, path, e);
}

int shm_open_there(const char *path, enum shm_part part, struct shm_file *ret, struct errmsg *e)
{
	int rc = open_file(path, O_RDWR, ret, e);

	if (rc)
		return rc;
	if (lock(ret->fd, part)) {
		shm_close(ret);
		return errmsg_set(e, ERR_EXISTS, "%s is in use by another running process", path);
	}
	return 0;
}

int shm_open_view(const char *path, struct shm_file *ret, struct errmsg *e)
{
	return open_file(path, O_RDONLY, ret, e);
}

int shm_make(const char *path, size_t size, enum shm_part part, struct shm_file *ret,
	     struct errmsg *e)
{
	char beside[600];
	int fd, rc;

	snprintf(beside, sizeof(beside), "%s.%ld.new", path, (long)getpid());
	unlink(beside);
	fd = open(beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (fd < 0)
		return errmsg_set(e, ERR_IO, "%s cannot be made: %s", path, strerror(errno));
	rc = fchmod(fd, 0660) ? errno : posix_fallocate(fd, 0, (off_t)size);
	if (rc == 0 && lock(fd, part))
		rc = errno;
	if (rc) {
		close(fd);
		unlink(beside);
		return errmsg_set(e, ERR_IO, "%s cannot be made with %zu bytes: %s", path, size,
				  strerror(rc));
	}
	return remember(ret, fd, path, e);
}

int shm_publish(struct shm_file *f, struct errmsg *e)
{
	char beside[600];

	snprintf(beside, sizeof(beside), "%s.%ld.new", f->path, (long)getpid());
	if (rename(beside, f->path) == 0)
		return 0;
	unlink(beside);
	return errmsg_set(e, ERR_IO, "%s cannot be made: %s", f->path, strerror(errno));
}

void shm_close(struct shm_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

bool shm_replaced(const struct shm_file *f)
{
	struct stat st;

	return stat(f->path, &st) != 0 || st.st_ino != f->ino || st.st_dev != f->dev;
}

void *shm_map(const struct shm_file *f, size_t offset, size_t size, bool writable, struct errmsg *e)
{
	void *p;

	if (offset > f->size || size > f->size - offset) {
		errmsg_set(e, ERR_INVALID, "%s is shorter than its content says", f->path);
		return NULL;
	}
	p = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, f->fd,
		 (off_t)offset);
	if (p == MAP_FAILED) {
		errmsg_set(e, ERR_IO, "%s cannot be mapped: %s", f->path, strerror(errno));
		return NULL;
	}
	/* A mapping holds the file's lock: a child must not keep it when we are gone. */
	(void)madvise(p, size, MADV_DONTFORK);
	return p;
}

uint64_t shm_random(void)
{
	uint64_t r = 0;

	while (r == 0) {
		if (getrandom(&r, sizeof(r), 0) < 0 && errno != EINTR)
			r = (uint64_t)getpid() << 32 | 1; /* no kernel we run on */
	}
	return r;
}
