#include "dataplane/app/rfb/rfb.h"

#include "dataplane/app/text/compile.h"

enum { FRAME_PDU };

static const char *const frames[] = {"pdu"};

static const char *const event_names[RFB_EVENTS] = {
	[RFB_EVENT_UNIMPLEMENTED_SECURITY_TYPE] = "unimplemented_security_type",
	[RFB_EVENT_UNKNOWN_SECURITY_RESULT] = "unknown_security_result",
	[RFB_EVENT_MALFORMED_MESSAGE] = "malformed_message",
	[RFB_EVENT_CONFUSED_STATE] = "confused_state",
};

enum { VERSION_LEN = 12, SECURITY_NONE = 1, SECURITY_VNC = 2 };

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct rfb_tx *t = container_of(tx, struct rfb_tx, tx);

	kept_free(io->slab, &t->name);
	kept_free(io->slab, &t->reason);
}

/* --- messages: each reads one and says what comes next --- */

struct call {
	struct app_io *io;
	struct rfb_state *s;
	enum dir dir;
	struct rfb_tx *tx; /* NULL before the server's version */
	struct cursor in;
};

enum outcome {
	DONE,
	SHORT,	 /* more bytes are needed */
	REFUSED, /* not RFB, or no memory */
};

static enum outcome give_up(struct call *c, enum rfb_event event)
{
	if (c->tx)
		app_tx_event(&c->tx->tx, event);
	c->s->step = RFB_OVER;
	return DONE;
}

static enum outcome read_version(struct call *c, enum dir dir)
{
	struct slice line = cursor_take(&c->in, VERSION_LEN);
	struct rfb_version *v = &c->tx->version[dir];

	if (c->in.bad)
		return SHORT;
	if (!slice_eq(slice_sub(line, 0, 4), SLICE_LIT("RFB ")) || line.data[7] != '.' ||
	    line.data[11] != '\n') {
		app_tx_event(&c->tx->tx, RFB_EVENT_MALFORMED_MESSAGE);
		return REFUSED;
	}
	memcpy(v->major, line.data + 4, 3);
	memcpy(v->minor, line.data + 8, 3);
	c->tx->has |= dir == DIR_TS ? RFB_HAS_CLIENT_VERSION : RFB_HAS_SERVER_VERSION;
	return DONE;
}

static enum outcome server_version(struct call *c)
{
	struct app_tx *tx;
	enum outcome o;

	if (cursor_left(&c->in) < VERSION_LEN)
		return SHORT;
	tx = app_tx_new(c->io, sizeof(struct rfb_tx));
	if (!tx)
		return REFUSED;
	c->tx = container_of(tx, struct rfb_tx, tx);
	o = read_version(c, DIR_TC);
	c->s->step = RFB_CLIENT_VERSION;
	return o;
}

static enum outcome client_version(struct call *c)
{
	const struct rfb_version *v = &c->tx->version[DIR_TS];
	enum outcome o = read_version(c, DIR_TS);
	bool old = memcmp(v->major, "003", 3) == 0 && memcmp(v->minor, "003", 3) == 0;

	if (o == DONE)
		c->s->step = old ? RFB_SECURITY_TYPE : RFB_SECURITY_TYPES;
	return o;
}

static enum outcome security_types(struct call *c)
{
	uint8_t count = cursor_u8(&c->in);

	cursor_skip(&c->in, count);
	if (c->in.bad)
		return SHORT;
	c->s->step = count ? RFB_SECURITY_CHOICE : RFB_FAILURE_REASON;
	return DONE;
}

static enum outcome security_chosen(struct call *c, uint32_t type)
{
	c->tx->security_type = type;
	c->tx->has |= RFB_HAS_SECURITY_TYPE;
	if (type == SECURITY_VNC)
		c->s->step = RFB_VNC_CHALLENGE;
	else if (type == SECURITY_NONE)
		c->s->step = RFB_CLIENT_INIT;
	else
		return give_up(c, RFB_EVENT_UNIMPLEMENTED_SECURITY_TYPE);
	return DONE;
}

static enum outcome security_type(struct call *c)
{
	uint32_t type = cursor_u32(&c->in);

	if (c->in.bad)
		return SHORT;
	if (type)
		return security_chosen(c, type);
	c->tx->has |= RFB_HAS_SECURITY_TYPE;
	c->s->step = RFB_FAILURE_REASON;
	return DONE;
}

static enum outcome security_choice(struct call *c)
{
	uint8_t type = cursor_u8(&c->in);

	return c->in.bad ? SHORT : security_chosen(c, type);
}

static enum outcome read_secret(struct call *c, uint8_t *ret, uint8_t has, enum rfb_step next)
{
	struct slice secret = cursor_take(&c->in, RFB_SECRET);

	if (c->in.bad)
		return SHORT;
	memcpy(ret, secret.data, RFB_SECRET);
	c->tx->has |= has;
	c->s->step = (uint8_t)next;
	return DONE;
}

static enum outcome vnc_challenge(struct call *c)
{
	return read_secret(c, c->tx->challenge, RFB_HAS_CHALLENGE, RFB_VNC_RESPONSE);
}

static enum outcome vnc_response(struct call *c)
{
	return read_secret(c, c->tx->response, RFB_HAS_RESPONSE, RFB_SECURITY_RESULT);
}

static enum outcome security_result(struct call *c)
{
	uint32_t result = cursor_u32(&c->in);

	if (c->in.bad)
		return SHORT;
	c->tx->security_result = result;
	c->tx->has |= RFB_HAS_RESULT;
	if (result > 1)
		return give_up(c, RFB_EVENT_UNKNOWN_SECURITY_RESULT);
	c->s->step = result ? RFB_FAILURE_REASON : RFB_CLIENT_INIT;
	return DONE;
}

/* A text behind its length (32 bits). */
static enum outcome read_text(struct call *c, struct kept *k)
{
	uint32_t len = cursor_u32(&c->in);
	struct slice text;

	if (!c->in.bad && len > LIMIT_APP_BUFFERED - 64)
		return give_up(c, RFB_EVENT_MALFORMED_MESSAGE);
	text = cursor_take(&c->in, len);
	if (c->in.bad)
		return SHORT;
	return kept_set(c->io->slab, k, slice_sub(text, 0, RFB_TEXT_MAX)) ? DONE : REFUSED;
}

static enum outcome failure_reason(struct call *c)
{
	enum outcome o = read_text(c, &c->tx->reason);

	if (o == DONE)
		c->s->step = RFB_OVER;
	return o;
}

static enum outcome client_init(struct call *c)
{
	uint8_t shared = cursor_u8(&c->in);

	if (c->in.bad)
		return SHORT;
	c->tx->shared = shared;
	c->tx->has |= RFB_HAS_CLIENT_INIT;
	c->s->step = RFB_SERVER_INIT;
	return DONE;
}

static void read_pixels(struct cursor *c, struct rfb_pixel_format *p)
{
	p->bits_per_pixel = cursor_u8(c);
	p->depth = cursor_u8(c);
	p->big_endian = cursor_u8(c);
	p->true_color = cursor_u8(c);
	for (unsigned i = 0; i < 3; i++)
		p->max[i] = cursor_u16(c);
	for (unsigned i = 0; i < 3; i++)
		p->shift[i] = cursor_u8(c);
	cursor_skip(c, 3);
}

static enum outcome server_init(struct call *c)
{
	struct rfb_tx *t = c->tx;
	enum outcome o;

	t->width = cursor_u16(&c->in);
	t->height = cursor_u16(&c->in);
	read_pixels(&c->in, &t->pixels);
	o = read_text(c, &t->name);
	if (o != DONE)
		return o;
	t->has |= RFB_HAS_SERVER_INIT;
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
	c->s->step = RFB_OVER;
	return DONE;
}

static const struct {
	enum dir dir; /* who sends it */
	enum outcome (*read)(struct call *c);
} steps[RFB_STEPS] = {
	[RFB_SERVER_VERSION] = {DIR_TC, server_version},
	[RFB_CLIENT_VERSION] = {DIR_TS, client_version},
	[RFB_SECURITY_TYPES] = {DIR_TC, security_types},
	[RFB_SECURITY_TYPE] = {DIR_TC, security_type},
	[RFB_SECURITY_CHOICE] = {DIR_TS, security_choice},
	[RFB_VNC_CHALLENGE] = {DIR_TC, vnc_challenge},
	[RFB_VNC_RESPONSE] = {DIR_TS, vnc_response},
	[RFB_SECURITY_RESULT] = {DIR_TC, security_result},
	[RFB_FAILURE_REASON] = {DIR_TC, failure_reason},
	[RFB_CLIENT_INIT] = {DIR_TS, client_init},
	[RFB_SERVER_INIT] = {DIR_TC, server_init},
};

/* --- the handshake --- */

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct call c = {.io = io, .s = state, .dir = dir};
	struct app_tx *tx = app_tx_last(io);

	c.in = cursor_of(input.data);
	if (tx)
		c.tx = container_of(tx, struct rfb_tx, tx);
	while (cursor_left(&c.in) > 0 && c.s->step != RFB_OVER) {
		struct cursor before = c.in;
		enum outcome o;

		/* The other side was to speak: the two are not where we think they are. After the
		 * first transaction has been let go there is nothing more to fill either. */
		if (steps[c.s->step].dir != dir || (!c.tx && c.s->step != RFB_SERVER_VERSION)) {
			give_up(&c, RFB_EVENT_CONFUSED_STATE);
			break;
		}
		o = steps[c.s->step].read(&c);
		if (o == REFUSED)
			return APP_RESULT_BAD;
		if (o == SHORT)
			return APP_RESULT_MORE(cursor_offset(&before), 1);
		app_frame(io, FRAME_PDU, cursor_rest(&before).data,
			  (int64_t)(cursor_left(&before) - cursor_left(&c.in)));
	}
	return APP_RESULT_OK(input.data.len);
}

/* --- for rules --- */

static bool get_name(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&container_of(tx, const struct rfb_tx, tx)->name, ret);
}

static bool match_type(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct rfb_tx *t = container_of(tx, const struct rfb_tx, tx);

	return (t->has & RFB_HAS_SECURITY_TYPE) && text_range_match(compiled, t->security_type);
}

static const char *const results[] = {"ok", "fail", "toomany", "unknown"};

static void *compile_result(struct slice argument, char *why, size_t cap)
{
	struct slice s = text_trim(argument);
	uint32_t *result = compile_new(sizeof(*result));

	for (uint32_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (slice_eq_nocase(s, SLICE_STR(results[i]))) {
			*result = i;
			return result;
		}
	}
	return compile_refuse(result, why, cap, "ok, fail, toomany or unknown is expected");
}

static bool match_result(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct rfb_tx *t = container_of(tx, const struct rfb_tx, tx);
	uint32_t result = t->security_result < 3 ? t->security_result : 3;

	return (t->has & RFB_HAS_RESULT) && result == *(const uint32_t *)compiled;
}

static const struct app_pattern patterns[] = {
	{.dir = DIR_TC, .transport = APP_TCP, .bytes = "RFB ", .len = 4, .depth = 4},
	{.dir = DIR_TS, .transport = APP_TCP, .bytes = "RFB ", .len = 4, .depth = 4},
};

static const struct app_buffer buffers[] = {
	{.name = "rfb.name", .dir = {false, true}, .progress = {1, 1}, .get = get_name},
};

static const struct app_keyword keywords[] = {
	{"rfb.sectype", {true, true}, {1, 1}, compile_range_u32, match_type},
	{"rfb.secresult", {true, true}, {1, 1}, compile_result, match_result},
};

const struct app_proto rfb_proto = {
	.name = "rfb",
	.event_prefix = "rfb",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.state_size = sizeof(struct rfb_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {1, 1},
	.events = event_names,
	.event_count = RFB_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "rfb",
	.eve_key = "rfb",
	.log = rfb_log,
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
