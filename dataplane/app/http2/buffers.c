/* The sticky buffers of rules: those of HTTP, and http2.header_name. Progress and contents as in
 * Suricata 7. What is put together is kept in the transaction, which is why const is cast away. */
#include "dataplane/app/http2/http2.h"

static struct http2_side *side_of(const struct app_tx *tx, enum dir dir)
{
	return &http2_tx_of(tx)->side[dir];
}

static bool first_value(const struct app_tx *tx, enum dir dir, const char *name, struct slice *ret)
{
	const struct http2_side *side = side_of(tx, dir);
	const struct http2_header *h = http2_find(side, name);

	if (!h)
		return false;
	*ret = http2_value(side, h);
	return true;
}

/* --- put together when asked for --- */

static bool add(const struct app_tx *tx, struct http2_made *m, struct slice s)
{
	return kept_append(http2_tx_of(tx)->slab, &m->bytes, s, 2 * HTTP2_HEAD_MAX);
}

/* True when it has to be made (again): headers have come. */
static bool outdated(struct http2_made *m, const struct http2_side *side)
{
	if (m->count == side->count + 1)
		return false;
	m->count = side->count + 1;
	m->bytes.len = 0;
	return true;
}

static bool give(const struct http2_made *m, struct slice *ret)
{
	*ret = kept_slice(&m->bytes);
	return ret->len > 0;
}

/* All values of that name with ", " between. */
static bool joined(const struct app_tx *tx, enum dir dir, const char *name, enum http2_joined which,
		   struct slice *ret)
{
	struct http2_side *side = side_of(tx, dir);
	const struct http2_header *first = http2_find(side, name), *end;
	struct http2_made *m = &side->joined[which];
	unsigned found = 0;

	if (!first)
		return false;
	end = side->headers + side->count;
	*ret = http2_value(side, first);
	if (!outdated(m, side))
		return m->bytes.len == 0 || give(m, ret);
	for (const struct http2_header *h = first; h < end; h++) {
		if (!slice_eq(http2_name(side, h), slice_of(name)))
			continue;
		if (found++ > 0)
			add(tx, m, SLICE_LIT(", "));
		add(tx, m, http2_value(side, h));
	}
	if (found > 1)
		return give(m, ret);
	m->bytes.len = 0;
	return true;
}

#define JOINED(function, name, which)                                                              \
	static bool function(const struct app_tx *tx, enum dir dir, uint32_t index,                \
			     struct slice *ret)                                                    \
	{                                                                                          \
		return joined(tx, dir, name, which, ret);                                          \
	}

JOINED(get_host_raw, ":authority", HTTP2_JOINED_AUTHORITY)
JOINED(get_user_agent, "user-agent", HTTP2_JOINED_USER_AGENT)
JOINED(get_referer, "referer", HTTP2_JOINED_REFERER)
JOINED(get_accept, "accept", HTTP2_JOINED_ACCEPT)
JOINED(get_accept_enc, "accept-encoding", HTTP2_JOINED_ACCEPT_ENC)
JOINED(get_accept_lang, "accept-language", HTTP2_JOINED_ACCEPT_LANG)
JOINED(get_connection, "connection", HTTP2_JOINED_CONNECTION)
JOINED(get_content_type, "content-type", HTTP2_JOINED_CONTENT_TYPE)
JOINED(get_content_len, "content-length", HTTP2_JOINED_CONTENT_LEN)
JOINED(get_server, "server", HTTP2_JOINED_SERVER)
JOINED(get_location, "location", HTTP2_JOINED_LOCATION)

static const char *cookie_name(enum dir dir)
{
	return dir == DIR_TS ? "cookie" : "set-cookie";
}

static bool get_cookie(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return joined(tx, dir, cookie_name(dir), HTTP2_JOINED_COOKIE, ret);
}

static bool get_uri(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return first_value(tx, DIR_TS, ":path", ret);
}

static bool get_method(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return first_value(tx, DIR_TS, ":method", ret);
}

static bool get_status(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return first_value(tx, DIR_TC, ":status", ret);
}

/* There is none in HTTP/2: always empty. */
static bool get_message(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	*ret = SLICE_LIT("");
	return true;
}

static bool get_protocol(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	*ret = SLICE_LIT("HTTP/2");
	return true;
}

/* Without user and port, in lower case. */
static bool get_host(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	struct http2_side *side = side_of(tx, DIR_TS);
	struct http2_made *m = &side->host;
	const uint8_t *at;

	if (!get_host_raw(tx, DIR_TS, 0, ret))
		return false;
	at = ret->len ? memchr(ret->data, '@', ret->len) : NULL;
	if (at)
		*ret = slice_sub(*ret, (size_t)(at - ret->data) + 1, ret->len);
	at = ret->len ? memchr(ret->data, ':', ret->len) : NULL;
	if (at)
		ret->len = (size_t)(at - ret->data);
	if (outdated(m, side)) {
		add(tx, m, *ret);
		for (uint32_t i = 0; i < m->bytes.len; i++)
			m->bytes.data[i] = ascii_lower(m->bytes.data[i]);
	}
	*ret = kept_slice(&m->bytes);
	return true;
}

static bool get_request_line(const struct app_tx *tx, enum dir dir, uint32_t index,
			     struct slice *ret)
{
	struct http2_side *side = side_of(tx, DIR_TS);
	struct http2_made *m = &side->line;
	struct slice s;

	if (outdated(m, side)) {
		if (get_method(tx, DIR_TS, 0, &s))
			add(tx, m, s);
		add(tx, m, SLICE_LIT(" "));
		if (get_uri(tx, DIR_TS, 0, &s))
			add(tx, m, s);
		add(tx, m, SLICE_LIT(" HTTP/2\r\n"));
	}
	return give(m, ret);
}

static bool get_response_line(const struct app_tx *tx, enum dir dir, uint32_t index,
			      struct slice *ret)
{
	struct http2_side *side = side_of(tx, DIR_TC);
	struct http2_made *m = &side->line;
	struct slice s;

	if (outdated(m, side)) {
		add(tx, m, SLICE_LIT("HTTP/2 "));
		if (get_status(tx, DIR_TC, 0, &s))
			add(tx, m, s);
		add(tx, m, SLICE_LIT("\r\n"));
	}
	return give(m, ret);
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_sub(s, 1, s.len);
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Headers but for cookies, which have a buffer of their own. */
static bool get_header(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	struct http2_side *side = side_of(tx, dir);
	struct http2_made *m = &side->header;

	if (!outdated(m, side))
		return give(m, ret);
	for (uint32_t i = 0; i < side->count; i++) {
		const struct http2_header *h = &side->headers[i];

		if (slice_eq_nocase(http2_name(side, h), slice_of(cookie_name(dir))))
			continue;
		add(tx, m, http2_name(side, h));
		add(tx, m, SLICE_LIT(": "));
		add(tx, m, trim(http2_value(side, h)));
		add(tx, m, SLICE_LIT("\r\n"));
	}
	return give(m, ret);
}

static bool get_header_raw(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct http2_side *side = side_of(tx, dir);

	*ret = SLICE(side->bytes.data, side->len);
	return ret->len > 0;
}

static bool get_header_names(const struct app_tx *tx, enum dir dir, uint32_t index,
			     struct slice *ret)
{
	struct http2_side *side = side_of(tx, dir);
	struct http2_made *m = &side->names;

	if (side->count == 0 || !outdated(m, side))
		return give(m, ret);
	add(tx, m, SLICE_LIT("\r\n"));
	for (uint32_t i = 0; i < side->count; i++) {
		add(tx, m, http2_name(side, &side->headers[i]));
		add(tx, m, SLICE_LIT("\r\n"));
	}
	add(tx, m, SLICE_LIT("\r\n"));
	return give(m, ret);
}

static bool get_each_header(const struct app_tx *tx, enum dir dir, uint32_t index,
			    struct slice *ret)
{
	const struct http2_side *side = side_of(tx, dir);
	const struct http2_header *h;

	if (index >= side->count)
		return false;
	h = &side->headers[index];
	*ret = slice_sub(kept_slice(&side->bytes), h->at, h->name_len + 2 + h->value_len);
	return true;
}

static bool get_each_name(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct http2_side *side = side_of(tx, dir);

	if (index >= side->count)
		return false;
	*ret = http2_name(side, &side->headers[index]);
	return true;
}

/* --- the request's body: its file --- */

static const struct app_file *request_file(const struct app_tx *tx)
{
	return tx->files[DIR_TS];
}

static bool get_body(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct app_file *file = request_file(tx);

	if (!file || side_of(tx, DIR_TS)->body_seen >= file->size)
		return false;
	*ret = SLICE(file->window, file->window_len);
	return ret->len > 0;
}

static void body_window(const struct app_tx *tx, enum dir dir, uint64_t *ret_offset, bool *ret_end)
{
	const struct app_file *file = request_file(tx);

	*ret_offset = file ? file->window_offset : 0;
	*ret_end = file && file->state != APP_FILE_OPEN;
}

static void body_seen(struct app_tx *tx, enum dir dir)
{
	const struct app_file *file = request_file(tx);

	if (file)
		side_of(tx, DIR_TS)->body_seen = file->size;
}

#define TS   .dir = {true, false}, .progress = {HTTP2_DATA_CLIENT, HTTP2_DATA_CLIENT}
#define TC   .dir = {false, true}, .progress = {HTTP2_DATA_SERVER, HTTP2_DATA_SERVER}
#define BOTH .dir = {true, true}, .progress = {HTTP2_DATA_CLIENT, HTTP2_DATA_SERVER}
#define OPEN .progress = {HTTP2_OPEN, HTTP2_OPEN}

const struct app_buffer http2_buffers[HTTP2_BUFFERS] = {
	{"http.uri", TS, .get = get_uri},
	{"http.uri.raw", TS, .get = get_uri},
	{"http.method", TS, .get = get_method},
	{"http.request_line", TS, .get = get_request_line},
	{"http.response_line", TC, .get = get_response_line},
	{"http.protocol", BOTH, .get = get_protocol},
	{"http.stat_code", TC, .get = get_status},
	{"http.stat_msg", TC, .get = get_message},
	{"http.host", TS, .get = get_host},
	{"http.host.raw", TS, .get = get_host_raw},
	{"http.header", BOTH, .get = get_header},
	{"http.header.raw", BOTH, .get = get_header_raw},
	{"http.header_names", BOTH, .get = get_header_names},
	{"http.request_header", TS, .multi = true, .get = get_each_header},
	{"http.response_header", TC, .multi = true, .get = get_each_header},
	{"http.cookie", BOTH, .get = get_cookie},
	{"http.user_agent", TS, .get = get_user_agent},
	{"http.referer", TS, .get = get_referer},
	{"http.accept", TS, .get = get_accept},
	{"http.accept_enc", TS, .get = get_accept_enc},
	{"http.accept_lang", TS, .get = get_accept_lang},
	{"http.connection", BOTH, .get = get_connection},
	{"http.content_type", BOTH, .get = get_content_type},
	{"http.content_len", BOTH, .get = get_content_len},
	{"http.server", TC, .get = get_server},
	{"http.location", TC, .get = get_location},
	{"http.request_body", TS, .body = true, .get = get_body, .window = body_window,
	 .seen = body_seen},
	{"http2.header_name", .dir = {true, true}, OPEN, .multi = true, .late = true,
	 .get = get_each_name},
};
