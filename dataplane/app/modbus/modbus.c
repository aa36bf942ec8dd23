#include "dataplane/app/modbus/modbus.h"

enum { HEAD = 6, LENGTH_MIN = 2 };

static const char *const event_names[] = {
	[MODBUS_EVENT_UNSOLICITED_RESPONSE] = "unsolicited_response",
	[MODBUS_EVENT_INVALID_FUNCTION_CODE] = "invalid_function_code",
	[MODBUS_EVENT_INVALID_LENGTH] = "invalid_length",
	[MODBUS_EVENT_INVALID_VALUE] = "invalid_value",
	[MODBUS_EVENT_INVALID_EXCEPTION_CODE] = "invalid_exception_code",
	[MODBUS_EVENT_VALUE_MISMATCH] = "value_mismatch",
	[MODBUS_EVENT_FLOODED] = "flooded",
	[MODBUS_EVENT_INVALID_PROTOCOL_ID] = "invalid_protocol_id",
};

struct modbus_state {
	unsigned live; /* transactions */
	bool given_up; /* too many: until some end */
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct modbus_tx *t = container_of(tx, struct modbus_tx, tx);
	struct modbus_state *s = state;

	kept_free(io->slab, &t->message[DIR_TS].bytes);
	kept_free(io->slab, &t->message[DIR_TC].bytes);
	if (--s->live < MODBUS_FLOOD)
		s->given_up = false;
}

/* The oldest transaction whose other side matches and is alone. At most MODBUS_FLOOD are open. */
static struct modbus_tx *find(struct app_io *io, enum dir dir, struct modbus_message *m,
			      const struct modbus_data *d)
{
	for (struct app_tx *tx = app_tx_first(io); tx; tx = tx->next) {
		struct modbus_tx *t = container_of(tx, struct modbus_tx, tx);

		if (t->message[dir_other(dir)].is_there && !t->message[dir].is_there &&
		    modbus_matches(m, dir, d, &t->message[dir_other(dir)]))
			return t;
	}
	return NULL;
}

static struct modbus_tx *transaction(struct app_io *io, struct modbus_state *s)
{
	struct app_tx *tx = s->given_up ? NULL : app_tx_new(io, sizeof(struct modbus_tx));

	if (!tx)
		return NULL;
	if (s->live++ >= MODBUS_FLOOD) {
		app_tx_event(tx, MODBUS_EVENT_FLOODED);
		s->given_up = true;
	}
	return container_of(tx, struct modbus_tx, tx);
}

static void events(struct app_tx *tx, enum dir dir, const struct modbus_message *m)
{
	static const struct {
		uint8_t error, event;
	} table[] = {
		{MODBUS_BAD_FUNCTION, MODBUS_EVENT_INVALID_FUNCTION_CODE},
		{MODBUS_BAD_VALUE, MODBUS_EVENT_INVALID_VALUE},
		{MODBUS_BAD_LENGTH, MODBUS_EVENT_INVALID_LENGTH},
		{MODBUS_BAD_EXCEPTION, MODBUS_EVENT_INVALID_EXCEPTION_CODE},
		{MODBUS_BAD_PROTOCOL, MODBUS_EVENT_INVALID_PROTOCOL_ID},
	};

	if (dir == DIR_TC && m->access & (MODBUS_READ | MODBUS_WRITE) &&
	    m->errors & (MODBUS_BAD_LENGTH | MODBUS_BAD_VALUE)) {
		app_tx_event(tx, MODBUS_EVENT_VALUE_MISMATCH);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		if (m->errors & table[i].error)
			app_tx_event(tx, table[i].event);
	}
}

/* False when no more are looked at for now. */
static bool message(struct app_io *io, struct modbus_state *s, enum dir dir,
		    struct modbus_message *m, const struct modbus_data *d, struct slice bytes)
{
	struct modbus_tx *t = find(io, dir, m, d);
	bool alone = !t;

	if (!t)
		t = transaction(io, s);
	if (!t)
		return false;
	events(&t->tx, dir, m);
	m->is_there = true;
	t->message[dir] = *m;
	kept_set(io->slab, &t->message[dir].bytes, bytes);
	if (dir == DIR_TC) {
		if (alone)
			app_tx_event(&t->tx, MODBUS_EVENT_UNSOLICITED_RESPONSE);
		t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = MODBUS_COMPLETE;
	}
	return true;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct cursor c = cursor_of(input.data);

	while (cursor_left(&c) > 0) {
		struct modbus_message m = {0};
		struct modbus_data d;
		struct cursor head = c;
		struct slice bytes;
		uint16_t len;

		m.id = cursor_u16(&head);
		m.protocol = cursor_u16(&head);
		len = cursor_u16(&head);
		if (head.bad)
			return APP_RESULT_MORE(cursor_offset(&c), HEAD - cursor_left(&c));
		if (len < LENGTH_MIN)
			return APP_RESULT_BAD;
		if (len > cursor_left(&head))
			return APP_RESULT_MORE(cursor_offset(&c), len - cursor_left(&head));
		m.unit = cursor_u8(&head);
		m.function = cursor_u8(&head);
		m.errors = m.protocol != 0 ? MODBUS_BAD_PROTOCOL : 0;
		bytes = cursor_take(&head, len - 2u);
		if (!modbus_read(&m, dir, bytes, &d))
			return APP_RESULT_BAD;
		if (!message(io, state, dir, &m, &d, bytes))
			return APP_RESULT_OK(input.data.len);
		c = head;
	}
	return APP_RESULT_OK(input.data.len);
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct modbus_message m = {0};
	uint16_t protocol, len;

	cursor_u16(&c);
	protocol = cursor_u16(&c);
	len = cursor_u16(&c);
	if (c.bad)
		return APP_PROBE_MORE;
	if (protocol != 0 || len < LENGTH_MIN)
		return APP_PROBE_NO;
	if (len > cursor_left(&c))
		return APP_PROBE_MORE;
	cursor_u8(&c);
	m.function = cursor_u8(&c);
	if (m.function == MODBUS_DIAGNOSTIC)
		cursor_u16(&c);
	else if (m.function == MODBUS_MEI || m.function & MODBUS_EXCEPTION)
		cursor_u8(&c);
	return c.bad ? APP_PROBE_NO : APP_PROBE_YES;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "502", .min_len = 1, .probe = probe},
};

static const struct app_keyword keywords[] = {
	{"modbus", {true, false}, {0, 0}, modbus_compile, modbus_match},
};

const struct app_proto modbus_proto = {
	.name = "modbus",
	.event_prefix = "modbus",
	.transport = APP_TCP,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct modbus_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {MODBUS_COMPLETE, MODBUS_COMPLETE},
	.events = event_names,
	.event_count = MODBUS_EVENTS,
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "modbus",
	.eve_key = "modbus",
	.log = modbus_log,
};
