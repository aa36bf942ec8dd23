#include "dataplane/app/sip/sip.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"

enum { CODE_LEN = 3 };

enum outcome {
	WHOLE,
	INCOMPLETE, /* what is there may be the start of a message */
	INVALID,
};

struct message {
	struct slice line, part[3];
	struct slice head_line, headers, body; /* with the line's end, without the empty line */
};

static const char *const event_names[] = {
	[SIP_EVENT_INCOMPLETE_DATA] = "incomplete_data",
	[SIP_EVENT_INVALID_DATA] = "invalid_data",
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	kept_free(io->slab, &container_of(tx, struct sip_tx, tx)->line);
}

/* --- what a message consists of --- */

static bool is_letter(uint8_t c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool is_digit_or_dot(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '.';
}

static bool is_one_of(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

static bool is_uri(uint8_t c)
{
	return c > ' ' && c < 127 && !is_one_of(c, "\"()<>[\\]^{|}");
}

static bool is_reason(uint8_t c)
{
	return c >= ' ' && c < 127 && !is_one_of(c, "\"#<>{|}");
}

static bool is_header_name(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || is_one_of(c, "!%'*+-._`~");
}

static struct slice take_while(struct cursor *c, bool (*is)(uint8_t))
{
	struct slice rest = cursor_rest(c);
	size_t n = 0;

	while (n < rest.len && is(rest.data[n]))
		n++;
	return cursor_take(c, n);
}

/* The end of the data is INCOMPLETE, other bytes are INVALID. */
static enum outcome expect(struct cursor *c, struct slice what)
{
	struct slice rest = cursor_rest(c);
	struct slice have = slice_sub(rest, 0, what.len);

	if (!slice_eq(have, slice_sub(what, 0, have.len)))
		return INVALID;
	if (have.len < what.len)
		return INCOMPLETE;
	cursor_skip(c, what.len);
	return WHOLE;
}

static enum outcome read_version(struct cursor *c, struct slice *ret)
{
	struct slice whole = cursor_rest(c);
	enum outcome o = expect(c, SLICE_LIT("SIP/"));
	struct slice number;

	if (o != WHOLE)
		return o;
	number = take_while(c, is_digit_or_dot);
	*ret = slice_sub(whole, 0, 4 + number.len);
	if (cursor_left(c) == 0)
		return INCOMPLETE;
	return number.len > 0 ? WHOLE : INVALID;
}

static enum outcome read_request_line(struct cursor *c, struct message *m)
{
	enum outcome o;

	m->part[0] = take_while(c, is_letter);
	o = expect(c, SLICE_LIT(" "));
	if (o != WHOLE || m->part[0].len == 0)
		return o != WHOLE ? o : INVALID;
	m->part[1] = take_while(c, is_uri);
	o = expect(c, SLICE_LIT(" "));
	if (o != WHOLE || m->part[1].len == 0)
		return o != WHOLE ? o : INVALID;
	return read_version(c, &m->part[2]);
}

static enum outcome read_response_line(struct cursor *c, struct message *m)
{
	enum outcome o = read_version(c, &m->part[0]);

	if (o == WHOLE)
		o = expect(c, SLICE_LIT(" "));
	if (o != WHOLE)
		return o;
	if (cursor_left(c) < CODE_LEN)
		return INCOMPLETE;
	m->part[1] = cursor_take(c, CODE_LEN);
	if (!text_is_utf8(m->part[1]))
		return INVALID;
	o = expect(c, SLICE_LIT(" "));
	if (o != WHOLE)
		return o;
	m->part[2] = take_while(c, is_reason);
	return cursor_left(c) > 0 ? WHOLE : INCOMPLETE;
}

/* A value and its line end; a line that begins with white space goes on with it. */
static enum outcome read_value(struct cursor *c)
{
	for (;;) {
		struct slice rest = cursor_rest(c);
		size_t n = 0;

		while (n < rest.len && (rest.data[n] == '\t' || rest.data[n] == '\r' ||
					(rest.data[n] >= ' ' && rest.data[n] < 127)))
			n++;
		/* Also for a byte that cannot be in a value: as Suricata. */
		if (n == rest.len || rest.data[n] != '\n')
			return INCOMPLETE;
		cursor_skip(c, n + 1);
		if (cursor_left(c) == 0)
			return INCOMPLETE;
		if (cursor_peek(c) != ' ' && cursor_peek(c) != '\t')
			return n > 0 && rest.data[n - 1] == '\r' ? WHOLE : INVALID;
	}
}

static enum outcome read_headers(struct cursor *c)
{
	for (;;) {
		enum outcome o = expect(c, SLICE_LIT("\r\n"));

		if (o != INVALID)
			return o;
		take_while(c, is_header_name);
		while (cursor_peek(c) == ' ' || cursor_peek(c) == '\t')
			cursor_skip(c, 1);
		o = expect(c, SLICE_LIT(":"));
		if (o == WHOLE)
			o = read_value(c);
		if (o != WHOLE)
			return o;
	}
}

static enum outcome read_message(struct slice data, enum dir dir, struct message *m)
{
	struct cursor c = cursor_of(data);
	enum outcome o = dir == DIR_TS ? read_request_line(&c, m) : read_response_line(&c, m);

	if (o != WHOLE)
		return o;
	m->line = slice_sub(data, 0, cursor_offset(&c));
	o = expect(&c, SLICE_LIT("\r\n"));
	if (o != WHOLE)
		return o;
	m->head_line = slice_sub(data, 0, cursor_offset(&c));
	o = read_headers(&c);
	if (o != WHOLE)
		return o;
	m->body = cursor_rest(&c);
	m->headers = slice_sub(data, m->head_line.len, cursor_offset(&c) - m->head_line.len - 2);
	return WHOLE;
}

/* --- frames --- */

enum { FRAME_PDU, FRAME_LINE, FRAME_HEADERS, FRAME_BODY, FRAMES_OF_RESPONSE = 3 };

static const char *const frames[] = {
	"pdu",		 "request.line",     "request.headers", "request.body",
	"response.line", "response.headers", "response.body",
};

static void announce(struct app_io *io, enum dir dir, const struct message *m)
{
	unsigned shift = dir == DIR_TC ? FRAMES_OF_RESPONSE : 0;

	app_frame(io, FRAME_LINE + shift, m->head_line.data, (int64_t)m->head_line.len);
	app_frame(io, FRAME_HEADERS + shift, m->headers.data, (int64_t)m->headers.len);
	if (m->body.len)
		app_frame(io, FRAME_BODY + shift, m->body.data, (int64_t)m->body.len);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct message m = {0};
	enum outcome o = read_message(input.data, dir, &m);
	struct app_tx *tx = app_tx_last(io);
	struct sip_tx *t;

	app_frame(io, FRAME_PDU, input.data.data, (int64_t)input.data.len);
	if (o == WHOLE)
		announce(io, dir, &m);
	if (o != WHOLE || m.line.len > UINT16_MAX) {
		if (tx)
			app_tx_event(tx, o == INCOMPLETE ? SIP_EVENT_INCOMPLETE_DATA
							 : SIP_EVENT_INVALID_DATA);
		return APP_RESULT_OK(input.data.len);
	}
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return APP_RESULT_BAD;
	t = container_of(tx, struct sip_tx, tx);
	t->response = dir == DIR_TC;
	kept_set(io->slab, &t->line, m.line);
	for (unsigned i = 0; i < ARRAY_SIZE(t->part); i++)
		t->part[i] = (struct sip_part){(uint16_t)(m.part[i].data - m.line.data),
					       (uint16_t)m.part[i].len};
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = SIP_COMPLETE;
	return APP_RESULT_OK(input.data.len);
}

/* --- for rules and records --- */

static bool part(const struct app_tx *tx, bool response, unsigned which, struct slice *ret)
{
	const struct sip_tx *t = container_of(tx, const struct sip_tx, tx);

	*ret = slice_sub(kept_slice(&t->line), t->part[which].at, t->part[which].len);
	return t->line.data && t->response == response;
}

static bool get_method(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return part(tx, false, 0, ret);
}

static bool get_uri(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return part(tx, false, 1, ret);
}

static bool get_protocol(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return dir == DIR_TS ? part(tx, false, 2, ret) : part(tx, true, 0, ret);
}

static bool get_stat_code(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return part(tx, true, 1, ret);
}

static bool get_stat_msg(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return part(tx, true, 2, ret);
}

static bool get_line(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct sip_tx *t = container_of(tx, const struct sip_tx, tx);

	return kept_get(&t->line, ret) && t->response == (dir == DIR_TC);
}

static bool log_tx(const struct app_tx *tx, const void *state, struct record *r)
{
	static const char *const names[2][3] = {{"method", "uri", "version"},
						{"version", "code", "reason"}};
	const struct sip_tx *t = container_of(tx, const struct sip_tx, tx);

	for (unsigned i = 0; i < ARRAY_SIZE(t->part); i++) {
		struct slice s;

		if (part(tx, t->response, i, &s))
			text_log(r, names[t->response][i], s);
	}
	text_log(r, t->response ? "response_line" : "request_line", kept_slice(&t->line));
	return true;
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct message m;

	return read_message(data, dir, &m) == WHOLE ? APP_PROBE_YES : APP_PROBE_NO;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "5060,5061", .dir = DIR_TS, .probe = probe},
};

static const struct app_buffer buffers[] = {
	{.name = "sip.method", .dir = {true, false}, .get = get_method},
	{.name = "sip.uri", .dir = {true, false}, .get = get_uri},
	{.name = "sip.request_line", .dir = {true, false}, .get = get_line},
	{.name = "sip.protocol",
	 .dir = {true, true},
	 .progress = {SIP_COMPLETE, SIP_COMPLETE},
	 .get = get_protocol},
	{.name = "sip.stat_code",
	 .dir = {false, true},
	 .progress = {0, SIP_COMPLETE},
	 .get = get_stat_code},
	{.name = "sip.stat_msg",
	 .dir = {false, true},
	 .progress = {0, SIP_COMPLETE},
	 .get = get_stat_msg},
	{.name = "sip.response_line", .dir = {false, true}, .get = get_line},
};

const struct app_proto sip_proto = {
	.name = "sip",
	.event_prefix = "sip",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {SIP_COMPLETE, SIP_COMPLETE},
	.events = event_names,
	.event_count = SIP_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.eve_type = "sip",
	.eve_key = "sip",
	.log = log_tx,
	.log_sender_first = true,
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
