/* The request side: what is read next and what it means. */
#include "dataplane/app/http/http.h"

struct method_name {
	const char *name;
	enum http_method method;
};

static const struct method_name methods[] = {
	{"GET", HTTP_METHOD_GET},
	{"PUT", HTTP_METHOD_PUT},
	{"POST", HTTP_METHOD_POST},
	{"HEAD", HTTP_METHOD_HEAD},
	{"CONNECT", HTTP_METHOD_CONNECT},
	{"DELETE", HTTP_METHOD_OTHER},
	{"OPTIONS", HTTP_METHOD_OTHER},
	{"TRACE", HTTP_METHOD_OTHER},
	{"PATCH", HTTP_METHOD_OTHER},
	{"PROPFIND", HTTP_METHOD_OTHER},
	{"PROPPATCH", HTTP_METHOD_OTHER},
	{"MKCOL", HTTP_METHOD_OTHER},
	{"COPY", HTTP_METHOD_OTHER},
	{"MOVE", HTTP_METHOD_OTHER},
	{"LOCK", HTTP_METHOD_OTHER},
	{"UNLOCK", HTTP_METHOD_OTHER},
	{"VERSION-CONTROL", HTTP_METHOD_OTHER},
	{"CHECKOUT", HTTP_METHOD_OTHER},
	{"UNCHECKOUT", HTTP_METHOD_OTHER},
	{"CHECKIN", HTTP_METHOD_OTHER},
	{"UPDATE", HTTP_METHOD_OTHER},
	{"LABEL", HTTP_METHOD_OTHER},
	{"REPORT", HTTP_METHOD_OTHER},
	{"MKWORKSPACE", HTTP_METHOD_OTHER},
	{"MKACTIVITY", HTTP_METHOD_OTHER},
	{"BASELINE-CONTROL", HTTP_METHOD_OTHER},
	{"MERGE", HTTP_METHOD_OTHER},
	{"INVALID", HTTP_METHOD_OTHER},
};

static enum http_method method_of(struct slice text)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (slice_eq(text, SLICE_STR(methods[i].name)))
			return methods[i].method;
	}
	return HTTP_METHOD_UNKNOWN;
}

static size_t skip_space(struct slice s, size_t at)
{
	while (at < s.len && http_is_space(s.data[at]))
		at++;
	return at;
}

static size_t skip_word(struct slice s, size_t at)
{
	while (at < s.len && !http_is_space(s.data[at]))
		at++;
	return at;
}

/* The first word of a line, as the method it would be. */
static struct slice first_word(struct slice s)
{
	size_t from = skip_space(s, 0);

	return slice_sub(s, from, skip_word(s, from) - from);
}

static enum http_step idle(struct http_call *c)
{
	struct http_reader *r = &c->state->request;

	if (cursor_left(&c->in) == 0)
		return HTTP_MORE;
	*r = (struct http_reader){.step = HTTP_REQ_LINE, .tx = http_tx_new(c)};
	if (!r->tx)
		return HTTP_FAIL;
	r->tx->tx.progress[DIR_TS] = HTTP_LINE;
	http_frame_begin(c, r);
	return HTTP_NEXT;
}

/* --- the request line --- */

static struct http_span line_span(const struct http_side *side, size_t from, size_t to)
{
	struct http_span span = side->line;

	span.at = (span.at + from) & 0x3fffffff;
	span.len = (uint32_t)(to - from);
	return span;
}

/* Where the URI that starts at `from` ends: at the first space; when the line has none but other
 * white space, at that. */
static size_t uri_end(struct http_tx *tx, struct slice line, size_t from)
{
	size_t at = from;
	bool other = false;

	for (; at < line.len && line.data[at] != ' '; at++)
		other |= http_is_space(line.data[at]);
	if (other)
		http_event(tx, HTTP_EVENT_URI_DELIM_NON_COMPLIANT);
	return other && at == line.len ? skip_word(line, from) : at;
}

static void parse_line(struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct slice line = http_get(side, side->line);
	size_t at = skip_space(line, 0), end;
	bool other = false;

	if (at)
		http_event(tx, HTTP_EVENT_REQUEST_LINE_LEADING_WHITESPACE);
	end = skip_word(line, at);
	tx->method_text = line_span(side, at, end);
	tx->method = (uint8_t)method_of(slice_sub(line, at, end - at));
	for (at = end; at < line.len && http_is_space(line.data[at]); at++)
		other |= line.data[at] != ' ';
	if (other)
		http_event(tx, HTTP_EVENT_METHOD_DELIM_NON_COMPLIANT);
	side->protocol = HTTP_PROTOCOL_0_9;
	tx->is_0_9 = true;
	if (at == line.len)
		return;
	end = uri_end(tx, line, at);
	tx->uri = line_span(side, at, end);
	at = skip_space(line, end);
	if (at == line.len)
		return;
	tx->is_0_9 = false;
	side->version = line_span(side, at, line.len);
	side->protocol = (int16_t)http_protocol_number(slice_sub(line, at, line.len));
}

/* The line that was gathered in `more`. */
static enum http_step line_complete(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;
	struct http_side *side = &tx->side[DIR_TS];
	struct slice line = http_get(side, r->held);

	if (http_chomp(line).len == 0) {
		side->ignored_lines++;
		side->more.len = r->held.at;
		r->held = (struct http_span){0};
		return HTTP_NEXT;
	}
	side->line = r->held;
	side->line.len = (uint32_t)http_chomp(line).len;
	r->held = (struct http_span){0};
	side->has_line = true;
	parse_line(tx);
	if (tx->method == HTTP_METHOD_CONNECT ? !http_connect_parse(c, tx) : !http_uri_parse(c, tx))
		return HTTP_FAIL;
	r->step = HTTP_REQ_PROTOCOL;
	return HTTP_NEXT;
}

static bool line_gather(struct http_call *c, struct http_tx *tx, struct slice part)
{
	struct http_reader *r = &c->state->request;
	struct http_span span =
		http_text_add(c->io->slab, &tx->side[DIR_TS].more, part, HTTP_HEAD_MAX);

	if (!span.set)
		return false;
	span.more = 1;
	if (r->held.set)
		r->held.len += span.len;
	else
		r->held = span;
	return true;
}

static enum http_step request_line(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *lf = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
	size_t len = lf ? (size_t)(lf - rest.data) + 1 : rest.len;

	if (r->held.len + len > HTTP_LINE_MAX) {
		http_event(tx, HTTP_EVENT_REQUEST_FIELD_TOO_LONG);
		return HTTP_FAIL;
	}
	if (len && !line_gather(c, tx, cursor_take(&c->in, len)))
		return HTTP_FAIL;
	if (lf)
		return line_complete(c, tx);
	if (!c->eof || !r->held.set)
		return HTTP_MORE;
	return line_complete(c, tx);
}

/* The answer begins although the request's line has no end: it ends here. */
enum http_step http_request_line_cut(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;

	if (r->tx != tx || r->step != HTTP_REQ_LINE)
		return HTTP_NEXT;
	http_event(tx, HTTP_EVENT_REQUEST_LINE_INCOMPLETE);
	return r->held.set ? line_complete(c, tx) : HTTP_NEXT;
}

/* Without a protocol it is HTTP/0.9 and over, unless something seems to follow. */
static enum http_step protocol(struct http_call *c, struct http_tx *tx)
{
	if (tx->is_0_9 && http_blank(cursor_rest(&c->in))) {
		c->state->request.step = HTTP_REQ_FINALIZE;
		return HTTP_NEXT;
	}
	tx->is_0_9 = false;
	c->state->request.step = HTTP_REQ_HEADERS;
	tx->tx.progress[DIR_TS] = HTTP_HEADERS;
	return HTTP_NEXT;
}

/* --- headers --- */

/* "chunked" as one of the values of a list. */
static bool has_chunked(struct slice value)
{
	while (value.len) {
		const uint8_t *comma = memchr(value.data, ',', value.len);
		size_t len = comma ? (size_t)(comma - value.data) : value.len;
		struct slice token = http_trim(slice_sub(value, 0, len));

		if (slice_eq_nocase(token, SLICE_LIT("chunked")))
			return true;
		value = slice_sub(value, len + 1, value.len);
	}
	return false;
}

static void coding_of_request(struct http_tx *tx)
{
	struct http_side *side = &tx->side[DIR_TS];
	struct http_header *te = http_header_find(tx, DIR_TS, "transfer-encoding");
	struct http_header *cl = http_header_find(tx, DIR_TS, "content-length");
	bool junk;

	side->coding = HTTP_CODING_NO_BODY;
	if (te) {
		side->coding = HTTP_CODING_CHUNKED;
		if (!has_chunked(http_get(side, te->value)))
			tx->invalid = true;
		if (tx->invalid || side->protocol < HTTP_PROTOCOL_1_1)
			http_event(tx, HTTP_EVENT_INVALID_TRANSFER_ENCODING_VALUE_IN_REQUEST);
	} else if (cl) {
		side->coding = HTTP_CODING_IDENTITY;
		if (http_content_length(http_get(side, cl->value), &junk) < 0) {
			tx->invalid = true;
			http_event(tx, HTTP_EVENT_INVALID_CONTENT_LENGTH_FIELD_IN_REQUEST);
		}
	}
}

static void check_authorization(struct http_tx *tx)
{
	static const char *const known[] = {"basic", "digest", "bearer"};
	struct http_header *h = http_header_find(tx, DIR_TS, "authorization");
	struct slice value;

	if (!h)
		return;
	value = http_get(&tx->side[DIR_TS], h->value);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (http_find(slice_sub(value, 0, strlen(known[i])), known[i]) == 0)
			return;
	}
	http_event(tx, HTTP_EVENT_AUTH_UNRECOGNIZED);
}

static enum http_step headers(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;
	enum http_step step = http_headers(c, tx);

	if (step != HTTP_NEXT)
		return step;
	if (tx->tx.progress[DIR_TS] > HTTP_HEADERS || r->closed) {
		tx->tx.progress[DIR_TS] = HTTP_TRAILER;
		r->step = HTTP_REQ_FINALIZE;
		return HTTP_NEXT;
	}
	coding_of_request(tx);
	if (!http_host_parse(c, tx))
		return HTTP_FAIL;
	check_authorization(tx);
	if (tx->invalid)
		return HTTP_FAIL;
	if (!http_body_begin(c, tx))
		return HTTP_FAIL;
	r->step =
		tx->method == HTTP_METHOD_CONNECT ? HTTP_REQ_CONNECT_WAIT : HTTP_REQ_BODY_DETERMINE;
	return HTTP_NEXT;
}

/* --- CONNECT --- */

/* The answer decides whether HTTP goes on. */
static enum http_step connect_wait(struct http_call *c, struct http_tx *tx)
{
	if (tx->tx.progress[DIR_TC] <= HTTP_LINE && !c->eof)
		return HTTP_OTHER;
	c->state->request.step = HTTP_REQ_FINALIZE;
	if (tx->status >= 200 && tx->status <= 299)
		c->state->request.step = HTTP_REQ_CONNECT_PROBE;
	return HTTP_NEXT;
}

/* A tunnel may carry HTTP in clear. */
static enum http_step connect_probe(struct http_call *c, struct http_tx *tx)
{
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *end = NULL;

	if (rest.len)
		end = memchr(rest.data, '\n', rest.len);
	if (!end && rest.len <= HTTP_LINE_MAX && !c->eof)
		return HTTP_MORE;
	if (method_of(first_word(rest)) != HTTP_METHOD_UNKNOWN) {
		http_request_complete(c, tx);
		return HTTP_NEXT;
	}
	c->state->tunnel = true;
	return HTTP_MORE;
}

/* --- the body --- */

static enum http_step body_determine(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;
	struct http_side *side = &tx->side[DIR_TS];
	bool junk;

	r->step = HTTP_REQ_FINALIZE;
	if (side->coding == HTTP_CODING_CHUNKED) {
		r->step = HTTP_REQ_CHUNK_LENGTH;
		tx->tx.progress[DIR_TS] = HTTP_BODY;
	} else if (side->coding == HTTP_CODING_IDENTITY) {
		r->left = (uint64_t)http_content_length(
			http_header_value(tx, DIR_TS, "content-length"), &junk);
		if (r->left) {
			r->step = HTTP_REQ_BODY_IDENTITY;
			tx->tx.progress[DIR_TS] = HTTP_BODY;
		}
	}
	return HTTP_NEXT;
}

/* The next at most `left` bytes of a body or chunk; HTTP_NEXT when they are all there. */
static enum http_step body_part(struct http_call *c, struct http_tx *tx,
				enum http_request_step then)
{
	struct http_reader *r = &c->state->request;
	struct slice part = http_take_body(c, r->left);

	if (part.len == 0)
		return HTTP_MORE;
	tx->side[DIR_TS].message_len += part.len;
	r->left -= part.len;
	if (!http_body_data(c, tx, part))
		return HTTP_FAIL;
	if (r->left)
		return HTTP_MORE;
	r->step = (uint8_t)then;
	return HTTP_NEXT;
}

static enum http_step chunk_end(struct http_call *c, struct http_tx *tx)
{
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *lf = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
	size_t len = lf ? (size_t)(lf - rest.data) + 1 : rest.len;

	cursor_skip(&c->in, len);
	tx->side[DIR_TS].message_len += len;
	if (!lf)
		return HTTP_MORE;
	c->state->request.step = HTTP_REQ_CHUNK_LENGTH;
	return HTTP_NEXT;
}

/* Whether these bytes can still become a chunk length: blanks, then a hex digit. */
static bool chunk_plausible(struct slice s)
{
	size_t at = skip_space(s, 0);

	return at == s.len || http_hex(s.data[at]) >= 0;
}

static enum http_step chunk_length(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *lf = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
	bool extension;
	int64_t length;

	if (!lf) {
		if (chunk_plausible(rest) && rest.len <= HTTP_LINE_MAX)
			return HTTP_MORE;
		http_event(tx, HTTP_EVENT_INVALID_REQUEST_CHUNK_LEN);
		return HTTP_FAIL;
	}
	rest = cursor_take(&c->in, (size_t)(lf - rest.data) + 1);
	tx->side[DIR_TS].message_len += rest.len;
	length = http_chunk_length(rest, &extension);
	if (length < 0) {
		http_event(tx, HTTP_EVENT_INVALID_REQUEST_CHUNK_LEN);
		return HTTP_FAIL;
	}
	if (extension)
		http_event(tx, HTTP_EVENT_REQUEST_CHUNK_EXTENSION);
	r->left = (uint64_t)length;
	r->step = HTTP_REQ_CHUNK_DATA;
	if (length == 0) {
		r->step = HTTP_REQ_HEADERS;
		tx->tx.progress[DIR_TS] = HTTP_TRAILER;
	}
	return HTTP_NEXT;
}

/* --- the end --- */

void http_request_complete(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = &c->state->request;

	if (tx->tx.progress[DIR_TS] != HTTP_COMPLETE) {
		struct http_call ts = *c;

		ts.dir = DIR_TS;
		if (tx->side[DIR_TS].coding != HTTP_CODING_NO_BODY)
			http_body_end(&ts, tx);
		tx->tx.progress[DIR_TS] = HTTP_COMPLETE;
		http_body_close_file(&ts, tx, false);
		app_raw_trigger(c->io, DIR_TS);
	}
	if (c->dir == DIR_TS)
		http_frame_end(c, r);
	r->tx = NULL;
	r->step = tx->is_0_9 ? HTTP_REQ_IGNORE : HTTP_REQ_IDLE;
	r->left = 0;
}

/* What follows a request: the next one when it begins with a known method, else more of its body.
 */
static enum http_step finalize(struct http_call *c, struct http_tx *tx)
{
	struct slice rest = cursor_rest(&c->in), word;
	const uint8_t *lf;
	size_t len;

	if (c->gap || rest.len == 0) {
		c->gap = 0;
		http_request_complete(c, tx);
		return HTTP_NEXT;
	}
	/* An empty line belongs to what follows. */
	if (rest.data[0] == '\n') {
		http_request_complete(c, tx);
		return HTTP_NEXT;
	}
	lf = memchr(rest.data, '\n', rest.len);
	if (!lf && !c->eof) {
		if (rest.len > HTTP_LINE_MAX) {
			http_event(tx, HTTP_EVENT_REQUEST_FIELD_TOO_LONG);
			return HTTP_FAIL;
		}
		return HTTP_MORE;
	}
	len = lf ? (size_t)(lf - rest.data) + 1 : rest.len;
	word = first_word(slice_sub(rest, 0, len));
	if (method_of(word) != HTTP_METHOD_UNKNOWN) {
		http_request_complete(c, tx);
		return HTTP_NEXT;
	}
	if (word.len)
		http_event(tx, HTTP_EVENT_REQUEST_BODY_UNEXPECTED);
	cursor_skip(&c->in, len);
	return http_body_data(c, tx, slice_sub(rest, 0, len)) ? HTTP_NEXT : HTTP_FAIL;
}

static enum http_step ignore(struct http_call *c)
{
	http_take_body(c, UINT64_MAX);
	return HTTP_MORE;
}

enum http_step http_request_step(struct http_call *c)
{
	struct http_tx *tx = c->state->request.tx;

	switch ((enum http_request_step)c->state->request.step) {
	case HTTP_REQ_IDLE:
		return idle(c);
	case HTTP_REQ_LINE:
		return request_line(c, tx);
	case HTTP_REQ_PROTOCOL:
		return protocol(c, tx);
	case HTTP_REQ_HEADERS:
		return headers(c, tx);
	case HTTP_REQ_BODY_DETERMINE:
		return body_determine(c, tx);
	case HTTP_REQ_CONNECT_WAIT:
		return connect_wait(c, tx);
	case HTTP_REQ_CONNECT_PROBE:
		return connect_probe(c, tx);
	case HTTP_REQ_BODY_IDENTITY:
		return body_part(c, tx, HTTP_REQ_FINALIZE);
	case HTTP_REQ_CHUNK_LENGTH:
		return chunk_length(c, tx);
	case HTTP_REQ_CHUNK_DATA:
		return body_part(c, tx, HTTP_REQ_CHUNK_END);
	case HTTP_REQ_CHUNK_END:
		return chunk_end(c, tx);
	case HTTP_REQ_FINALIZE:
		return finalize(c, tx);
	case HTTP_REQ_IGNORE:
		return ignore(c);
	}
	return HTTP_FAIL;
}
