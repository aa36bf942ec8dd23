/* Messages out of a TCP stream. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/external/receiver.h"
#include "dataplane/base/slice.h"

static const char *text_of(struct slice s)
{
	return (const char *)s.data;
}

static bool begins(struct slice s, const char *word)
{
	return s.len >= strlen(word) && memcmp(s.data, word, strlen(word)) == 0;
}

/* The value of a header, from the line's colon to its end. */
static struct slice header(struct slice head, const char *name)
{
	const char *at = text_of(head), *end = at + head.len;
	size_t n = strlen(name);

	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *stop = line ? line : end;

		if ((size_t)(stop - at) > n && strncasecmp(at, name, n) == 0 && at[n] == ':') {
			at += n + 1;
			while (at < stop && *at == ' ')
				at++;
			while (stop > at && (stop[-1] == '\r' || stop[-1] == ' '))
				stop--;
			return SLICE(at, (size_t)(stop - at));
		}
		at = line ? line + 1 : end;
	}
	return SLICE(NULL, 0);
}

static long number(struct slice s)
{
	long n = 0;

	if (s.len == 0 || s.len > 7)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return -1;
		n = n * 10 + (s.data[i] - '0');
	}
	return n;
}

static long cut_http(struct slice data, struct slice *ret)
{
	const char *head_end = memmem(data.data, data.len, "\r\n\r\n", 4);
	long body;
	size_t head;

	if (!head_end)
		return data.len > EXTERNAL_MAX ? -1 : 0;
	head = (size_t)(head_end - text_of(data)) + 4;
	body = number(header(SLICE(data.data, head), "content-length"));
	if (body < 0 || body > EXTERNAL_MAX)
		return -1;
	if (data.len < head + (size_t)body)
		return 0;
	*ret = SLICE(data.data, head + (size_t)body);
	return (long)(head + (size_t)body);
}

/* RFC 6587 3.4.1: "MSG-LEN SP SYSLOG-MSG". */
static long cut_counted(struct slice data, struct slice *ret)
{
	size_t digits = 0;
	long len;

	while (digits < data.len && data.data[digits] >= '0' && data.data[digits] <= '9')
		digits++;
	if (digits == data.len)
		return digits > 6 ? -1 : 0;
	len = number(SLICE(data.data, digits));
	if (data.data[digits] != ' ' || len <= 0 || len > EXTERNAL_MAX)
		return -1;
	if (data.len < digits + 1 + (size_t)len)
		return 0;
	*ret = SLICE(data.data + digits + 1, (size_t)len);
	return (long)digits + 1 + len;
}

long receiver_cut(struct slice data, struct slice *ret, bool *ret_http)
{
	const uint8_t *line;

	*ret_http = false;
	if (data.len == 0)
		return 0;
	if (begins(data, "POST ") || begins(data, "GET ") || begins(data, "PUT ")) {
		*ret_http = true;
		return cut_http(data, ret);
	}
	if (data.data[0] >= '1' && data.data[0] <= '9')
		return cut_counted(data, ret);
	/* 3.4.2: up to the line's end. */
	line = memchr(data.data, '\n', data.len);
	if (!line)
		return data.len > EXTERNAL_MAX ? -1 : 0;
	*ret = SLICE(data.data, (size_t)(line - data.data));
	return line - data.data + 1;
}

/* Every byte is looked at, so that time tells nothing. */
static bool same(struct slice a, const char *b)
{
	size_t n = strlen(b);
	unsigned differs = a.len != n;

	for (size_t i = 0; i < a.len; i++)
		differs |= (unsigned)(a.data[i] ^ (uint8_t)b[n ? i % n : 0]);
	return !differs;
}

int receiver_http(struct slice request, const char *token, struct slice *ret_body)
{
	const uint8_t *end = memmem(request.data, request.len, "\r\n\r\n", 4);
	struct slice head, given;

	if (!token[0])
		return 404;
	if (!end)
		return 400;
	if (!begins(request, "POST "))
		return 405;
	head = SLICE(request.data, (size_t)(end - request.data) + 2);
	given = header(head, "authorization");
	if (!begins(given, "Bearer ") || !same(SLICE(given.data + 7, given.len - 7), token))
		return 401;
	*ret_body = SLICE(end + 4, request.len - (size_t)(end + 4 - request.data));
	return 204;
}
