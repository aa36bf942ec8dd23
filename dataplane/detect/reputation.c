#include "dataplane/detect/reputation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/base/slice.h"

enum { NAME = 64, LINE = 512, PATH = 4096, SCORE_MAX = 127, HOST = 255, WIDTHS = 129 };

struct entry {
	struct ip_addr addr; /* masked */
	uint8_t width;	     /* bits of the prefix (an IPv4 /n is 96 + n); HOST: one address */
	uint8_t category, score;
	uint32_t order; /* later lines win */
};

struct part { /* entries of one width */
	uint8_t width;
	uint32_t first, count;
};

struct reputation {
	char names[REPUTATION_CATEGORIES][NAME];
	struct entry *entries; /* by width downwards, address, category */
	uint32_t count, cap;
	unsigned nparts;
	struct part parts[WIDTHS + 1]; /* widest prefix (single addresses) first */
};

struct source {
	const char *path;
	unsigned line;
	struct errmsg *err;
};

static int refuse(const struct source *s, const char *what, const char *text)
{
	return errmsg_set(s->err, ERR_INVALID, "%s:%u: \"%s\" %s", s->path, s->line, text, what);
}

/* The text before the next comma; NULL at the end. */
static char *field(char **text)
{
	char *piece = *text, *comma = piece ? strchr(piece, ',') : NULL;

	*text = comma ? comma + 1 : NULL;
	if (comma)
		*comma = '\0';
	return piece;
}

static bool number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return *end == '\0' && errno == 0 && *ret <= max;
}

static int category_line(struct reputation *r, char *line, const struct source *s)
{
	char *id = field(&line), *name = field(&line);
	unsigned long n;

	if (!number(id, REPUTATION_CATEGORIES - 1, &n) || n == 0)
		return refuse(s, "is no category id from 1 to 59", id);
	if (!name || !*name || strlen(name) >= NAME)
		return refuse(s, "needs a name of at most 63 characters behind it", id);
	snprintf(r->names[n], NAME, "%s", name);
	return ERR_OK;
}

static void mask(struct ip_addr *a, unsigned width)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned left = width > i * 8 ? width - i * 8 : 0;

		if (left < 8)
			a->bytes[i] &= (uint8_t)(0xff << (8 - left));
	}
}

/* "address" or "network/bits" */
static bool read_address(char *text, struct entry *e)
{
	char *slash = strchr(text, '/');
	unsigned long bits;

	if (slash)
		*slash = '\0';
	if (ip_addr_parse(text, &e->addr) != ERR_OK)
		return false;
	e->width = HOST;
	if (!slash)
		return true;
	if (!number(slash + 1, ip_addr_is_v4(&e->addr) ? 32 : 128, &bits))
		return false;
	e->width = (uint8_t)(ip_addr_is_v4(&e->addr) ? bits + 96 : bits);
	mask(&e->addr, e->width);
	return true;
}

static int entry_line(struct reputation *r, char *line, const struct source *s)
{
	char *addr = field(&line), *id = field(&line), *score = field(&line);
	struct entry e = {.order = r->count};
	unsigned long n;

	if (!read_address(addr, &e))
		return refuse(s, "is neither an address nor a network", addr);
	if (!number(id, REPUTATION_CATEGORIES - 1, &n) || n == 0)
		return refuse(s, "is no category id from 1 to 59", id ? id : "");
	e.category = (uint8_t)n;
	if (!number(score, SCORE_MAX, &n))
		return refuse(s, "is no score from 0 to 127", score ? score : "");
	e.score = (uint8_t)n;
	if (r->count == r->cap) {
		uint32_t cap = r->cap ? r->cap * 2 : 1024;
		struct entry *grown = cap <= REPUTATION_ENTRIES
					      ? reallocarray(r->entries, cap, sizeof(*grown))
					      : NULL;

		if (!grown)
			return errmsg_set(s->err, ERR_NOMEM, "%s:%u: no memory for more addresses",
					  s->path, s->line);
		r->entries = grown;
		r->cap = cap;
	}
	r->entries[r->count++] = e;
	return ERR_OK;
}

typedef int (*line_reader)(struct reputation *r, char *line, const struct source *s);

static int read_lines(struct reputation *r, const char *path, line_reader take, struct errmsg *err)
{
	struct source s = {path, 0, err};
	char line[LINE];
	FILE *f = fopen(path, "re");
	int rc = ERR_OK;

	if (!f)
		return errmsg_set(err, ERR_IO, "%s cannot be opened: %s", path, strerror(errno));
	while (rc == ERR_OK && fgets(line, sizeof(line), f)) {
		s.line++;
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#' && line[0] != ' ')
			rc = take(r, line, &s);
	}
	fclose(f);
	return rc;
}

static int read_files(struct reputation *r, const char *folder, const char *files,
		      struct errmsg *err)
{
	int rc = ERR_OK;

	while (rc == ERR_OK && files && *files) {
		size_t n = strcspn(files, ",");
		char path[PATH];

		if (n > 0 && (files[0] == '/' || !folder || !*folder))
			snprintf(path, sizeof(path), "%.*s", (int)n, files);
		else if (n > 0)
			snprintf(path, sizeof(path), "%s/%.*s", folder, (int)n, files);
		if (n > 0)
			rc = read_lines(r, path, entry_line, err);
		files += n + (files[n] == ',');
	}
	return rc;
}

/* The key, without the order. */
static int key_cmp(const struct entry *a, const struct entry *b)
{
	int c = ip_addr_cmp(&a->addr, &b->addr);

	if (a->width != b->width)
		return a->width > b->width ? -1 : 1;
	return c ? c : (int)a->category - (int)b->category;
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int c = key_cmp(a, b);

	return c ? c : a->order < b->order ? -1 : 1;
}

static void index_entries(struct reputation *r)
{
	uint32_t n = 0;

	if (r->count)
		qsort(r->entries, r->count, sizeof(*r->entries), entry_cmp);
	for (uint32_t i = 0; i < r->count; i++) {
		if (n > 0 && key_cmp(&r->entries[n - 1], &r->entries[i]) == 0)
			n--;
		r->entries[n++] = r->entries[i];
	}
	r->count = n;
	for (uint32_t i = 0; i < n; i++) {
		struct part *p = r->nparts ? &r->parts[r->nparts - 1] : NULL;

		if (!p || p->width != r->entries[i].width) {
			p = &r->parts[r->nparts++];
			*p = (struct part){.width = r->entries[i].width, .first = i};
		}
		p->count++;
	}
}

int reputation_load(const char *categories, const char *folder, const char *files,
		    struct reputation **ret, struct errmsg *err)
{
	struct reputation *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return errmsg_set(err, ERR_NOMEM, "no memory for reputation");
	rc = read_lines(r, categories, category_line, err);
	if (rc == ERR_OK)
		rc = read_files(r, folder, files, err);
	if (rc != ERR_OK) {
		reputation_free(r);
		return rc;
	}
	index_entries(r);
	*ret = r;
	return ERR_OK;
}

void reputation_free(struct reputation *r)
{
	if (!r)
		return;
	free(r->entries);
	free(r);
}

int reputation_category(const struct reputation *r, const char *name)
{
	for (int i = 1; i < REPUTATION_CATEGORIES; i++) {
		if (strcmp(r->names[i], name) == 0)
			return i;
	}
	return -1;
}

/* The first entry of the part that is not before (addr, category). */
static const struct entry *seek(const struct reputation *r, const struct part *p,
				const struct ip_addr *a, int category)
{
	struct entry want = {*a, p->width, (uint8_t)category, 0, 0};
	uint32_t low = 0, high = p->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (key_cmp(&r->entries[p->first + mid], &want) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->count ? &r->entries[p->first + low] : NULL;
}

int reputation_score(const struct reputation *r, int category, const struct ip_addr *a)
{
	for (unsigned i = 0; i < r->nparts; i++) {
		const struct part *p = &r->parts[i];
		struct ip_addr net = *a;
		const struct entry *e;

		if (p->width == HOST) {
			e = seek(r, p, a, 0);
			if (!e || !ip_addr_eq(&e->addr, a))
				continue;
			e = seek(r, p, a, category);
			return e && ip_addr_eq(&e->addr, a) && e->category == category ? e->score
										       : 0;
		}
		mask(&net, p->width);
		e = seek(r, p, &net, category);
		if (e && ip_addr_eq(&e->addr, &net) && e->category == category)
			return e->score;
	}
	return -1;
}
