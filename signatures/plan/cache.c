/* Compiled databases on disk, one file for a plan, named by what is in it: the patterns in their
 * order, Hyperscan's version and the CPU's features. A file that does not fit is ignored. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/base/hash.h"
#include "signatures/plan/build.h"

enum { VERSION = 3, PATH = 4096 };

static const char magic[8] = "bkplan1";

struct head {
	char magic[8];
	uint64_t hash;
	uint32_t version, count;
};

static void mix_in(uint64_t *hash, const void *data, size_t n)
{
	struct hash_key key = {*hash, 0x62616e6b656e};

	*hash = hash_bytes(&key, data, n);
}

uint64_t plan_cache_hash(const struct plan *p)
{
	uint64_t hash = VERSION;
	hs_platform_info_t platform = {0};

	hs_populate_platform(&platform);
	mix_in(&hash, &platform.cpu_features, sizeof(platform.cpu_features));
	mix_in(&hash, &platform.tune, sizeof(platform.tune));
	mix_in(&hash, hs_version(), strlen(hs_version()));
	for (uint32_t i = 0; i < p->nmatchers; i++)
		matcher_hash(p->matchers[i], &hash, mix_in);
	return hash;
}

static void path_of(const struct plan *p, const char *folder, const char *suffix, char ret[PATH])
{
	snprintf(ret, PATH, "%s/plan-%016lx%s", folder, (unsigned long)p->content_hash, suffix);
}

/* ---- reading ---- */

static bool take(const uint8_t **at, const uint8_t *end, void *ret, size_t n)
{
	if ((size_t)(end - *at) < n)
		return false;
	memcpy(ret, *at, n);
	*at += n;
	return true;
}

static bool read_one(struct matcher *m, unsigned database, const uint8_t **at, const uint8_t *end)
{
	uint64_t n;

	if (!take(at, end, &n, sizeof(n)) || n > (size_t)(end - *at))
		return false;
	if (n ? !matcher_load(m, database, SLICE(*at, n)) : matcher_literals(m, database) > 0)
		return false;
	*at += n;
	return true;
}

static bool read_all(struct plan *p, const uint8_t *at, size_t len)
{
	const uint8_t *end = at + len;
	struct head h;

	if (!take(&at, end, &h, sizeof(h)) || memcmp(h.magic, magic, sizeof(magic)) != 0 ||
	    h.version != VERSION || h.hash != p->content_hash || h.count != p->nmatchers)
		return false;
	for (uint32_t i = 0; i < p->nmatchers * MATCHER_DATABASES; i++) {
		if (!read_one(p->matchers[i / MATCHER_DATABASES], i % MATCHER_DATABASES, &at, end))
			return false;
	}
	return true;
}

bool plan_cache_load(struct plan *p, const char *folder)
{
	char path[PATH];
	struct stat st;
	bool ok = false;
	void *map;
	int fd;

	path_of(p, folder, ".hs", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			ok = read_all(p, map, (size_t)st.st_size);
			munmap(map, (size_t)st.st_size);
		}
	}
	close(fd);
	return ok;
}

/* ---- writing ---- */

static bool write_one(const struct matcher *m, unsigned database, FILE *f)
{
	char *bytes = NULL;
	size_t len = 0;
	uint64_t n;
	bool ok;

	if (!matcher_save(m, database, &bytes, &len))
		return false;
	n = len;
	ok = fwrite(&n, sizeof(n), 1, f) == 1 && (!len || fwrite(bytes, len, 1, f) == 1);
	free(bytes);
	return ok;
}

static bool write_all(const struct plan *p, FILE *f)
{
	struct head h = {.hash = p->content_hash, .version = VERSION, .count = p->nmatchers};

	memcpy(h.magic, magic, sizeof(magic));
	if (fwrite(&h, sizeof(h), 1, f) != 1)
		return false;
	for (uint32_t i = 0; i < p->nmatchers * MATCHER_DATABASES; i++) {
		if (!write_one(p->matchers[i / MATCHER_DATABASES], i % MATCHER_DATABASES, f))
			return false;
	}
	return true;
}

/* Whole or not at all: written beside and renamed. Without the folder or room nothing happens. */
void plan_cache_save(const struct plan *p, const char *folder)
{
	char path[PATH], part[PATH];
	FILE *f;
	bool ok;
	int fd;

	path_of(p, folder, ".hs", path);
	path_of(p, folder, ".XXXXXX", part);
	fd = mkstemp(part);
	if (fd < 0)
		return;
	f = fdopen(fd, "wb");
	if (!f) {
		close(fd);
		unlink(part);
		return;
	}
	ok = write_all(p, f);
	ok = fclose(f) == 0 && ok;
	if (!ok || rename(part, path) != 0)
		unlink(part);
}
