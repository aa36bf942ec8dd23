#include "dataplane/detect/files.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/app/file.h"

enum { DIGEST_MAX = 32, LINE = 512 };

struct digest_list {
	uint32_t width, count, cap;
	uint8_t *digests; /* sorted */
};

struct files_lists {
	uint32_t count;
	struct digest_list lists[]; /* by rule.files.items */
};

/* ---- loading ---- */

static bool hex_line(const char *line, uint32_t width, uint8_t *ret)
{
	for (uint32_t i = 0; i < width; i++) {
		char pair[3] = {line[2 * i], 0, 0}, *end;

		if (!isxdigit((unsigned char)pair[0]))
			return false;
		pair[1] = line[2 * i + 1];
		ret[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			return false;
	}
	return true;
}

static bool list_add(struct digest_list *l, const uint8_t *digest)
{
	if (l->count == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;
		uint8_t *grown = reallocarray(l->digests, cap, l->width);

		if (!grown)
			return false;
		l->digests = grown;
		l->cap = cap;
	}
	memcpy(l->digests + (size_t)l->count++ * l->width, digest, l->width);
	return true;
}

static int cmp16(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static int cmp20(const void *a, const void *b)
{
	return memcmp(a, b, 20);
}

static int cmp32(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

static int (*cmp_of(uint32_t width))(const void *, const void *)
{
	return width == 16 ? cmp16 : width == 20 ? cmp20 : cmp32;
}

/* Relative names are looked for beside the rule file. */
static FILE *list_open(const struct rule *rule, const char *path)
{
	char full[4096];
	const char *slash = rule->file ? strrchr(rule->file, '/') : NULL;
	FILE *f;

	if (path[0] != '/' && slash) {
		snprintf(full, sizeof(full), "%.*s/%s", (int)(slash - rule->file), rule->file,
			 path);
		f = fopen(full, "re");
		if (f)
			return f;
	}
	return fopen(path, "re");
}

static int list_read(struct digest_list *l, const struct rule *rule, const struct rule_hash_list *h,
		     struct errmsg *why)
{
	FILE *f = list_open(rule, h->path);
	char line[LINE];
	uint8_t digest[DIGEST_MAX];
	int ret = ERR_OK;

	if (!f)
		return errmsg_set(why, ERR_IO, "%s: %s", h->path, strerror(errno));
	l->width = h->algorithm;
	while (ret == ERR_OK && fgets(line, sizeof(line), f)) {
		if (hex_line(line, l->width, digest) && !list_add(l, digest))
			ret = errmsg_set(why, ERR_NOMEM, "%s: no memory", h->path);
	}
	fclose(f);
	if (l->count)
		qsort(l->digests, l->count, l->width, cmp_of(l->width));
	return ret;
}

struct files_lists *files_load(const struct rule *rule, const char **keyword, struct errmsg *why)
{
	static const char *const names[] = {"filemd5", "filesha1", "filesha256"};
	const struct rule_list *items = &rule->files;
	struct files_lists *f = calloc(1, sizeof(*f) + items->count * sizeof(f->lists[0]));

	*keyword = "filemd5";
	if (!f) {
		errmsg_set(why, ERR_NOMEM, "no memory");
		return NULL;
	}
	f->count = items->count;
	for (uint32_t i = 0; i < items->count; i++) {
		const struct rule_item *item = &items->items[i];

		if (item->kind != RULE_ITEM_FILE_HASH)
			continue;
		*keyword = names[item->hash_list->algorithm == 16   ? 0
				 : item->hash_list->algorithm == 20 ? 1
								    : 2];
		if (list_read(&f->lists[i], rule, item->hash_list, why) != ERR_OK) {
			files_free(f);
			return NULL;
		}
	}
	return f;
}

void files_free(struct files_lists *f)
{
	for (uint32_t i = 0; f && i < f->count; i++)
		free(f->lists[i].digests);
	free(f);
}

/* ---- matching ---- */

static bool digest_of(const struct app_file *file, uint32_t width, const uint8_t **ret)
{
	static const uint8_t bit[] = {APP_FILE_MD5, APP_FILE_SHA1, APP_FILE_SHA256};
	unsigned which = width == 16 ? 0 : width == 20 ? 1 : 2;

	*ret = which == 0 ? file->md5 : which == 1 ? file->sha1 : file->sha256;
	return file->have & bit[which];
}

static bool hash_match(const struct app_file *file, const struct digest_list *l, bool negated)
{
	const uint8_t *digest;

	if (file->state != APP_FILE_CLOSED || !digest_of(file, l->width, &digest))
		return false;
	return (l->count && bsearch(digest, l->digests, l->count, l->width, cmp_of(l->width))) !=
	       negated;
}

/* Of a file that came in part only that it is larger can be said. */
static bool size_match(const struct app_file *file, const struct rule_uint *wanted)
{
	if (file->state == APP_FILE_OPEN)
		return false;
	if (file->state != APP_FILE_CLOSED && (wanted->negated || wanted->max != UINT64_MAX))
		return false;
	return rule_uint_match(wanted, file->size);
}

static bool file_match(const struct app_file *file, const struct rule_list *items,
		       const struct files_lists *lists)
{
	for (uint32_t i = 0; i < items->count; i++) {
		const struct rule_item *item = &items->items[i];

		if (item->kind == RULE_ITEM_FILESIZE) {
			if (!size_match(file, item->uint))
				return false;
		} else if (!hash_match(file, &lists->lists[i], item->hash_list->negated)) {
			return false;
		}
	}
	return true;
}

enum step_result files_match(struct run *r, const struct plan_rule *rule, const struct tx_view *v)
{
	const struct rule *ru = rule->rule;

	for (const struct app_file *f = v->tx->files[r->dir]; f; f = f->next) {
		if (file_match(f, &ru->files, r->e->lists[ru->index].files))
			return STEP_YES;
	}
	return v->complete ? STEP_NEVER : STEP_NO;
}
