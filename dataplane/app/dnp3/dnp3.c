#include "dataplane/app/dnp3/dnp3.h"

enum {
	LINK_HEAD = 10,	  /* start, length, control, addresses, CRC */
	LINK_COUNTED = 5, /* of it, in the length */
	BLOCK = 16,
	CRC = 2,
	FIRST = 0x40, /* of a transport head */
	FINAL = 0x80,
	SEQUENCE = 0x3f,
	CONFIRMED_DATA = 3, /* link functions */
	UNCONFIRMED_DATA = 4,
	FROM_MASTER = 0x80,
	BANNER_MAX = 256,
};

static const char *const event_names[] = {
	[DNP3_EVENT_FLOODED] = "flooded",
	[DNP3_EVENT_LEN_TOO_SMALL] = "len_too_small",
	[DNP3_EVENT_BAD_LINK_CRC] = "bad_link_crc",
	[DNP3_EVENT_BAD_TRANSPORT_CRC] = "bad_transport_crc",
	[DNP3_EVENT_MALFORMED] = "malformed",
	[DNP3_EVENT_UNKNOWN_OBJECT] = "unknown_object",
};

struct dnp3_state {
	unsigned open; /* fragments that have begun and are not done */
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct dnp3_tx *t = container_of(tx, struct dnp3_tx, tx);

	if (!t->done)
		((struct dnp3_state *)state)->open--;
	kept_free(io->slab, &t->data);
}

/* CRC-16/DNP. */
static uint16_t crc(struct slice s)
{
	enum { POLYNOMIAL = 0xa6bc };
	uint32_t value = 0;

	for (size_t i = 0; i < s.len; i++) {
		value ^= s.data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ POLYNOMIAL : value >> 1;
	}
	return (uint16_t)~value;
}

/* Takes a block and its CRC. */
static bool block_read(struct cursor *c, size_t len, struct slice *ret)
{
	*ret = cursor_take(c, len);
	return cursor_u16_le(c) == crc(*ret) && !c->bad;
}

static void event(struct app_io *io, unsigned event)
{
	struct app_tx *tx = app_tx_last(io);

	if (tx)
		app_tx_event(tx, event);
}

/* --- fragments --- */

static void objects_check(struct dnp3_tx *t)
{
	struct cursor c = dnp3_objects(t);

	while (cursor_left(&c) > 0) {
		struct dnp3_object o;
		bool has_points;

		if (!dnp3_object_read(&c, &o, &has_points))
			return;
		if (has_points && !dnp3_points_read(&c, &o, NULL, NULL)) {
			app_tx_event(&t->tx, DNP3_EVENT_UNKNOWN_OBJECT);
			return;
		}
	}
	t->complete = true;
}

static void finish(struct dnp3_state *s, struct dnp3_tx *t)
{
	t->done = true;
	s->open--;
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = DNP3_COMPLETE;
}

struct link {
	uint8_t control;
	uint16_t src, dst;
};

static struct dnp3_tx *find(struct app_io *io, enum dir dir, const struct link *l,
			    uint8_t transport)
{
	for (struct app_tx *tx = app_tx_first(io); tx; tx = tx->next) {
		struct dnp3_tx *t = container_of(tx, struct dnp3_tx, tx);

		if (!t->done && t->request == (dir == DIR_TS) && t->src == l->src &&
		    t->dst == l->dst && ((t->transport + 1) & SEQUENCE) == (transport & SEQUENCE))
			return t;
	}
	return NULL;
}

static struct dnp3_tx *begin(struct app_io *io, struct dnp3_state *s, enum dir dir,
			     const struct link *l, struct slice head)
{
	struct cursor c = cursor_of(head);
	uint8_t control = cursor_u8(&c), function = cursor_u8(&c);
	struct app_tx *tx;
	struct dnp3_tx *t;

	if (dir == DIR_TS && function == DNP3_CONFIRM)
		return NULL;
	if (s->open > DNP3_FLOOD)
		return NULL;
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return NULL;
	if (s->open++ == DNP3_FLOOD)
		app_tx_event(tx, DNP3_EVENT_FLOODED);
	tx->only_one_way[dir_other(dir)] = true;
	t = container_of(tx, struct dnp3_tx, tx);
	t->request = dir == DIR_TS;
	t->link_control = l->control;
	t->src = l->src;
	t->dst = l->dst;
	t->control = control;
	t->function = function;
	if (!t->request)
		t->indications = cursor_u16(&c);
	return t;
}

static bool append(struct app_io *io, struct dnp3_tx *t, struct slice bytes)
{
	if (kept_append(io->slab, &t->data, bytes, DNP3_FRAGMENT_MAX))
		return true;
	app_limit_met(io);
	return false;
}

/* A frame's data without its CRCs: a transport segment. */
static void segment(struct app_io *io, struct dnp3_state *s, enum dir dir, const struct link *l,
		    struct slice data)
{
	uint8_t transport = data.data[0];
	struct slice bytes = slice_sub(data, 1, data.len);
	struct dnp3_tx *t =
		transport & FIRST ? begin(io, s, dir, l, bytes) : find(io, dir, l, transport);

	if (!t)
		return;
	t->transport = transport;
	if (!append(io, t, bytes)) {
		app_tx_event(&t->tx, DNP3_EVENT_MALFORMED);
		finish(s, t);
		return;
	}
	if (!(transport & FINAL))
		return;
	objects_check(t);
	finish(s, t);
}

/* --- frames --- */

static bool is_data(uint8_t control)
{
	return (control & 0x0f) == CONFIRMED_DATA || (control & 0x0f) == UNCONFIRMED_DATA;
}

/* False when a CRC is wrong. */
static bool blocks_read(struct cursor c, uint8_t *to, size_t len)
{
	for (size_t at = 0; at < len; at += BLOCK) {
		size_t part = len - at < BLOCK ? len - at : BLOCK;
		struct slice block;

		if (!block_read(&c, part, &block))
			return false;
		memcpy(to + at, block.data, part);
	}
	return true;
}

static void frame(struct app_io *io, struct dnp3_state *s, enum dir dir, const struct link *l,
		  struct cursor blocks, size_t len)
{
	uint8_t data[UINT8_MAX];
	size_t least = 1 + (dir == DIR_TS ? DNP3_REQUEST_HEAD : DNP3_RESPONSE_HEAD);

	if (!is_data(l->control))
		return;
	if (len < least)
		event(io, DNP3_EVENT_LEN_TOO_SMALL);
	else if (!blocks_read(blocks, data, len))
		event(io, DNP3_EVENT_BAD_TRANSPORT_CRC);
	else
		segment(io, s, dir, l, SLICE(data, len));
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct cursor c = cursor_of(input.data);

	while (cursor_left(&c) > 0) {
		struct cursor next = c, head;
		struct slice bytes;
		struct link l;
		size_t len, wire;

		if (cursor_left(&c) < LINK_HEAD)
			return APP_RESULT_MORE(cursor_offset(&c), LINK_HEAD - cursor_left(&c));
		if (cursor_rest(&c).data[0] != 0x05 || cursor_rest(&c).data[1] != 0x64)
			return APP_RESULT_BAD;
		if (!block_read(&next, LINK_HEAD - CRC, &bytes)) {
			event(io, DNP3_EVENT_BAD_LINK_CRC);
			return APP_RESULT_BAD;
		}
		head = cursor_of(bytes);
		cursor_skip(&head, 2);
		len = cursor_u8(&head);
		l.control = cursor_u8(&head);
		l.dst = cursor_u16_le(&head);
		l.src = cursor_u16_le(&head);
		if (len < LINK_COUNTED) {
			event(io, DNP3_EVENT_LEN_TOO_SMALL);
			return APP_RESULT_BAD;
		}
		len -= LINK_COUNTED;
		wire = len + (len + BLOCK - 1) / BLOCK * CRC;
		if (cursor_left(&next) < wire)
			return APP_RESULT_MORE(cursor_offset(&c), wire - cursor_left(&next));
		frame(io, state, dir, &l, next, len);
		cursor_skip(&next, wire);
		c = next;
	}
	return APP_RESULT_OK(input.data.len);
}

/* --- identification --- */

/* Printable, with "DNP3" somewhere: some outstations greet. */
static bool is_banner(struct slice data)
{
	bool found = false;

	for (size_t i = 0; i < data.len && i < BANNER_MAX; i++) {
		if (data.data[i] < 0x20 || data.data[i] > 0x7e)
			return false;
		if (data.len - i >= 4 && memcmp(data.data + i, "DNP3", 4) == 0)
			found = true;
	}
	return found;
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	if (is_banner(data))
		return dir == DIR_TS ? APP_PROBE_REVERSED : APP_PROBE_YES;
	if (data.len < LINK_HEAD)
		return APP_PROBE_MORE;
	if (data.data[0] != 0x05 || data.data[1] != 0x64 || data.data[2] < LINK_COUNTED)
		return APP_PROBE_NO;
	if (((data.data[3] & FROM_MASTER) != 0) != (dir == DIR_TS))
		return APP_PROBE_REVERSED;
	return APP_PROBE_YES;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "20000", .min_len = 1, .probe = probe},
};

static bool data_get(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct dnp3_tx *t = container_of(tx, const struct dnp3_tx, tx);

	return t->request == (dir == DIR_TS) && kept_get(&t->data, ret);
}

static const struct app_buffer buffers[] = {
	{.name = "dnp3.data",
	 .dir = {true, true},
	 .progress = {DNP3_COMPLETE, DNP3_COMPLETE},
	 .get = data_get},
};

const struct app_proto dnp3_proto = {
	.name = "dnp3",
	.event_prefix = "dnp3",
	.transport = APP_TCP,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct dnp3_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {DNP3_COMPLETE, DNP3_COMPLETE},
	.unidirectional = true,
	.events = event_names,
	.event_count = DNP3_EVENTS,
	.events_in_capitals = true,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = dnp3_keywords,
	.keyword_count = DNP3_KEYWORDS,
	.eve_type = "dnp3",
	.eve_key = "dnp3",
	.log = dnp3_log,
	.log_alert = dnp3_log_alert,
};
