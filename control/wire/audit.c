#include "control/wire/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/sha256.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/local.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char zeros[AUDIT_HASH] =
	"0000000000000000000000000000000000000000000000000000000000000000";
static const char mark[] = ",\"hash\":\"";
static const char continues[] = "log continues";

enum { TAIL = sizeof(mark) - 1 + AUDIT_HASH - 1 + 2 /* "} */ };

struct audit {
	int fd;
	char *path;
	struct audit_head head;
	bool failed; /* a write did not end well: the file's end is not known */
};

/* ---- lines ---- */

static void hash_of(const char *text, size_t n, char ret[AUDIT_HASH])
{
	uint8_t sum[32];

	mbedtls_sha256_ret((const uint8_t *)text, n, sum, 0);
	for (unsigned i = 0; i < sizeof(sum); i++)
		snprintf(ret + 2 * i, 3, "%02x", sum[i]);
}

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static bool is_text(const json_t *o, const char *key, const char *want)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && (!want || strcmp(s, want) == 0);
}

/* What is wrong with the line that should follow the head; NULL: nothing, and the head moves on. */
static const char *follow(struct audit_head *h, const char *line, size_t n)
{
	char hash[AUDIT_HASH];
	const char *why = NULL;
	json_t *o;

	if (n < TAIL || memcmp(line + n - TAIL, mark, sizeof(mark) - 1) != 0)
		return "does not end in its hash";
	hash_of(line, n - TAIL, hash);
	if (memcmp(line + n - AUDIT_HASH - 1, hash, AUDIT_HASH - 1) != 0)
		return "was changed: its hash is another";
	o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	if (!o || !is_text(o, "actor", NULL) || !is_text(o, "what", NULL))
		why = "is no record";
	else if (!is_text(o, "prev", h->hash))
		why = "does not follow the line before: one was taken out, put in or moved";
	else if (number(o, "n") != h->lines + 1)
		why = "has another number than its place";
	if (!why) {
		h->lines++;
		if (number(o, "seq") > h->seq)
			h->seq = number(o, "seq");
		memcpy(h->hash, hash, sizeof(hash));
		h->good_bytes += n + 1;
	}
	json_decref(o);
	return why;
}

/* The first line of a file that continues another says where it begins. */
static void begin(struct audit_head *h, const char *line, size_t n)
{
	json_t *o = json_loadb(line, n, 0, NULL);
	const char *prev = json_string_value(json_object_get(o, "prev"));

	if (is_text(o, "what", continues) && number(o, "n") > 1 && prev &&
	    strlen(prev) == AUDIT_HASH - 1) {
		h->lines = number(o, "n") - 1;
		memcpy(h->hash, prev, AUDIT_HASH);
	}
	json_decref(o);
}

/* A line that does not fit ends the good part; the chain goes on behind it for who appends. */
static void go_on(struct audit_head *h, const char *line, size_t n, const char *why)
{
	if (!h->bad) {
		h->bad = h->lines + 1;
		snprintf(h->problem, sizeof(h->problem), "line %llu %s", (unsigned long long)h->bad,
			 why);
	}
	h->lines++;
	if (n >= TAIL)
		memcpy(h->hash, line + n - AUDIT_HASH - 1, AUDIT_HASH - 1);
	h->good_bytes += n + 1;
}

struct wanted {
	uint64_t n;
	char hash[AUDIT_HASH];
	bool found;
};

static int read_log(FILE *f, struct audit_head *h, struct wanted *w)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	*h = (struct audit_head){.lines = 0};
	memcpy(h->hash, zeros, sizeof(zeros));
	while ((n = getline(&line, &cap, f)) > 0) {
		const char *why;

		if (line[n - 1] != '\n') {
			h->torn = (uint64_t)n;
			break;
		}
		if (h->good_bytes == 0)
			begin(h, line, (size_t)n - 1);
		why = follow(h, line, (size_t)n - 1);
		if (why)
			go_on(h, line, (size_t)n - 1, why);
		if (w && h->lines == w->n)
			w->found = strcmp(h->hash, w->hash) == 0;
	}
	free(line);
	return ferror(f) ? ERR_IO : 0;
}

/* ---- writing ---- */

static char *beside(const char *path, const char *end)
{
	char *name;

	return asprintf(&name, "%s%s", path, end) < 0 ? NULL : name;
}

/* A kill between the two renames of audit_rotate: the new file is whole. */
static void finish_rotation(const char *path)
{
	char *fresh = beside(path, ".new");

	if (fresh && access(path, F_OK) < 0)
		rename(fresh, path);
	free(fresh);
}

struct audit *audit_open(const char *path, struct errmsg *e)
{
	struct audit *a = calloc(1, sizeof(*a));
	FILE *f;
	int fd;

	finish_rotation(path);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fopen(path, "re");
	if (!a || !f || read_log(f, &a->head, NULL) < 0 ||
	    (a->head.torn && ftruncate(fd, (off_t)a->head.good_bytes) < 0)) {
		errmsg_set(e, ERR_IO, "the audit log %s cannot be opened: %s", path,
			   strerror(errno));
		if (f)
			fclose(f);
		if (fd >= 0)
			close(fd);
		free(a);
		return NULL;
	}
	fclose(f);
	a->fd = fd;
	a->path = strdup(path);
	return a;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	close(a->fd);
	free(a->path);
	free(a);
}

const char *audit_problem(const struct audit *a)
{
	return a->head.bad ? a->head.problem : NULL;
}

void audit_get_head(const struct audit *a, struct audit_head *ret)
{
	*ret = a->head;
}

static void time_text(uint64_t ns, char ret[32])
{
	time_t t = (time_t)(ns / NS_PER_SEC);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The line without its hash and closing brace, malloc'ed; NULL without memory. */
static char *line_of(const struct audit *a, const char *when, json_t *actor, json_t *what,
		     const json_t *detail, uint64_t seq)
{
	json_t *none = detail ? NULL : json_object();
	json_t *o = json_pack("{sI ss so so sO sI ss}", "n", (json_int_t)a->head.lines + 1, "time",
			      when, "actor", actor, "what", what, "detail",
			      detail ? (json_t *)(uintptr_t)detail : none, "seq", (json_int_t)seq,
			      "prev", a->head.hash);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(none);
	json_decref(o);
	if (text)
		text[strlen(text) - 1] = 0;
	return text;
}

/* The whole line or nothing: what a full disk took half of is cut off again. */
static int put_line(struct audit *a, const char *line, size_t n, struct errmsg *e)
{
	ssize_t put;

	if (a->failed && ftruncate(a->fd, (off_t)a->head.good_bytes) == 0)
		a->failed = false;
	put = a->failed ? -1 : write(a->fd, line, n);
	if (put == (ssize_t)n)
		return 0;
	a->failed = ftruncate(a->fd, (off_t)a->head.good_bytes) < 0;
	return errmsg_set(e, ERR_IO, "the audit log %s cannot be written: %s", a->path,
			  put < 0 ? strerror(errno) : "the disk is full");
}

int audit_sync(struct audit *a, struct errmsg *e)
{
	if (fdatasync(a->fd) == 0)
		return 0;
	return errmsg_set(e, ERR_IO, "the audit log %s cannot be written: %s", a->path,
			  strerror(errno));
}

int audit_append(struct audit *a, uint64_t now, const char *actor, const char *what,
		 const json_t *detail, uint64_t seq, struct errmsg *e)
{
	int rc = audit_put(a, now, actor, what, detail, seq, e);

	return rc < 0 ? rc : audit_sync(a, e);
}

int audit_put(struct audit *a, uint64_t now, const char *actor, const char *what,
	      const json_t *detail, uint64_t seq, struct errmsg *e)
{
	char when[32], hash[AUDIT_HASH], *text, *line;
	int rc, n;

	if (seq && seq <= a->head.seq)
		return ERR_EXISTS;
	time_text(now, when);
	text = line_of(a, when, local_text(actor), local_text(what), detail, seq);
	if (!text || strlen(text) + TAIL >= AUDIT_LINE_MAX) {
		free(text);
		return errmsg_set(e, text ? ERR_LIMIT : ERR_NOMEM,
				  "a record does not fit into the audit log");
	}
	hash_of(text, strlen(text), hash);
	n = asprintf(&line, "%s%s%s\"}\n", text, mark, hash);
	free(text);
	if (n < 0)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	rc = put_line(a, line, (size_t)n, e);
	free(line);
	if (rc < 0)
		return rc;
	a->head.lines++;
	a->head.good_bytes += (uint64_t)n;
	a->head.seq = seq ? seq : a->head.seq;
	memcpy(a->head.hash, hash, sizeof(hash));
	return 0;
}

/* The new file with its first line, on the disk. */
static int write_fresh(struct audit *a, const char *fresh, const char *old, uint64_t now,
		       struct errmsg *e)
{
	const char *slash = strrchr(old, '/');
	json_t *detail = json_pack("{ss sI}", "file", slash ? slash + 1 : old, "lines",
				   (json_int_t)a->head.lines);
	int rc;

	a->fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	a->head.good_bytes = 0;
	rc = a->fd < 0 ? errmsg_set(e, ERR_IO, "%s cannot be made: %s", fresh, strerror(errno))
		       : audit_append(a, now, "automatic", continues, detail, 0, e);
	json_decref(detail);
	return rc;
}

static int swap_files(const char *path, const char *fresh, const char *old, struct errmsg *e)
{
	if (rename(path, old) == 0) {
		if (rename(fresh, path) == 0)
			return 0;
		rename(old, path);
	}
	return errmsg_set(e, ERR_IO, "%s cannot be renamed: %s", path, strerror(errno));
}

int audit_rotate(struct audit *a, uint64_t now, uint64_t most, struct errmsg *e)
{
	struct audit was = *a;
	char *fresh, *old, number_text[32];
	int rc = ERR_NOMEM;

	if (a->head.good_bytes <= most || a->failed)
		return 0;
	snprintf(number_text, sizeof(number_text), ".%012llu", (unsigned long long)a->head.lines);
	fresh = beside(a->path, ".new");
	old = beside(a->path, number_text);
	if (fresh && old)
		rc = audit_sync(a, e);
	if (rc == 0)
		rc = write_fresh(a, fresh, old, now, e);
	if (rc == 0)
		rc = swap_files(a->path, fresh, old, e);
	if (rc == 0) {
		close(was.fd);
	} else {
		/* It goes on where it was. */
		if (a->fd >= 0 && a->fd != was.fd)
			close(a->fd);
		if (fresh)
			unlink(fresh);
		*a = was;
	}
	free(fresh);
	free(old);
	return rc;
}

/* ---- reading ---- */

static int parse_wanted(const char *text, struct wanted *w)
{
	char *end;

	w->n = strtoull(text, &end, 10);
	if (end == text || *end != ':' || strlen(end + 1) != AUDIT_HASH - 1 ||
	    strspn(end + 1, "0123456789abcdef") != AUDIT_HASH - 1)
		return ERR_INVALID;
	memcpy(w->hash, end + 1, AUDIT_HASH);
	return 0;
}

int audit_verify(const char *path, const char *want, struct audit_head *ret, struct errmsg *e)
{
	struct wanted w = {.n = 0};
	FILE *f;
	int rc;

	*ret = (struct audit_head){.lines = 0};
	if (want && parse_wanted(want, &w) < 0)
		return errmsg_set(e, ERR_INVALID, "\"%.80s\" is no head such as 17:64 hex digits",
				  want);
	f = fopen(path, "re");
	if (!f)
		return errmsg_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s", path,
				  strerror(errno));
	rc = read_log(f, ret, &w);
	fclose(f);
	if (rc < 0)
		return errmsg_set(e, rc, "%s cannot be read: %s", path, strerror(errno));
	if (ret->bad)
		return errmsg_set(e, ERR_INVALID, "%s: %s", path, ret->problem);
	if (want && w.n && !w.found)
		return errmsg_set(
			e, ERR_INVALID,
			"%s: line %llu is not the one that was noted: the log was cut off "
			"or written anew",
			path, (unsigned long long)w.n);
	return 0;
}

json_t *audit_latest(const char *path, unsigned most, struct errmsg *e)
{
	unsigned keep = most && most < AUDIT_LATEST_MAX ? most : AUDIT_LATEST_MAX;
	json_t *list = json_array(), *o;
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	off_t back = (off_t)keep * 1024;

	if (!f) {
		json_decref(list);
		errmsg_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s", path,
			   strerror(errno));
		return NULL;
	}
	/* Lines are rarely longer than 1 KiB: the end of a long log is enough; fewer come else. */
	if (fseeko(f, 0, SEEK_END) == 0 && ftello(f) > back && fseeko(f, -back, SEEK_END) == 0)
		(void)!getline(&line, &cap, f);
	else
		rewind(f);
	while (getline(&line, &cap, f) > 0) {
		o = json_loads(line, 0, NULL);
		if (!o)
			continue;
		json_array_insert_new(list, 0, o);
		if (json_array_size(list) > keep)
			json_array_remove(list, keep);
	}
	free(line);
	fclose(f);
	return list;
}
