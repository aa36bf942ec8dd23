/* Preloaded into a program: it dies (SIGKILL) just before its KILL_AT-th call that changes the
 * disk, so that a test can try a power cut at every step. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void step(void)
{
	static long left = -1;

	if (left < 0) {
		const char *text = getenv("KILL_AT");

		left = text ? strtol(text, NULL, 10) : 0;
	}
	if (left > 0 && --left == 0)
		kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t n)
{
	if (fd > 2)
		step();
	return REAL(write)(fd, data, n);
}

int fsync(int fd)
{
	step();
	return REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
	step();
	return REAL(rename)(from, to);
}

int link(const char *from, const char *to)
{
	step();
	return REAL(link)(from, to);
}

int symlink(const char *target, const char *path)
{
	step();
	return REAL(symlink)(target, path);
}

int unlink(const char *path)
{
	step();
	return REAL(unlink)(path);
}

int remove(const char *path)
{
	step();
	return REAL(remove)(path);
}

int mkdir(const char *path, mode_t mode)
{
	step();
	return REAL(mkdir)(path, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (mode_t)va_arg(ap, int);
	va_end(ap);
	if (flags & O_CREAT)
		step();
	return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (mode_t)va_arg(ap, int);
	va_end(ap);
	if (flags & O_CREAT)
		step();
	return REAL(open64)(path, flags, mode);
}
