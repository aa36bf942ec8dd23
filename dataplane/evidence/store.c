#include "dataplane/evidence/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LEAVES = 256, HEX = 64, CHECK_FREE_EVERY = 8 << 20 };

static const struct counter_name names[STORE_COUNTERS] = {
	[STORE_KEPT] = {"kept", false},
	[STORE_DOUBLE] = {"there_already", false},
	[STORE_BYTES] = {"bytes", false},
	[STORE_TOO_LARGE] = {"too_large", false},
	[STORE_NO_SPACE] = {"no_space", false},
	[STORE_FAILED] = {"fs_errors", false},
	[STORE_AGED] = {"removed_age", false},
	[STORE_REMOVED] = {"removed_space", false},
	[STORE_TOO_MANY] = {"removed_number", false},
	[STORE_INFO_FILES] = {"info_files", false},
};

struct entry {
	uint8_t sha256[32];
	uint64_t size;
	uint64_t seen_s; /* mtime when it was queued; a touched file is queued again */
};

/* A queue from the oldest to the newest in a circle. */
struct store {
	char dir[STORE_PATH / 2];
	struct store_limits limits;
	struct entry *queue;
	uint32_t first, count, cap;
	uint64_t used;	    /* bytes of contents */
	uint64_t since;	    /* bytes written since the disk was asked for its free space */
	bool full;	    /* at that time */
	bool infos;	    /* there are fileinfo files */
	uint64_t next_temp; /* number of the next temporary file */
	uint64_t counts[STORE_COUNTERS];
};

static void hex_text(const uint8_t sha256[32], char ret[HEX + 1])
{
	for (unsigned i = 0; i < 32; i++)
		snprintf(ret + (size_t)2 * i, 3, "%02x", sha256[i]);
}

static void content_path(const struct store *s, const uint8_t sha256[32], char ret[STORE_PATH])
{
	char hex[HEX + 1];

	hex_text(sha256, hex);
	snprintf(ret, STORE_PATH, "%s/%.2s/%s", s->dir, hex, hex);
}

/* --- the queue --- */

static struct entry *entry_at(const struct store *s, uint32_t i)
{
	return &s->queue[(s->first + i) % s->cap];
}

static bool queue_grow(struct store *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 1024;
	struct entry *grown = calloc(cap, sizeof(*grown));

	if (!grown)
		return false;
	for (uint32_t i = 0; i < s->count; i++)
		grown[i] = *entry_at(s, i);
	free(s->queue);
	s->queue = grown;
	s->first = 0;
	s->cap = cap;
	return true;
}

static bool queue_add(struct store *s, const struct entry *e)
{
	if (s->count == s->cap && !queue_grow(s))
		return false;
	s->count++;
	*entry_at(s, s->count - 1) = *e;
	return true;
}

/* The files beside a content: its fileinfo. */
static void remove_infos(const struct store *s, const uint8_t sha256[32])
{
	char hex[HEX + 1], path[STORE_PATH];
	struct dirent *d;
	DIR *dir;

	if (!s->infos)
		return;
	hex_text(sha256, hex);
	snprintf(path, sizeof(path), "%s/%.2s", s->dir, hex);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, hex, HEX) == 0 && d->d_name[HEX] == '.')
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

/* Takes the oldest off the queue; it is gone unless it was seen again since. */
static void remove_oldest(struct store *s, enum store_counter reason)
{
	struct entry e = *entry_at(s, 0);
	char path[STORE_PATH];
	struct stat st;

	s->first = (s->first + 1) % s->cap;
	s->count--;
	content_path(s, e.sha256, path);
	if (stat(path, &st) != 0) { /* the operator took it */
		s->used -= e.size < s->used ? e.size : s->used;
		return;
	}
	if ((uint64_t)st.st_mtime > e.seen_s) {
		e.seen_s = (uint64_t)st.st_mtime;
		if (queue_add(s, &e))
			return;
	}
	if (unlink(path) != 0)
		s->counts[STORE_FAILED]++;
	remove_infos(s, e.sha256);
	s->used -= e.size < s->used ? e.size : s->used;
	s->counts[reason]++;
}

static void make_room(struct store *s, uint64_t size)
{
	/* Each turn removes one or moves one that was seen again to the end, once a second at most:
	 * bounded by twice the count. */
	for (uint32_t turns = 2 * s->count; turns > 0 && s->count > 0; turns--) {
		if (s->limits.space && s->used + size > s->limits.space)
			remove_oldest(s, STORE_REMOVED);
		else if (s->count >= STORE_FILES_MAX)
			remove_oldest(s, STORE_TOO_MANY);
		else
			return;
	}
}

void store_tick(struct store *s, uint64_t now_s)
{
	uint32_t turns = s->count;

	s->since = CHECK_FREE_EVERY; /* the disk is asked again */
	while (s->limits.age_s && turns-- > 0 && s->count > 0 &&
	       entry_at(s, 0)->seen_s + s->limits.age_s < now_s)
		remove_oldest(s, STORE_AGED);
}

/* --- opening --- */

static int make_dir(const char *path, uint32_t owner, struct errmsg *err)
{
	if (mkdir(path, 0750) == 0 || errno == EEXIST) {
		if (owner && getuid() == 0)
			(void)!lchown(path, owner, (gid_t)-1);
		return ERR_OK;
	}
	return errmsg_set(
		err, ERR_IO,
		"file-store.dir: %s cannot be made (%s); choose a folder that is writable", path,
		strerror(errno));
}

static bool hex_name(const char *name, uint8_t ret[32])
{
	for (unsigned i = 0; i < 32; i++) {
		char pair[3] = {name[2 * i], 0, 0}, *end;

		if (!isxdigit((unsigned char)pair[0]))
			return false;
		pair[1] = name[2 * i + 1];
		ret[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			return false;
	}
	return name[HEX] == '\0';
}

static bool stock_leaf(struct store *s, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	bool good = true;

	while (dir && good && (d = readdir(dir))) {
		struct entry e;
		struct stat st;

		if (strstr(d->d_name, ".json"))
			s->infos = true;
		if (!hex_name(d->d_name, e.sha256) ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		e.size = (uint64_t)st.st_size;
		e.seen_s = (uint64_t)st.st_mtime;
		s->used += e.size;
		good = queue_add(s, &e);
	}
	if (dir)
		closedir(dir);
	return good;
}

static int older(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->seen_s < y->seen_s ? -1 : x->seen_s > y->seen_s;
}

static void sweep_temp(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, "file.", 5) == 0)
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

static int prepare(struct store *s, struct errmsg *err)
{
	char path[STORE_PATH];
	int rc = make_dir(s->dir, s->limits.owner, err);

	for (unsigned i = 0; i < LEAVES && rc == ERR_OK; i++) {
		snprintf(path, sizeof(path), "%s/%02x", s->dir, i);
		rc = make_dir(path, s->limits.owner, err);
		if (rc == ERR_OK && !stock_leaf(s, path))
			rc = errmsg_set(err, ERR_NOMEM, "file-store.dir: no memory for its index");
	}
	snprintf(path, sizeof(path), "%s/tmp", s->dir);
	if (rc == ERR_OK)
		rc = make_dir(path, s->limits.owner, err);
	if (rc == ERR_OK)
		sweep_temp(path);
	if (s->count)
		qsort(s->queue, s->count, sizeof(*s->queue), older);
	return rc;
}

struct store *store_open(const char *dir, const struct store_limits *limits, struct errmsg *err)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(err, ERR_NOMEM, "no memory for the file store");
		return NULL;
	}
	s->limits = *limits;
	s->since = CHECK_FREE_EVERY;
	if ((size_t)snprintf(s->dir, sizeof(s->dir), "%s", dir) >= sizeof(s->dir)) {
		errmsg_set(err, ERR_INVALID, "file-store.dir: longer than %zu bytes",
			   sizeof(s->dir) - 1);
		free(s);
		return NULL;
	}
	if (prepare(s, err) != ERR_OK) {
		store_close(s);
		return NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	free(s->queue);
	free(s);
}

/* --- one file --- */

bool store_temp_open(struct store *s, struct store_temp *ret)
{
	snprintf(ret->path, sizeof(ret->path), "%s/tmp/file.%llu", s->dir,
		 (unsigned long long)++s->next_temp);
	ret->fd = open(ret->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (ret->fd < 0)
		s->counts[STORE_FAILED]++;
	return ret->fd >= 0;
}

void store_temp_drop(struct store *s, struct store_temp *t)
{
	if (t->fd < 0)
		return;
	close(t->fd);
	t->fd = -1;
	if (unlink(t->path) != 0)
		s->counts[STORE_FAILED]++;
}

static bool disk_full(struct store *s, uint64_t more)
{
	struct statvfs fs;

	s->since += more;
	if (s->since >= CHECK_FREE_EVERY) {
		s->since = 0;
		s->full = statvfs(s->dir, &fs) == 0 &&
			  (uint64_t)fs.f_bavail * fs.f_frsize < s->limits.free_bytes + more;
	}
	return s->full;
}

bool store_write(struct store *s, int fd, struct slice bytes)
{
	if (disk_full(s, bytes.len)) {
		s->counts[STORE_NO_SPACE]++;
		return false;
	}
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			s->counts[STORE_FAILED]++;
			return false;
		}
		bytes = slice_sub(bytes, (size_t)n, bytes.len);
	}
	return true;
}

bool store_would_take(struct store *s, uint64_t size)
{
	if (s->limits.file && size > s->limits.file) {
		s->counts[STORE_TOO_LARGE]++;
		return false;
	}
	if (s->limits.space && size > s->limits.space) {
		s->counts[STORE_NO_SPACE]++;
		return false;
	}
	return true;
}

bool store_keep(struct store *s, struct store_temp *t, const uint8_t sha256[32], uint64_t size,
		uint64_t now_s)
{
	struct entry e = {.size = size, .seen_s = now_s};
	char path[STORE_PATH];

	memcpy(e.sha256, sha256, sizeof(e.sha256));
	content_path(s, sha256, path);
	if (utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0) {
		s->counts[STORE_DOUBLE]++;
		store_temp_drop(s, t);
		return true;
	}
	if (!store_would_take(s, size)) {
		store_temp_drop(s, t);
		return false;
	}
	make_room(s, size);
	if (rename(t->path, path) != 0 || !queue_add(s, &e)) {
		s->counts[STORE_FAILED]++;
		store_temp_drop(s, t);
		return false;
	}
	close(t->fd);
	t->fd = -1;
	s->used += size;
	s->counts[STORE_KEPT]++;
	s->counts[STORE_BYTES] += size;
	return true;
}

void store_info(struct store *s, const uint8_t sha256[32], uint64_t seconds, uint32_t id,
		struct slice json)
{
	char path[STORE_PATH], full[STORE_PATH + 48];
	struct store_temp t;

	if (!store_temp_open(s, &t))
		return;
	content_path(s, sha256, path);
	snprintf(full, sizeof(full), "%s.%llu.%u.json", path, (unsigned long long)seconds, id);
	s->infos = true;
	/* Under its name only when it is whole. */
	if (!store_write(s, t.fd, json)) {
		store_temp_drop(s, &t);
		return;
	}
	close(t.fd);
	if (rename(t.path, full) == 0) {
		s->counts[STORE_INFO_FILES]++;
		return;
	}
	s->counts[STORE_FAILED]++;
	(void)unlink(t.path);
}

uint64_t store_space_used(const struct store *s)
{
	return s->used;
}

struct counter_set store_counters(const struct store *s)
{
	return store_counter_set(s->counts);
}

struct counter_set store_counter_set(const uint64_t *values)
{
	return (struct counter_set){"file_store", names, values, STORE_COUNTERS};
}
