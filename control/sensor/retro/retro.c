#include "control/sensor/retro/retro.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/sensor/retro/segment.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

struct scan {
	struct lists *lists; /* NULL: none goes on */
	unsigned segment;    /* index */
	uint64_t term;	     /* last one looked at */
};

struct retro {
	char folder[400];
	uint64_t max_bytes;
	struct segment segments[RETRO_SEGMENTS]; /* oldest first; the last one is written */
	unsigned n;
	uint64_t next, dropped, failed, scanned, bad;
	struct scan scan;
};

/* ---- segments ---- */

static struct segment *newest(struct retro *r)
{
	return r->n ? &r->segments[r->n - 1] : NULL;
}

static void name_segment(const struct retro *r, uint64_t number, struct segment *ret)
{
	char folder[sizeof(r->folder)];

	memcpy(folder, r->folder, sizeof(folder));
	snprintf(ret->path, sizeof(ret->path), "%s/segment-%08llu.db", folder,
		 (unsigned long long)number);
}

static void remove_files(const struct segment *s)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char path[540];

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		snprintf(path, sizeof(path), "%s%s", s->path, tails[i]);
		unlink(path);
	}
}

static void drop_oldest(struct retro *r)
{
	segment_close(&r->segments[0]);
	remove_files(&r->segments[0]);
	r->n--;
	r->dropped++;
	memmove(r->segments, r->segments + 1, r->n * sizeof(r->segments[0]));
	if (r->scan.segment > 0)
		r->scan.segment--;
	else
		r->scan.term = 0;
}

static int add_segment(struct retro *r, uint64_t number, struct errmsg *err)
{
	struct segment *s;

	if (r->n == RETRO_SEGMENTS)
		drop_oldest(r);
	s = &r->segments[r->n];
	*s = (struct segment){.number = number};
	name_segment(r, number, s);
	if (segment_open(s, err) < 0)
		return ERR_IO;
	r->n++;
	r->next = number + 1;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What is there already; a damaged segment goes, and counts. */
static void find_segments(struct retro *r)
{
	uint64_t numbers[RETRO_SEGMENTS];
	struct dirent *d;
	unsigned n = 0;
	DIR *dir = opendir(r->folder);

	while (dir && n < RETRO_SEGMENTS && (d = readdir(dir))) {
		unsigned long long number;
		char tail;

		if (sscanf(d->d_name, "segment-%8llu.d%c", &number, &tail) == 2 &&
		    strlen(d->d_name) == strlen("segment-00000000.db"))
			numbers[n++] = number;
	}
	if (dir)
		closedir(dir);
	qsort(numbers, n, sizeof(numbers[0]), by_number);
	for (unsigned i = 0; i < n; i++) {
		struct segment gone = {0};

		if (add_segment(r, numbers[i], NULL) == 0) {
			if (i + 1 < n)
				segment_close(newest(r));
			continue;
		}
		name_segment(r, numbers[i], &gone);
		remove_files(&gone);
		r->dropped++;
	}
}

struct retro *retro_open(const struct retro_setup *setup, struct errmsg *err)
{
	struct retro *r = calloc(1, sizeof(*r));

	if (!r) {
		errmsg_set(err, ERR_NOMEM, "no memory for the record store");
		return NULL;
	}
	snprintf(r->folder, sizeof(r->folder), "%s", setup->folder);
	r->max_bytes = setup->max_bytes;
	r->next = 1;
	if (mkdir(r->folder, 0700) < 0 && errno != EEXIST) {
		errmsg_set(err, ERR_IO, "%s cannot be made: %s", r->folder, strerror(errno));
		free(r);
		return NULL;
	}
	find_segments(r);
	if (r->n == 0 && add_segment(r, r->next, err) < 0) {
		free(r);
		return NULL;
	}
	return r;
}

void retro_close(struct retro *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->n; i++)
		segment_close(&r->segments[i]);
	lists_close(r->scan.lists);
	free(r);
}

/* ---- keeping ---- */

bool retro_wants(const char *type)
{
	static const char *const types[] = {"flow", "dns", "http", "tls", "fileinfo", "quic"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(type, types[i]) == 0)
			return true;
	}
	return false;
}

void retro_note(struct retro *r, const struct retro_record *rec)
{
	struct retro_term terms[RETRO_TERMS];
	unsigned n = retro_terms(rec, terms);
	struct segment *s = newest(r);
	char body[RETRO_BODY];

	if (n == 0 || !s)
		return;
	retro_body(rec, body);
	if (segment_open(s, NULL) < 0 || segment_put(s, rec, body, terms, n) < 0)
		r->failed++;
}

static uint64_t total(const struct retro *r)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < r->n; i++)
		bytes += r->segments[i].bytes;
	return bytes;
}

void retro_commit(struct retro *r, uint64_t now)
{
	struct segment *s = newest(r);

	if (!s || !s->in_batch)
		return;
	segment_commit(s);
	segment_measure(s);
	if (s->bytes >= (uint64_t)RETRO_SEGMENT_MB << 20 ||
	    (s->first && now > s->first && now - s->first > RETRO_SEGMENT_HOURS * NS_PER_HOUR)) {
		segment_close(s);
		add_segment(r, r->next, NULL);
	}
	while (r->n > 1 && total(r) > r->max_bytes)
		drop_oldest(r);
}

/* ---- finding ---- */

/* The fields of a body; false when it is none of ours. */
static bool read_hit(char *body, struct retro_hit *h)
{
	char *fields[6] = {body};

	for (unsigned i = 1; i < 6; i++) {
		fields[i] = strchr(fields[i - 1], '\t');
		if (!fields[i])
			return false;
		*fields[i]++ = 0;
	}
	h->type = fields[0];
	h->src = fields[1];
	h->sport = (uint16_t)strtoul(fields[2], NULL, 10);
	h->dst = fields[3];
	h->dport = (uint16_t)strtoul(fields[4], NULL, 10);
	h->what = fields[5];
	return true;
}

static bool give_row(sqlite3_stmt *st, retro_found *found, void *ctx)
{
	struct retro_hit h = {.id = (uint64_t)sqlite3_column_int64(st, 0),
			      .time = (uint64_t)sqlite3_column_int64(st, 1)};
	const char *text = (const char *)sqlite3_column_text(st, 2);
	char body[RETRO_BODY];

	snprintf(body, sizeof(body), "%s", text ? text : "");
	return !read_hit(body, &h) || found(ctx, &h);
}

static unsigned search_segment(struct segment *s, const struct retro_range *range, unsigned most,
			       retro_found *found, void *ctx)
{
	static const char sql[] =
		"SELECT DISTINCT rec.id, rec.time, rec.body FROM term, post, rec "
		"WHERE term.kind=? AND term.text>=? AND term.text<? AND "
		"post.term=term.id AND rec.id=post.rec ORDER BY rec.time DESC LIMIT ?";
	sqlite3_stmt *st;
	unsigned n = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_int(st, 1, (int)range->kind);
	sqlite3_bind_text(st, 2, range->low, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, range->high, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 4, (int)most);
	while (n < most && sqlite3_step(st) == SQLITE_ROW) {
		n++;
		if (!give_row(st, found, ctx))
			break;
	}
	sqlite3_finalize(st);
	return n;
}

int retro_search(struct retro *r, const char *text, unsigned most, retro_found *found, void *ctx,
		 struct errmsg *err)
{
	struct retro_range ranges[2];
	struct indicator i;
	unsigned n = 0, kinds;

	if (indicator_parse(SLICE((const uint8_t *)text, strlen(text)), HINT_ANY, &i, err) < 0)
		return ERR_INVALID;
	most = most && most < RETRO_FOUND ? most : RETRO_FOUND;
	kinds = retro_ranges(&i, ranges);
	for (unsigned s = r->n; s > 0 && n < most; s--) {
		struct segment *segment = &r->segments[s - 1];
		bool was_open = segment->db;

		if (segment_open(segment, NULL) < 0)
			continue;
		for (unsigned k = 0; k < kinds && n < most; k++)
			n += search_segment(segment, &ranges[k], most - n, found, ctx);
		if (!was_open)
			segment_close(segment);
	}
	return (int)n;
}

/* ---- a new list against all that is kept ---- */

int retro_scan_begin(struct retro *r, const char *lists_path, struct errmsg *err)
{
	struct lists *fresh = NULL;
	int rc = lists_open(lists_path, &fresh, err);

	if (rc < 0)
		return rc;
	lists_close(r->scan.lists);
	r->scan = (struct scan){.lists = fresh};
	return 0;
}

struct bad_ctx {
	retro_bad *bad;
	void *ctx;
	const struct list_hit *why;
	const char *indicator;
	uint64_t *count;
};

static bool on_bad(void *ctx, const struct retro_hit *hit)
{
	struct bad_ctx *b = ctx;

	++*b->count;
	b->bad(b->ctx, hit, b->why, b->indicator);
	return true;
}

static bool listed(const struct lists *l, struct indicator *i, uint32_t now, struct list_hit *ret)
{
	uint16_t port = i->port;

	if (i->kind == LIST_ADDRESS && port) {
		i->kind = LIST_SERVICE;
		if (lists_find(l, i, now, ret))
			return !ret->list->allow;
		i->kind = LIST_ADDRESS;
	}
	return lists_find(l, i, now, ret) && !ret->list->allow;
}

/* One thing; its records when it is listed. */
static void compare(struct retro *r, struct segment *s, sqlite3_stmt *st, uint64_t now,
		    const struct bad_ctx *to)
{
	enum { RECORDS = 50 };
	struct retro_range range = {.kind = (enum list_kind)sqlite3_column_int(st, 1)};
	const char *text = (const char *)sqlite3_column_text(st, 2);
	struct bad_ctx b = *to;
	struct list_hit why;
	struct indicator i;
	char plain[512];

	r->scanned++;
	if (!text || range.kind >= LIST_KINDS || !retro_indicator(range.kind, text, &i) ||
	    !listed(r->scan.lists, &i, (uint32_t)(now / NS_PER_SEC), &why))
		return;
	snprintf(range.low, sizeof(range.low), "%.530s", text);
	snprintf(range.high, sizeof(range.high), "%.530s\x01", text);
	b.why = &why;
	b.indicator = indicator_text(&i, plain, sizeof(plain));
	search_segment(s, &range, RECORDS, on_bad, &b);
}

static unsigned compare_some(struct retro *r, struct segment *s, unsigned most, uint64_t now,
			     const struct bad_ctx *to)
{
	sqlite3_stmt *st;
	unsigned n = 0;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT id, kind, text FROM term WHERE id>? ORDER BY id LIMIT ?", -1,
			       &st, NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)r->scan.term);
	sqlite3_bind_int(st, 2, (int)most);
	while (sqlite3_step(st) == SQLITE_ROW) {
		r->scan.term = (uint64_t)sqlite3_column_int64(st, 0);
		compare(r, s, st, now, to);
		n++;
	}
	sqlite3_finalize(st);
	return n;
}

bool retro_scan_step(struct retro *r, unsigned terms, uint64_t now, retro_bad *bad, void *ctx)
{
	const struct bad_ctx to = {.bad = bad, .ctx = ctx, .count = &r->bad};
	struct segment *s;
	unsigned n = 0;
	bool was_open;

	if (!r->scan.lists)
		return false;
	if (r->scan.segment >= r->n) {
		lists_close(r->scan.lists);
		r->scan = (struct scan){0};
		return false;
	}
	s = &r->segments[r->scan.segment];
	was_open = s->db;
	if (segment_open(s, NULL) == 0)
		n = compare_some(r, s, terms, now, &to);
	if (!was_open)
		segment_close(s);
	if (n < terms) {
		r->scan.segment++;
		r->scan.term = 0;
	}
	return true;
}

void retro_counts(const struct retro *r, struct retro_counts *ret)
{
	*ret = (struct retro_counts){.limit = r->max_bytes,
				     .dropped = r->dropped,
				     .failed = r->failed,
				     .scanned = r->scanned,
				     .bad = r->bad,
				     .segments = r->n,
				     .scanning = r->scan.lists != NULL};
	for (unsigned i = 0; i < r->n; i++) {
		const struct segment *s = &r->segments[i];

		ret->records += s->records;
		ret->terms += s->terms;
		ret->bytes += s->bytes;
		if (s->first && (!ret->oldest || s->first < ret->oldest))
			ret->oldest = s->first;
	}
}
