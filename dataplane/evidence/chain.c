#include "dataplane/evidence/chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <mbedtls/sha256.h>

enum { PATH = 4096, CHUNK = 1 << 16 };

struct piece {
	char name[CHAIN_NAME];
	uint64_t size;
	bool gone;
};

struct chain {
	char folder[PATH - CHAIN_NAME - 16];
	struct chain_limits limits;
	int fd, lock;
	uint64_t next, bytes, dropped;
	char tip[CHAIN_HASH];
	struct piece *pieces; /* oldest first */
	size_t n, cap, first;
};

static void hex_of(const uint8_t raw[32], char ret[CHAIN_HASH])
{
	for (unsigned i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", raw[i]);
}

static void hash_text(struct slice text, char ret[CHAIN_HASH])
{
	uint8_t raw[32];

	mbedtls_sha256_ret(text.data, text.len, raw, 0);
	hex_of(raw, ret);
}

static bool path_of(const char *folder, const char *name, char ret[PATH])
{
	return (size_t)snprintf(ret, PATH, "%s/%s", folder, name) < PATH;
}

static int hash_file(const char *path, char ret[CHAIN_HASH], uint64_t *ret_size)
{
	mbedtls_sha256_context sha;
	uint8_t *buf = malloc(CHUNK), raw[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	*ret_size = 0;
	mbedtls_sha256_init(&sha);
	mbedtls_sha256_starts_ret(&sha, 0);
	while (buf && fd >= 0 && (n = read(fd, buf, CHUNK)) > 0) {
		mbedtls_sha256_update_ret(&sha, buf, (size_t)n);
		*ret_size += (uint64_t)n;
	}
	mbedtls_sha256_finish_ret(&sha, raw);
	mbedtls_sha256_free(&sha);
	hex_of(raw, ret);
	free(buf);
	if (fd >= 0)
		close(fd);
	return n == 0 ? ERR_OK : ERR_IO;
}

/* --- lines --- */

static const char hash_member[] = ",\"hash\":\"";

/* The line's end `,"hash":"<64 digits>"}`; what is hashed stands before it. */
static bool split(struct slice line, struct slice *ret_hashed)
{
	size_t tail = sizeof(hash_member) - 1 + CHAIN_HASH - 1 + 2;

	if (line.len < tail ||
	    memcmp(line.data + line.len - tail, hash_member, sizeof(hash_member) - 1) != 0)
		return false;
	*ret_hashed = SLICE(line.data, line.len - tail);
	return true;
}

static bool text_into(const json_t *o, const char *key, char *ret, size_t cap)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && (size_t)snprintf(ret, cap, "%s", text) < cap;
}

/* "" or what is wrong with the line itself. */
static const char *read_entry(struct slice line, const char *tip, uint64_t seq,
			      struct chain_entry *ret)
{
	char prev[CHAIN_HASH], hash[CHAIN_HASH];
	struct slice hashed;
	json_t *o;
	bool ok;

	*ret = (struct chain_entry){.line = line, .seq = seq};
	o = json_loadb((const char *)line.data, line.len, 0, NULL);
	if (!o || !split(line, &hashed)) {
		json_decref(o);
		return "the line is no entry";
	}
	ret->seq = (uint64_t)json_integer_value(json_object_get(o, "seq"));
	ret->time_ns = (uint64_t)json_integer_value(json_object_get(o, "time"));
	ret->size = (uint64_t)json_integer_value(json_object_get(o, "size"));
	ok = text_into(o, "kind", ret->kind, sizeof(ret->kind)) &&
	     text_into(o, "file", ret->file, sizeof(ret->file)) &&
	     text_into(o, "sha256", ret->sha256, sizeof(ret->sha256)) &&
	     text_into(o, "hash", ret->hash, sizeof(ret->hash)) &&
	     text_into(o, "prev", prev, sizeof(prev)) && !strchr(ret->file, '/');
	json_decref(o);
	if (!ok)
		return "the line is no entry";
	hash_text(hashed, hash);
	if (strcmp(hash, ret->hash) != 0)
		return "the line was changed";
	if (strcmp(prev, tip) != 0 || ret->seq != seq)
		return "a line before it is missing or was changed";
	return "";
}

static bool is_piece(const struct chain_entry *e)
{
	return strcmp(e->kind, "packets") == 0 || strcmp(e->kind, "found") == 0;
}

/* --- lines taken out --- */

/* What the first line says came before it. */
static void begin_of(struct slice line, char ret_tip[CHAIN_HASH], uint64_t *ret_seq)
{
	json_t *o = json_loadb((const char *)line.data, line.len, 0, NULL);

	*ret_seq = (uint64_t)json_integer_value(json_object_get(o, "seq"));
	if (!text_into(o, "prev", ret_tip, CHAIN_HASH))
		ret_tip[0] = 0;
	json_decref(o);
}

int chain_proof(struct slice lines, const char *sha256, char ret_tip[CHAIN_HASH],
		uint64_t *ret_lines, struct errmsg *err)
{
	uint64_t seq = 0;

	*ret_lines = 0;
	while (lines.len) {
		const uint8_t *end = memchr(lines.data, '\n', lines.len);
		size_t n = end ? (size_t)(end - lines.data) : lines.len;
		struct slice line = SLICE(lines.data, n);
		struct chain_entry e;
		const char *wrong;

		if (*ret_lines == 0)
			begin_of(line, ret_tip, &seq);
		wrong = read_entry(line, ret_tip, seq, &e);
		if (!wrong[0] && *ret_lines == 0 &&
		    (!is_piece(&e) || strcmp(e.sha256, sha256) != 0))
			wrong = "it is not the line of this piece";
		if (wrong[0])
			return errmsg_set(err, ERR_INVALID, "entry %" PRIu64 ": %s", seq, wrong);
		memcpy(ret_tip, e.hash, CHAIN_HASH);
		(*ret_lines)++;
		seq++;
		n += end ? 1 : 0;
		lines = SLICE(lines.data + n, lines.len - n);
	}
	return *ret_lines ? ERR_OK : errmsg_set(err, ERR_INVALID, "there is no line");
}

/* --- reading it all --- */

struct reading {
	const char *folder;
	bool files;
	void (*each)(void *ctx, const struct chain_entry *e, const char *wrong);
	void *ctx;
	struct chain_report report;
	struct errmsg first; /* what is wrong */
	bool wrong;
	struct piece *pieces;
	size_t n, cap;
	off_t whole; /* bytes of whole lines */
};

static struct piece *find_piece(struct piece *pieces, size_t n, const char *name)
{
	while (n-- > 0) {
		if (strcmp(pieces[n].name, name) == 0)
			return &pieces[n];
	}
	return NULL;
}

static bool keep_piece(struct piece **pieces, size_t *n, size_t *cap, const char *name,
		       uint64_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 256;
		struct piece *grown = reallocarray(*pieces, more, sizeof(*grown));

		if (!grown)
			return false;
		*pieces = grown;
		*cap = more;
	}
	(*pieces)[*n] = (struct piece){.size = size};
	snprintf((*pieces)[(*n)++].name, CHAIN_NAME, "%s", name);
	return true;
}

static void tell_wrong(struct reading *r, const struct chain_entry *e, const char *wrong)
{
	if (!r->wrong)
		errmsg_set(&r->first, ERR_INVALID, "entry %" PRIu64 " (%s): %s", e->seq,
			   e->file[0] ? e->file : e->kind, wrong);
	r->wrong = true;
}

/* What became of it is only known at the end: it may have been dropped in order. */
static void check_files(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++)
		r->report.bytes += r->pieces[i].gone ? 0 : r->pieces[i].size;
}

static const char *check_file(const struct reading *r, const struct chain_entry *e)
{
	char path[PATH], sha[CHAIN_HASH];
	uint64_t size;

	if (!path_of(r->folder, e->file, path) || access(path, F_OK) < 0)
		return "gone"; /* in order if a later line says so */
	if (hash_file(path, sha, &size) != ERR_OK)
		return "its file cannot be read";
	return size != e->size || strcmp(sha, e->sha256) != 0 ? "its file was changed" : "";
}

static void one_line(struct reading *r, struct slice line)
{
	struct chain_entry e;
	const char *wrong = read_entry(line, r->report.tip, r->report.lines + 1, &e);
	struct piece *p;

	r->report.lines++;
	if (wrong[0])
		tell_wrong(r, &e, wrong);
	if (e.hash[0])
		memcpy(r->report.tip, e.hash, CHAIN_HASH);
	if (!wrong[0] && is_piece(&e)) {
		r->report.pieces++;
		keep_piece(&r->pieces, &r->n, &r->cap, e.file, e.size);
		if (r->files)
			wrong = check_file(r, &e);
		if (strcmp(wrong, "gone") == 0) {
			r->pieces[r->n - 1].gone = true;
			wrong = "";
		} else if (wrong[0]) {
			tell_wrong(r, &e, wrong);
		}
	} else if (!wrong[0] && strcmp(e.kind, "dropped") == 0) {
		r->report.dropped++;
		p = find_piece(r->pieces, r->n, e.file);
		if (p) {
			*p = r->pieces[--r->n];
		}
	}
	if (r->each)
		r->each(r->ctx, &e, wrong);
}

static int read_lines(struct reading *r, struct errmsg *err)
{
	char path[PATH], *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f;

	if (!path_of(r->folder, "chain.log", path))
		return errmsg_set(err, ERR_INVALID, "%s is too long a path", r->folder);
	f = fopen(path, "re");
	if (!f && errno == ENOENT)
		return errmsg_set(
			err, ERR_NOTFOUND,
			"there is no evidence in %s: banken-dataplane keeps it there with "
			"evidence.enabled: yes and evidence.dir",
			r->folder);
	if (!f)
		return errmsg_set(err, ERR_IO, "%s cannot be read (%s)", path, strerror(errno));
	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] != '\n') {
			r->report.torn = true;
			break;
		}
		r->whole += n;
		one_line(r, SLICE(line, n - 1));
	}
	free(line);
	fclose(f);
	return ERR_OK;
}

int chain_verify(const char *folder,
		 void (*each)(void *ctx, const struct chain_entry *e, const char *wrong), void *ctx,
		 bool files, struct chain_report *ret, struct errmsg *err)
{
	struct reading r = {.folder = folder, .files = files, .each = each, .ctx = ctx};
	int rc;

	memset(r.report.tip, '0', CHAIN_HASH - 1);
	rc = read_lines(&r, err);
	for (size_t i = 0; i < r.n; i++) {
		struct chain_entry e = {.kind = "packets"};

		if (!r.pieces[i].gone)
			continue;
		snprintf(e.file, sizeof(e.file), "%s", r.pieces[i].name);
		tell_wrong(&r, &e, "its file is gone and nothing says why");
	}
	check_files(&r);
	*ret = r.report;
	free(r.pieces);
	if (rc == ERR_OK && r.wrong) {
		if (err)
			*err = r.first;
		return ERR_INVALID;
	}
	return rc;
}

/* --- writing --- */

static int append(struct chain *c, uint64_t now_ns, const char *kind, const char *file,
		  uint64_t size, const char *sha, const char *more, struct errmsg *err)
{
	char line[CHAIN_LINE], hash[CHAIN_HASH];
	int n = snprintf(line, sizeof(line),
			 "{\"seq\":%" PRIu64 ",\"time\":%" PRIu64
			 ",\"kind\":\"%s\",\"file\":\"%s\",\"size\":%" PRIu64
			 ",\"sha256\":\"%s\"%s,\"prev\":\"%s\"",
			 c->next, now_ns, kind, file, size, sha, more, c->tip);
	size_t len;

	if (n < 0 || (size_t)n + 128 > sizeof(line))
		return errmsg_set(err, ERR_LIMIT, "%s: what is said of it is too long", file);
	hash_text(SLICE(line, n), hash);
	len = (size_t)n +
	      (size_t)snprintf(line + n, sizeof(line) - (size_t)n, "%s%s\"}\n", hash_member, hash);
	if (write(c->fd, line, len) != (ssize_t)len || fdatasync(c->fd) < 0)
		return errmsg_set(err, ERR_IO, "%s/chain.log cannot be written (%s)", c->folder,
				  strerror(errno));
	c->next++;
	memcpy(c->tip, hash, CHAIN_HASH);
	return ERR_OK;
}

/* A line that its writer's end has cut goes into a file of its own. */
static int repair(struct chain *c, off_t whole, uint64_t now_ns, struct errmsg *err)
{
	char path[PATH], aside[PATH], name[64], torn[CHAIN_LINE];
	char sha[CHAIN_HASH];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "torn-%" PRIu64, now_ns);
	if (!path_of(c->folder, "chain.log", path) || !path_of(c->folder, name, aside))
		return ERR_INVALID;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, torn, sizeof(torn), whole);
	if (fd >= 0)
		close(fd);
	if (n <= 0 || ftruncate(c->fd, whole) < 0)
		return errmsg_set(err, ERR_IO, "%s cannot be repaired (%s)", path, strerror(errno));
	hash_text(SLICE(torn, n), sha);
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd >= 0) {
		(void)!write(fd, torn, (size_t)n);
		close(fd);
	}
	return append(c, now_ns, "repair", name, (uint64_t)n, sha, "", err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct piece *)a)->name, ((const struct piece *)b)->name);
}

/* Pieces that stand in the folder and in no line: their writer was killed in between. Halves that
 * were never renamed go. */
static int take_up(struct chain *c, uint64_t now_ns, struct errmsg *err)
{
	struct piece *found = NULL;
	size_t n = 0, cap = 0;
	DIR *dir = opendir(c->folder);
	struct dirent *d;
	int rc = ERR_OK;

	while (dir && (d = readdir(dir))) {
		size_t len = strlen(d->d_name);
		char path[PATH];

		if (len > 4 && strcmp(d->d_name + len - 4, ".new") == 0 &&
		    path_of(c->folder, d->d_name, path))
			unlink(path);
		else if (len > 7 && len < CHAIN_NAME &&
			 strcmp(d->d_name + len - 7, ".pcapng") == 0 &&
			 !find_piece(c->pieces, c->n, d->d_name))
			keep_piece(&found, &n, &cap, d->d_name, 0);
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(found, n, sizeof(*found), by_name);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		char path[PATH], sha[CHAIN_HASH];

		if (!path_of(c->folder, found[i].name, path) ||
		    hash_file(path, sha, &found[i].size) != ERR_OK)
			continue;
		rc = append(c, now_ns, "found", found[i].name, found[i].size, sha, "", err);
		if (rc == ERR_OK)
			keep_piece(&c->pieces, &c->n, &c->cap, found[i].name, found[i].size);
	}
	free(found);
	return rc;
}

static void hand_over(const struct chain *c)
{
	if (!c->limits.owner || geteuid() != 0)
		return;
	(void)!chown(c->folder, c->limits.owner, (gid_t)-1);
	(void)!fchown(c->lock, c->limits.owner, (gid_t)-1);
	(void)!fchown(c->fd, c->limits.owner, (gid_t)-1);
}

static int open_files(struct chain *c, struct errmsg *err)
{
	char path[PATH];

	if (mkdir(c->folder, 0750) < 0 && errno != EEXIST)
		return errmsg_set(err, ERR_IO, "folder %s cannot be made (%s)", c->folder,
				  strerror(errno));
	path_of(c->folder, "lock", path);
	c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (c->lock < 0)
		return errmsg_set(err, ERR_IO, "%s cannot be made (%s)", path, strerror(errno));
	if (flock(c->lock, LOCK_EX | LOCK_NB) < 0)
		return errmsg_set(err, ERR_DENIED, "%s: another program keeps its evidence there",
				  c->folder);
	path_of(c->folder, "chain.log", path);
	c->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (c->fd < 0)
		return errmsg_set(err, ERR_IO, "%s cannot be written (%s)", path, strerror(errno));
	hand_over(c);
	return ERR_OK;
}

/* The chain as it stands; only its lines are checked here, files by chain_verify. */
static int read_chain(struct chain *c, uint64_t now_ns, struct errmsg *err)
{
	struct reading r = {.folder = c->folder};
	int rc;

	memset(r.report.tip, '0', CHAIN_HASH - 1);
	rc = read_lines(&r, err);
	if (rc == ERR_OK && r.wrong) {
		free(r.pieces);
		return errmsg_set(err, ERR_INVALID,
				  "%s/chain.log: %s; move the folder aside to go on", c->folder,
				  r.first.text);
	}
	c->pieces = r.pieces;
	c->n = r.n;
	c->cap = r.cap;
	c->next = r.report.lines + 1;
	memcpy(c->tip, r.report.tip, CHAIN_HASH);
	for (size_t i = 0; i < c->n; i++)
		c->bytes += c->pieces[i].size;
	if (rc == ERR_OK && r.report.torn)
		rc = repair(c, r.whole, now_ns, err);
	return rc == ERR_OK ? take_up(c, now_ns, err) : rc;
}

int chain_open(const char *folder, const struct chain_limits *limits, uint64_t now_ns,
	       struct chain **ret, struct errmsg *err)
{
	struct chain *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return errmsg_set(err, ERR_NOMEM, "no memory for evidence");
	c->fd = c->lock = -1;
	c->limits = *limits;
	if ((size_t)snprintf(c->folder, sizeof(c->folder), "%s", folder) >= sizeof(c->folder))
		rc = errmsg_set(err, ERR_INVALID, "%s is too long a path", folder);
	else
		rc = open_files(c, err);
	if (rc == ERR_OK)
		rc = read_chain(c, now_ns, err);
	if (rc != ERR_OK) {
		chain_close(c);
		return rc;
	}
	*ret = c;
	return ERR_OK;
}

void chain_close(struct chain *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	if (c->lock >= 0)
		close(c->lock);
	free(c->pieces);
	free(c);
}

static bool room(const struct chain *c, uint64_t more)
{
	struct statvfs v;

	if (c->limits.space && c->bytes + more > c->limits.space)
		return false;
	return !c->limits.free_bytes || statvfs(c->folder, &v) < 0 ||
	       (uint64_t)v.f_bavail * v.f_frsize > c->limits.free_bytes + more;
}

/* The oldest pieces go until there is room; each is told of before it goes. */
static int make_room(struct chain *c, uint64_t more, uint64_t now_ns, struct errmsg *err)
{
	while (!room(c, more) && c->first < c->n) {
		struct piece *p = &c->pieces[c->first];
		char path[PATH];
		int rc = append(c, now_ns, "dropped", p->name, p->size, "", "", err);

		if (rc != ERR_OK)
			return rc;
		if (path_of(c->folder, p->name, path))
			unlink(path);
		c->bytes -= p->size;
		c->dropped++;
		c->first++;
	}
	if (c->first > 1024 && c->first > c->n / 2) {
		memmove(c->pieces, c->pieces + c->first, (c->n - c->first) * sizeof(*c->pieces));
		c->n -= c->first;
		c->first = 0;
	}
	return room(c, more) ? ERR_OK
			     : errmsg_set(err, ERR_LIMIT, "there is no room for evidence in %s",
					  c->folder);
}

static int write_piece(const char *path, const char *beside, struct slice bytes, struct errmsg *err)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	size_t done = 0;

	while (fd >= 0 && done < bytes.len) {
		ssize_t n = write(fd, bytes.data + done, bytes.len - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || done < bytes.len || fsync(fd) < 0 || rename(beside, path) < 0) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		unlink(beside);
		return errmsg_set(err, ERR_IO, "%s: writing failed (%s)", path, strerror(why));
	}
	close(fd);
	return ERR_OK;
}

int chain_add(struct chain *c, const char *name, struct slice bytes, uint64_t now_ns,
	      const char *more, struct errmsg *err)
{
	char path[PATH], beside[PATH], sha[CHAIN_HASH];
	int rc = make_room(c, bytes.len, now_ns, err);

	if (rc != ERR_OK)
		return rc;
	if (!path_of(c->folder, name, path) ||
	    (size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
		return errmsg_set(err, ERR_INVALID, "%s is too long a path", name);
	rc = write_piece(path, beside, bytes, err);
	if (rc != ERR_OK)
		return rc;
	hash_text(bytes, sha);
	rc = append(c, now_ns, "packets", name, bytes.len, sha, more, err);
	if (rc == ERR_OK && keep_piece(&c->pieces, &c->n, &c->cap, name, bytes.len))
		c->bytes += bytes.len;
	return rc;
}

const char *chain_tip(const struct chain *c)
{
	return c->tip;
}

uint64_t chain_bytes(const struct chain *c)
{
	return c->bytes;
}

uint64_t chain_dropped(const struct chain *c)
{
	return c->dropped;
}
