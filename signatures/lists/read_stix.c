/* STIX 2.1 (OASIS): the indicators of a bundle, object by object, so that memory does not grow with
 * the bundle. */
#include "signatures/lists/read.h"

#include <jansson.h>
#include <stdlib.h>

#include "signatures/lists/stix_pattern.h"

enum { OBJECT_BYTES = 1 << 20, COMMENT_BYTES = 256 };

struct scan {
	struct list_reader *reader;
	struct slice text;
	size_t at;
	uint64_t line;
};

static int broken(const struct scan *s, uint64_t line, const char *what)
{
	return errmsg_set(s->reader->err, ERR_INVALID, "line %llu: %s", (unsigned long long)line,
			  what);
}

/* Over a string whose first quote is at s->at; false when it does not end. */
static bool skip_string(struct scan *s)
{
	for (s->at++; s->at < s->text.len; s->at++) {
		uint8_t c = s->text.data[s->at];

		s->line += c == '\n';
		if (c == '\\')
			s->at++;
		else if (c == '"') {
			s->at++;
			return true;
		}
	}
	return false;
}

/* Over one object or array that begins at s->at; false when it does not end. */
static bool skip_value(struct scan *s)
{
	unsigned depth = 0;

	while (s->at < s->text.len) {
		uint8_t c = s->text.data[s->at];

		s->line += c == '\n';
		if (c == '"') {
			if (!skip_string(s))
				return false;
			continue;
		}
		s->at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return false;
}

/* --- one object --- */

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

struct taking {
	struct scan *scan;
	uint64_t line;
	uint32_t until;
	struct slice comment;
};

static int take_one(void *ctx, struct slice value, enum indicator_hint hint)
{
	struct taking *t = ctx;

	return read_one(t->scan->reader, t->line, value, hint, t->until, t->comment);
}

/* Its name, and what it is said to be: "Emotet C2 (malicious-activity)". */
static struct slice comment_of(const json_t *object, char comment[COMMENT_BYTES])
{
	const json_t *types = json_object_get(object, "indicator_types");
	const char *name = text_at(object, "name"), *type;
	int n;

	if (!name[0])
		name = text_at(object, "description");
	if (json_array_size(types) == 0)
		types = json_object_get(object, "labels");
	type = json_string_value(json_array_get(types, 0));
	n = snprintf(comment, COMMENT_BYTES, type ? "%s%s(%s)" : "%s", name, name[0] ? " " : "",
		     type);
	return SLICE(comment, n < COMMENT_BYTES ? n : COMMENT_BYTES - 1);
}

static int indicator(struct scan *s, uint64_t line, const json_t *object)
{
	const char *pattern = text_at(object, "pattern");
	const char *language = text_at(object, "pattern_type");
	const char *until = text_at(object, "valid_until");
	char comment[COMMENT_BYTES], why[STIX_WHY];
	struct taking t = {.scan = s, .line = line, .until = list_date(slice_of(until))};
	struct stix_sink sink = {take_one, &t};
	int rc;

	if (json_is_true(json_object_get(object, "revoked"))) {
		s->reader->counts.revoked++;
		return ERR_OK;
	}
	if (until[0] && !t.until) {
		read_refuse(s->reader, line, "valid_until is no time");
		return ERR_OK;
	}
	if (language[0] && strcmp(language, "stix") != 0) {
		snprintf(why, sizeof(why), "a pattern in the language %.20s is not read here",
			 language);
		read_refuse(s->reader, line, why);
		return ERR_OK;
	}
	t.comment = comment_of(object, comment);
	rc = stix_pattern(slice_of(pattern), &sink, why);
	if (rc == ERR_UNSUPPORTED || rc == ERR_INVALID) {
		read_refuse(s->reader, line, why);
		return ERR_OK;
	}
	return rc;
}

static int object(struct scan *s)
{
	uint64_t line = s->line;
	size_t begin = s->at;
	json_error_t error;
	json_t *parsed;
	int rc = ERR_OK;

	if (!skip_value(s))
		return broken(s, line, "the object that begins here does not end");
	if (s->at - begin > OBJECT_BYTES)
		return broken(s, line, "the object that begins here has more than 1 MB");
	parsed = json_loadb((const char *)s->text.data + begin, s->at - begin, JSON_ALLOW_NUL,
			    &error);
	if (!parsed) {
		char why[JSON_ERROR_TEXT_LENGTH + 32];

		snprintf(why, sizeof(why), "no JSON: %s", error.text);
		return broken(s, line + (uint64_t)(error.line > 0 ? error.line - 1 : 0), why);
	}
	if (strcmp(text_at(parsed, "type"), "indicator") == 0)
		rc = indicator(s, line, parsed);
	json_decref(parsed);
	return rc;
}

/* --- the bundle --- */

static int peek(struct scan *s)
{
	while (s->at < s->text.len && strchr(" \t\r\n,", s->text.data[s->at]) &&
	       s->text.data[s->at]) {
		s->line += s->text.data[s->at] == '\n';
		s->at++;
	}
	return s->at < s->text.len ? s->text.data[s->at] : -1;
}

static int objects(struct scan *s)
{
	uint64_t begin = s->line;
	int rc = ERR_OK, c;

	s->at++; /* '[' */
	while (rc == ERR_OK && (c = peek(s)) != ']') {
		if (c < 0)
			return broken(s, begin,
				      "the list of objects that begins here does not end");
		if (c != '{')
			return broken(s, s->line, "an object is expected here");
		rc = object(s);
	}
	s->at++;
	return rc;
}

/* A member's value in the outer object. */
static int member(struct scan *s, struct slice name, bool *ret_found)
{
	int c = peek(s);

	if (c == '[' && slice_eq(name, SLICE_LIT("objects"))) {
		*ret_found = true;
		return objects(s);
	}
	if (c == '"')
		return skip_string(s) ? ERR_OK : broken(s, s->line, "a text does not end");
	if (c == '{' || c == '[')
		return skip_value(s) ? ERR_OK : broken(s, s->line, "an object does not end");
	while (s->at < s->text.len && !strchr(",}", s->text.data[s->at])) {
		s->line += s->text.data[s->at] == '\n';
		s->at++;
	}
	return ERR_OK;
}

static int envelope(struct scan *s, bool *ret_found)
{
	int rc = ERR_OK, c;

	s->at++; /* '{' */
	while (rc == ERR_OK && (c = peek(s)) != '}') {
		size_t begin = s->at + 1;
		struct slice name;

		if (c != '"' || !skip_string(s))
			return broken(s, s->line, "no JSON: a member's name is expected");
		name = SLICE(s->text.data + begin, s->at - 1 - begin);
		if (peek(s) != ':')
			return broken(s, s->line, "no JSON: a colon is expected");
		s->at++;
		rc = member(s, name, ret_found);
	}
	return rc;
}

int read_stix(struct list_reader *r, struct slice text)
{
	struct scan s = {.reader = r, .text = text, .line = 1};
	bool found = false;
	int c = peek(&s), rc;

	if (c == '[') {
		found = true;
		rc = objects(&s);
	} else if (c == '{') {
		rc = envelope(&s, &found);
		if (rc == ERR_OK && !found) { /* one object by itself */
			s.at = 0;
			s.line = 1;
			peek(&s);
			found = true;
			rc = object(&s);
		}
	} else {
		rc = broken(&s, s.line, "this is no STIX bundle: it does not begin with { or [");
	}
	r->counts.lines = s.line;
	return rc;
}
