/* Classification files: one class a line, as Suricata's classification.config:
 *   config classification: NAME,DESCRIPTION,PRIORITY */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "signatures/lang/classes.h"
#include "signatures/lang/load.h"
#include "signatures/lang/text.h"

enum { CLASSES_MOST = 1024 };

struct lang_own_class {
	struct lang_class class;
	const struct lang_own_class *next; /* the one before: the last word holds */
};

const struct lang_class *lang_class_of(const struct lang_set *set, const char *name)
{
	for (const struct lang_own_class *c = set->classes; c; c = c->next) {
		if (strcasecmp(c->class.name, name) == 0)
			return &c->class;
	}
	return lang_class_find(name);
}

static bool is_name(const char *name)
{
	if (!lang_alpha(*name))
		return false;
	for (const char *c = name; *c; c++) {
		if (!lang_alpha(*c) && !lang_digit(*c) && !strchr("-_", *c))
			return false;
	}
	return true;
}

/* Behind "config classification:", with white space wherever people put it; NULL: another line. */
static char *behind_words(char *text)
{
	static const char *const words[] = {"config", "classification"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		text = lang_trim(text);
		if (strncmp(text, words[i], n) != 0)
			return NULL;
		text += n;
	}
	text = lang_trim(text);
	return *text == ':' ? text + 1 : NULL;
}

static int statement(struct lang_build *b, char *text, struct lang_class *ret)
{
	char *at = behind_words(text), *first = at ? strchr(at, ',') : NULL;
	char *last = at ? strrchr(at, ',') : NULL;
	uint32_t priority;

	if (!at)
		return lang_fail(b, "\"config classification:\" is expected");
	if (!first || first == last)
		return lang_fail(b, "it needs a name, a description and a priority");
	*first = *last = '\0';
	at = lang_trim(at);
	if (!is_name(at))
		return lang_fail(b, "\"%s\" is no name of a class", at);
	if (!lang_u32(lang_trim(last + 1), &priority))
		return lang_fail(b, "the priority must be a number, not \"%s\"",
				 lang_trim(last + 1));
	ret->name = lang_arena_intern(b->arena, slice_of(at));
	ret->description = lang_arena_text(b->arena, slice_of(lang_trim(first + 1)));
	ret->priority = priority;
	return ERR_OK;
}

static int one_line(struct lang_build *b, char *text, const char *file, uint32_t line, unsigned *n)
{
	struct lang_class class;
	struct lang_own_class *own;

	text = lang_trim(text);
	if (!*text || *text == '#')
		return ERR_OK;
	if (!load_reserve(b->set, 2 * strlen(text) + sizeof(*own)))
		return ERR_NOMEM;
	b->reason[0] = b->about[0] = '\0';
	b->verdict = LANG_FAILED;
	if (*n == CLASSES_MOST)
		lang_fail(b, "there are more than %d classes", CLASSES_MOST);
	if (*n == CLASSES_MOST || statement(b, text, &class) != ERR_OK) {
		snprintf(b->about, sizeof(b->about), "classification file");
		load_problem(b, file, line, 0);
		return ERR_OK;
	}
	own = LANG_NEW(b->arena, struct lang_own_class);
	*own = (struct lang_own_class){class, b->set->classes};
	b->set->classes = own;
	++*n;
	return ERR_OK;
}

int lang_load_class_bytes(struct slice bytes, const char *name, struct lang_set *set)
{
	static const struct lang_opts opts = {.lang = 7};
	struct lang_build *b = load_begin(set, lang_vars_default(), &opts);
	char *text = malloc(bytes.len + 1);
	const char *file = b ? lang_arena_intern(set->arena, slice_of(name)) : "";
	uint32_t line = 0;
	unsigned count = 0;
	int rc = b && text ? ERR_OK : ERR_NOMEM;

	for (size_t pos = 0; rc == ERR_OK && pos < bytes.len;) {
		const uint8_t *stop = memchr(bytes.data + pos, '\n', bytes.len - pos);
		size_t n = stop ? (size_t)(stop - bytes.data) - pos : bytes.len - pos;

		for (size_t i = 0; i < n; i++)
			text[i] = bytes.data[pos + i] ? (char)bytes.data[pos + i] : '?';
		text[n] = '\0';
		pos += n + 1;
		rc = one_line(b, text, file, ++line, &count);
	}
	free(text);
	free(b);
	load_publish(set);
	return rc;
}

int lang_load_classes(const char *path, struct lang_set *set, struct errmsg *e)
{
	struct slice bytes;
	int rc = load_read(path, &bytes, e);

	if (rc != ERR_OK)
		return rc;
	rc = lang_load_class_bytes(bytes, path, set);
	free((void *)bytes.data);
	return rc == ERR_NOMEM ? errmsg_set(e, rc, "no memory for %s", path) : rc;
}
