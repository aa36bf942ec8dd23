#include "dataplane/app/http/http.h"

static const char *const event_names[HTTP_EVENT_COUNT] = {
#define X(id, name) [HTTP_EVENT_##id] = name,
	HTTP_EVENTS(X)
#undef X
};

void http_event(struct http_tx *tx, enum http_event event)
{
	if (!tx->state->quiet)
		app_tx_event(&tx->tx, event);
}

/* --- frames --- */

enum { FRAME_REQUEST, FRAME_RESPONSE };

static const char *const frames[] = {"request", "response"};

void http_frame_begin(struct http_call *c, struct http_reader *r)
{
	r->frame = app_frame(c->io, c->dir == DIR_TS ? FRAME_REQUEST : FRAME_RESPONSE,
			     cursor_rest(&c->in).data, -1);
	app_frame_tx(c->io, r->frame, &r->tx->tx);
}

void http_frame_end(struct http_call *c, struct http_reader *r)
{
	app_frame_end(c->io, r->frame, c->in_gap ? NULL : cursor_rest(&c->in).data);
	r->frame = 0;
}

/* --- state and transactions --- */

static void http_state_begin(struct app_io *io, void *state)
{
	struct http_state *s = state;

	s->slab = io->slab;
	s->limits = io->limits;
	/* Unknown to who sends the names; it only spreads them. */
	s->hash_seed = (uint32_t)((uintptr_t)s >> 4) ^ (uint32_t)io->now_ns;
}

static void http_state_end(struct app_io *io, void *state)
{
	struct http_state *s = state;

	http_inflate_free(io->slab, s->inflate[DIR_TS]);
	http_inflate_free(io->slab, s->inflate[DIR_TC]);
}

struct http_tx *http_tx_new(struct http_call *c)
{
	struct http_tx *tx = (struct http_tx *)app_tx_new(c->io, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->state = c->state;
	tx->side[DIR_TS].protocol = tx->side[DIR_TC].protocol = HTTP_PROTOCOL_INVALID;
	return tx;
}

static void side_free(struct app_io *io, struct http_side *side)
{
	http_text_free(io->slab, &side->raw);
	http_text_free(io->slab, &side->more);
	slab_free(io->slab, side->headers, side->header_cap * sizeof(*side->headers));
	http_body_free(io, side);
	app_part_close(io, side->part, NULL, DIR_TC, true);
	slab_free(io->slab, side->start, side->start_cap);
	slab_free(io->slab, side->filtered, side->filtered_cap);
	slab_free(io->slab, side->names, side->names_cap);
}

/* It may still be in the readers' hands: then they begin anew. */
static void http_tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct http_state *s = state;
	struct http_tx *t = (struct http_tx *)tx;

	if (s->request.tx == t)
		s->request = (struct http_reader){.step = HTTP_REQ_IGNORE};
	if (s->response.tx == t)
		s->response = (struct http_reader){.step = HTTP_RES_IDLE};
	side_free(io, &t->side[DIR_TS]);
	side_free(io, &t->side[DIR_TC]);
	slab_free(io->slab, t->multipart, sizeof(*t->multipart));
}

/* --- calls --- */

static void ended(struct http_call *c, enum dir dir)
{
	c->state->ended[dir] = true;
}

/* What is open when parsing fails or the direction ends. */
static void close_files(struct http_call *c)
{
	struct http_tx *tx = c->dir == DIR_TS ? c->state->request.tx : c->state->response.tx;

	if (tx && (!c->eof || tx->tx.progress[c->dir] != HTTP_COMPLETE))
		http_body_close_file(c, tx, true);
}

static struct app_result failed(struct http_call *c)
{
	close_files(c);
	ended(c, DIR_TS);
	ended(c, DIR_TC);
	return APP_RESULT_BAD;
}

static enum http_step run(struct http_call *c)
{
	enum http_step step;

	do {
		step = c->dir == DIR_TS ? http_request_step(c) : http_response_step(c);
	} while (step == HTTP_NEXT && !c->state->tunnel && !c->state->changing);
	return step;
}

/* The direction ends: what is open is closed as it stands. */
static enum http_step finish(struct http_call *c)
{
	enum http_step step;

	c->eof = true;
	c->state->quiet = true;
	step = run(c);
	c->state->quiet = false;
	if (step != HTTP_FAIL) {
		ended(c, c->dir);
		close_files(c);
	}
	return step;
}

/* The other direction waits for this one (CONNECT): it is called again when its bytes come. */
static struct app_result http_parse(struct app_io *io, void *state, enum dir dir,
				    struct app_input input)
{
	struct http_call c = {.io = io, .state = state, .dir = dir};
	enum http_step step = HTTP_MORE;

	c.in = cursor_of(input.data);
	if (c.state->tunnel)
		return APP_RESULT_OK(input.data.len);
	if (input.data.len)
		step = run(&c);
	if (step != HTTP_FAIL && input.eof && !c.state->tunnel)
		step = finish(&c);
	if (step == HTTP_FAIL)
		return failed(&c);
	if (c.state->tunnel)
		return APP_RESULT_OK(input.data.len);
	return APP_RESULT_OK(cursor_offset(&c.in));
}

static bool http_gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct http_call c = {.io = io, .state = state, .dir = dir, .gap = len, .in_gap = true};
	struct http_reader *r = dir == DIR_TS ? &c.state->request : &c.state->response;
	bool taken;

	c.in = cursor_of(SLICE_LIT(""));
	r->scanned = 0;
	if (c.state->tunnel)
		return true;
	if (dir == DIR_TS)
		taken = r->step == HTTP_REQ_BODY_IDENTITY || r->step == HTTP_REQ_FINALIZE ||
			r->step == HTTP_REQ_IGNORE;
	else
		taken = r->step == HTTP_RES_BODY_KNOWN || r->step == HTTP_RES_BODY_CLOSE ||
			r->step == HTTP_RES_FINALIZE;
	/* Elsewhere a line or a chunk is torn: the next bytes are taken as they come. */
	if (!taken)
		return true;
	if (run(&c) != HTTP_FAIL)
		return true;
	failed(&c);
	return false;
}

#define METHOD(name, n)                                                                            \
	{.dir = DIR_TS,                                                                            \
	 .transport = APP_TCP,                                                                     \
	 .bytes = name " ",                                                                        \
	 .len = n + 1,                                                                             \
	 .depth = n + 1,                                                                           \
	 .nocase = true},                                                                          \
	{                                                                                          \
		.dir = DIR_TS, .transport = APP_TCP, .bytes = name "\t", .len = n + 1,             \
		.depth = n + 1, .nocase = true                                                     \
	}
#define VERSION(text)                                                                              \
	{                                                                                          \
		.dir = DIR_TC, .transport = APP_TCP, .bytes = text, .len = 8, .depth = 8,          \
		.nocase = true                                                                     \
	}

static const struct app_pattern patterns[] = {
	METHOD("GET", 3),
	METHOD("PUT", 3),
	METHOD("POST", 4),
	METHOD("HEAD", 4),
	METHOD("TRACE", 5),
	METHOD("OPTIONS", 7),
	METHOD("CONNECT", 7),
	METHOD("DELETE", 6),
	METHOD("PATCH", 5),
	METHOD("PROPFIND", 8),
	METHOD("PROPPATCH", 9),
	METHOD("MKCOL", 5),
	METHOD("COPY", 4),
	METHOD("MOVE", 4),
	METHOD("LOCK", 4),
	METHOD("UNLOCK", 6),
	METHOD("CHECKOUT", 8),
	METHOD("UNCHECKOUT", 10),
	METHOD("CHECKIN", 7),
	METHOD("UPDATE", 6),
	METHOD("LABEL", 5),
	METHOD("REPORT", 6),
	METHOD("MKWORKSPACE", 11),
	METHOD("MKACTIVITY", 10),
	METHOD("MERGE", 5),
	METHOD("INVALID", 7),
	METHOD("VERSION-CONTROL", 15),
	METHOD("BASELINE-CONTROL", 16),
	VERSION("HTTP/0.9"),
	VERSION("HTTP/1.0"),
	VERSION("HTTP/1.1"),
};

const struct app_proto http_proto = {
	.name = "http",
	.rule_names = {"http1"},
	.event_prefix = "http",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.state_size = sizeof(struct http_state),
	.state_begin = http_state_begin,
	.state_end = http_state_end,
	.parse = http_parse,
	.gap = http_gap,
	.tx_free = http_tx_free,
	.complete = {HTTP_COMPLETE, HTTP_COMPLETE},
	.events_in_capitals = true,
	.events = event_names,
	.event_count = HTTP_EVENT_COUNT,
	.empty_buffers = true,
	.buffers = http_buffers,
	.buffer_count = HTTP_BUFFERS,
	.keywords = http_keywords,
	.keyword_count = HTTP_KEYWORDS,
	.eve_type = "http",
	.eve_key = "http",
	.log = http_log,
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
