#include "dataplane/app/telnet/telnet.h"

enum { FRAME_PDU, FRAME_CTL, FRAME_DATA };

static const char *const frames[] = {"pdu", "ctl", "data"};

enum { /* RFC 854, RFC 855 */
       IAC = 255,
       WILL = 251,
       DONT = 254,
       SB = 250,
       SE = 240,
};

/* Bytes of the subnegotiation at the front of `s`, up to IAC SE; 0: it is not whole. */
static size_t suboption(struct slice s, uint32_t *scanned)
{
	size_t at = *scanned > 2 ? *scanned : 2;

	for (; at + 1 < s.len; at++) {
		if (s.data[at] == IAC && s.data[at + 1] == SE)
			return at + 2;
	}
	*scanned = (uint32_t)at;
	return 0;
}

static size_t command(struct slice s, uint32_t *scanned)
{
	size_t len;

	if (s.len < 2)
		return 0;
	if (s.data[1] == SB)
		return suboption(s, scanned);
	len = s.data[1] >= WILL && s.data[1] <= DONT ? 3 : 2;
	return s.len < len ? 0 : len;
}

/* A line, or what stands before a command: prompts end with no line. */
static size_t text(struct slice s, uint32_t *scanned)
{
	size_t at = *scanned;

	for (; at < s.len; at++) {
		if (s.data[at] == '\n')
			return at + 1;
		if (s.data[at] == IAC && at > 0)
			return at;
	}
	*scanned = (uint32_t)at;
	return 0;
}

static void announce(struct app_io *io, struct telnet_side *side, const uint8_t *at)
{
	if (side->open)
		return;
	side->open = true;
	side->scanned = 0;
	side->pdu = app_frame(io, FRAME_PDU, at, -1);
	side->part = app_frame(io, *at == IAC ? FRAME_CTL : FRAME_DATA, at, -1);
}

static void close_frames(struct app_io *io, struct telnet_side *side, const uint8_t *end)
{
	app_frame_end(io, side->pdu, end);
	app_frame_end(io, side->part, end);
	*side = (struct telnet_side){0};
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct telnet_side *side = &((struct telnet_state *)state)->side[dir];
	struct cursor c = cursor_of(input.data);

	while (cursor_left(&c) > 0) {
		struct slice rest = cursor_rest(&c);
		size_t len;

		announce(io, side, rest.data);
		len = rest.data[0] == IAC ? command(rest, &side->scanned)
					  : text(rest, &side->scanned);
		/* Something without an end is cut rather than kept for ever. */
		if (len == 0 && rest.len >= LIMIT_APP_BUFFERED / 2)
			len = rest.len;
		if (len == 0)
			break;
		cursor_skip(&c, len);
		close_frames(io, side, rest.data + len);
	}
	if (input.eof && side->open)
		close_frames(io, side, input.data.len ? input.data.data + input.data.len : NULL);
	return APP_RESULT_OK(cursor_offset(&c));
}

/* What was being read may have ended in the gap. */
static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct telnet_side *side = &((struct telnet_state *)state)->side[dir];

	if (side->open)
		close_frames(io, side, NULL);
	return true;
}

/* Whatever speaks on that port, as in Suricata. */
static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return data.len >= 2 ? APP_PROBE_YES : APP_PROBE_MORE;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "23", .dir = DIR_TS, .probe = probe},
};

const struct app_proto telnet_proto = {
	.name = "telnet",
	.event_prefix = "telnet",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct telnet_state),
	.parse = parse,
	.gap = gap,
	.complete = {1, 1},
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
