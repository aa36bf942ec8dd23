/* Mapped files shared by processes that do not trust each other: made whole, locked by who writes
 * them, checked by who reads them. Private to this folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dataplane/base/err.h"

enum { SHM_PAGE = 64 << 10 }; /* a page on every machine we run on */

/* The byte of the file that a process locks while it has that part. */
enum shm_part { SHM_WRITER, SHM_READER };

struct shm_file {
	int fd;
	dev_t dev;
	ino_t ino;
	size_t size;
	char path[512];
};

/* Opens the file that is there and locks the part. ERR_NOTFOUND, ERR_EXISTS (a living process has
 * that part), ERR_IO. */
int shm_open_there(const char *path, enum shm_part part, struct shm_file *ret, struct errmsg *e);
/* Opens without a lock, to read only. */
int shm_open_view(const char *path, struct shm_file *ret, struct errmsg *e);
/* A new file of `size` zero bytes (mode 0660) with the part locked, not visible at `path` before
 * shm_publish. All its room is taken at once: a full disk is a sentence now, not a signal later. */
int shm_make(const char *path, size_t size, enum shm_part part, struct shm_file *ret,
	     struct errmsg *e);
int shm_publish(struct shm_file *f, struct errmsg *e);
void shm_close(struct shm_file *f);
/* True when another file lies at the path by now. */
bool shm_replaced(const struct shm_file *f);

/* Maps [offset, offset + size). NULL with a sentence. */
void *shm_map(const struct shm_file *f, size_t offset, size_t size, bool writable,
	      struct errmsg *e);

uint64_t shm_random(void); /* never 0 */

static inline uint64_t shm_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void shm_store(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* For counters that one writer owns and others read. */
static inline uint64_t shm_peek(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void shm_poke(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}
