#include "dataplane/app/enip/enip.h"

enum { HEAD = 24, REGISTRATION = 4, INTERFACES_MIN = 224 };

enum command {
	NOP = 0x00,
	LIST_SERVICES = 0x04,
	LIST_IDENTITY = 0x63,
	LIST_INTERFACES = 0x64,
	REGISTER_SESSION = 0x65,
	UNREGISTER_SESSION = 0x66,
	SEND_RR_DATA = 0x6f,
	SEND_UNIT_DATA = 0x70,
	INDICATE_STATUS = 0x72,
	CANCEL = 0x73,
};

enum item {
	CONNECTED_DATA = 0xb1, /* a sequence number, then CIP */
	UNCONNECTED_DATA = 0xb2,
};

struct enip_state {
	bool lost[2]; /* behind a gap: where a message begins is not known */
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	kept_free(io->slab, &container_of(tx, struct enip_tx, tx)->cip);
}

/* An address item and a data item (the common packet format). */
static void items_read(struct app_io *io, struct enip_tx *t, struct cursor c)
{
	uint16_t type, len;
	struct slice item;

	cursor_skip(&c, 4 + 2 + 2); /* interface, timeout, number of items */
	cursor_u16_le(&c);
	cursor_skip(&c, cursor_u16_le(&c));
	type = cursor_u16_le(&c);
	len = cursor_u16_le(&c);
	if (c.bad || len == 0 || (type != CONNECTED_DATA && type != UNCONNECTED_DATA))
		return;
	if (type == CONNECTED_DATA)
		cursor_u16_le(&c);
	item = cursor_rest(&c);
	if (!c.bad && kept_set(io->slab, &t->cip, item))
		cip_read(t, kept_slice(&t->cip));
}

static bool message(struct app_io *io, enum dir dir, uint16_t command, struct cursor body)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct enip_tx));
	struct enip_tx *t;

	if (!tx)
		return false;
	t = container_of(tx, struct enip_tx, tx);
	t->command = command;
	if (command == SEND_RR_DATA || command == SEND_UNIT_DATA)
		items_read(io, t, body);
	tx->only_one_way[dir_other(dir)] = true;
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = ENIP_COMPLETE;
	return true;
}

static bool status_known(uint32_t status)
{
	return status <= 3 || status == 0x64 || status == 0x65 || status == 0x69 || status == 0x6a;
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	uint16_t command = cursor_u16_le(&c), len = cursor_u16_le(&c);
	uint32_t status, options;

	cursor_skip(&c, 4); /* session */
	status = cursor_u32_le(&c);
	cursor_skip(&c, 8); /* the sender's context */
	options = cursor_u32_le(&c);
	if (c.bad)
		return APP_PROBE_MORE;
	if (!status_known(status))
		return APP_PROBE_NO;
	switch (command) {
	case NOP:
		return options == 0 ? APP_PROBE_YES : APP_PROBE_NO;
	case REGISTER_SESSION:
		return len == REGISTRATION ? APP_PROBE_YES : APP_PROBE_NO;
	case UNREGISTER_SESSION:
		return len == REGISTRATION || len == 0 ? APP_PROBE_YES : APP_PROBE_NO;
	case LIST_INTERFACES:
		/* Suricata takes the command's number for the number of interfaces. */
		if (len < INTERFACES_MIN)
			return APP_PROBE_NO;
		return data.len < HEAD + 2 ? APP_PROBE_MORE : APP_PROBE_YES;
	case LIST_SERVICES:
	case LIST_IDENTITY:
	case SEND_RR_DATA:
	case SEND_UNIT_DATA:
	case INDICATE_STATUS:
	case CANCEL:
		return APP_PROBE_YES;
	default:
		return APP_PROBE_NO;
	}
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	bool datagram = io->tuple->ip_proto == IP_PROTO_UDP;
	struct enip_state *s = state;
	struct cursor c = cursor_of(input.data);

	if (s->lost[dir] && probe(io->tuple, dir, input.data) != APP_PROBE_YES)
		return APP_RESULT_OK(input.data.len);
	s->lost[dir] = false;
	while (cursor_left(&c) > 0) {
		struct cursor next = c;
		uint16_t command = cursor_u16_le(&next);
		uint16_t len = cursor_u16_le(&next);

		cursor_skip(&next, HEAD - 4);
		if (next.bad)
			return APP_RESULT_MORE(cursor_offset(&c), HEAD - cursor_left(&c));
		if (len > cursor_left(&next)) {
			if (!datagram)
				return APP_RESULT_MORE(cursor_offset(&c), len - cursor_left(&next));
			len = (uint16_t)cursor_left(&next);
		}
		if (!message(io, dir, command, cursor_of(cursor_take(&next, len))))
			return APP_RESULT_BAD;
		c = next;
	}
	return APP_RESULT_OK(input.data.len);
}

/* Messages mostly begin with a segment: the next that does is where it goes on. */
static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct enip_state *s = state;

	s->lost[dir] = true;
	return true;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP | APP_UDP,
	 .ports = "44818",
	 .dir = DIR_TS,
	 .min_len = HEAD,
	 .probe = probe},
	{.transport = APP_TCP | APP_UDP,
	 .ports = "44818",
	 .dir = DIR_TC,
	 .min_len = HEAD,
	 .probe = probe},
};

static const struct app_keyword keywords[] = {
	{"enip_command", {true, true}, {0, 0}, enip_command_compile, enip_command_match},
	{"cip_service", {true, true}, {0, 0}, cip_service_compile, cip_service_match},
};

const struct app_proto enip_proto = {
	.name = "enip",
	.event_prefix = "enip",
	.transport = APP_TCP | APP_UDP,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct enip_state),
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {ENIP_COMPLETE, ENIP_COMPLETE},
	.unidirectional = true,
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
};
