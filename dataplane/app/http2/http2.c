#include "dataplane/app/http2/http2.h"

#include "dataplane/app/text/list.h"
#include "dataplane/base/base64.h"

#define MAGIC "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum { MAGIC_LEN = sizeof(MAGIC) - 1, FRAME_HEAD = 9, DEFAULT_FRAME_MAX = 16384 };

static const char *const event_names[HTTP2_EVENT_COUNT] = {
#define X(id, name) [HTTP2_EVENT_##id] = name,
	HTTP2_EVENTS(X)
#undef X
};

/* --- state and transactions --- */

static void state_begin(struct app_io *io, void *state)
{
	struct http2_state *s = state;

	s->slab = io->slab;
	/* Unknown to who chooses stream ids; it only spreads them. */
	s->seed = (uint32_t)((uintptr_t)s >> 4) ^ (uint32_t)io->now_ns;
}

static void state_end(struct app_io *io, void *state)
{
	struct http2_state *s = state;

	http2_direction_free(io, &s->dir[DIR_TS]);
	http2_direction_free(io, &s->dir[DIR_TC]);
}

static struct http2_tx **bucket_of(struct http2_state *s, uint32_t stream)
{
	return &s->bucket[((stream ^ s->seed) * 0x9e3779b1u) >> 26];
}

static void side_free(struct app_io *io, struct http2_side *side)
{
	kept_free(io->slab, &side->bytes);
	slab_free(io->slab, side->headers, side->header_cap * sizeof(*side->headers));
	kept_free(io->slab, &side->errors);
	kept_free(io->slab, &side->priorities);
	kept_free(io->slab, &side->windows);
	kept_free(io->slab, &side->settings);
	kept_free(io->slab, &side->line.bytes);
	kept_free(io->slab, &side->header.bytes);
	kept_free(io->slab, &side->names.bytes);
	kept_free(io->slab, &side->host.bytes);
	for (unsigned i = 0; i < HTTP2_JOINED_COUNT; i++)
		kept_free(io->slab, &side->joined[i].bytes);
	http2_decoder_free(side->decoder);
	app_part_close(io, side->part, NULL, DIR_TC, true);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct http2_state *s = state;
	struct http2_tx *t = http2_tx_of(tx), **at = bucket_of(s, t->stream);

	while (*at && *at != t)
		at = &(*at)->next_in_bucket;
	if (*at)
		*at = t->next_in_bucket;
	for (unsigned d = 0; d < 2; d++) {
		if (s->dir[d].block == t)
			http2_direction_free(io, &s->dir[d]);
		s->heads -= t->side[d].bytes.cap;
		side_free(io, &t->side[d]);
	}
}

void http2_set_state(struct http2_tx *t, enum http2_stream_state state)
{
	t->state = (uint8_t)state;
	if (state > HTTP2_CLOSED)
		state = HTTP2_CLOSED;
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = (uint8_t)state;
}

struct http2_tx *http2_tx_new(struct app_io *io, struct http2_state *s, uint32_t stream)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct http2_tx));
	struct http2_tx *t, **bucket = bucket_of(s, stream);

	if (!tx) {
		if (app_tx_last(io))
			app_tx_event(app_tx_last(io), HTTP2_EVENT_TOO_MANY_STREAMS);
		return NULL;
	}
	t = http2_tx_of(tx);
	t->slab = io->slab;
	t->connection = s;
	t->stream = stream;
	http2_set_state(t, stream ? HTTP2_OPEN : HTTP2_GLOBAL);
	/* Frames of stream 0 are never looked for. */
	if (stream) {
		t->next_in_bucket = *bucket;
		*bucket = t;
	}
	return t;
}

struct http2_tx *http2_tx_find(struct http2_state *s, uint32_t stream)
{
	struct http2_tx *t = *bucket_of(s, stream);

	while (t && t->stream != stream)
		t = t->next_in_bucket;
	return t;
}

/* --- an upgrade from HTTP/1.1: its request is stream 1 (RFC 7540 3.2) --- */

/* Either alphabet's digit (RFC 4648 4 and 5). */
static int digit(uint8_t c)
{
	return base64_value(c == '-' ? '+' : c == '_' ? '/' : c);
}

/* Both alphabets, padded or not. */
static bool decode_base64(struct slice text, uint8_t *out, size_t cap, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned have = 0;

	*ret_len = 0;
	while (text.len > 0 && text.data[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		int value = digit(text.data[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (*ret_len == cap)
			return false;
		out[(*ret_len)++] = (uint8_t)(bits >> have);
	}
	return true;
}

static bool upgrade_settings(struct app_io *io, struct http2_state *s, struct slice value)
{
	uint8_t body[256];
	struct http2_frame f = {.type = HTTP2_SETTINGS};
	size_t len;

	if (!decode_base64(value, body, sizeof(body), &len))
		return false;
	f.body = SLICE(body, len);
	f.len = (uint32_t)len;
	return http2_frame(io, s, DIR_TS, &f);
}

static bool mimic(struct app_io *io, struct http2_state *s)
{
	struct slice left = app_left(io), name, value;
	struct text_list list = {.bytes = {(uint8_t *)left.data, (uint32_t)left.len, 0}};
	struct http2_tx *t;
	uint32_t at = 0;
	bool bad_settings = false;

	if (left.len == 0 || !app_changed_from(io) || strcmp(app_changed_from(io), "http") != 0)
		return true;
	t = http2_tx_new(io, s, 1);
	if (!t)
		return false;
	while (text_list_next(&list, &at, &name) && text_list_next(&list, &at, &value)) {
		if (slice_eq_nocase(name, SLICE_LIT("http2-settings")))
			bad_settings |= !upgrade_settings(io, s, value);
		else if (slice_eq_nocase(name, SLICE_LIT("host")))
			http2_header_add(io, t, DIR_TS, SLICE_LIT(":authority"), value);
		else
			http2_header_add(io, t, DIR_TS, name, value);
	}
	http2_headers_done(t, DIR_TS);
	t->side[DIR_TS].had_headers = true;
	t->side[DIR_TS].types[0] |= 1 << HTTP2_HEADERS;
	http2_set_state(t, HTTP2_HALF_CLOSED_CLIENT);
	if (bad_settings)
		http2_event(t, HTTP2_EVENT_INVALID_HTTP1_SETTINGS);
	return true;
}

/* --- frames out of the stream --- */

enum step { STEP_FRAME, STEP_MORE, STEP_FAIL };

struct call {
	struct app_io *io;
	struct http2_state *s;
	enum dir dir;
	struct cursor in;
	uint32_t need; /* bytes on top of what is there */
};

/* The client's first bytes (RFC 9113 3.4). */
static enum step magic(struct call *c)
{
	struct slice rest = cursor_rest(&c->in);

	if (c->s->magic_seen || c->dir == DIR_TC)
		return STEP_FRAME;
	if (rest.len < MAGIC_LEN) {
		c->need = (uint32_t)(MAGIC_LEN - rest.len);
		return STEP_MORE;
	}
	c->s->magic_seen = true;
	if (slice_eq(slice_sub(rest, 0, MAGIC_LEN), SLICE_LIT(MAGIC)))
		cursor_skip(&c->in, MAGIC_LEN);
	else if (app_tx_last(c->io))
		app_tx_event(app_tx_last(c->io), HTTP2_EVENT_INVALID_CLIENT_MAGIC);
	return STEP_FRAME;
}

static void read_head(struct cursor *c, struct http2_frame *f)
{
	f->len = cursor_u24(c);
	f->type = cursor_u8(c);
	f->flags = cursor_u8(c);
	f->stream = cursor_u32(c) & 0x7fffffff;
}

static enum step next_frame(struct call *c)
{
	struct cursor at = c->in;
	struct http2_frame f;
	size_t left;

	if (cursor_left(&at) < FRAME_HEAD) {
		c->need = (uint32_t)(FRAME_HEAD - cursor_left(&at));
		return STEP_MORE;
	}
	read_head(&at, &f);
	left = cursor_left(&at);
	if (left < f.len && (f.len < HTTP2_FRAME_MAX || left < HTTP2_FRAME_PART)) {
		c->need = (uint32_t)((f.len < HTTP2_FRAME_MAX ? f.len : HTTP2_FRAME_PART) - left);
		return STEP_MORE;
	}
	f.body = cursor_take(&at, f.len < left ? f.len : left);
	c->s->dir[c->dir].skip = f.len - f.body.len;
	c->in = at;
	if (f.len == 0 && f.type == HTTP2_SETTINGS) /* an acknowledgement */
		return STEP_FRAME;
	return http2_frame(c->io, c->s, c->dir, &f) ? STEP_FRAME : STEP_FAIL;
}

static void skip_long(struct call *c)
{
	uint64_t *skip = &c->s->dir[c->dir].skip;
	size_t n = cursor_left(&c->in);

	if (n > *skip)
		n = (size_t)*skip;
	cursor_skip(&c->in, n);
	*skip -= n;
}

static void end_of_direction(struct call *c)
{
	for (struct app_tx *tx = app_tx_first(c->io); tx; tx = tx->next)
		http2_body_close(c->io, http2_tx_of(tx), c->dir, true);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct call c = {.io = io, .s = state, .dir = dir, .in = cursor_of(input.data)};
	enum step step = STEP_FRAME;

	if (!c.s->begun) {
		c.s->begun = true;
		if (!mimic(io, c.s))
			return APP_RESULT_BAD;
	}
	if (cursor_left(&c.in) > 0)
		step = magic(&c);
	while (step == STEP_FRAME && cursor_left(&c.in) > 0) {
		skip_long(&c);
		if (cursor_left(&c.in) > 0)
			step = next_frame(&c);
	}
	if (input.eof || step == STEP_FAIL)
		end_of_direction(&c);
	if (step == STEP_FAIL)
		return APP_RESULT_BAD;
	return APP_RESULT_MORE(cursor_offset(&c.in), c.need);
}

/* A server that speaks first sends its settings. */
static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct http2_frame f;
	uint32_t stream;

	if (dir == DIR_TS)
		return APP_PROBE_NO;
	f.len = cursor_u24(&c);
	f.type = cursor_u8(&c);
	f.flags = cursor_u8(&c);
	stream = cursor_u32(&c);
	if (c.bad)
		return APP_PROBE_MORE;
	if (stream >> 31 || f.len > DEFAULT_FRAME_MAX || f.flags & 0xfe || f.type != HTTP2_SETTINGS)
		return APP_PROBE_NO;
	return APP_PROBE_YES;
}

static const struct app_pattern patterns[] = {
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = MAGIC,
	 .len = 16,
	 .depth = 16,
	 .nocase = true},
};

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP,
	 .ports = "80",
	 .dir = DIR_TS,
	 .min_len = FRAME_HEAD,
	 .probe = probe,
	 .max_len = MAGIC_LEN},
};

const struct app_proto http2_proto = {
	.name = "http2",
	.event_prefix = "http2",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct http2_state),
	.state_begin = state_begin,
	.state_end = state_end,
	.parse = parse,
	.tx_free = tx_free,
	.complete = {HTTP2_CLOSED, HTTP2_CLOSED},
	.events = event_names,
	.event_count = HTTP2_EVENT_COUNT,
	.buffers = http2_buffers,
	.buffer_count = HTTP2_BUFFERS,
	.keywords = http2_keywords,
	.keyword_count = HTTP2_KEYWORDS,
	.eve_type = "http",
	.eve_key = "http",
	.log = http2_log,
};
