#include "dataplane/app/pgsql/pgsql.h"

#include "dataplane/app/pgsql/message.h"
#include "dataplane/app/pgsql/probe.h"

enum {
	LENGTH = 4,
	HEAD = 5, /* type and length */
	MESSAGE_LEN_MAX = 1 << 30,
	ROW_HEAD = 2,	 /* of DataRow: columns */
	COLUMN_HEAD = 4, /* of each */
};

enum { AUTH_OK = 0, AUTH_SASL = 10, AUTH_SASL_CONTINUE = 11, AUTH_SASL_FINAL = 12 };

struct call {
	struct app_io *io;
	struct pgsql_state *s;
	enum dir dir;
};

enum step { STEP_ON, STEP_MORE, STEP_BAD };

/* A message, or as much of it as is read. */
struct message {
	uint8_t type;
	uint32_t len; /* of its whole body */
	struct slice body;
};

static void state_begin(struct app_io *io, void *state)
{
	struct pgsql_state *s = state;

	s->started = s->ready = io->midstream;
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct pgsql_tx *t = container_of(tx, struct pgsql_tx, tx);

	kept_free(io->slab, &t->request);
	kept_free(io->slab, &t->error);
	text_list_free(io->slab, &t->parameters);
	text_list_free(io->slab, &t->completed);
}

/* --- transactions --- */

/* The transaction that waits longest for its answer. */
static struct pgsql_tx *waiting(struct call *c)
{
	struct app_tx *tx = units_waiting(c->io, &c->s->next);

	return tx ? container_of(tx, struct pgsql_tx, tx) : NULL;
}

static void complete(struct call *c, struct pgsql_tx *t)
{
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
	if (c->dir == DIR_TC)
		app_raw_trigger(c->io, DIR_TC);
}

static struct pgsql_tx *tx_new(struct call *c, enum pgsql_kind kind, struct slice request)
{
	struct app_tx *tx = app_tx_new(c->io, sizeof(struct pgsql_tx));
	struct pgsql_tx *t;

	if (!tx)
		return NULL;
	t = waiting(c);
	if (t && tx->id - t->tx.id >= PGSQL_WAITING_MAX) {
		app_limit_met(c->io);
		complete(c, t);
	}
	t = container_of(tx, struct pgsql_tx, tx);
	t->kind = (uint8_t)kind;
	tx->progress[DIR_TS] = kind != PGSQL_EXTENDED;
	if (request.len)
		kept_set(c->io->slab, &t->request, slice_sub(request, 0, PGSQL_KEPT_MAX));
	app_raw_trigger(c->io, DIR_TS);
	return t;
}

/* The newest one while it is open for further messages of the client. */
static struct pgsql_tx *batch(struct call *c)
{
	struct app_tx *tx = app_tx_last(c->io);
	struct pgsql_tx *t = tx ? container_of(tx, struct pgsql_tx, tx) : NULL;

	return t && t->kind == PGSQL_EXTENDED && !tx->progress[DIR_TS] ? t : NULL;
}

/* --- the client --- */

static enum step first_message(struct call *c, struct slice body)
{
	struct pgsql_startup startup;
	struct pgsql_tx *t;

	if (!pgsql_startup_read(body, &startup))
		return STEP_BAD;
	t = tx_new(c, startup.kind, body);
	if (!t)
		return STEP_BAD;
	c->s->asked = startup.kind == PGSQL_SSL || startup.kind == PGSQL_GSS;
	c->s->started = !c->s->asked;
	if (startup.kind == PGSQL_CANCEL)
		complete(c, t);
	return STEP_ON;
}

static bool password(struct call *c, const struct message *m)
{
	struct pgsql_state *s = c->s;
	struct slice none = SLICE(NULL, 0);
	struct pgsql_tx *t = tx_new(c, PGSQL_PASSWORD, s->in_sasl ? m->body : none);

	if (!t)
		return false;
	t->sasl = s->in_sasl;
	t->sasl_first = s->in_sasl && !s->sasl_began;
	s->sasl_began = s->in_sasl;
	return true;
}

/* Parse, Bind, Execute ... up to Sync are one transaction, known by the first statement. */
static bool extended(struct call *c, const struct message *m)
{
	struct pgsql_tx *t = batch(c);
	struct cursor body = cursor_of(m->body);
	struct slice name, statement = SLICE(NULL, 0);

	if (m->type == 'P' && pgsql_text(&body, &name))
		statement = cursor_rest(&body);
	if (!t)
		t = tx_new(c, PGSQL_EXTENDED, statement);
	else if (!t->request.data && statement.len)
		kept_set(c->io->slab, &t->request, slice_sub(statement, 0, PGSQL_KEPT_MAX));
	if (t && m->type == 'S')
		t->tx.progress[DIR_TS] = 1;
	return t != NULL;
}

static enum step client_message(struct call *c, const struct message *m)
{
	struct pgsql_tx *t;
	bool ok = true;

	switch (m->type) {
	case 'Q':
		ok = tx_new(c, PGSQL_QUERY, m->body);
		break;
	case 'p':
		ok = password(c, m);
		break;
	case 'F':
		ok = tx_new(c, PGSQL_FUNCTION, SLICE(NULL, 0));
		break;
	case 'P':
	case 'B':
	case 'D':
	case 'E':
	case 'C':
	case 'H':
	case 'S':
		ok = extended(c, m);
		break;
	case 'X':
		t = tx_new(c, PGSQL_TERMINATE, SLICE(NULL, 0));
		ok = t;
		if (t)
			complete(c, t);
		break;
	default: /* data of a copy */
		break;
	}
	return ok ? STEP_ON : STEP_BAD;
}

/* --- the server --- */

static void authentication(struct call *c, struct pgsql_tx *t, struct slice body)
{
	struct cursor in = cursor_of(body);
	uint32_t type = cursor_u32(&in);

	if (in.bad)
		return;
	if (type == AUTH_SASL)
		c->s->sasl_began = false;
	c->s->in_sasl = type == AUTH_SASL || type == AUTH_SASL_CONTINUE;
	if (!t)
		return;
	t->has_auth = true;
	t->auth = type;
	/* The client's next message is a transaction of its own. */
	if (type != AUTH_OK && type != AUTH_SASL_FINAL)
		complete(c, t);
}

static void keep_text(struct call *c, struct text_list *l, struct cursor *in)
{
	struct slice text;

	if (pgsql_text(in, &text))
		text_list_add(c->io->slab, l, slice_sub(text, 0, PGSQL_TEXT_MAX), PGSQL_LIST_MAX);
}

static void parameter(struct call *c, struct pgsql_tx *t, struct slice body)
{
	struct cursor in = cursor_of(body);
	uint32_t before = t->parameters.count;

	if (before % 2 == 1) /* a value did not fit: the list has ended */
		return;
	keep_text(c, &t->parameters, &in);
	if (t->parameters.count > before)
		keep_text(c, &t->parameters, &in);
}

static void row(struct pgsql_tx *t, const struct message *m)
{
	struct cursor in = cursor_of(m->body);
	uint64_t heads = ROW_HEAD + (uint64_t)COLUMN_HEAD * cursor_u16(&in);

	t->rows++;
	t->row_bytes += m->len > heads ? m->len - heads : 0;
}

static void ready(struct call *c, struct pgsql_tx *t)
{
	c->s->ready = true;
	if (t)
		complete(c, t);
}

static void error(struct call *c, struct pgsql_tx *t, const struct message *m)
{
	if (m->type == 'E' || !t->error.data)
		kept_set(c->io->slab, &t->error, slice_sub(m->body, 0, PGSQL_ERROR_MAX));
	/* Before the session an error is its end. */
	if (m->type == 'E' && !c->s->ready)
		complete(c, t);
}

static void server_key(struct pgsql_tx *t, struct slice body)
{
	struct cursor in = cursor_of(body);

	t->pid = cursor_u32(&in);
	t->has_pid = !in.bad;
}

static void answer(struct call *c, struct pgsql_tx *t, const struct message *m)
{
	struct cursor in = cursor_of(m->body);

	switch (m->type) {
	case 'S':
		parameter(c, t, m->body);
		break;
	case 'K':
		server_key(t, m->body);
		break;
	case 'T':
		t->fields = cursor_u16(&in);
		t->has_fields = !in.bad;
		break;
	case 'D':
		row(t, m);
		break;
	case 'C':
		keep_text(c, &t->completed, &in);
		break;
	case 'E':
	case 'N':
		error(c, t, m);
		break;
	default:
		break;
	}
}

static enum step server_message(struct call *c, const struct message *m)
{
	struct pgsql_tx *t = waiting(c);

	if (!t && m->type == 'E' && !c->s->ready) {
		t = tx_new(c, PGSQL_UNASKED, SLICE(NULL, 0));
		if (!t)
			return STEP_BAD;
	}
	if (m->type == 'R')
		authentication(c, t, m->body);
	else if (m->type == 'Z')
		ready(c, t);
	else if (t)
		answer(c, t, m);
	return STEP_ON;
}

/* One byte answers the wish for encryption; an old server sends an error instead. */
static enum step encryption(struct call *c, struct cursor *in)
{
	struct pgsql_tx *t = waiting(c);
	int answer = cursor_peek(in);

	c->s->asked = false;
	if (answer == 'E' || !t)
		return STEP_ON;
	cursor_skip(in, 1);
	t->answer = answer == 'N' ? PGSQL_REJECTED : PGSQL_ACCEPTED;
	complete(c, t);
	if (answer == 'N')
		return STEP_ON;
	if (answer != (t->kind == PGSQL_SSL ? 'S' : 'G'))
		return STEP_BAD;
	/* Where the flow has no name it gets none by what is inside. */
	if (c->io->unnamed || t->kind == PGSQL_GSS || !app_change_proto(c->io, "tls"))
		c->s->tunnel = true;
	return STEP_ON;
}

/* --- the stream --- */

/* The next message, or its first PGSQL_MESSAGE_MAX bytes. */
static enum step take(struct call *c, struct cursor *in, size_t head, struct message *ret)
{
	struct cursor ahead = *in;
	size_t n;

	ret->type = head == HEAD ? cursor_u8(&ahead) : 0;
	ret->len = cursor_u32(&ahead);
	if (ahead.bad)
		return STEP_MORE;
	if (ret->len < LENGTH || ret->len > MESSAGE_LEN_MAX)
		return STEP_BAD;
	ret->len -= LENGTH;
	if (head == LENGTH && ret->len > PGSQL_STARTUP_MAX)
		return STEP_BAD;
	n = head == LENGTH || ret->len < PGSQL_MESSAGE_MAX ? ret->len : PGSQL_MESSAGE_MAX;
	if (cursor_left(&ahead) < n)
		return STEP_MORE;
	ret->body = cursor_take(&ahead, n);
	c->s->side[c->dir].passing = ret->len - n;
	*in = ahead;
	return STEP_ON;
}

static enum step client_step(struct call *c, struct cursor *in)
{
	size_t head = c->s->started ? HEAD : LENGTH;
	struct message m;
	enum step step;

	if (c->s->asked)
		return STEP_MORE; /* what comes now depends on the answer */
	if (c->s->started && !pgsql_is_frontend_type((uint8_t)cursor_peek(in)))
		return STEP_BAD;
	step = take(c, in, head, &m);
	if (step != STEP_ON)
		return step;
	return head == HEAD ? client_message(c, &m) : first_message(c, m.body);
}

static enum step server_step(struct call *c, struct cursor *in)
{
	struct message m;
	enum step step;

	if (c->s->asked)
		return encryption(c, in);
	if (!pgsql_is_backend_type((uint8_t)cursor_peek(in)))
		return STEP_BAD;
	step = take(c, in, HEAD, &m);
	return step == STEP_ON ? server_message(c, &m) : step;
}

/* Behind a gap: a message begins here. */
static bool found_again(enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_u32(&c);

	return !c.bad && len >= LENGTH && len <= PGSQL_MESSAGE_MAX &&
	       (dir == DIR_TS ? pgsql_is_frontend_type(type) : pgsql_is_backend_type(type));
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct pgsql_state *s = state;
	struct call c = {io, s, dir};
	struct units *side = &s->side[dir];
	struct cursor in = cursor_of(input.data);
	enum step step = STEP_ON;

	if (side->lost && !found_again(dir, input.data))
		return APP_RESULT_OK(input.data.len);
	side->lost = false;
	while (step == STEP_ON && cursor_left(&in) > 0 && !s->tunnel) {
		if (side->passing)
			units_pass(side, &in);
		else
			step = dir == DIR_TS ? client_step(&c, &in) : server_step(&c, &in);
	}
	if (step == STEP_BAD)
		return APP_RESULT_BAD;
	return APP_RESULT_OK(s->tunnel ? input.data.len : cursor_offset(&in));
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct pgsql_state *s = state;
	struct units *side = &s->side[dir];

	units_gap(side, len);
	s->started |= side->lost;
	s->asked &= !side->lost;
	return true;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "5432", .dir = DIR_TS, .probe = pgsql_probe, .max_len = 16},
};

const struct app_proto pgsql_proto = {
	.name = "pgsql",
	.event_prefix = "pgsql",
	.transport = APP_TCP,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.unnamed = pgsql_begins,
	.unnamed_when_off = true,
	.state_size = sizeof(struct pgsql_state),
	.state_begin = state_begin,
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.whole_stream = true,
	.eve_type = "pgsql",
	.eve_key = "pgsql",
	.log = pgsql_log,
};
