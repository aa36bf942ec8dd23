#include "dataplane/app/mqtt/mqtt.h"

enum { FRAME_PDU, FRAME_HEADER, FRAME_DATA };

static const char *const frames[] = {"pdu", "header", "data"};

static const char *const event_names[MQTT_EVENTS] = {
	[MQTT_EVENT_MISSING_CONNECT] = "missing_connect",
	[MQTT_EVENT_MISSING_PUBLISH] = "missing_publish",
	[MQTT_EVENT_MISSING_SUBSCRIBE] = "missing_subscribe",
	[MQTT_EVENT_MISSING_UNSUBSCRIBE] = "missing_unsubscribe",
	[MQTT_EVENT_DOUBLE_CONNECT] = "double_connect",
	[MQTT_EVENT_UNINTRODUCED_MESSAGE] = "unintroduced_message",
	[MQTT_EVENT_INVALID_QOS_LEVEL] = "invalid_qos_level",
	[MQTT_EVENT_MISSING_MSG_ID] = "missing_msg_id",
	[MQTT_EVENT_UNASSIGNED_MSG_TYPE] = "unassigned_msg_type",
	[MQTT_EVENT_TOO_MANY_TRANSACTIONS] = "too_many_transactions",
	[MQTT_EVENT_MALFORMED_TRAFFIC] = "malformed_traffic",
};

/* --- state and transactions --- */

static void state_end(struct app_io *io, void *state)
{
	struct mqtt_state *s = state;

	kept_free(io->slab, &s->held[DIR_TS]);
	kept_free(io->slab, &s->held[DIR_TC]);
}

static void message_free(struct app_io *io, struct mqtt_message *m)
{
	slab_free(io->slab, m, sizeof(*m) + m->body_len);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct mqtt_tx *t = container_of(tx, struct mqtt_tx, tx);
	struct mqtt_state *s = state;

	while (t->first) {
		struct mqtt_message *m = t->first;

		t->first = m->next;
		message_free(io, m);
	}
	s->live--;
}

static void tx_complete(struct mqtt_tx *t)
{
	t->id = MQTT_ID_NONE;
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
}

/* So many wait for an answer that the oldest one's is not waited for any more. */
static void give_up_oldest(struct app_io *io)
{
	for (struct app_tx *tx = app_tx_first(io); tx; tx = tx->next) {
		struct mqtt_tx *t = container_of(tx, struct mqtt_tx, tx);

		if (tx->progress[DIR_TS] && tx->progress[DIR_TC])
			continue;
		app_tx_event(tx, MQTT_EVENT_TOO_MANY_TRANSACTIONS);
		tx_complete(t);
		return;
	}
}

static struct mqtt_tx *tx_new(struct app_io *io, struct mqtt_state *s, enum dir dir)
{
	struct app_tx *tx;
	struct mqtt_tx *t;

	if (s->live >= MQTT_WAITING)
		give_up_oldest(io);
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return NULL;
	s->live++;
	t = container_of(tx, struct mqtt_tx, tx);
	t->state = s;
	t->id = MQTT_ID_NONE;
	tx->progress[dir_other(dir)] = 1;
	tx->only_one_way[dir_other(dir)] = true;
	return t;
}

static void tx_add(struct mqtt_tx *t, struct mqtt_message *m)
{
	if (t->last)
		t->last->next = m;
	else
		t->first = m;
	t->last = m;
	t->messages++;
}

/* The transaction that waits for an answer with that id. */
static struct mqtt_tx *tx_waiting(struct app_io *io, int32_t id)
{
	for (struct app_tx *tx = app_tx_first(io); tx; tx = tx->next) {
		struct mqtt_tx *t = container_of(tx, struct mqtt_tx, tx);

		if (t->id == id && t->messages < MQTT_TX_MESSAGES)
			return t;
	}
	return NULL;
}

/* --- messages --- */

struct call {
	struct app_io *io;
	struct mqtt_state *s;
	enum dir dir;
};

static bool alone(struct call *c, struct mqtt_message *m, int event)
{
	struct mqtt_tx *t = tx_new(c->io, c->s, c->dir);

	if (!t) {
		message_free(c->io, m);
		return false;
	}
	tx_add(t, m);
	tx_complete(t);
	if (event >= 0)
		app_tx_event(&t->tx, (unsigned)event);
	if (!c->s->connected && m->type != MQTT_CONNACK && m->type != MQTT_UNASSIGNED &&
	    !m->truncated)
		app_tx_event(&t->tx, MQTT_EVENT_UNINTRODUCED_MESSAGE);
	return true;
}

static bool connect(struct call *c, struct mqtt_message *m)
{
	struct mqtt_tx *t = tx_new(c->io, c->s, c->dir);
	struct mqtt_connect connect;

	if (!t) {
		message_free(c->io, m);
		return false;
	}
	tx_add(t, m);
	if (mqtt_read_connect(mqtt_body_of(m), &connect))
		c->s->version = connect.version;
	t->id = MQTT_ID_CONNECT;
	if (c->s->connected)
		app_tx_event(&t->tx, MQTT_EVENT_DOUBLE_CONNECT);
	return true;
}

/* PUBLISH, SUBSCRIBE, UNSUBSCRIBE: above quality of service 0 an answer is waited for. */
static bool request(struct call *c, struct mqtt_message *m)
{
	struct mqtt_tx *t = tx_new(c->io, c->s, c->dir);
	struct mqtt_body b;

	if (!t) {
		message_free(c->io, m);
		return false;
	}
	tx_add(t, m);
	mqtt_read_body(m, &b);
	if (m->qos == 0)
		tx_complete(t);
	else if (m->qos > 2)
		app_tx_event(&t->tx, MQTT_EVENT_INVALID_QOS_LEVEL);
	else if (b.has_id)
		t->id = b.id;
	else
		app_tx_event(&t->tx, MQTT_EVENT_MISSING_MSG_ID);
	if (!c->s->connected)
		app_tx_event(&t->tx, MQTT_EVENT_UNINTRODUCED_MESSAGE);
	return true;
}

/* `last`: nothing more is waited for after it. */
static bool answer(struct call *c, struct mqtt_message *m, bool last, enum mqtt_event missing)
{
	struct mqtt_tx *t;
	struct mqtt_body b;

	mqtt_read_body(m, &b);
	t = tx_waiting(c->io, m->type == MQTT_CONNACK ? MQTT_ID_CONNECT : b.id);
	if (!t)
		return alone(c, m, missing);
	tx_add(t, m);
	if (m->type == MQTT_CONNACK)
		c->s->connected = true;
	if (last)
		tx_complete(t);
	return true;
}

static bool handle(struct call *c, struct mqtt_message *m)
{
	if (m->truncated)
		return alone(c, m, -1);
	switch ((enum mqtt_type)m->type) {
	case MQTT_CONNECT:
		return connect(c, m);
	case MQTT_CONNACK:
		return answer(c, m, true, MQTT_EVENT_MISSING_CONNECT);
	case MQTT_PUBLISH:
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return request(c, m);
	case MQTT_PUBREC:
	case MQTT_PUBREL:
		return answer(c, m, false, MQTT_EVENT_MISSING_PUBLISH);
	case MQTT_PUBACK:
	case MQTT_PUBCOMP:
		return answer(c, m, true, MQTT_EVENT_MISSING_PUBLISH);
	case MQTT_SUBACK:
		return answer(c, m, true, MQTT_EVENT_MISSING_SUBSCRIBE);
	case MQTT_UNSUBACK:
		return answer(c, m, true, MQTT_EVENT_MISSING_UNSUBSCRIBE);
	case MQTT_UNASSIGNED:
		return alone(c, m, MQTT_EVENT_UNASSIGNED_MSG_TYPE);
	default:
		return alone(c, m, -1);
	}
}

/* --- from bytes to messages --- */

struct head {
	uint8_t first;
	uint32_t length; /* of what follows */
	size_t size;	 /* of the head itself */
};

static struct mqtt_message *message_new(struct call *c, const struct head *h, struct slice body)
{
	struct mqtt_message *m = slab_alloc(c->io->slab, sizeof(*m) + body.len);

	if (!m)
		return NULL;
	*m = (struct mqtt_message){
		.body_len = (uint32_t)body.len,
		.length = h->length,
		.type = h->first >> 4,
		.version = c->s->version,
		.qos = h->first >> 1 & 3,
		.dup = h->first & 8,
		.retain = h->first & 1,
		.truncated = body.len < h->length,
	};
	if (body.len)
		memcpy(m->body, body.data, body.len);
	return m;
}

/* A message of its own says that the traffic is none; parsing ends. */
static enum app_status malformed(struct call *c)
{
	struct mqtt_tx *t = tx_new(c->io, c->s, c->dir);

	if (t) {
		app_tx_event(&t->tx, MQTT_EVENT_MALFORMED_TRAFFIC);
		tx_complete(t);
	}
	return APP_BAD;
}

static enum app_status message(struct call *c, const struct head *h, struct slice body)
{
	struct mqtt_message *m = message_new(c, h, body);

	if (!m)
		return APP_BAD;
	if (!mqtt_valid(m)) {
		message_free(c->io, m);
		return malformed(c);
	}
	return handle(c, m) ? APP_OK : APP_BAD;
}

/* `at`: its first byte. */
static void announce(struct call *c, const struct head *h, const uint8_t *at)
{
	app_frame(c->io, FRAME_PDU, at, (int64_t)h->size + h->length);
	app_frame(c->io, FRAME_HEADER, at, (int64_t)h->size);
	app_frame(c->io, FRAME_DATA, at + h->size, h->length);
}

/* The rest of a long message; true when it is whole. */
static enum app_status held_more(struct call *c, struct cursor *in)
{
	struct mqtt_state *s = c->s;
	struct kept *k = &s->held[c->dir];
	size_t want = s->held_len[c->dir] - k->len;
	struct slice part = cursor_take(in, want < cursor_left(in) ? want : cursor_left(in));
	struct head h = {.first = s->held_first[c->dir], .length = s->held_len[c->dir]};
	enum app_status status;

	if (!kept_append(c->io->slab, k, part, MQTT_MESSAGE_MAX))
		return APP_BAD;
	if (k->len < s->held_len[c->dir])
		return APP_OK;
	s->held_len[c->dir] = 0;
	status = message(c, &h, kept_slice(k));
	kept_free(c->io->slab, k);
	return status;
}

enum step { STEP_ON, STEP_WAIT, STEP_END };

static enum step head_read(struct cursor *in, struct head *h, bool *bad)
{
	struct cursor c = *in;

	h->first = cursor_u8(&c);
	if (!mqtt_varint(&c, &h->length, bad))
		return STEP_WAIT;
	h->size = cursor_left(in) - cursor_left(&c);
	return STEP_ON;
}

/* The message that begins at the cursor. STEP_WAIT: it is not whole. */
static enum step next(struct call *c, struct cursor *in, enum app_status *status, uint32_t *need)
{
	const uint8_t *at = cursor_rest(in).data;
	struct head h;
	bool bad;

	*need = 1;
	if (head_read(in, &h, &bad) == STEP_WAIT) {
		*status = bad ? malformed(c) : APP_OK;
		return bad ? STEP_END : STEP_WAIT;
	}
	if (h.length > MQTT_MESSAGE_MAX) {
		c->s->skip[c->dir] = h.size + h.length;
		*status = message(c, &h, SLICE(NULL, 0));
		return STEP_ON;
	}
	if (h.length > cursor_left(in) - h.size && h.size + h.length < LIMIT_APP_BUFFERED) {
		*need = (uint32_t)(h.length - (cursor_left(in) - h.size));
		return STEP_WAIT;
	}
	announce(c, &h, at);
	cursor_skip(in, h.size);
	if (h.length > cursor_left(in)) {
		c->s->held_len[c->dir] = h.length;
		c->s->held_first[c->dir] = h.first;
		return STEP_ON;
	}
	*status = message(c, &h, cursor_take(in, h.length));
	return STEP_ON;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct call c = {io, state, dir};
	struct cursor in = cursor_of(input.data);
	enum app_status status = APP_OK;
	enum step step = STEP_ON;
	uint32_t need = 0;

	while (step == STEP_ON && status == APP_OK && cursor_left(&in) > 0) {
		uint64_t *skip = &c.s->skip[dir];

		if (*skip) {
			size_t n = *skip < cursor_left(&in) ? (size_t)*skip : cursor_left(&in);

			cursor_skip(&in, n);
			*skip -= n;
		} else if (c.s->held_len[dir]) {
			status = held_more(&c, &in);
		} else if (c.s->live >= MQTT_TRANSACTIONS &&
			   cursor_left(&in) < LIMIT_APP_BUFFERED && !input.eof) {
			return APP_RESULT_OK(cursor_offset(&in));
		} else {
			step = next(&c, &in, &status, &need);
		}
	}
	if (status != APP_OK)
		return APP_RESULT_BAD;
	if (step == STEP_WAIT)
		return APP_RESULT_MORE(cursor_offset(&in), need);
	return APP_RESULT_OK(cursor_offset(&in));
}

/* --- identification --- */

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct head h;
	bool bad;

	if (data.len == 0 || head_read(&c, &h, &bad) == STEP_WAIT)
		return data.len == 0 || !bad ? APP_PROBE_MORE : APP_PROBE_NO;
	if (h.first >> 4 == MQTT_UNASSIGNED || (h.first >> 1 & 3) == 3)
		return APP_PROBE_NO;
	return APP_PROBE_YES;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "1883", .dir = DIR_TS, .probe = probe, .max_len = 16},
};

const struct app_proto mqtt_proto = {
	.name = "mqtt",
	.event_prefix = "mqtt",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct mqtt_state),
	.state_end = state_end,
	.parse = parse,
	.tx_free = tx_free,
	.complete = {1, 1},
	.events = event_names,
	.event_count = MQTT_EVENTS,
	.buffers = mqtt_buffers,
	.buffer_count = MQTT_BUFFERS,
	.keywords = mqtt_keywords,
	.keyword_count = MQTT_KEYWORDS,
	.eve_type = "mqtt",
	.eve_key = "mqtt",
	.log = mqtt_log,
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
