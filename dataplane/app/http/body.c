/* Bodies: content encodings off, as much kept as is inspected, files opened and filled. */
#include "dataplane/app/http/http.h"
#include "dataplane/app/text/content_range.h"
#include "dataplane/app/text/text.h"

/* --- limits of a direction --- */

static uint32_t limit_of(const struct app_limits *l, enum dir dir)
{
	return dir == DIR_TS ? l->http_request_body_limit : l->http_response_body_limit;
}

static uint32_t inspect_min(const struct app_limits *l, enum dir dir)
{
	return dir == DIR_TS ? l->http_request_inspect_min : l->http_response_inspect_min;
}

static uint32_t inspect_window(const struct app_limits *l, enum dir dir)
{
	return dir == DIR_TS ? l->http_request_inspect_window : l->http_response_inspect_window;
}

/* --- kept bytes --- */

static uint64_t inspected(const struct http_body *b)
{
	return b->seen[0] > b->seen[1] ? b->seen[0] : b->seen[1];
}

/* What was inspected goes, but for the window that is shown again. */
static void prune(struct http_call *c, struct http_tx *tx)
{
	struct http_body *b = &tx->side[c->dir].body;
	uint32_t min = inspect_min(c->io->limits, c->dir);
	uint32_t window = inspect_window(c->io->limits, c->dir);
	uint32_t most = min > window ? min : window;
	uint64_t done = inspected(b), edge;
	uint32_t drop;

	/* Nobody inspects: bounded all the same. */
	if (b->total - done > HTTP_UNSEEN_MAX)
		done = b->total - most;
	else if (done < most)
		return;
	if (tx->multipart && c->dir == DIR_TS && tx->multipart->parsed < done)
		done = tx->multipart->parsed;
	if (done <= min || done <= window)
		return;
	edge = done - window;
	if (edge <= b->offset)
		return;
	drop = edge - b->offset > b->len ? b->len : (uint32_t)(edge - b->offset);
	b->len -= drop;
	b->offset += drop;
	memmove(b->data, b->data + drop, b->len);
}

static bool append(struct http_call *c, struct http_tx *tx, struct slice data)
{
	struct http_body *b = &tx->side[c->dir].body;
	uint32_t cap = b->cap ? b->cap : 1024;
	uint8_t *grown;

	prune(c, tx);
	if (data.len > b->cap - b->len) {
		if (data.len > SLAB_MAX - b->len)
			return false;
		while (cap - b->len < data.len)
			cap *= 2;
		grown = slab_grow(c->io->slab, b->data, b->cap, cap);
		if (!grown)
			return false;
		b->data = grown;
		b->cap = cap;
	}
	memcpy(b->data + b->len, data.data, data.len);
	b->len += (uint32_t)data.len;
	b->total += data.len;
	return true;
}

void http_body_free(struct app_io *io, struct http_side *side)
{
	slab_free(io->slab, side->body.data, side->body.cap);
	side->body = (struct http_body){0};
}

bool http_body_window(const struct http_tx *tx, enum dir dir, unsigned as, struct slice *ret,
		      uint64_t *ret_offset, bool *ret_end)
{
	const struct http_body *b = &tx->side[dir].body;
	const struct app_limits *l = tx->state->limits;
	uint32_t limit = limit_of(l, dir), min = inspect_min(l, dir);
	uint64_t window = inspect_window(l, dir), seen = b->seen[as], offset = 0, fresh;
	bool over = tx->tx.progress[dir] > HTTP_BODY || tx->state->ended[dir];

	if (seen == b->total)
		return false;
	if ((limit == 0 || b->total < limit) && b->total < min && !over)
		return false;
	fresh = b->total - seen;
	if (seen > min) {
		/* New bytes are shown with some of the old in front. */
		if (fresh >= window)
			offset = seen - window / 4;
		else if (seen > window - fresh)
			offset = seen - (window - fresh);
	}
	if (offset < b->offset)
		offset = b->offset;
	*ret = SLICE(b->data + (offset - b->offset), (size_t)(b->offset + b->len - offset));
	*ret_offset = offset;
	*ret_end = over;
	return ret->len > 0;
}

void http_body_seen(struct http_tx *tx, enum dir dir, unsigned as)
{
	struct slice window;
	uint64_t offset;
	bool end;

	if (http_body_window(tx, dir, as, &window, &offset, &end))
		tx->side[dir].body.seen[as] = tx->side[dir].body.total;
}

/* --- files --- */

static struct slice file_name(struct http_tx *tx, enum dir dir)
{
	struct slice name;

	if (dir == DIR_TC && http_parameter(http_header_value(tx, DIR_TC, "content-disposition"),
					    "filename=", &name))
		return name;
	return http_get(&tx->side[DIR_TS], tx->path);
}

/* A part of a larger whole, as the answer says. */
static void file_range(struct http_call *c, struct http_tx *tx, struct app_file *file)
{
	struct http_header *h = http_header_find(tx, DIR_TC, "content-range");
	struct text_content_range r =
		text_content_range_of(h ? http_get(&tx->side[DIR_TC], h->value) : SLICE("", 0));
	struct app_part_place place = {
		.key = {http_get(&tx->side[DIR_TS], tx->host), SLICE(file->name, file->name_len)},
		.first = r.start,
		.last = r.end,
		.size = r.size,
	};

	if (h && !r.valid)
		http_event(tx, HTTP_EVENT_RANGE_INVALID);
	if (r.bounded && r.sized && r.end && (r.start > r.end || r.end >= r.size) && r.size)
		http_event(tx, HTTP_EVENT_RANGE_INVALID);
	if (!text_content_range_is_part(&r))
		return;
	file->ranged = true;
	file->range_start = r.start;
	file->range_end = r.end;
	if (place.key[0].len && c->io->limits->demand.bodies)
		tx->side[DIR_TC].part = app_part_open(c->io, &place);
}

static void file_open(struct http_call *c, struct http_tx *tx)
{
	struct http_side *side = http_side_of(c, tx);
	struct slice name = file_name(tx, c->dir);

	side->file_named = true;
	if (!name.data)
		return;
	if (name.len > HTTP_FILE_NAME_MAX) {
		http_event(tx, HTTP_EVENT_FILE_NAME_TOO_LONG);
		name.len = HTTP_FILE_NAME_MAX;
	}
	side->file = app_file_open(c->io, &tx->tx, c->dir, name);
	/* The answer's body is inspected where it is kept. */
	if (side->file && c->dir == DIR_TC) {
		side->file->keep = 0;
		file_range(c, tx, side->file);
	}
}

static void file_data(struct http_call *c, struct http_tx *tx, struct slice data)
{
	struct http_side *side = http_side_of(c, tx);

	if (c->dir == DIR_TS) {
		if (tx->upload == HTTP_UPLOAD_UNKNOWN)
			http_multipart_begin(c, tx);
		if (tx->upload == HTTP_UPLOAD_MULTIPART && data.data)
			http_multipart_data(c, tx);
		if (tx->upload != HTTP_UPLOAD_BODY)
			return;
	}
	if (!side->file_named)
		file_open(c, tx);
	if (!side->file)
		return;
	if (data.data)
		app_file_data(c->io, side->file, data);
	else
		app_file_gap(c->io, side->file, data.len);
	app_part_data(c->io, side->part, data);
}

void http_body_close_file(struct http_call *c, struct http_tx *tx, bool truncated)
{
	struct http_side *side = http_side_of(c, tx);

	if (c->dir == DIR_TS && tx->upload == HTTP_UPLOAD_MULTIPART)
		http_multipart_data(c, tx);
	if (side->file)
		app_file_close(c->io, side->file, truncated);
	side->file = NULL;
	app_part_close(c->io, side->part, &tx->tx, c->dir, truncated);
	side->part = NULL;
}

/* --- decoded bytes --- */

struct decoded {
	struct http_call *c;
	struct http_tx *tx;
};

static bool body_full(const struct http_call *c, const struct http_tx *tx)
{
	uint32_t limit = limit_of(c->io->limits, c->dir);

	return limit && tx->side[c->dir].body.total >= limit;
}

/* Nobody reads answers but for what their first bytes are. */
static bool head_only(const struct http_call *c)
{
	return c->dir == DIR_TC && !c->io->limits->demand.bodies;
}

static bool head_enough(const struct http_call *c, const struct http_tx *tx)
{
	const struct http_side *side = &tx->side[c->dir];

	return head_only(c) && side->file_named &&
	       (!side->file || side->file->head_len == sizeof(side->file->head));
}

/* A rule wants the file kept: then the limit is that of inspection only. */
static bool kept_whole(const struct http_side *side)
{
	return side->file && side->file->sid_count;
}

static void beyond_limit(struct http_call *c, struct http_tx *tx, struct slice data)
{
	if (kept_whole(http_side_of(c, tx)))
		file_data(c, tx, data);
	else
		http_body_close_file(c, tx, true);
}

/* False: no memory. */
static bool decoded(struct http_call *c, struct http_tx *tx, struct slice data)
{
	struct http_side *side = http_side_of(c, tx);
	uint32_t limit = limit_of(c->io->limits, c->dir);
	uint32_t min = inspect_min(c->io->limits, c->dir);
	uint64_t before = side->body.total;
	struct slice shown = data;

	side->entity_len += data.len;
	if (body_full(c, tx)) {
		beyond_limit(c, tx, data);
		return true;
	}
	if (limit && data.len > limit - before) {
		shown.len = (size_t)(limit - before);
		if (!kept_whole(side))
			data = shown;
	}
	if (data.data && !head_only(c) && !append(c, tx, shown))
		return false;
	file_data(c, tx, data);
	if (before < min && side->body.total >= min)
		app_raw_trigger(c->io, c->dir);
	return true;
}

static bool on_data(void *ctx, struct slice data)
{
	struct decoded *d = ctx;
	struct http_side *side = http_side_of(d->c, d->tx);
	bool full = body_full(d->c, d->tx);

	if (!decoded(d->c, d->tx, data) || head_enough(d->c, d->tx))
		return false;
	if (side->entity_len > HTTP_BOMB_BYTES &&
	    side->entity_len > HTTP_BOMB_RATIO * side->message_len) {
		http_event(d->tx, HTTP_EVENT_COMPRESSION_BOMB);
		return false;
	}
	/* Nothing beyond the limit is of use to anybody. */
	return !full || kept_whole(side);
}

static void on_memory(void *ctx)
{
	struct decoded *d = ctx;

	http_event(d->tx, HTTP_EVENT_LZMA_MEMLIMIT_REACHED);
}

static void on_failed(void *ctx)
{
	struct decoded *d = ctx;

	http_event(d->tx, HTTP_EVENT_GZIP_DECOMPRESSION_FAILED);
}

bool http_body_data(struct http_call *c, struct http_tx *tx, struct slice data)
{
	struct http_inflate *in = c->state->inflate[c->dir];
	struct decoded d = {c, tx};
	struct http_inflate_sink sink = {on_data, on_failed, on_memory, &d};

	if (head_enough(c, tx))
		return true;
	if (!in || !data.data)
		return decoded(c, tx, data);
	if (body_full(c, tx) && !kept_whole(http_side_of(c, tx))) {
		http_body_close_file(c, tx, true);
		return true;
	}
	http_inflate_data(in, data, &sink);
	return true;
}

void http_body_flush(struct http_call *c, struct http_tx *tx)
{
	struct decoded d = {c, tx};
	struct http_inflate_sink sink = {on_data, on_failed, on_memory, &d};

	if (c->state->inflate[c->dir])
		http_inflate_end(c->state->inflate[c->dir], &sink);
}

void http_body_end(struct http_call *c, struct http_tx *tx)
{
	http_body_flush(c, tx);
	http_inflate_free(c->io->slab, c->state->inflate[c->dir]);
	c->state->inflate[c->dir] = NULL;
}

/* --- content encodings --- */

struct encodings {
	enum http_encoding layer[HTTP_LAYERS];
	unsigned count;
};

/* Exactly one well-known value. */
static bool plain_encoding(struct slice value, bool lzma, struct encodings *e)
{
	if (http_equal(value, "gzip") || http_equal(value, "x-gzip"))
		e->layer[e->count++] = HTTP_ENCODING_GZIP;
	else if (http_equal(value, "deflate") || http_equal(value, "x-deflate"))
		e->layer[e->count++] = HTTP_ENCODING_DEFLATE;
	else if (lzma && http_equal(value, "lzma"))
		e->layer[e->count++] = HTTP_ENCODING_LZMA;
	else if (!http_equal(value, "inflate") && !http_equal(value, "none") &&
		 !http_equal(value, "lzma"))
		return false;
	return true;
}

/* False: it ends the list. lzma is one layer at most, the first one. */
static bool token_encoding(struct http_tx *tx, struct slice token, struct encodings *e)
{
	if (slice_eq(token, SLICE_LIT("lzma"))) {
		if (!tx->state->limits->http_lzma || e->count) {
			http_event(tx, HTTP_EVENT_COMPRESSION_BOMB);
			return false;
		}
		e->layer[e->count++] = HTTP_ENCODING_LZMA;
		return true;
	}
	if (http_find(token, "gzip") >= 0) {
		if (!slice_eq(token, SLICE_LIT("gzip")) && !slice_eq(token, SLICE_LIT("x-gzip")))
			http_event(tx, HTTP_EVENT_ABNORMAL_CE_HEADER);
		e->layer[e->count++] = HTTP_ENCODING_GZIP;
	} else if (http_find(token, "deflate") >= 0) {
		if (!slice_eq(token, SLICE_LIT("deflate")) &&
		    !slice_eq(token, SLICE_LIT("x-deflate")))
			http_event(tx, HTTP_EVENT_ABNORMAL_CE_HEADER);
		e->layer[e->count++] = HTTP_ENCODING_DEFLATE;
	} else if (slice_eq(token, SLICE_LIT("br"))) {
		/* Odd to Suricata, which does not take it off. */
		http_event(tx, HTTP_EVENT_ABNORMAL_CE_HEADER);
		e->layer[e->count++] = HTTP_ENCODING_BROTLI;
	} else if (!slice_eq(token, SLICE_LIT("inflate")) && !slice_eq(token, SLICE_LIT("none"))) {
		http_event(tx, HTTP_EVENT_ABNORMAL_CE_HEADER);
	}
	return true;
}

/* A list of values, or an odd one. */
static void listed_encodings(struct http_tx *tx, struct slice value, struct encodings *e)
{
	unsigned layers = 0;
	size_t at = 0;

	while (at < value.len) {
		size_t from;

		while (at < value.len && (value.data[at] == ',' || value.data[at] == ' '))
			at++;
		from = at;
		while (at < value.len && value.data[at] != ',' && value.data[at] != ' ')
			at++;
		if (at == from)
			break;
		if (++layers > HTTP_LAYERS) {
			http_event(tx, HTTP_EVENT_TOO_MANY_ENCODING_LAYERS);
			break;
		}
		if (!token_encoding(tx, slice_sub(value, from, at - from), e))
			break;
	}
}

bool http_body_begin(struct http_call *c, struct http_tx *tx)
{
	struct http_header *h = http_header_find(tx, c->dir, "content-encoding");
	struct http_inflate_limits limits = {c->io->limits->http_lzma_memory,
					     head_only(c) ? HTTP_INFLATE_HEAD : HTTP_INFLATE_OUT};
	struct encodings e = {.count = 0};
	struct slice value;

	http_inflate_free(c->io->slab, c->state->inflate[c->dir]);
	c->state->inflate[c->dir] = NULL;
	if (!h)
		return true;
	value = http_get(http_side_of(c, tx), h->value);
	if (!plain_encoding(value, c->io->limits->http_lzma, &e) && c->dir == DIR_TC)
		listed_encodings(tx, value, &e);
	if (e.count == 0)
		return true;
	c->state->inflate[c->dir] = http_inflate_new(c->io->slab, e.layer, e.count, &limits);
	return c->state->inflate[c->dir] != NULL;
}
