/* The two places where a stranger's text becomes part of what ClickHouse reads. */
#include <stdlib.h>

#include "control/centre/store/clickhouse.h"
#include "control/wire/utf8.h"

/* Both forms of ClickHouse have the same escapes. */
static void escaped(FILE *out, struct slice text)
{
	const char *s = (const char *)text.data;

	for (size_t i = 0; i < text.len;) {
		size_t n = s[i] ? utf8_sequence(s + i, text.len - i) : 0;

		switch (s[i]) {
		case '\\':
		case '\'':
			fputc('\\', out);
			fputc(s[i], out);
			break;
		case '\t':
			fputs("\\t", out);
			break;
		case '\n':
			fputs("\\n", out);
			break;
		case '\r':
			fputs("\\r", out);
			break;
		default:
			if (n)
				fwrite(s + i, 1, n, out);
			else
				fputs("\xef\xbf\xbd", out);
		}
		i += n ? n : 1;
	}
}

void clickhouse_quote(FILE *out, struct slice text)
{
	fputc('\'', out);
	escaped(out, text);
	fputc('\'', out);
}

void clickhouse_field(FILE *out, struct slice text)
{
	escaped(out, text);
}

static char read_back(char c)
{
	switch (c) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case '0':
		return '\0';
	default:
		return c;
	}
}

bool clickhouse_next(char **at, struct slice *ret, bool *ret_last)
{
	char *from = *at, *to = *at, *begin = *at;

	if (!*from)
		return false;
	for (; *from && *from != '\t' && *from != '\n'; from++) {
		if (*from == '\\' && from[1])
			*to++ = read_back(*++from);
		else
			*to++ = *from;
	}
	*ret = SLICE((const uint8_t *)begin, (size_t)(to - begin));
	*ret_last = *from != '\t';
	*at = from + (*from != 0);
	return true;
}
