/* Text of a transaction in a block that grows; spans stay valid when it moves. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

struct http_text {
	uint8_t *data;
	uint32_t len, cap;
};

/* `set` tells a span of no bytes from none at all. */
struct http_span {
	uint32_t at : 30;
	uint32_t more : 1; /* which text of the side (http.h) */
	uint32_t set : 1;
	uint32_t len;
};

/* Makes room for `len` more bytes; false without memory or over `max` bytes in all. */
bool http_text_reserve(struct slab *slab, struct http_text *t, size_t len, size_t max);
/* Appends; the span is unset when it does not fit. */
struct http_span http_text_add(struct slab *slab, struct http_text *t, struct slice bytes,
			       size_t max);
void http_text_free(struct slab *slab, struct http_text *t);

static inline struct slice http_text_get(const struct http_text *t, struct http_span span)
{
	if (!span.set)
		return SLICE(NULL, 0);
	return SLICE(t->data + span.at, span.len);
}

/* Character classes as libhtp has them. */
static inline bool http_is_lws(int c)
{
	return c == ' ' || c == '\t';
}

static inline bool http_is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool http_is_folding(int c)
{
	return http_is_lws(c) || c == 0;
}

bool http_is_token(uint8_t c); /* RFC 9110 5.6.2 */
int http_hex(uint8_t c);       /* value of a hex digit or -1 */

/* Without the CRs and LFs at the end. */
struct slice http_chomp(struct slice line);
struct slice http_trim(struct slice s);		   /* spaces at both ends */
bool http_blank(struct slice s);		   /* only white space, or empty */
bool http_equal(struct slice s, const char *text); /* without case; NULs in s are skipped */
/* Where `text` (lower case) begins in s, without case; -1. */
long http_find(struct slice s, const char *text);
long http_find_bytes(struct slice s, struct slice what);

/* Numbers. Content-Length: the first run of digits, junk around it is reported; negative when there
 * is none or it is too large. */
int64_t http_content_length(struct slice s, bool *ret_junk);
enum { HTTP_CHUNK_EMPTY = -2, HTTP_CHUNK_INVALID = -1 };
/* Length at the start of a chunk line; HTTP_CHUNK_EMPTY for a blank line. */
int64_t http_chunk_length(struct slice line, bool *ret_extension);
/* Digits with white space around, `base` 10 or 16; negative for anything else. */
int64_t http_number(struct slice s, unsigned base);
int http_protocol_number(struct slice s); /* enum http_protocol */
