#include "dataplane/app/http/text.h"

#include "dataplane/app/http/http.h"

enum { TEXT_FIRST = 256 };

bool http_text_reserve(struct slab *slab, struct http_text *t, size_t len, size_t max)
{
	uint32_t cap = t->cap ? t->cap : TEXT_FIRST;
	uint8_t *grown;

	if (len > max || t->len > max - len)
		return false;
	if (t->cap - t->len >= len)
		return true;
	while (cap - t->len < len)
		cap *= 2;
	grown = slab_grow(slab, t->data, t->cap, cap);
	if (!grown)
		return false;
	t->data = grown;
	t->cap = cap;
	return true;
}

struct http_span http_text_add(struct slab *slab, struct http_text *t, struct slice bytes,
			       size_t max)
{
	struct http_span span = {.at = t->len & 0x3fffffff, .set = 1, .len = (uint32_t)bytes.len};

	if (!http_text_reserve(slab, t, bytes.len, max))
		return (struct http_span){0};
	if (bytes.len)
		memcpy(t->data + t->len, bytes.data, bytes.len);
	t->len += (uint32_t)bytes.len;
	return span;
}

void http_text_free(struct slab *slab, struct http_text *t)
{
	slab_free(slab, t->data, t->cap);
	*t = (struct http_text){0};
}

bool http_is_token(uint8_t c)
{
	return c > 32 && c < 127 && !memchr("()<>@,;:\\\"/[]?={}", c, 17);
}

int http_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice http_chomp(struct slice line)
{
	while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
		line.len--;
	return line;
}

struct slice http_trim(struct slice s)
{
	while (s.len && http_is_space(s.data[0]))
		s = SLICE(s.data + 1, s.len - 1);
	while (s.len && http_is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool http_blank(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!http_is_space(s.data[i]))
			return false;
	}
	return true;
}

bool http_equal(struct slice s, const char *text)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == 0)
			continue;
		if (ascii_lower(s.data[i]) != (uint8_t)*text)
			return false;
		text++;
	}
	return *text == 0;
}

static bool begins(struct slice s, size_t at, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (ascii_lower(s.data[at + i]) != (uint8_t)text[i])
			return false;
	}
	return true;
}

long http_find(struct slice s, const char *text)
{
	size_t len = strlen(text);

	for (size_t at = 0; at + len <= s.len; at++) {
		if (begins(s, at, text, len))
			return (long)at;
	}
	return -1;
}

long http_find_bytes(struct slice s, struct slice what)
{
	const uint8_t *hit = s.len ? memmem(s.data, s.len, what.data, what.len) : NULL;

	return hit ? hit - s.data : -1;
}

/* Digits at the front; negative when there is none or the value passes INT64_MAX. */
static int64_t digits(struct slice s, unsigned base, size_t *ret_used)
{
	int64_t value = 0;
	size_t i = 0;

	for (; i < s.len; i++) {
		int digit = http_hex(s.data[i]);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (value > (INT64_MAX - digit) / (int64_t)base)
			return -1;
		value = value * (int64_t)base + digit;
	}
	*ret_used = i;
	return i ? value : -1;
}

int64_t http_content_length(struct slice s, bool *ret_junk)
{
	size_t used, at = 0;
	int64_t value;

	*ret_junk = false;
	while (at < s.len && (s.data[at] < '0' || s.data[at] > '9')) {
		if (!http_is_lws(s.data[at]))
			*ret_junk = true;
		at++;
	}
	s = slice_sub(s, at, s.len);
	value = digits(s, 10, &used);
	if (value >= 0 && used < s.len)
		*ret_junk = true;
	return value;
}

int64_t http_number(struct slice s, unsigned base)
{
	size_t used;
	int64_t value;

	while (s.len && http_is_lws(s.data[0]))
		s = SLICE(s.data + 1, s.len - 1);
	value = digits(s, base, &used);
	if (value < 0)
		return -1;
	for (; used < s.len; used++) {
		if (!http_is_lws(s.data[used]))
			return -1;
	}
	return value;
}

int64_t http_chunk_length(struct slice line, bool *ret_extension)
{
	size_t used = 0;
	int64_t value;

	*ret_extension = false;
	while (line.len && http_is_space(line.data[0]))
		line = SLICE(line.data + 1, line.len - 1);
	if (line.len == 0)
		return HTTP_CHUNK_EMPTY;
	value = digits(line, 16, &used);
	if (value < 0 || value > INT32_MAX)
		return HTTP_CHUNK_INVALID;
	*ret_extension = memchr(line.data + used, ';', line.len - used) != NULL;
	return value;
}

int http_protocol_number(struct slice s)
{
	if (s.len != 8 || memcmp(s.data, "HTTP/", 5) != 0 || s.data[6] != '.')
		return HTTP_PROTOCOL_INVALID;
	if (s.data[5] == '0' && s.data[7] == '9')
		return HTTP_PROTOCOL_0_9;
	if (s.data[5] == '1' && s.data[7] == '0')
		return HTTP_PROTOCOL_1_0;
	if (s.data[5] == '1' && s.data[7] == '1')
		return HTTP_PROTOCOL_1_1;
	return HTTP_PROTOCOL_INVALID;
}
