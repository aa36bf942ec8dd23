/* The header block of either direction: lines, folding, names and values. */
#include "dataplane/app/http/http.h"

/* Event pairs by direction. */
static const enum http_event missing_colon[2] = {HTTP_EVENT_REQUEST_FIELD_MISSING_COLON,
						 HTTP_EVENT_RESPONSE_FIELD_MISSING_COLON};
static const enum http_event header_invalid[2] = {HTTP_EVENT_REQUEST_HEADER_INVALID,
						  HTTP_EVENT_RESPONSE_HEADER_INVALID};
static const enum http_event invalid_folding[2] = {HTTP_EVENT_INVALID_REQUEST_FIELD_FOLDING,
						   HTTP_EVENT_INVALID_RESPONSE_FIELD_FOLDING};
static const enum http_event too_long[2] = {HTTP_EVENT_REQUEST_FIELD_TOO_LONG,
					    HTTP_EVENT_RESPONSE_FIELD_TOO_LONG};
static const enum http_event too_many[2] = {HTTP_EVENT_REQUEST_TOO_MANY_HEADERS,
					    HTTP_EVENT_RESPONSE_TOO_MANY_HEADERS};
static const enum http_event ambiguous_length[2] = {
	HTTP_EVENT_DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST,
	HTTP_EVENT_DUPLICATE_CONTENT_LENGTH_FIELD_IN_RESPONSE};

/* --- the table --- */

static unsigned bucket_of(const struct http_tx *tx, struct slice name)
{
	uint32_t h = tx->state->hash_seed;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ ascii_lower(name.data[i])) * 0x01000193;
	return (h ^ h >> 15) % HTTP_BUCKETS;
}

static struct http_header *find(const struct http_tx *tx, enum dir dir, struct slice name)
{
	const struct http_side *side = &tx->side[dir];
	unsigned at = side->bucket[bucket_of(tx, name)];

	while (at) {
		struct http_header *h = &side->headers[at - 1];

		if (slice_eq_nocase(http_get(side, h->name), name))
			return h;
		at = h->next;
	}
	return NULL;
}

struct http_header *http_header_find(const struct http_tx *tx, enum dir dir, const char *name)
{
	return find(tx, dir, SLICE_STR(name));
}

struct slice http_header_value(const struct http_tx *tx, enum dir dir, const char *name)
{
	const struct http_header *h = http_header_find(tx, dir, name);

	return h ? http_get(&tx->side[dir], h->value) : SLICE(NULL, 0);
}

void http_headers_clear(struct http_tx *tx, enum dir dir)
{
	struct http_side *side = &tx->side[dir];

	side->header_count = 0;
	memset(side->bucket, 0, sizeof(side->bucket));
}

static bool add(struct http_call *c, struct http_tx *tx, const struct http_header *header)
{
	struct http_side *side = http_side_of(c, tx);
	uint16_t *bucket;

	if (side->header_count == HTTP_HEADERS_MAX) {
		http_event(tx, too_many[c->dir]);
		return false;
	}
	if (side->header_count == side->header_cap) {
		uint16_t cap = side->header_cap ? (uint16_t)(side->header_cap * 2) : 16;
		struct http_header *grown =
			slab_grow(c->io->slab, side->headers, side->header_cap * sizeof(*grown),
				  cap * sizeof(*grown));

		if (!grown)
			return false;
		side->headers = grown;
		side->header_cap = cap;
	}
	bucket = &side->bucket[bucket_of(tx, http_get(side, header->name))];
	side->headers[side->header_count] = *header;
	side->headers[side->header_count].next = *bucket;
	*bucket = ++side->header_count;
	return true;
}

/* Appends ", value" to a header that was there before. */
static bool merge(struct http_call *c, struct http_tx *tx, struct http_header *have,
		  struct http_span value)
{
	struct http_side *side = http_side_of(c, tx);
	size_t len = have->value.len + 2 + value.len;
	uint8_t *at;

	/* Room first: the spans below may move with it. */
	if (!http_text_reserve(c->io->slab, &side->more, len, HTTP_HEAD_MAX))
		return false;
	at = side->more.data + side->more.len;
	if (have->value.more && have->value.at + have->value.len == side->more.len) {
		/* It stands at the end already: grows in place. */
		len = 2 + value.len;
		memcpy(at, ", ", 2);
		memcpy(at + 2, http_get(side, value).data, value.len);
	} else {
		memcpy(at, http_get(side, have->value).data, have->value.len);
		memcpy(at + have->value.len, ", ", 2);
		memcpy(at + have->value.len + 2, http_get(side, value).data, value.len);
		have->value.at = side->more.len & 0x3fffffff;
		have->value.more = 1;
	}
	have->value.len += 2 + value.len;
	have->value.set = 1;
	side->more.len += (uint32_t)len;
	side->start_headers = 0; /* what was made of it is old */
	return true;
}

static void compare_lengths(struct http_call *c, struct http_tx *tx, const struct http_header *have,
			    struct http_span value)
{
	const struct http_side *side = http_side_of(c, tx);
	bool junk;
	int64_t one = http_content_length(http_get(side, have->value), &junk);
	int64_t two = http_content_length(http_get(side, value), &junk);

	if (one < 0 || two < 0 || one != two)
		http_event(tx, ambiguous_length[c->dir]);
}

static bool add_or_merge(struct http_call *c, struct http_tx *tx, const struct http_header *header)
{
	struct http_side *side = http_side_of(c, tx);
	struct slice name = http_get(side, header->name);
	struct http_header *have = find(tx, c->dir, name);

	if (!have)
		return add(c, tx, header);
	if (have->repeated) {
		if (side->repetitions >= HTTP_REPETITIONS_MAX)
			return true;
		side->repetitions++;
	}
	have->repeated = true;
	if (slice_eq_nocase(name, SLICE_LIT("content-length"))) {
		compare_lengths(c, tx, have, header->value);
		return true;
	}
	return merge(c, tx, have, header->value);
}

/* --- one header --- */

static void invalid_once(struct http_call *c, struct http_tx *tx)
{
	if (!(tx->flags & HTTP_FIELD_INVALID))
		http_event(tx, header_invalid[c->dir]);
	tx->flags |= HTTP_FIELD_INVALID;
}

/* Splits at the colon. Positions are within `line`. */
static void split(struct http_call *c, struct http_tx *tx, struct slice line, size_t *ret_name_len,
		  size_t *ret_value)
{
	const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
	size_t name_len;

	if (c->dir == DIR_TS && colon) {
		const uint8_t *nul = memchr(line.data, 0, line.len);

		if (nul && nul < colon)
			colon = NULL;
	}
	if (!colon) {
		/* A header without a name, its value the whole line: it is seen that way. */
		if (!(tx->flags & HTTP_FIELD_UNPARSEABLE))
			http_event(tx, missing_colon[c->dir]);
		tx->flags |= HTTP_FIELD_UNPARSEABLE;
		if (c->dir == DIR_TC)
			tx->flags |= HTTP_FIELD_INVALID; /* no second event */
		*ret_name_len = 0;
		*ret_value = 0;
		return;
	}
	name_len = (size_t)(colon - line.data);
	*ret_value = name_len + 1;
	if (name_len == 0)
		invalid_once(c, tx);
	while (name_len && (c->dir == DIR_TS ? http_is_lws(line.data[name_len - 1])
					     : line.data[name_len - 1] <= 0x20)) {
		name_len--;
		invalid_once(c, tx);
	}
	for (size_t i = 0; i < name_len; i++) {
		if (!http_is_token(line.data[i])) {
			invalid_once(c, tx);
			break;
		}
	}
	*ret_name_len = name_len;
}

static bool process(struct http_call *c, struct http_tx *tx, struct http_span held)
{
	struct http_side *side = http_side_of(c, tx);
	struct slice line = http_chomp(http_get(side, held));
	struct http_header header = {.name = held, .value = held};
	size_t name_len, from, to = line.len;

	split(c, tx, line, &name_len, &from);
	while (from < to && http_is_lws(line.data[from]))
		from++;
	while (to > from + 1 && http_is_lws(line.data[to - 1]))
		to--;
	header.name.len = (uint32_t)name_len;
	header.value.at = (held.at + from) & 0x3fffffff;
	header.value.len = (uint32_t)(to - from);
	return add_or_merge(c, tx, &header);
}

/* The held line is whole now: nothing continues it. */
static bool flush(struct http_call *c, struct http_tx *tx, struct http_reader *r)
{
	if (!r->pending)
		return true;
	r->pending = false;
	return process(c, tx, r->held);
}

/* --- folding --- */

/* The held line grows by a continuation: from then on it stands in `more`. */
static bool hold_more(struct http_call *c, struct http_tx *tx, struct http_reader *r,
		      struct slice line)
{
	struct http_side *side = http_side_of(c, tx);
	struct slice held = http_chomp(http_get(side, r->held));

	if (held.len >= HTTP_FOLDED_MAX)
		return true;
	if (!r->held.more) {
		if (!http_text_reserve(c->io->slab, &side->more, held.len + line.len,
				       HTTP_HEAD_MAX))
			return false;
		r->held = http_text_add(c->io->slab, &side->more, held, HTTP_HEAD_MAX);
		r->held.more = 1;
	}
	if (!http_text_add(c->io->slab, &side->more, line, HTTP_HEAD_MAX).set)
		return false;
	r->held.len += (uint32_t)line.len;
	return true;
}

static void folding_event(struct http_call *c, struct http_tx *tx)
{
	if (!(tx->flags & HTTP_INVALID_FOLDING))
		http_event(tx, invalid_folding[c->dir]);
	tx->flags |= HTTP_INVALID_FOLDING;
}

/* `span`: the line in `raw`, which begins with a folding character. */
static bool folded(struct http_call *c, struct http_tx *tx, struct http_reader *r,
		   struct http_span span)
{
	struct http_side *side = http_side_of(c, tx);
	struct slice line = http_chomp(http_get(side, span));
	size_t trim = 0;

	if (!r->pending) {
		folding_event(c, tx);
		while (trim < line.len && http_is_folding(line.data[trim]))
			trim++;
	} else if (c->dir == DIR_TC && side->protocol == HTTP_PROTOCOL_1_1 && line.len &&
		   memchr(line.data, ':', line.len) &&
		   memchr(http_get(side, r->held).data, ':', r->held.len)) {
		/* Looks like a header of its own: browsers take it as one. */
		folding_event(c, tx);
		if (!flush(c, tx, r))
			return false;
		trim = 1;
	} else {
		return hold_more(c, tx, r, line);
	}
	span.at = (span.at + trim) & 0x3fffffff;
	span.len -= (uint32_t)trim;
	r->held = span;
	r->pending = true;
	return true;
}

/* --- lines --- */

enum line_end { LINE_MORE, LINE_END, LINE_TOO_LONG };

static enum line_end line_too_long(size_t len)
{
	return len > HTTP_LINE_MAX ? LINE_TOO_LONG : LINE_MORE;
}

/* Requests: a line ends with LF. `ret_len` with it. */
static enum line_end request_line_end(struct http_call *c, struct http_reader *r, size_t *ret_len)
{
	struct slice rest = cursor_rest(&c->in);
	const uint8_t *lf = NULL;

	if (rest.len > r->scanned)
		lf = memchr(rest.data + r->scanned, '\n', rest.len - r->scanned);
	if (!lf) {
		r->scanned = (uint32_t)rest.len;
		return line_too_long(rest.len);
	}
	*ret_len = (size_t)(lf - rest.data) + 1;
	return *ret_len > HTTP_LINE_MAX ? LINE_TOO_LONG : LINE_END;
}

/* After LF CR as line end, CR LF CR LF is one empty line, not two (browsers). */
static size_t skip_doubled_end(struct slice rest, size_t at, size_t *ret_skip)
{
	*ret_skip = 0;
	if (at < rest.len && rest.data[at] == '\r') {
		*ret_skip = 1;
		at++;
		if (at < rest.len && rest.data[at] == '\n') {
			*ret_skip = 2;
			at++;
		}
	}
	return at;
}

/* Responses: CR LF, LF, LF CR, or a CR alone end a line; CR CR does not. `ret_skip`: so many bytes
 * at its start are not part of it. */
static enum line_end response_line_end(struct http_call *c, struct http_reader *r, size_t *ret_skip,
				       size_t *ret_len)
{
	struct slice rest = cursor_rest(&c->in);
	size_t at = r->scanned;

	*ret_skip = 0;
	for (; at < rest.len; at++) {
		uint8_t byte = rest.data[at];
		bool last = at + 1 == rest.len;

		if (byte == '\n') {
			r->lf_cr = !last && rest.data[at + 1] == '\r';
			*ret_len = at + 1 + r->lf_cr;
			return LINE_END;
		}
		if (byte != '\r') {
			r->lf_cr = false;
			continue;
		}
		if (last && !c->eof)
			break;
		if (!last && rest.data[at + 1] == '\r')
			continue;
		if (!last && rest.data[at + 1] == '\n') {
			*ret_len = at + 2;
			if (r->lf_cr)
				*ret_len = skip_doubled_end(rest, at + 2, ret_skip);
			r->lf_cr = false;
			return LINE_END;
		}
		r->lf_cr = false;
		if (at == 0)
			continue; /* a CR alone is no empty line */
		*ret_len = at + 1;
		return LINE_END;
	}
	r->scanned = (uint32_t)at;
	return line_too_long(rest.len);
}

static bool is_terminator(struct http_call *c, struct slice line, size_t consumed)
{
	struct slice rest = cursor_rest(&c->in);
	bool next_no_lf = c->dir == DIR_TC && rest.len > consumed && rest.data[consumed] != '\n';

	if (slice_eq(line, SLICE_LIT("\r\n")) || slice_eq(line, SLICE_LIT("\n")) ||
	    slice_eq(line, SLICE_LIT("\r")))
		return true;
	/* A blank before the LF ends the head too, unless another LF follows. */
	return line.len == 2 && http_is_lws(line.data[0]) && line.data[1] == '\n' && next_no_lf;
}

/* One line of `len` bytes, of which the first `skip` do not count. */
static enum http_step take_line(struct http_call *c, struct http_tx *tx, struct http_reader *r,
				size_t skip, size_t len, bool *ret_end)
{
	struct http_side *side = http_side_of(c, tx);
	struct slice rest = cursor_rest(&c->in);
	struct slice line = slice_sub(rest, skip, len - skip);
	struct http_span span;

	*ret_end = is_terminator(c, line, len);
	span = http_text_add(c->io->slab, &side->raw, slice_sub(rest, 0, len), HTTP_HEAD_MAX);
	cursor_skip(&c->in, len);
	r->scanned = 0;
	if (!span.set) {
		http_event(tx, too_long[c->dir]);
		return HTTP_FAIL;
	}
	if (*ret_end)
		return flush(c, tx, r) ? HTTP_NEXT : HTTP_FAIL;
	span.at = (span.at + skip) & 0x3fffffff;
	span.len -= (uint32_t)skip;
	line = http_chomp(line);
	/* An empty line that does not end the head (LF CR) continues nothing. */
	if (line.len == 0 && !flush(c, tx, r))
		return HTTP_FAIL;
	if (line.len == 0 || http_is_folding(line.data[0]))
		return folded(c, tx, r, span) ? HTTP_NEXT : HTTP_FAIL;
	if (!flush(c, tx, r))
		return HTTP_FAIL;
	r->held = span;
	r->pending = true;
	return HTTP_NEXT;
}

/* HTTP_NEXT: the head is complete. */
enum http_step http_headers(struct http_call *c, struct http_tx *tx)
{
	struct http_reader *r = c->dir == DIR_TS ? &c->state->request : &c->state->response;
	bool end = false;

	while (!end) {
		size_t len = 0, skip = 0;
		enum line_end found = c->dir == DIR_TS ? request_line_end(c, r, &len)
						       : response_line_end(c, r, &skip, &len);
		enum http_step step;

		if (found == LINE_TOO_LONG) {
			http_event(tx, too_long[c->dir]);
			return HTTP_FAIL;
		}
		if (found == LINE_MORE) {
			if (!c->eof)
				return HTTP_MORE;
			r->closed = true;
			return flush(c, tx, r) ? HTTP_NEXT : HTTP_FAIL;
		}
		step = take_line(c, tx, r, skip, len, &end);
		if (step != HTTP_NEXT)
			return step;
	}
	r->lf_cr = false;
	return HTTP_NEXT;
}
