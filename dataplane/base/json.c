#include "dataplane/base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/base/err.h"
#include "dataplane/base/number.h"

void json_init(struct json *j, char *buf, size_t cap)
{
	j->buf = buf;
	j->cap = cap;
	j->len = 0;
	j->depth = 0;
	j->full = cap == 0;
	j->comma[0] = false;
}

static void put(struct json *j, const char *s, size_t n)
{
	if (j->full || n >= j->cap - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->buf + j->len, s, n);
	j->len += n;
}

static void put_char(struct json *j, char c)
{
	put(j, &c, 1);
}

/* The length of the valid UTF-8 sequence at p (RFC 3629), 0 when there is none. */
static unsigned utf8_length(const uint8_t *p, size_t left)
{
	unsigned n = p[0] < 0x80		    ? 1
		     : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
		     : (p[0] & 0xf0) == 0xe0	    ? 3
						    : 0;

	if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	if (n == 0 || n > left)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static void put_escaped(struct json *j, uint8_t c)
{
	static const char short_form[] = "\b\f\n\r\t\"\\", letter[] = "bfnrt\"\\";
	const char *hit = c ? strchr(short_form, c) : NULL;
	char text[8];
	int n;

	if (hit)
		n = snprintf(text, sizeof(text), "\\%c", letter[hit - short_form]);
	else
		n = snprintf(text, sizeof(text), "\\u%04x", c);
	put(j, text, (size_t)n);
}

/* ASCII that stands for itself. */
static const bool plain_ascii[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

static void put_quoted(struct json *j, struct slice s)
{
	size_t plain = 0;

	put_char(j, '"');
	for (size_t i = 0; i < s.len;) {
		uint8_t c = s.data[i];
		unsigned n = c >= 0x80 ? utf8_length(s.data + i, s.len - i) : plain_ascii[c];

		if (n > 0) {
			i += n;
			continue;
		}
		put(j, (const char *)s.data + plain, i - plain);
		put_escaped(j, c);
		plain = ++i;
	}
	put(j, (const char *)s.data + plain, s.len - plain);
	put_char(j, '"');
}

static void value_begin(struct json *j, const char *key)
{
	if (j->comma[j->depth])
		put_char(j, ',');
	j->comma[j->depth] = true;
	if (key) {
		put_quoted(j, SLICE_STR(key));
		put_char(j, ':');
	}
}

static void open(struct json *j, const char *key, char bracket)
{
	value_begin(j, key);
	put_char(j, bracket);
	if (j->depth + 1 >= JSON_DEPTH)
		j->full = true;
	else
		j->comma[++j->depth] = false;
}

static void close(struct json *j, char bracket)
{
	if (j->depth > 0)
		j->depth--;
	put_char(j, bracket);
}

void json_open_object(struct json *j, const char *key)
{
	open(j, key, '{');
}

void json_open_array(struct json *j, const char *key)
{
	open(j, key, '[');
}

void json_end(struct json *j)
{
	close(j, '}');
}

void json_array_end(struct json *j)
{
	close(j, ']');
}

void json_slice(struct json *j, const char *key, struct slice value)
{
	value_begin(j, key);
	put_quoted(j, value);
}

void json_text(struct json *j, const char *key, const char *value)
{
	json_slice(j, key, SLICE_STR(value));
}

void json_int(struct json *j, const char *key, int64_t value)
{
	char text[24];

	value_begin(j, key);
	put(j, text, (size_t)(number_put_int(text, value) - text));
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	value_begin(j, key);
	put(j, text, (size_t)(number_put(text, value) - text));
}

void json_bool(struct json *j, const char *key, bool value)
{
	value_begin(j, key);
	put(j, value ? "true" : "false", value ? 4 : 5);
}

void json_double(struct json *j, const char *key, double value)
{
	char text[40];
	int n;

	/* JSON knows neither infinity nor not-a-number; plain digits of a huge number are hundreds.
	 */
	if (!isfinite(value))
		value = 0;
	n = snprintf(text, sizeof(text), fabs(value) < 1e15 ? "%.6f" : "%.17g", value);
	value_begin(j, key);
	put(j, text, (size_t)n);
}

void json_hex(struct json *j, const char *key, struct slice value, char separator)
{
	static const char digits[] = "0123456789abcdef";

	value_begin(j, key);
	put_char(j, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (i && separator)
			put_char(j, separator);
		put_char(j, digits[value.data[i] >> 4]);
		put_char(j, digits[value.data[i] & 15]);
	}
	put_char(j, '"');
}

void json_base64(struct json *j, const char *key, struct slice value)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	value_begin(j, key);
	put_char(j, '"');
	for (size_t i = 0; i < value.len; i += 3) {
		size_t n = value.len - i;
		uint32_t v = (uint32_t)value.data[i] << 16;
		char four[4];

		if (n > 1)
			v |= (uint32_t)value.data[i + 1] << 8;
		if (n > 2)
			v |= value.data[i + 2];
		four[0] = set[v >> 18];
		four[1] = set[v >> 12 & 63];
		four[2] = n > 1 ? set[v >> 6 & 63] : '=';
		four[3] = n > 2 ? set[v & 63] : '=';
		put(j, four, 4);
	}
	put_char(j, '"');
}

void json_raw(struct json *j, const char *key, struct slice value)
{
	value_begin(j, key);
	put(j, (const char *)value.data, value.len);
}

long json_finish(struct json *j)
{
	if (j->full || j->depth != 0)
		return ERR_LIMIT;
	j->buf[j->len] = 0;
	return (long)j->len;
}
