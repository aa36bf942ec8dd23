#include "dataplane/app/text/sql.h"

#include "dataplane/app/text/text.h"
#include "dataplane/base/cursor.h"

struct text_out {
	uint8_t bytes[SQL_MAX];
	size_t len;
};

static void put(struct text_out *o, const uint8_t *bytes, size_t len)
{
	if (len > sizeof(o->bytes) - o->len)
		len = sizeof(o->bytes) - o->len;
	memcpy(o->bytes + o->len, bytes, len);
	o->len += len;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool contains(struct slice word, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= word.len; i++) {
		if (slice_eq_nocase(slice_sub(word, i, n), SLICE(part, n)))
			return true;
	}
	return false;
}

static bool speaks_of_secret(struct slice word)
{
	static const char *const parts[] = {"passw", "pwd", "secret", "identified"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (contains(word, parts[i]))
			return true;
	}
	return false;
}

/* Bytes of the literal that begins here, with its quotes; 0: none does. An end that is missing is
 * the statement's. */
static size_t literal_len(struct slice s)
{
	bool dollars = s.data[0] == '$' && s.len > 1 && s.data[1] == '$';
	size_t quote = dollars ? 2 : 1;

	if (!dollars && s.data[0] != '\'' && s.data[0] != '"')
		return 0;
	for (size_t i = quote; i < s.len; i++) {
		if (!dollars && s.data[i] == '\\')
			i++;
		else if (slice_eq(slice_sub(s, i, quote), slice_sub(s, 0, quote)))
			return i + quote;
	}
	return s.len;
}

void sql_log(struct record *r, const char *name, struct slice statement)
{
	struct text_out out = {.len = 0};
	bool secret = false;
	size_t at = 0;

	statement = slice_sub(statement, 0, SQL_MAX);
	while (at < statement.len) {
		struct slice rest = slice_sub(statement, at, statement.len);
		size_t n = 0, literal = literal_len(rest);

		while (n < rest.len && is_word(rest.data[n]))
			n++;
		secret = (secret || speaks_of_secret(slice_sub(rest, 0, n))) && rest.data[0] != ';';
		if (secret && literal)
			put(&out, (const uint8_t *)"'***'", 5);
		else
			put(&out, rest.data, literal ? literal : n ? n : 1);
		at += literal ? literal : n ? n : 1;
	}
	text_log(r, name, SLICE(out.bytes, out.len));
}
