/* The response side: what is read next and what it means. */
#include "dataplane/app/http/http.h"
#include "dataplane/app/text/list.h"

#define URI_NOT_SEEN "/libhtp::request_uri_not_seen" /* as Suricata names it */

static bool is_status(const struct http_tx *tx, int low, int high)
{
	return tx->status >= low && tx->status <= high;
}

/* A response that answers nothing we saw: a transaction of its own. */
static struct http_tx *unmatched(struct http_call *c)
{
	struct http_reader *request = &c->state->request;
	struct http_side *side;
	struct http_tx *tx;

	if (request->tx && request->step == HTTP_REQ_FINALIZE)
		http_request_complete(c, request->tx);
	tx = http_tx_new(c);
	if (!tx)
		return NULL;
	side = &tx->side[DIR_TS];
	tx->unmatched = true;
	tx->tx.progress[DIR_TS] = HTTP_COMPLETE;
	tx->uri = http_text_add(c->io->slab, &side->more, SLICE_LIT(URI_NOT_SEEN), HTTP_HEAD_MAX);
	tx->uri.more = 1;
	tx->path = tx->uri_normalized = tx->uri;
	http_event(tx, HTTP_EVENT_UNABLE_TO_MATCH_RESPONSE_TO_REQUEST);
	return tx;
}

static enum http_step idle(struct http_call *c)
{
	struct http_reader *r = &c->state->response;

	if (cursor_left(&c->in) == 0)
		return HTTP_MORE;
	*r = (struct http_reader){.step = HTTP_RES_LINE};
	r->tx = (struct http_tx *)app_tx_find(c->io, c->state->response_next);
	if (!r->tx)
		r->tx = unmatched(c);
	if (!r->tx)
		return HTTP_FAIL;
	c->state->response_next = r->tx->tx.id + 1;
	r->tx->tx.progress[DIR_TC] = HTTP_LINE;
	http_frame_begin(c, r);
	if (r->tx->is_0_9) {
		r->tx->side[DIR_TC].coding = HTTP_CODING_IDENTITY;
		r->tx->tx.progress[DIR_TC] = HTTP_BODY;
		r->step = HTTP_RES_BODY_CLOSE;
	}
	return http_request_line_cut(c, r->tx);
}

/* --- the status line --- */

/* No browser takes a line for a status line that does not begin with "HTTP", white space aside. */
static bool is_body_line(struct slice line)
{
	size_t at = 0;

	while (at < line.len && (http_is_space(line.data[at]) || line.data[at] == 0))
		at++;
	return http_find(slice_sub(line, at, 4), "http") != 0;
}

static struct http_span word_span(const struct http_side *side, size_t *at, bool to_end)
{
	struct slice line = http_get(side, side->line);
	struct http_span span = side->line;
	size_t from, to;

	while (*at < line.len && http_is_space(line.data[*at]))
		(*at)++;
	from = to = *at;
	while (to < line.len && (to_end || !http_is_space(line.data[to])))
		to++;
	*at = to;
	span.at = (span.at + from) & 0x3fffffff;
	span.len = (uint32_t)(to - from);
	span.set = to > from;
	return span;
}

static void parse_line(struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TC];
	size_t at = 0;
	int64_t status;

	side->version = word_span(side, &at, false);
	tx->status_text = word_span(side, &at, false);
	tx->message = word_span(side, &at, true);
	side->protocol = (int16_t)http_protocol_number(http_get(side, side->version));
	status = http_number(http_get(side, tx->status_text), 10);
	tx->status = status >= 100 && status <= 999 ? (int16_t)status : 0;
	if (side->protocol == HTTP_PROTOCOL_INVALID)
		http_event(tx, HTTP_EVENT_RESPONSE_INVALID_PROTOCOL);
	if (tx->status == 0)
		http_event(tx, HTTP_EVENT_RESPONSE_INVALID_STATUS);
}

/* A line that is body although none was announced. */
static enum http_step line_as_body(struct http_call *c, struct http_tx *tx, struct slice line)
{
	struct slice rest = cursor_rest(&c->in);

	/* Junk before the status line: passed over. */
	if (rest.len > 1 && (rest.data[0] == 'H' || http_chomp(line).len <= 2))
		return HTTP_NEXT;
	tx->side[DIR_TC].message_len += line.len;
	if (!http_body_data(c, tx, line))
		return HTTP_FAIL;
	if (rest.len == 0) {
		tx->side[DIR_TC].coding = HTTP_CODING_IDENTITY;
		tx->tx.progress[DIR_TC] = HTTP_BODY;
		c->state->response.step = HTTP_RES_FINALIZE;
	}
	return HTTP_NEXT;
}

static enum http_step line_complete(struct http_call *c, struct http_tx *tx, struct slice line)
{
	struct http_side *side = &tx->side[DIR_TC];

	if (http_blank(line)) {
		if (c->eof && cursor_left(&c->in) == 0)
			c->state->response.step = HTTP_RES_FINALIZE;
		return ++side->ignored_lines > HTTP_IGNORED_LINES_MAX ? HTTP_FAIL : HTTP_NEXT;
	}
	if (is_body_line(http_chomp(line)))
		return line_as_body(c, tx, line);
	side->line = http_text_add(c->io->slab, &side->more, http_chomp(line), HTTP_HEAD_MAX);
	if (!side->line.set)
		return HTTP_FAIL;
	side->line.more = 1;
	side->has_line = true;
	parse_line(tx);
	c->state->response.step = HTTP_RES_HEADERS;
	tx->tx.progress[DIR_TC] = HTTP_HEADERS;
	return HTTP_NEXT;
}

/* A status line ends with LF, CR LF, or a CR alone. */
static enum http_step status_line(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->response;
	struct slice rest = cursor_rest(&c->in);
	size_t at = r->scanned;

	for (; at < rest.len; at++) {
		bool last = at + 1 == rest.len;

		if (rest.data[at] == '\n')
			break;
		if (rest.data[at] != '\r')
			continue;
		if (last ? c->eof : rest.data[at + 1] != '\n')
			break;
		if (last)
			goto more;
	}
	if (at < rest.len)
		at++;
	else if (!c->eof)
		goto more;
	r->scanned = 0;
	if (at > HTTP_LINE_MAX) {
		http_event(tx, HTTP_EVENT_RESPONSE_FIELD_TOO_LONG);
		return HTTP_FAIL;
	}
	return line_complete(c, tx, cursor_take(&c->in, at));
more:
	r->scanned = (uint32_t)at;
	if (rest.len <= HTTP_LINE_MAX)
		return HTTP_MORE;
	http_event(tx, HTTP_EVENT_RESPONSE_FIELD_TOO_LONG);
	return HTTP_FAIL;
}

/* --- what kind of body --- */

static enum http_step body_starts(struct http_call *c, struct http_tx *tx,
				  enum http_response_step step)
{
	c->state->response.step = (uint8_t)step;
	if (step != HTTP_RES_FINALIZE)
		tx->tx.progress[DIR_TC] = HTTP_BODY;
	return http_body_begin(c, tx) ? HTTP_NEXT : HTTP_FAIL;
}

/* CONNECT: a tunnel begins, or HTTP goes on. */
static bool is_tunnel(struct http_call *c, struct http_tx *tx)
{
	if (tx->method != HTTP_METHOD_CONNECT)
		return false;
	if (is_status(tx, 200, 299))
		return true;
	if (tx->status != 407)
		c->state->yield_at_end = true;
	return false;
}

/* To HTTP/2 in clear (RFC 7540 3.2). */
static bool is_websocket(const struct http_tx *tx)
{
	return slice_eq_nocase(http_header_value(tx, DIR_TC, "upgrade"), SLICE_LIT("websocket"));
}

static bool is_upgrade(const struct http_tx *tx)
{
	return is_websocket(tx) ||
	       slice_eq(http_header_value(tx, DIR_TC, "upgrade"), SLICE_LIT("h2c"));
}

/* An interim answer: forgotten, the real one follows. */
static enum http_step continue_100(struct http_call *c, struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TC];

	if (tx->seen_100++)
		http_event(tx, HTTP_EVENT_CONTINUE_ALREADY_SEEN);
	if (tx->seen_100 > HTTP_IGNORED_LINES_MAX)
		return HTTP_FAIL;
	http_headers_clear(tx, DIR_TC);
	side->line = side->version = tx->status_text = tx->message = (struct http_span){0};
	side->more.len = side->raw.len = 0;
	side->has_line = false;
	c->state->response.step = HTTP_RES_LINE;
	tx->tx.progress[DIR_TC] = HTTP_LINE;
	return HTTP_NEXT;
}

static bool is_100(const struct http_tx *tx, struct slice length, bool has_length, bool has_coding)
{
	bool junk;

	if (tx->status != 100 || has_coding)
		return false;
	return !has_length || http_content_length(length, &junk) <= 0;
}

/* The client waited for leave to send its body, and was refused: there is none. */
static void refused_body(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *request = &c->state->request;
	bool junk;
	int64_t length;

	if (!is_status(tx, 400, 499) || request->tx != tx ||
	    request->step != HTTP_REQ_BODY_IDENTITY)
		return;
	length = http_content_length(http_header_value(tx, DIR_TS, "content-length"), &junk);
	if (request->left == (uint64_t)length &&
	    http_equal(http_header_value(tx, DIR_TS, "expect"), "100-continue"))
		request->step = HTTP_REQ_FINALIZE;
}

static enum http_step chunked_body(struct http_call *c, struct http_tx *tx, struct slice coding)
{
	struct http_side *side = &tx->side[DIR_TC];

	if (!slice_eq_nocase(coding, SLICE_LIT("chunked")))
		http_event(tx, HTTP_EVENT_RESPONSE_ABNORMAL_TRANSFER_ENCODING);
	if (side->protocol < HTTP_PROTOCOL_1_1)
		http_event(tx, HTTP_EVENT_RESPONSE_CHUNKED_OLD_PROTO);
	side->coding = HTTP_CODING_CHUNKED;
	return body_starts(c, tx, HTTP_RES_CHUNK_LENGTH);
}

static enum http_step known_body(struct http_call *c, struct http_tx *tx, struct slice length)
{
	bool junk;
	int64_t value = http_content_length(length, &junk);

	if (value < 0) {
		http_event(tx, HTTP_EVENT_INVALID_CONTENT_LENGTH_FIELD_IN_RESPONSE);
		return HTTP_FAIL;
	}
	tx->side[DIR_TC].coding = HTTP_CODING_IDENTITY;
	c->state->response.left = (uint64_t)value;
	return body_starts(c, tx, value ? HTTP_RES_BODY_KNOWN : HTTP_RES_FINALIZE);
}

/* "chunked" anywhere in the value, NULs in it passed over. */
static bool says_chunked(struct slice value)
{
	static const char text[] = "chunked";

	for (size_t from = 0; from < value.len; from++) {
		size_t matched = 0;

		for (size_t at = from; at < value.len && matched < sizeof(text) - 1; at++) {
			if (value.data[at] == 0)
				continue;
			if (ascii_lower(value.data[at]) != (uint8_t)text[matched])
				break;
			matched++;
		}
		if (matched == sizeof(text) - 1)
			return true;
	}
	return false;
}

static enum http_step determine(struct http_call *c, struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TC];
	struct http_header *te, *cl;
	struct slice coding, length;

	if (is_tunnel(c, tx)) {
		side->coding = HTTP_CODING_NO_BODY;
		return body_starts(c, tx, HTTP_RES_FINALIZE);
	}
	te = http_header_find(tx, DIR_TC, "transfer-encoding");
	cl = http_header_find(tx, DIR_TC, "content-length");
	coding = te ? http_get(side, te->value) : SLICE(NULL, 0);
	length = cl ? http_get(side, cl->value) : SLICE(NULL, 0);
	if (tx->status == 101 && !te && !cl) {
		side->coding = HTTP_CODING_NO_BODY;
		c->state->upgrade = is_upgrade(tx);
		c->state->tunnel = !c->state->upgrade;
		return body_starts(c, tx, HTTP_RES_FINALIZE);
	}
	if (is_100(tx, length, cl != NULL, te != NULL))
		return continue_100(c, tx);
	refused_body(c, tx);
	if (tx->method == HTTP_METHOD_HEAD ||
	    ((is_status(tx, 100, 199) || tx->status == 204 || tx->status == 304) && !te && !cl)) {
		side->coding = HTTP_CODING_NO_BODY;
		return body_starts(c, tx, HTTP_RES_FINALIZE);
	}
	if (te && says_chunked(coding))
		return chunked_body(c, tx, coding);
	if (cl)
		return known_body(c, tx, length);
	if (http_find(http_header_value(tx, DIR_TC, "content-type"), "multipart/byteranges") >= 0) {
		http_event(tx, HTTP_EVENT_RESPONSE_MULTIPART_BYTERANGES);
		return HTTP_FAIL;
	}
	side->coding = HTTP_CODING_IDENTITY;
	return body_starts(c, tx, HTTP_RES_BODY_CLOSE);
}

static enum http_step headers(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->response;
	enum http_step step = http_headers(c, tx);

	if (step != HTTP_NEXT)
		return step;
	/* Cut off in its headers: what is left is no body. */
	if (r->closed)
		tx->side[DIR_TC].message_len += http_take_body(c, UINT64_MAX).len;
	r->step = r->closed || tx->tx.progress[DIR_TC] > HTTP_HEADERS ? HTTP_RES_FINALIZE
								      : HTTP_RES_BODY_DETERMINE;
	return HTTP_NEXT;
}

/* --- the body --- */

static enum http_step body_known(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->response;
	struct slice part = http_take_body(c, r->left);

	if (part.len) {
		tx->side[DIR_TC].message_len += part.len;
		r->left -= part.len;
		if (!http_body_data(c, tx, part))
			return HTTP_FAIL;
	} else if (!c->eof) {
		return HTTP_MORE;
	}
	if (r->left && !c->eof)
		return HTTP_MORE;
	http_body_flush(c, tx);
	r->step = HTTP_RES_FINALIZE;
	return HTTP_NEXT;
}

static enum http_step body_close(struct http_call *c, struct http_tx *tx)
{
	struct slice part = http_take_body(c, UINT64_MAX);

	tx->side[DIR_TC].message_len += part.len;
	if (part.len && !http_body_data(c, tx, part))
		return HTTP_FAIL;
	if (!c->eof)
		return HTTP_MORE;
	c->state->response.step = HTTP_RES_FINALIZE;
	return HTTP_NEXT;
}

/* The end may come inside a chunk. */
static enum http_step cut_off(struct http_call *c)
{
	if (!c->eof)
		return HTTP_MORE;
	c->state->response.step = HTTP_RES_FINALIZE;
	return HTTP_NEXT;
}

static enum http_step chunk_data(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->response;
	struct slice part = http_take_body(c, r->left);

	if (part.len == 0)
		return cut_off(c);
	tx->side[DIR_TC].message_len += part.len;
	r->left -= part.len;
	if (!http_body_data(c, tx, part))
		return HTTP_FAIL;
	if (r->left)
		return HTTP_MORE;
	r->step = HTTP_RES_CHUNK_END;
	return HTTP_NEXT;
}

static enum http_step chunk_end(struct http_call *c, struct http_tx *tx)
{
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *lf = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
	size_t len = lf ? (size_t)(lf - rest.data) + 1 : rest.len;

	cursor_skip(&c->in, len);
	tx->side[DIR_TC].message_len += len;
	if (!lf)
		return cut_off(c);
	c->state->response.step = HTTP_RES_CHUNK_LENGTH;
	return HTTP_NEXT;
}

/* Where the chunk's length line ends, or where it shows that it is none: 0 when it may go on. */
static size_t chunk_line_end(struct slice s)
{
	const uint8_t *lf;
	size_t at = 0;

	while (at < s.len && s.data[at] != '\n' && http_is_space(s.data[at]))
		at++;
	if (at == s.len)
		return 0;
	if (s.data[at] == '\n' || http_hex(s.data[at]) < 0)
		return at + 1;
	lf = memchr(s.data + at, '\n', s.len - at);
	return lf ? (size_t)(lf - s.data) + 1 : 0;
}

static enum http_step chunk_length(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->response;
	struct slice rest = cursor_rest(&c->in), line;
	size_t len = chunk_line_end(rest);
	bool extension;
	int64_t length;

	if (len == 0 || len > HTTP_LINE_MAX) {
		if (rest.len > HTTP_LINE_MAX) {
			http_event(tx, HTTP_EVENT_RESPONSE_FIELD_TOO_LONG);
			return HTTP_FAIL;
		}
		return cut_off(c);
	}
	line = slice_sub(rest, 0, len);
	length = http_chunk_length(line, &extension);
	tx->side[DIR_TC].message_len += len;
	if (length == HTTP_CHUNK_INVALID) {
		/* Not chunked after all: what came is the body, this line included. */
		http_event(tx, HTTP_EVENT_INVALID_RESPONSE_CHUNK_LEN);
		tx->side[DIR_TC].coding = HTTP_CODING_IDENTITY;
		r->step = HTTP_RES_BODY_CLOSE;
		return HTTP_NEXT;
	}
	cursor_skip(&c->in, len);
	if (length == HTTP_CHUNK_EMPTY)
		return HTTP_NEXT;
	if (extension)
		http_event(tx, HTTP_EVENT_REQUEST_CHUNK_EXTENSION);
	r->left = (uint64_t)length;
	r->step = HTTP_RES_CHUNK_DATA;
	if (length == 0) {
		r->step = HTTP_RES_HEADERS;
		tx->tx.progress[DIR_TC] = HTTP_TRAILER;
	}
	return HTTP_NEXT;
}

/* --- the end --- */

static void leave(struct http_call *c, struct text_list *list, struct slice name,
		  struct slice value)
{
	text_list_add(c->io->slab, list, name, HTTP_LEFT_MAX);
	text_list_add(c->io->slab, list, value, HTTP_LEFT_MAX);
}

/* The request is HTTP/2's first stream: it gets the method, the path and the headers. */
static void upgrade_begins(struct http_call *c, struct http_tx *tx)
{
	const struct http_side *side = &tx->side[DIR_TS];
	struct text_list list = {0};

	leave(c, &list, SLICE_LIT(":method"), http_get(side, tx->method_text));
	leave(c, &list, SLICE_LIT(":path"), http_get(side, tx->uri));
	for (unsigned i = 0; i < side->header_count; i++)
		leave(c, &list, http_get(side, side->headers[i].name),
		      http_get(side, side->headers[i].value));
	app_leave(c->io, kept_slice(&list.bytes));
	text_list_free(c->io->slab, &list);
	if (!app_change_proto_port(c->io, "http2", tx->port > 0 ? (uint16_t)tx->port : 0))
		http_event(tx, HTTP_EVENT_FAILED_PROTOCOL_CHANGE);
	else
		c->state->changing = true;
	c->state->upgrade = false;
	tx->tx.progress[DIR_TS] = HTTP_COMPLETE;
}

/* After a CONNECT that was accepted another protocol goes on. */
static void tunnel_begins(struct http_call *c, struct http_tx *tx)
{
	uint16_t port = tx->port > 0 ? (uint16_t)tx->port : 0;

	if (c->state->upgrade && is_websocket(tx)) {
		c->state->upgrade = false;
		c->state->changing = app_read_on(c->io, "websocket");
		c->state->tunnel = !c->state->changing;
		return;
	}
	if (c->state->upgrade) {
		upgrade_begins(c, tx);
		return;
	}
	if (tx->method != HTTP_METHOD_CONNECT || !is_status(tx, 200, 299) ||
	    c->state->answered != 1)
		return;
	if (app_change_proto_port(c->io, NULL, port))
		c->state->changing = true;
	else
		http_event(tx, HTTP_EVENT_FAILED_PROTOCOL_CHANGE);
	tx->tx.progress[DIR_TS] = HTTP_COMPLETE;
}

static enum http_step complete(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->response;

	if (tx->tx.progress[DIR_TC] != HTTP_COMPLETE) {
		tx->tx.progress[DIR_TC] = HTTP_COMPLETE;
		if (tx->side[DIR_TC].coding != HTTP_CODING_NO_BODY)
			http_body_end(c, tx);
		c->state->answered++;
		http_body_close_file(c, tx, false);
		app_raw_trigger(c->io, DIR_TC);
		tunnel_begins(c, tx);
	}
	http_frame_end(c, r);
	r->tx = NULL;
	r->step = HTTP_RES_IDLE;
	if (c->state->request.tx == tx && c->state->request.step == HTTP_REQ_CONNECT_WAIT)
		return HTTP_OTHER;
	if (c->state->yield_at_end) {
		c->state->yield_at_end = false;
		return HTTP_OTHER;
	}
	return HTTP_NEXT;
}

/* What follows a response: the next one when its line begins as one, else more of the body. */
static enum http_step finalize(struct http_call *c, struct http_tx *tx)
{
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *lf;
	size_t len;

	if (c->gap || rest.len == 0) {
		c->gap = 0;
		return complete(c, tx);
	}
	if (c->state->tunnel || c->state->upgrade || tx->method == HTTP_METHOD_CONNECT)
		return complete(c, tx);
	lf = memchr(rest.data, '\n', rest.len);
	if (!lf && !c->eof && rest.len <= HTTP_LINE_MAX)
		return HTTP_MORE;
	len = lf ? (size_t)(lf - rest.data) + 1 : rest.len;
	if (len > HTTP_LINE_MAX) {
		http_event(tx, HTTP_EVENT_RESPONSE_FIELD_TOO_LONG);
		return HTTP_FAIL;
	}
	if (!is_body_line(slice_sub(rest, 0, len)))
		return complete(c, tx);
	cursor_skip(&c->in, len);
	tx->side[DIR_TC].message_len += len;
	return http_body_data(c, tx, slice_sub(rest, 0, len)) ? HTTP_NEXT : HTTP_FAIL;
}

enum http_step http_response_step(struct http_call *c)
{
	struct http_tx *tx = c->state->response.tx;

	switch ((enum http_response_step)c->state->response.step) {
	case HTTP_RES_IDLE:
		return idle(c);
	case HTTP_RES_LINE:
		return status_line(c, tx);
	case HTTP_RES_HEADERS:
		return headers(c, tx);
	case HTTP_RES_BODY_DETERMINE:
		return determine(c, tx);
	case HTTP_RES_BODY_KNOWN:
		return body_known(c, tx);
	case HTTP_RES_BODY_CLOSE:
		return body_close(c, tx);
	case HTTP_RES_CHUNK_LENGTH:
		return chunk_length(c, tx);
	case HTTP_RES_CHUNK_DATA:
		return chunk_data(c, tx);
	case HTTP_RES_CHUNK_END:
		return chunk_end(c, tx);
	case HTTP_RES_FINALIZE:
		return finalize(c, tx);
	}
	return HTTP_FAIL;
}
