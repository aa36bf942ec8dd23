/* What a frame does to its stream (RFC 9113 6). */
#include "dataplane/app/http2/http2.h"

enum { PRIORITY_LEN = 5, NUMBER_LEN = 4, SETTING_LEN = 6, SETTINGS_KNOWN = 6 };

/* --- numbers --- */

static void add_number(struct http2_tx *t, struct kept *list, uint32_t value)
{
	kept_append(t->slab, list, SLICE(&value, sizeof(value)), HTTP2_NUMBERS_MAX);
}

static void add_error(struct http2_tx *t, struct http2_side *side, uint32_t value)
{
	if (side->errors.len > 0 && !side->twice_priority)
		side->twice_error = true;
	add_number(t, &side->errors, value);
}

static void add_priority(struct http2_tx *t, struct http2_side *side, uint8_t weight)
{
	if (side->priorities.len > 0 && !side->twice_error)
		side->twice_priority = true;
	add_number(t, &side->priorities, weight);
}

/* Up to the first that is not known, as Suricata reads them. */
static void settings(struct http2_tx *t, struct http2_side *side, struct slice body)
{
	struct cursor c = cursor_of(body);

	side->had_settings = true;
	while (cursor_left(&c) >= SETTING_LEN) {
		uint16_t id = cursor_u16(&c);

		if (id == 0 || id > SETTINGS_KNOWN)
			return;
		add_number(t, &side->settings, id);
		add_number(t, &side->settings, cursor_u32(&c));
	}
}

/* --- the state of a stream --- */

static void end_of_stream(struct http2_tx *t, enum dir dir)
{
	switch (t->state) {
	case HTTP2_HALF_CLOSED_CLIENT:
	case HTTP2_DATA_SERVER:
		if (dir == DIR_TC)
			http2_set_state(t, HTTP2_CLOSED);
		break;
	case HTTP2_HALF_CLOSED_SERVER:
		if (dir == DIR_TS)
			http2_set_state(t, HTTP2_CLOSED);
		break;
	case HTTP2_CLOSED:
	case HTTP2_GLOBAL:
		break;
	default:
		http2_set_state(t, dir == DIR_TC ? HTTP2_HALF_CLOSED_SERVER
						 : HTTP2_HALF_CLOSED_CLIENT);
		break;
	}
}

static void next_state(struct http2_tx *t, enum dir dir, const struct http2_frame *f)
{
	enum http2_stream_state data = dir == DIR_TS ? HTTP2_DATA_CLIENT : HTTP2_DATA_SERVER;

	if (f->type != HTTP2_HEADERS && f->type != HTTP2_DATA)
		return;
	if (f->flags & HTTP2_END_STREAM)
		end_of_stream(t, dir);
	else if (f->type == HTTP2_DATA && t->state < data)
		http2_set_state(t, data);
}

/* --- frames with headers --- */

struct reader {
	struct app_io *io;
	struct http2_state *state;
	struct http2_direction *d;
	struct http2_tx *tx;
	enum dir dir;
	const struct http2_frame *f;
};

static void invalid(struct reader *r, enum http2_event event)
{
	http2_event(r->tx, event);
}

static bool block(struct reader *r, struct slice piece)
{
	bool end = r->f->flags & HTTP2_END_HEADERS;
	enum http2_block got = http2_block_read(r->io, r->d, r->tx, r->dir, piece, end);

	if (got == HTTP2_BLOCK_OK) {
		r->tx->side[r->dir].had_headers = true;
		r->d->block_open = !end;
		r->d->block = end ? NULL : r->tx;
		r->d->block_stream = r->f->stream;
		return true;
	}
	http2_block_drop(r->io, r->d, r->tx, r->dir);
	invalid(r, got == HTTP2_BLOCK_CUT ? HTTP2_EVENT_INVALID_FRAME_DATA
					  : HTTP2_EVENT_INVALID_HEADER);
	return false;
}

/* Padding off. One that is longer than what it pads is taken for none, as Suricata has it. */
static void unpad(const struct http2_frame *f, struct cursor *c)
{
	uint8_t padding;

	if (!(f->flags & HTTP2_PADDED))
		return;
	padding = cursor_u8(c);
	if (padding <= cursor_left(c))
		*c = cursor_of(slice_sub(cursor_rest(c), 0, cursor_left(c) - padding));
}

/* The block that was open does not go on. */
static void abandon(struct reader *r)
{
	if (!r->d->block_open)
		return;
	invalid(r, HTTP2_EVENT_INVALID_FRAME_DATA);
	http2_block_drop(r->io, r->d, r->d->block, r->dir);
}

static void headers(struct reader *r)
{
	struct cursor c = cursor_of(r->f->body);

	abandon(r);
	unpad(r->f, &c);
	if (r->f->flags & HTTP2_HAS_PRIORITY) {
		cursor_skip(&c, PRIORITY_LEN - 1);
		add_priority(r->tx, &r->tx->side[r->dir], cursor_u8(&c));
	}
	if (c.bad)
		invalid(r, HTTP2_EVENT_INVALID_FRAME_DATA);
	else
		block(r, cursor_rest(&c));
}

static void push_promise(struct reader *r)
{
	struct cursor c = cursor_of(r->f->body);

	abandon(r);
	unpad(r->f, &c);
	cursor_skip(&c, NUMBER_LEN);
	if (c.bad)
		invalid(r, HTTP2_EVENT_INVALID_FRAME_DATA);
	else if (block(r, cursor_rest(&c)) && r->dir == DIR_TC)
		http2_set_state(r->tx, HTTP2_RESERVED);
}

static void continuation(struct reader *r)
{
	if (r->d->block_open && r->d->block == r->tx) {
		block(r, r->f->body);
		return;
	}
	if (r->d->block_open)
		http2_block_drop(r->io, r->d, r->d->block, r->dir);
	invalid(r, HTTP2_EVENT_INVALID_FRAME_DATA);
}

/* --- the others --- */

static void data(struct reader *r)
{
	struct slice body = r->f->body;

	if (r->f->flags & HTTP2_PADDED && body.len > 0 && body.data[0] < body.len)
		body = slice_sub(body, 1, body.len - 1 - body.data[0]);
	http2_body_data(r->io, r->tx, r->dir, body, r->f->flags & HTTP2_END_STREAM);
}

static void numbers(struct reader *r)
{
	struct http2_side *side = &r->tx->side[r->dir];
	struct cursor c = cursor_of(r->f->body);
	size_t len = r->f->type == HTTP2_PRIORITY ? PRIORITY_LEN : NUMBER_LEN;
	uint32_t value;

	if (r->f->type == HTTP2_GOAWAY ? r->f->body.len < len : r->f->body.len != len) {
		invalid(r, HTTP2_EVENT_INVALID_FRAME_LENGTH);
		return;
	}
	value = cursor_u32(&c);
	if (r->f->type == HTTP2_PRIORITY)
		add_priority(r->tx, side, cursor_u8(&c));
	else if (r->f->type == HTTP2_WINDOW_UPDATE)
		add_number(r->tx, &side->windows, value & 0x7fffffff);
	else if (r->f->type == HTTP2_GOAWAY)
		add_error(r->tx, side, value);
	else
		add_error(r->tx, side, value);
}

static void content(struct reader *r)
{
	switch (r->f->type) {
	case HTTP2_HEADERS:
		headers(r);
		break;
	case HTTP2_PUSH_PROMISE:
		push_promise(r);
		break;
	case HTTP2_CONTINUATION:
		continuation(r);
		break;
	case HTTP2_SETTINGS:
		settings(r->tx, &r->tx->side[r->dir], r->f->body);
		break;
	case HTTP2_PRIORITY:
	case HTTP2_RST_STREAM:
	case HTTP2_GOAWAY:
	case HTTP2_WINDOW_UPDATE:
		numbers(r);
		break;
	default:
		break;
	}
}

/* The stream that a frame is about: a promise speaks of another one, and what goes on with it does
 * so too. */
static uint32_t stream_of(const struct http2_direction *d, const struct http2_frame *f)
{
	struct cursor c = cursor_of(f->body);

	if (f->type == HTTP2_CONTINUATION && d->block_open && d->block &&
	    f->stream == d->block_stream)
		return d->block->stream;
	if (f->type != HTTP2_PUSH_PROMISE)
		return f->stream;
	unpad(f, &c);
	return cursor_u32(&c) & 0x7fffffff;
}

static bool may_come_late(uint8_t type)
{
	return type == HTTP2_RST_STREAM || type == HTTP2_WINDOW_UPDATE || type == HTTP2_PRIORITY;
}

bool http2_frame(struct app_io *io, struct http2_state *s, enum dir dir,
		 const struct http2_frame *f)
{
	struct reader r = {.io = io, .state = s, .d = &s->dir[dir], .dir = dir, .f = f};
	uint32_t stream = stream_of(r.d, f);

	r.tx = f->stream ? http2_tx_find(s, stream) : NULL;
	if (r.tx && r.tx->state == HTTP2_CLOSED && !may_come_late(f->type))
		http2_event(r.tx, HTTP2_EVENT_STREAM_ID_REUSE);
	if (!r.tx)
		r.tx = http2_tx_new(io, s, f->stream ? stream : 0);
	if (!r.tx)
		return false;
	if (f->body.len < f->len)
		invalid(&r, HTTP2_EVENT_LONG_FRAME_DATA);
	r.tx->side[dir].types[f->type / 8] |= (uint8_t)(1 << f->type % 8);
	content(&r);
	next_state(r.tx, dir, f);
	if (f->type == HTTP2_DATA)
		data(&r);
	/* A trailer ends the body as well. */
	if (f->type == HTTP2_HEADERS && f->flags & HTTP2_END_STREAM)
		http2_body_close(io, r.tx, dir, false);
	return true;
}
