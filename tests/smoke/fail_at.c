/* Preloaded into a program: one call that wants memory, or one that writes to a file, fails when
 * its number has come. The numbers are in the file FAIL_FILE, two 64-bit counters that the test
 * sets (and reads: 0 = it has happened, or nothing is to fail). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEMORY, DISK, COUNTERS };

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static _Atomic int64_t *counters;

__attribute__((constructor)) static void map_counters(void)
{
	const char *path = getenv("FAIL_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, COUNTERS * sizeof(int64_t), PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		counters = at;
	if (fd >= 0)
		close(fd);
}

static int fails(unsigned which)
{
	return counters && counters[which] > 0 && --counters[which] == 0;
}

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t n)
{
	return fails(MEMORY) ? none() : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fails(MEMORY) ? none() : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return fails(MEMORY) ? none() : __libc_realloc(p, n);
}

/* SQLite writes by this one. */
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);

	if (fails(DISK)) {
		errno = EIO;
		return -1;
	}
	if (!real)
		real = (__typeof__(real))dlsym(RTLD_NEXT, "pwrite64");
	return real(fd, data, n, at);
}
