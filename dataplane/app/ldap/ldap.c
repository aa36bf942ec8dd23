#include "dataplane/app/ldap/ldap.h"

#include "dataplane/app/ldap/message.h"
#include "dataplane/app/text/ber.h"

#define START_TLS "1.3.6.1.4.1.1466.20037"

enum { SASL_LENGTH = 4, SASL_UNIT_MAX = 1 << 24, SASL_CREDENTIALS = 0xa3 };

struct call {
	struct app_io *io;
	struct ldap_state *s;
	enum dir dir;
};

enum step { STEP_ON, STEP_MORE, STEP_BAD };

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct ldap_tx *t = container_of(tx, struct ldap_tx, tx);

	kept_free(io->slab, &t->request);
	kept_free(io->slab, &t->result);
	text_list_free(io->slab, &t->found);
}

/* --- transactions --- */

static struct ldap_tx *tx_new(struct call *c, const struct ldap_message *m)
{
	struct app_tx *tx = app_tx_new(c->io, sizeof(struct ldap_tx));
	struct ldap_tx *t;

	if (!tx)
		return NULL;
	t = container_of(tx, struct ldap_tx, tx);
	t->message_id = m->id;
	t->op = m->op;
	return t;
}

static struct ldap_tx *tx_find(struct call *c, uint64_t id)
{
	struct app_tx *tx = app_tx_find(c->io, id);

	return tx ? container_of(tx, struct ldap_tx, tx) : NULL;
}

static void complete(struct ldap_tx *t)
{
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
}

static void pending_remove(struct ldap_state *s, unsigned i)
{
	s->npending--;
	memmove(&s->pending[i], &s->pending[i + 1], (s->npending - i) * sizeof(s->pending[0]));
}

static void pending_add(struct call *c, struct ldap_tx *t)
{
	struct ldap_state *s = c->s;

	if (s->npending == LDAP_PENDING) {
		struct ldap_tx *oldest = tx_find(c, s->pending[0].tx);

		app_limit_met(c->io);
		app_tx_event(&t->tx, LDAP_EVENT_TOO_MANY_PENDING);
		if (oldest)
			complete(oldest);
		pending_remove(s, 0);
	}
	s->pending[s->npending++] = (struct ldap_pending){t->message_id, t->tx.id};
}

/* Index of the request with that id; npending when there is none. */
static unsigned pending_find(const struct ldap_state *s, uint32_t message_id)
{
	unsigned i = 0;

	while (i < s->npending && s->pending[i].message_id != message_id)
		i++;
	return i;
}

/* --- requests --- */

/* An abandoned request gets no result (RFC 4511 4.11). */
static void abandon(struct call *c, const struct ldap_message *m)
{
	struct cursor body = cursor_of(m->body);
	uint32_t id = 0;
	struct ldap_tx *t;
	unsigned i;

	if (cursor_left(&body) > 4)
		return;
	while (cursor_left(&body) > 0)
		id = id << 8 | cursor_u8(&body);
	i = pending_find(c->s, id);
	t = i < c->s->npending ? tx_find(c, c->s->pending[i].tx) : NULL;
	if (!t)
		return;
	complete(t);
	pending_remove(c->s, i);
}

/* The bind's authentication choice is SASL, or Microsoft's forerunner of it. */
static bool may_wrap(const struct ldap_message *m)
{
	struct cursor c = cursor_of(m->body), name;
	struct ber auth;
	int64_t version;

	return ber_integer(&c, &version) && ber_take(&c, BER_OCTET_STRING, &name) &&
	       ber_next(&c, &auth) != BER_BAD && ber_class(auth) == BER_CONTEXT &&
	       ber_tag(auth) != 0;
}

static enum step request(struct call *c, const struct ldap_message *m, struct slice bytes)
{
	struct ldap_tx *t = tx_new(c, m);

	if (!t)
		return STEP_BAD;
	kept_set(c->io->slab, &t->request, slice_sub(bytes, 0, LDAP_KEPT_REQUEST));
	if (m->op == LDAP_UNBIND || m->op == LDAP_ABANDON) {
		if (m->op == LDAP_ABANDON)
			abandon(c, m);
		complete(t);
		return STEP_ON;
	}
	t->starts_tls = slice_eq(ldap_extended_oid(m), SLICE_LIT(START_TLS));
	t->sasl = m->op == LDAP_BIND && may_wrap(m);
	t->tx.progress[DIR_TS] = 1;
	pending_add(c, t);
	return STEP_ON;
}

/* --- responses --- */

static void found(struct call *c, struct ldap_tx *t, const struct ldap_message *m)
{
	struct cursor body = cursor_of(m->body), name;

	t->entries++;
	if (ber_take(&body, BER_OCTET_STRING, &name))
		text_list_add(c->io->slab, &t->found,
			      slice_sub(cursor_rest(&name), 0, LDAP_TEXT_MAX), LDAP_FOUND_BYTES);
}

static void result(struct call *c, struct ldap_tx *t, const struct ldap_message *m,
		   struct slice bytes)
{
	uint32_t code;

	kept_set(c->io->slab, &t->result, slice_sub(bytes, 0, LDAP_KEPT_RESULT));
	complete(t);
	if (!ldap_result_code(m, &code) || code != LDAP_SUCCESS)
		return;
	if (t->starts_tls)
		c->s->tunnel = true;
	if (t->sasl)
		c->s->sasl = true;
}

static enum step response(struct call *c, const struct ldap_message *m, struct slice bytes)
{
	unsigned i = pending_find(c->s, m->id);
	struct ldap_tx *t = i < c->s->npending ? tx_find(c, c->s->pending[i].tx) : NULL;

	if (!t && !ldap_is_result(m->op))
		return STEP_ON; /* its request was not seen */
	if (!t) {
		t = tx_new(c, m);
		if (!t)
			return STEP_BAD;
		if (m->id != 0) /* 0: the server speaks unasked (RFC 4511 4.4) */
			app_tx_event(&t->tx, LDAP_EVENT_REQUEST_NOT_FOUND);
		result(c, t, m, bytes);
		return STEP_ON;
	}
	if (m->op == LDAP_SEARCH_ENTRY)
		found(c, t, m);
	else if (m->op == LDAP_SEARCH_REFERENCE)
		t->references++;
	else if (m->op == LDAP_INTERMEDIATE)
		t->intermediates++;
	if (ldap_is_result(m->op)) {
		result(c, t, m, bytes);
		pending_remove(c->s, i);
	}
	return STEP_ON;
}

/* --- the stream --- */

static void malformed(struct call *c)
{
	struct app_tx *tx = app_tx_last(c->io);

	if (tx)
		app_tx_event(tx, LDAP_EVENT_MALFORMED_DATA);
}

static enum step message(struct call *c, struct slice bytes)
{
	struct ldap_message m;

	if (!ldap_message_read(bytes, &m)) {
		malformed(c);
		return STEP_BAD;
	}
	if (c->dir == DIR_TS && ldap_is_request(m.op))
		return request(c, &m, bytes);
	if (c->dir == DIR_TC && ldap_is_response(m.op))
		return response(c, &m, bytes);
	malformed(c);
	return STEP_BAD;
}

/* Takes a unit of `size` bytes, or its first LDAP_MESSAGE_MAX. False: more has to come. */
static bool take_unit(struct call *c, struct cursor *in, uint64_t size, struct slice *ret)
{
	size_t n = size < LDAP_MESSAGE_MAX ? (size_t)size : LDAP_MESSAGE_MAX;

	if (cursor_left(in) < n)
		return false;
	*ret = cursor_take(in, n);
	c->s->side[c->dir].passing = size - n;
	return true;
}

/* In a security layer: a length, then as much. */
static enum step wrapped(struct call *c, struct cursor *in)
{
	struct cursor head = *in;
	uint32_t size = cursor_u32(&head);
	struct slice unit, inner;

	if (head.bad)
		return STEP_MORE;
	if (size > SASL_UNIT_MAX) {
		c->s->tunnel = true;
		return STEP_ON;
	}
	if (!take_unit(c, in, SASL_LENGTH + (uint64_t)size, &unit))
		return STEP_MORE;
	inner = ldap_unwrap(slice_sub(unit, SASL_LENGTH, unit.len));
	/* What is inside is whole messages; the first one tells enough of most. */
	while (inner.len > 0) {
		uint64_t len;

		if (ldap_frame_of(inner, &len) != LDAP_WHOLE || message(c, inner) == STEP_BAD)
			return STEP_ON;
		inner = slice_sub(inner, len < inner.len ? (size_t)len : inner.len, inner.len);
	}
	return STEP_ON;
}

static enum step next(struct call *c, struct cursor *in)
{
	struct slice unit;
	uint64_t size;

	if (c->s->sasl && cursor_peek(in) != BER_SEQUENCE)
		return wrapped(c, in);
	switch (ldap_frame_of(cursor_rest(in), &size)) {
	case LDAP_SHORT:
		return STEP_MORE;
	case LDAP_BAD:
		malformed(c);
		return STEP_BAD;
	case LDAP_WHOLE:
		break;
	}
	return take_unit(c, in, size, &unit) ? message(c, unit) : STEP_MORE;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct ldap_state *s = state;
	struct call c = {io, s, dir};
	struct units *side = &s->side[dir];
	struct cursor in = cursor_of(input.data);
	enum step step = STEP_ON;

	if (side->lost && !ldap_looks_like(input.data, dir == DIR_TS))
		return APP_RESULT_OK(input.data.len);
	side->lost = false;
	while (step == STEP_ON && cursor_left(&in) > 0 && !s->tunnel) {
		if (side->passing)
			units_pass(side, &in);
		else
			step = next(&c, &in);
	}
	if (step == STEP_BAD)
		return APP_RESULT_BAD;
	return APP_RESULT_OK(s->tunnel ? input.data.len : cursor_offset(&in));
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct ldap_state *s = state;
	struct units *side = &s->side[dir];

	units_gap(side, len);
	return true;
}

static bool unnamed(struct slice client, struct slice server)
{
	return ldap_looks_like(client, true) && (server.len == 0 || ldap_looks_like(server, false));
}

static const char *const events[] = {
	[LDAP_EVENT_MALFORMED_DATA] = "malformed_data",
	[LDAP_EVENT_REQUEST_NOT_FOUND] = "request_not_found",
	[LDAP_EVENT_TOO_MANY_PENDING] = "too_many_pending",
};

const struct app_proto ldap_proto = {
	.name = "ldap",
	.event_prefix = "ldap",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.unnamed = unnamed,
	.state_size = sizeof(struct ldap_state),
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.events = events,
	.event_count = ARRAY_SIZE(events),
	.eve_type = "ldap",
	.eve_key = "ldap",
	.own_type = true,
	.log = ldap_log,
};
