#include "control/wire/config_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/utf8.h"

enum { TEXT_MAX = 4096, ITEMS_MAX = 4096, SHOWN = 60 };

static int set_bool(const char *text, bool *ret, struct errmsg *e)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no",
									       "off"};

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*ret = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return errmsg_set(e, ERR_INVALID, "must be true or false, not '%.*s'", SHOWN, text);
}

static int set_uint(const struct config_key *key, const char *text, uint64_t *ret, struct errmsg *e)
{
	char *end = NULL;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || (double)value < key->min ||
	    (double)value > key->max)
		return errmsg_set(e, ERR_INVALID,
				  "must be a whole number from %.0f to %.0f, not '%.*s'", key->min,
				  key->max, SHOWN, text);
	*ret = value;
	return 0;
}

static int set_double(const struct config_key *key, const char *text, double *ret, struct errmsg *e)
{
	char *end = NULL;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value < key->min || value > key->max)
		return errmsg_set(e, ERR_INVALID, "must be a number from %g to %g, not '%.*s'",
				  key->min, key->max, SHOWN, text);
	*ret = value;
	return 0;
}

static int set_word(const struct config_key *key, const char *text, int *ret, struct errmsg *e)
{
	char all[256] = "";
	size_t n = 0;

	for (int i = 0; key->words[i]; i++) {
		if (strcmp(key->words[i], text) == 0) {
			*ret = i;
			return 0;
		}
		if (n < sizeof(all))
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "",
					      key->words[i]);
	}
	return errmsg_set(e, ERR_INVALID, "must be one of %s, not '%.*s'", all, SHOWN, text);
}

const char *config_value_text(const struct config_key *key, const char *text, struct arena *memory,
			      struct errmsg *e)
{
	size_t len = strlen(text);
	double max = key->type == CONFIG_TEXT && key->max > 0 ? key->max : TEXT_MAX;
	const char *wrong = key->check && len ? key->check(text) : NULL;
	char *copy;

	if ((double)len > max) {
		errmsg_set(e, ERR_INVALID, "must be at most %.0f bytes long", max);
		return NULL;
	}
	if (!utf8_valid(text, len)) {
		errmsg_set(e, ERR_INVALID, "must be UTF-8");
		return NULL;
	}
	if (wrong) {
		errmsg_set(e, ERR_INVALID, "%s, not '%.*s'", wrong, SHOWN, text);
		return NULL;
	}
	copy = arena_alloc(memory, len + 1);
	if (!copy) {
		errmsg_set(e, ERR_LIMIT, "does not fit: the configuration is too large");
		return NULL;
	}
	memcpy(copy, text, len + 1);
	return copy;
}

/* Words separated by one space. */
static int set_texts(const struct config_key *key, const char *text, struct config_texts *ret,
		     struct arena *memory, struct errmsg *e)
{
	size_t n = text[0] != '\0';
	char word[TEXT_MAX + 1];

	for (const char *p = text; *p; p++)
		n += *p == ' ';
	ret->items = arena_alloc(memory, n * sizeof(char *));
	ret->n = 0;
	if (!ret->items)
		return errmsg_set(e, ERR_LIMIT, "does not fit: the configuration is too large");
	for (; ret->n < n; ret->n++) {
		size_t len = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		ret->items[ret->n] = config_value_text(key, word, memory, e);
		if (!ret->items[ret->n])
			return ERR_INVALID;
		text += len + (text[len] == ' ');
	}
	return 0;
}

int config_value_set(const struct config_key *key, const char *text, void *member,
		     struct arena *memory, struct errmsg *e)
{
	switch (key->type) {
	case CONFIG_BOOL:
		return set_bool(text, member, e);
	case CONFIG_UINT:
		return set_uint(key, text, member, e);
	case CONFIG_DOUBLE:
		return set_double(key, text, member, e);
	case CONFIG_WORD:
		return set_word(key, text, member, e);
	case CONFIG_TEXT:
		*(const char **)member = config_value_text(key, text, memory, e);
		return *(const char **)member ? 0 : ERR_INVALID;
	case CONFIG_TEXTS:
		return set_texts(key, text, member, memory, e);
	case CONFIG_GROUP:
	case CONFIG_ITEMS:
		break;
	}
	return errmsg_set(e, ERR_INVALID, "has no value of its own");
}

int config_value_defaults(const struct config_key *keys, void *conf, struct arena *memory,
			  struct errmsg *e)
{
	int rc = 0;

	for (const struct config_key *k = keys; k->name && rc == 0; k++) {
		void *member = (char *)conf + k->offset;
		const char *text = k->fallback ? k->fallback : "";

		if (k->type == CONFIG_GROUP)
			rc = config_value_defaults(k->keys, member, memory, e);
		else if (k->type == CONFIG_ITEMS)
			*(struct config_items *)member = (struct config_items){0};
		else if (text[0] || k->type == CONFIG_TEXT || k->type == CONFIG_TEXTS)
			rc = config_value_set(k, text, member, memory, e);
		/* Without a default a number is 0, even where 0 may not be written. */
	}
	return rc;
}
