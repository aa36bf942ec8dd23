/* The sticky buffers of rules. Progress and contents as in Suricata 7. */
#include "dataplane/app/http/http.h"

static const struct http_tx *http_of(const struct app_tx *tx)
{
	return (const struct http_tx *)tx;
}

/* --- plain spans --- */

static bool give(const struct http_side *side, struct http_span span, struct slice *ret)
{
	*ret = http_get(side, span);
	return span.set;
}

static bool get_uri(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct http_tx *t = http_of(tx);

	return !t->unmatched && give(&t->side[DIR_TS], t->uri_normalized, ret);
}

static bool get_uri_raw(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[DIR_TS], http_of(tx)->uri, ret);
}

static bool get_method(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[DIR_TS], http_of(tx)->method_text, ret);
}

static bool get_host(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[DIR_TS], http_of(tx)->host, ret);
}

static bool get_line(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[dir], http_of(tx)->side[dir].line, ret);
}

static bool get_version(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[dir], http_of(tx)->side[dir].version, ret);
}

static bool get_status(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[DIR_TC], http_of(tx)->status_text, ret);
}

static bool get_message(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return give(&http_of(tx)->side[DIR_TC], http_of(tx)->message, ret);
}

/* --- values of headers --- */

static bool value_of(const struct app_tx *tx, enum dir dir, const char *name, struct slice *ret)
{
	const struct http_header *h = http_header_find(http_of(tx), dir, name);

	return h && give(&http_of(tx)->side[dir], h->value, ret);
}

#define HEADER_GETTER(function, name)                                                              \
	static bool function(const struct app_tx *tx, enum dir dir, uint32_t index,                \
			     struct slice *ret)                                                    \
	{                                                                                          \
		return value_of(tx, dir, name, ret);                                               \
	}

HEADER_GETTER(get_user_agent, "user-agent")
HEADER_GETTER(get_referer, "referer")
HEADER_GETTER(get_accept, "accept")
HEADER_GETTER(get_accept_enc, "accept-encoding")
HEADER_GETTER(get_accept_lang, "accept-language")
HEADER_GETTER(get_connection, "connection")
HEADER_GETTER(get_content_type, "content-type")
HEADER_GETTER(get_content_len, "content-length")
HEADER_GETTER(get_server, "server")
HEADER_GETTER(get_location, "location")

static const char *cookie_name(enum dir dir)
{
	return dir == DIR_TS ? "cookie" : "set-cookie";
}

static bool get_cookie(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return value_of(tx, dir, cookie_name(dir), ret);
}

static bool get_host_raw(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct http_tx *t = http_of(tx);

	if (t->uri_host.set)
		return give(&t->side[DIR_TS], t->uri_host, ret);
	return value_of(tx, DIR_TS, "host", ret);
}

static bool get_header_raw(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct http_side *side = &http_of(tx)->side[dir];

	*ret = SLICE(side->raw.data, side->raw.len);
	return side->raw.len > 0;
}

/* --- put together when asked for ---
 *
 * `start` is "line CRLF, name: value CRLF ..., CRLF"; http.header and http.request_header are parts
 * of it, http.header without cookies a copy. They are caches of the transaction, which is why the
 * const is cast away. */

static size_t start_length(const struct http_side *side)
{
	size_t len = side->line.len + 4;

	for (unsigned i = 0; i < side->header_count; i++)
		len += side->headers[i].name.len + side->headers[i].value.len + 4;
	return len;
}

static uint8_t *put(uint8_t *to, struct slice s)
{
	if (s.len)
		memcpy(to, s.data, s.len);
	return to + s.len;
}

static bool room(struct slab *slab, uint8_t **block, uint32_t *cap, size_t len)
{
	if (len <= *cap)
		return true;
	slab_free(slab, *block, *cap);
	*block = slab_alloc(slab, len);
	*cap = *block ? (uint32_t)len : 0;
	return *block != NULL;
}

static uint8_t *put_header(const struct http_side *side, const struct http_header *h, uint8_t *to)
{
	to = put(to, http_get(side, h->name));
	to = put(to, SLICE_LIT(": "));
	to = put(to, http_get(side, h->value));
	return put(to, SLICE_LIT("\r\n"));
}

static const struct http_side *start_made(const struct app_tx *tx, enum dir dir)
{
	struct http_tx *t = (struct http_tx *)tx;
	struct http_side *side = &t->side[dir];
	uint8_t *to;

	if (side->start && side->start_headers == side->header_count + 1u)
		return side;
	side->filtered_len = 0;
	if (!room(t->state->slab, &side->start, &side->start_cap, start_length(side)))
		return NULL;
	to = put(side->start, http_get(side, side->line));
	to = put(to, SLICE_LIT("\r\n"));
	for (unsigned i = 0; i < side->header_count; i++)
		to = put_header(side, &side->headers[i], to);
	if (side->header_count)
		to = put(to, SLICE_LIT("\r\n"));
	side->start_len = (uint32_t)(to - side->start);
	side->start_headers = side->header_count + 1u;
	return side;
}

static bool get_start(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct http_side *side;

	if (!http_of(tx)->side[dir].has_line)
		return false;
	side = start_made(tx, dir);
	if (!side)
		return false;
	*ret = SLICE(side->start, side->start_len);
	return true;
}

/* Headers but for cookies, which have a buffer of their own. */
static bool get_header(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	struct http_tx *t = (struct http_tx *)tx;
	struct http_side *side = &t->side[dir];
	const struct http_header *cookie = http_header_find(t, dir, cookie_name(dir));
	uint8_t *to;

	if (side->header_count == 0 || !start_made(tx, dir))
		return false;
	*ret = slice_sub(SLICE(side->start, side->start_len - 2), side->line.len + 2,
			 side->start_len);
	if (!cookie)
		return true;
	if (side->filtered_len == 0) {
		if (!room(t->state->slab, &side->filtered, &side->filtered_cap, ret->len))
			return false;
		to = side->filtered;
		for (unsigned i = 0; i < side->header_count; i++) {
			if (&side->headers[i] != cookie)
				to = put_header(side, &side->headers[i], to);
		}
		side->filtered_len = (uint32_t)(to - side->filtered);
	}
	*ret = SLICE(side->filtered, side->filtered_len);
	return ret->len > 0;
}

static bool get_header_names(const struct app_tx *tx, enum dir dir, uint32_t index,
			     struct slice *ret)
{
	struct http_tx *t = (struct http_tx *)tx;
	struct http_side *side = &t->side[dir];
	size_t len = 4;
	uint8_t *to;

	if (side->header_count == 0)
		return false;
	for (unsigned i = 0; i < side->header_count; i++)
		len += side->headers[i].name.len + 2;
	if (!room(t->state->slab, &side->names, &side->names_cap, len))
		return false;
	to = put(side->names, SLICE_LIT("\r\n"));
	for (unsigned i = 0; i < side->header_count; i++) {
		to = put(to, http_get(side, side->headers[i].name));
		to = put(to, SLICE_LIT("\r\n"));
	}
	to = put(to, SLICE_LIT("\r\n"));
	*ret = SLICE(side->names, (size_t)(to - side->names));
	return true;
}

/* The index-th header as "name: value". They are asked for in order: where the last one ended is
 * remembered, so that a loop over all is not quadratic. */
static bool get_each_header(const struct app_tx *tx, enum dir dir, uint32_t index,
			    struct slice *ret)
{
	struct http_side *side = &((struct http_tx *)tx)->side[dir];

	if (index >= side->header_count || !start_made(tx, dir))
		return false;
	if (index == 0 || index != side->each_index) {
		side->each_at = side->line.len + 2;
		side->each_index = 0;
	}
	for (;; side->each_index++) {
		const struct http_header *h = &side->headers[side->each_index];
		uint32_t len = h->name.len + h->value.len + 4;

		*ret = SLICE(side->start + side->each_at, len - 2);
		side->each_at += len;
		if (side->each_index == index)
			break;
	}
	side->each_index++;
	return true;
}

/* --- bodies --- */

static bool get_body(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	uint64_t offset;
	bool end;

	return http_body_window(http_of(tx), dir, HTTP_SEEN_BODY, ret, &offset, &end);
}

static void body_window(const struct app_tx *tx, enum dir dir, uint64_t *ret_offset, bool *ret_end)
{
	struct slice bytes;

	*ret_offset = 0;
	*ret_end = false;
	http_body_window(http_of(tx), dir, HTTP_SEEN_BODY, &bytes, ret_offset, ret_end);
}

static void body_seen(struct app_tx *tx, enum dir dir)
{
	http_body_seen((struct http_tx *)tx, dir, HTTP_SEEN_BODY);
}

static bool get_file(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	uint64_t offset;
	bool end;

	return http_body_window(http_of(tx), dir, HTTP_SEEN_FILE, ret, &offset, &end);
}

static void file_window(const struct app_tx *tx, enum dir dir, uint64_t *ret_offset, bool *ret_end)
{
	struct slice bytes;

	*ret_offset = 0;
	*ret_end = false;
	http_body_window(http_of(tx), dir, HTTP_SEEN_FILE, &bytes, ret_offset, ret_end);
}

static void file_seen(struct app_tx *tx, enum dir dir)
{
	http_body_seen((struct http_tx *)tx, dir, HTTP_SEEN_FILE);
}

#define TS	.dir = {true, false}
#define TC	.dir = {false, true}
#define BOTH	.dir = {true, true}
#define FROM(p) .progress = {p, p}

const struct app_buffer http_buffers[HTTP_BUFFERS] = {
	{"http.uri", TS, FROM(HTTP_LINE), .get = get_uri},
	{"http.uri.raw", TS, FROM(HTTP_LINE), .get = get_uri_raw},
	{"http.method", TS, FROM(HTTP_LINE), .get = get_method},
	{"http.request_line", TS, FROM(HTTP_LINE), .get = get_line},
	{"http.response_line", TC, FROM(HTTP_LINE), .get = get_line},
	{"http.protocol", BOTH, FROM(HTTP_LINE), .get = get_version},
	{"http.stat_code", TC, FROM(HTTP_LINE), .get = get_status},
	{"http.stat_msg", TC, FROM(HTTP_LINE), .get = get_message},
	{"http.host", TS, FROM(HTTP_HEADERS), .get = get_host},
	{"http.host.raw", TS, FROM(HTTP_HEADERS), .get = get_host_raw},
	{"http.header", BOTH, FROM(HTTP_HEADERS + 1), .get = get_header},
	{"http.header.raw", BOTH, FROM(HTTP_HEADERS + 1), .get = get_header_raw},
	{"http.header_names", BOTH, FROM(HTTP_HEADERS + 1), .get = get_header_names},
	{"http.start", BOTH, FROM(HTTP_HEADERS + 1), .get = get_start},
	{"http.request_header", TS, FROM(HTTP_HEADERS), .multi = true, .get = get_each_header},
	{"http.response_header", TC, FROM(HTTP_HEADERS), .multi = true, .get = get_each_header},
	{"http.cookie", BOTH, FROM(HTTP_HEADERS), .get = get_cookie},
	{"http.user_agent", TS, FROM(HTTP_HEADERS), .get = get_user_agent},
	{"http.referer", TS, FROM(HTTP_HEADERS), .get = get_referer},
	{"http.accept", TS, FROM(HTTP_HEADERS), .get = get_accept},
	{"http.accept_enc", TS, FROM(HTTP_HEADERS), .get = get_accept_enc},
	{"http.accept_lang", TS, FROM(HTTP_HEADERS), .get = get_accept_lang},
	{"http.connection", BOTH, FROM(HTTP_HEADERS), .get = get_connection},
	{"http.content_type", BOTH, FROM(HTTP_HEADERS), .get = get_content_type},
	{"http.content_len", BOTH, FROM(HTTP_HEADERS), .get = get_content_len},
	{"http.server", TC, FROM(HTTP_HEADERS), .get = get_server},
	{"http.location", TC, FROM(HTTP_HEADERS), .get = get_location},
	{"http.request_body", TS, FROM(HTTP_BODY), .body = true, .get = get_body,
	 .window = body_window, .seen = body_seen},
	{"http.response_body", TC, FROM(HTTP_BODY), .body = true, .get = get_body,
	 .window = body_window, .seen = body_seen},
	/* To the server the files of uploads are looked at (app/file.h). */
	{"file.data", TC, FROM(HTTP_BODY), .body = true, .get = get_file, .window = file_window,
	 .seen = file_seen},
};
