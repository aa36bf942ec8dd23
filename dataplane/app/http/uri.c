/* The request's URI and host: taken apart, decoded and normalised as servers do (RFC 3986 5.2.4;
 * libhtp's IDS personality without lower case: %u and UTF-8 to best fit, backslashes, repeated
 * separators and dot segments gone; the query once decoded, "+" left alone). */
#include "dataplane/app/http/bestfit.h"
#include "dataplane/app/http/http.h"

struct uri_parts {
	struct slice host, port, path, query, fragment;
	bool has_path, has_host, has_port, has_query, has_fragment;
};

/* --- parts --- */

/* "user:password@host:port", IPv6 hosts in brackets. */
static void split_authority(struct slice authority, struct uri_parts *ret)
{
	const uint8_t *at = authority.len ? memchr(authority.data, '@', authority.len) : NULL;
	const uint8_t *end;
	struct slice rest;

	if (at)
		authority = slice_sub(authority, (size_t)(at - authority.data) + 1, authority.len);
	ret->host = authority;
	ret->has_host = true;
	rest = authority;
	if (authority.len && authority.data[0] == '[') {
		end = memchr(authority.data, ']', authority.len);
		if (!end)
			return;
		ret->host.len = (size_t)(end - authority.data) + 1;
		rest = slice_sub(authority, ret->host.len, authority.len);
	}
	end = rest.len ? memchr(rest.data, ':', rest.len) : NULL;
	if (!end)
		return;
	if (rest.data == authority.data)
		ret->host.len = (size_t)(end - authority.data);
	ret->port = slice_sub(rest, (size_t)(end - rest.data) + 1, rest.len);
	ret->has_port = true;
}

static size_t until(struct slice s, size_t at, const char *stops)
{
	while (at < s.len && !(s.data[at] && strchr(stops, s.data[at])))
		at++;
	return at;
}

static void split_uri(struct slice uri, struct uri_parts *ret)
{
	size_t at = 0, end;
	bool scheme = false;

	if (uri.len == 0)
		return;
	if (uri.data[0] != '/') {
		end = until(uri, 0, ":");
		scheme = end < uri.len;
		at = scheme ? end + 1 : 0;
	}
	if (scheme && at + 2 < uri.len && uri.data[at] == '/' && uri.data[at + 1] == '/' &&
	    uri.data[at + 2] != '/') {
		end = until(uri, at + 2, "?/#");
		split_authority(slice_sub(uri, at + 2, end - at - 2), ret);
		at = end;
	}
	end = until(uri, at, "?#");
	ret->path = slice_sub(uri, at, end - at);
	ret->has_path = true;
	at = end;
	if (at < uri.len && uri.data[at] == '?') {
		end = until(uri, at, "#");
		ret->query = slice_sub(uri, at + 1, end - at - 1);
		ret->has_query = true;
		at = end;
	}
	if (at < uri.len) {
		ret->fragment = slice_sub(uri, at + 1, uri.len);
		ret->has_fragment = true;
	}
}

/* --- decoding, in place: the result is never longer --- */

static bool hex_digits(const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (http_hex(s[i]) < 0)
			return false;
	}
	return true;
}

static uint8_t hex_byte(const uint8_t *s)
{
	return (uint8_t)(http_hex(s[0]) << 4 | http_hex(s[1]));
}

/* One character at `at`: `*ret_used` bytes. `u`: "%uXXXX" is known too. What is no valid escape
 * stays as it is. */
static uint8_t decode_one(struct slice s, size_t at, bool u, size_t *ret_used)
{
	const uint8_t *p = s.data + at;
	size_t left = s.len - at;

	*ret_used = 1;
	if (*p != '%' || left < 3)
		return *p;
	if (u && (p[1] == 'u' || p[1] == 'U')) {
		if (left < 6 || !hex_digits(p + 2, 4))
			return *p;
		*ret_used = 6;
		return http_best_fit((uint32_t)hex_byte(p + 2) << 8 | hex_byte(p + 4));
	}
	if (!hex_digits(p + 1, 2))
		return *p;
	*ret_used = 3;
	return hex_byte(p + 1);
}

static size_t decode(uint8_t *data, size_t len, bool u)
{
	size_t to = 0, used;

	for (size_t at = 0; at < len; at += used)
		data[to++] = decode_one(SLICE(data, len), at, u, &used);
	return to;
}

/* Escapes off, backslashes turned round, runs of separators to one. */
static size_t decode_path(uint8_t *data, size_t len)
{
	size_t to = 0, used;
	bool separator = false;

	for (size_t at = 0; at < len; at += used) {
		uint8_t c = decode_one(SLICE(data, len), at, true, &used);

		if (c == '\\')
			c = '/';
		if (c != '/' || !separator)
			data[to++] = c;
		separator = c == '/';
	}
	return to;
}

/* How many bytes the UTF-8 character at s has, overlong ones too; 0 when it is none. */
static unsigned utf8_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc0 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Characters to single bytes; what is no UTF-8 becomes the replacement. */
static size_t decode_utf8(uint8_t *data, size_t len)
{
	static const uint8_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t to = 0, at = 0;

	while (at < len) {
		unsigned bytes = utf8_length(data[at]), i;
		uint32_t codepoint;

		if (bytes == 0) {
			data[to++] = HTTP_NO_BEST_FIT;
			at++;
			continue;
		}
		codepoint = data[at] & mask[bytes];
		for (i = 1; i < bytes && at + i < len && (data[at + i] & 0xc0) == 0x80; i++)
			codepoint = codepoint << 6 | (data[at + i] & 0x3f);
		at += i;
		if (i == bytes)
			data[to++] = http_best_fit(codepoint);
		else if (at < len)
			data[to++] = HTTP_NO_BEST_FIT;
	}
	return to;
}

static size_t drop_segment(const uint8_t *data, size_t to)
{
	while (to > 0 && data[to - 1] != '/')
		to--;
	return to > 0 ? to - 1 : 0;
}

static bool dots(const uint8_t *data, size_t len, size_t at, size_t count, bool to_end)
{
	if (at + count > len || (to_end ? at + count != len : at + count >= len))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (data[at + i] != '.')
			return false;
	}
	return to_end || data[at + count] == '/';
}

/* RFC 3986 5.2.4, remove dot segments. */
static size_t remove_dots(uint8_t *data, size_t len)
{
	size_t at = 0, to = 0;

	while (at < len) {
		if (dots(data, len, at, 2, false)) {
			at += 3;
		} else if (dots(data, len, at, 1, false)) {
			at += 2;
		} else if (data[at] == '/' && dots(data, len, at + 1, 1, false)) {
			at += 2;
		} else if (data[at] == '/' && dots(data, len, at + 1, 1, true)) {
			break; /* as libhtp does: no slash stays at the end */
		} else if (data[at] == '/' && dots(data, len, at + 1, 2, false)) {
			at += 3;
			to = drop_segment(data, to);
		} else if (data[at] == '/' && dots(data, len, at + 1, 2, true)) {
			to = drop_segment(data, to);
			break;
		} else if (dots(data, len, at, 1, true) || dots(data, len, at, 2, true)) {
			break;
		} else {
			/* One segment with its slash. */
			do
				data[to++] = data[at++];
			while (at < len && data[at] != '/');
		}
	}
	return to;
}

/* --- hosts --- */

static bool host_char(uint8_t c)
{
	return http_hex(c) >= 0 || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' ||
	       c == '_';
}

/* Labels of 1-63 characters, 255 in all; or an address in brackets, the last of which Suricata does
 * not look at. */
static bool host_valid(struct slice host)
{
	size_t label = 0;

	if (host.len == 0 || host.len > 255)
		return false;
	if (host.data[0] == '[') {
		for (size_t i = 1; i + 1 < host.len; i++) {
			if (http_hex(host.data[i]) < 0 && !strchr(":.", host.data[i]))
				return false;
		}
		return host.len > 2;
	}
	for (size_t i = 0; i < host.len; i++) {
		if (host.data[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!host_char(host.data[i]) || ++label > 63) {
			return false;
		}
	}
	return true;
}

static void lower_host(uint8_t *data, const struct http_span *span)
{
	for (uint32_t i = 0; i < span->len; i++)
		data[i] = ascii_lower(data[i]);
}

/* "example.com." is the same host; only of a URI does Suricata take it so. */
static void drop_dots(const uint8_t *data, struct http_span *span)
{
	while (span->len && data[span->len - 1] == '.')
		span->len--;
}

static int32_t port_number(struct slice text)
{
	int64_t port = http_number(text, 10);

	return port > 0 && port < 65536 ? (int32_t)port : -1;
}

/* "host:port" of a Host header or CONNECT. `ret_host` unset: none. */
static bool split_host(struct slice text, struct slice *ret_host, int32_t *ret_port)
{
	const uint8_t *colon, *end;

	*ret_port = -1;
	*ret_host = http_trim(text);
	text = *ret_host;
	if (text.len == 0) {
		ret_host->data = NULL;
		return false;
	}
	if (text.data[0] == '[') {
		end = memchr(text.data, ']', text.len);
		if (!end) {
			ret_host->data = NULL;
			return false;
		}
		ret_host->len = (size_t)(end - text.data) + 1;
		if (ret_host->len == text.len)
			return true;
		if (text.data[ret_host->len] != ':')
			return false;
		*ret_port = port_number(slice_sub(text, ret_host->len + 1, text.len));
		return *ret_port > 0;
	}
	colon = memchr(text.data, ':', text.len);
	if (!colon)
		return true;
	*ret_host = http_trim(slice_sub(text, 0, (size_t)(colon - text.data)));
	*ret_port = port_number(slice_sub(text, (size_t)(colon - text.data) + 1, text.len));
	return *ret_port > 0;
}

static struct http_span keep(struct http_call *c, struct http_tx *tx, struct slice bytes)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct http_span span = {0};

	/* `bytes` may lie in the same text: room first, then where they are now. */
	ptrdiff_t inside = side->more.data && bytes.data >= side->more.data &&
					   bytes.data < side->more.data + side->more.cap
				   ? bytes.data - side->more.data
				   : -1;

	if (!http_text_reserve(c->io->slab, &side->more, bytes.len, HTTP_HEAD_MAX))
		return span;
	if (inside >= 0)
		bytes.data = side->more.data + inside;
	span = http_text_add(c->io->slab, &side->more, bytes, HTTP_HEAD_MAX);
	span.more = 1;
	return span;
}

/* `escaped`: it comes from a URI. */
static bool keep_host(struct http_call *c, struct http_tx *tx, struct slice host, bool escaped,
		      struct http_span *ret)
{
	uint8_t *text;

	*ret = keep(c, tx, host);
	if (!ret->set)
		return false;
	text = tx->side[DIR_TS].more.data + ret->at;
	if (escaped) {
		ret->len = (uint32_t)decode(text, ret->len, true);
		drop_dots(text, ret);
	}
	lower_host(text, ret);
	return true;
}

/* --- the request --- */

static bool normalise(struct http_call *c, struct http_tx *tx, const struct uri_parts *parts)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct http_span path = {0};
	size_t len = 0, room = parts->path.len + parts->query.len + parts->fragment.len + 2;
	size_t path_at = (size_t)(parts->path.data - side->more.data);
	size_t query_at = (size_t)(parts->query.data - side->more.data);
	size_t fragment_at = (size_t)(parts->fragment.data - side->more.data);
	uint8_t *to;

	/* All in one piece: path, "?" query, "#" fragment. */
	if (!http_text_reserve(c->io->slab, &side->more, room, HTTP_HEAD_MAX))
		return false;
	to = side->more.data + side->more.len;
	if (parts->has_path) {
		memcpy(to, side->more.data + path_at, parts->path.len);
		len = decode_path(to, parts->path.len);
		len = decode_utf8(to, len);
		len = remove_dots(to, len);
		path = (struct http_span){.at = side->more.len & 0x3fffffff, .more = 1, .set = 1};
		path.len = (uint32_t)len;
	}
	if (parts->has_query) {
		to[len++] = '?';
		memcpy(to + len, side->more.data + query_at, parts->query.len);
		len += decode(to + len, parts->query.len, false);
	}
	if (parts->has_fragment) {
		to[len++] = '#';
		memcpy(to + len, side->more.data + fragment_at, parts->fragment.len);
		len += decode(to + len, parts->fragment.len, true);
	}
	tx->path = path;
	tx->uri_normalized = path;
	tx->uri_normalized.len = (uint32_t)len;
	side->more.len += (uint32_t)len;
	return true;
}

bool http_uri_parse(struct http_call *c, struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct uri_parts parts = {0};

	if (!tx->uri.set)
		return true;
	split_uri(http_get(side, tx->uri), &parts);
	if (parts.has_path && !normalise(c, tx, &parts))
		return false;
	if (!parts.has_host)
		return true;
	/* The text has moved perhaps. */
	split_uri(http_get(side, tx->uri), &parts);
	tx->port = parts.has_port ? port_number(parts.port) : -1;
	if (parts.has_port && tx->port < 0)
		http_event(tx, HTTP_EVENT_URI_HOST_INVALID);
	if (!keep_host(c, tx, parts.host, true, &tx->uri_host))
		return false;
	if (!host_valid(http_get(side, tx->uri_host)))
		http_event(tx, HTTP_EVENT_URI_HOST_INVALID);
	return true;
}

bool http_connect_parse(struct http_call *c, struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct slice host;
	bool valid;

	tx->port = -1;
	tx->uri_normalized = tx->uri; /* empty, but there: as in Suricata */
	tx->uri_normalized.len = 0;
	valid = split_host(http_get(side, tx->uri), &host, &tx->port);
	if (host.data && !keep_host(c, tx, host, true, &tx->uri_host))
		return false;
	if (!valid || !host_valid(http_get(side, tx->uri_host)))
		http_event(tx, HTTP_EVENT_URI_HOST_INVALID);
	return true;
}

/* Whether the Host header says something else than the URI does. */
static void compare_hosts(struct http_tx *tx, struct http_span host, int32_t port)
{
	const struct http_side *side = &tx->side[DIR_TS];

	if (!slice_eq_nocase(http_get(side, host), http_get(side, tx->uri_host)) ||
	    (tx->port > 0 && port > 0 && tx->port != port))
		http_event(tx, HTTP_EVENT_HOST_HEADER_AMBIGUOUS);
}

bool http_host_parse(struct http_call *c, struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct http_header *h = http_header_find(tx, DIR_TS, "host");
	struct http_span span = {0}, as_came = {0};
	struct slice host;
	int32_t port;
	bool valid;

	tx->host = tx->host_log = tx->uri_host;
	if (!tx->uri_host.set)
		tx->port = -1;
	if (!h) {
		if (side->protocol >= HTTP_PROTOCOL_1_1)
			http_event(tx, HTTP_EVENT_MISSING_HOST_HEADER);
		return true;
	}
	valid = split_host(http_get(side, h->value), &host, &port);
	if (host.data && !keep_host(c, tx, host, false, &span))
		return false;
	/* Suricata shows a host with a port behind it in the case in which it came. */
	host = http_get(side, h->value);
	if (span.set && host.len && memchr(host.data, ':', host.len)) {
		const uint8_t *value = host.data;

		split_host(host, &host, &port);
		as_came = h->value;
		as_came.at = (as_came.at + (uint32_t)(host.data - value)) & 0x3fffffff;
		as_came.len = (uint32_t)host.len;
	}
	if (!valid || !host_valid(http_get(side, span)))
		http_event(tx, HTTP_EVENT_HEADER_HOST_INVALID);
	if (tx->uri_host.set) {
		compare_hosts(tx, span, port);
	} else if (span.set) {
		tx->host = tx->host_log = span;
		tx->port = port;
		if (as_came.set)
			tx->host_log = as_came;
	}
	return true;
}
