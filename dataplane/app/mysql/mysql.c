#include "dataplane/app/mysql/mysql.h"

#include "dataplane/app/mysql/packet.h"
#include "dataplane/app/mysql/result.h"
#include "dataplane/app/text/sql.h"

enum {
	HEAD = 4,
	LONGEST = 0xffffff, /* of a packet: it goes on in the next one */
	AUTH_SWITCH = 0xfe,
	ATTRIBUTES = 32,
};

struct call {
	struct app_io *io;
	struct mysql_state *s;
	enum dir dir;
};

enum step { STEP_ON, STEP_MORE, STEP_BAD };

static void state_begin(struct app_io *io, void *state)
{
	struct mysql_state *s = state;

	if (io->midstream)
		s->phase = MYSQL_SESSION;
}

static void state_end(struct app_io *io, void *state)
{
	struct mysql_state *s = state;

	kept_free(io->slab, &s->version);
	kept_free(io->slab, &s->plugin);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct mysql_tx *t = container_of(tx, struct mysql_tx, tx);

	kept_free(io->slab, &t->text);
	kept_free(io->slab, &t->user);
	kept_free(io->slab, &t->database);
	kept_free(io->slab, &t->plugin);
	kept_free(io->slab, &t->version);
	kept_free(io->slab, &t->message);
	text_list_free(io->slab, &t->attributes);
}

/* --- transactions --- */

/* The transaction that waits longest for its result. */
static struct mysql_tx *waiting(struct call *c)
{
	struct app_tx *tx = units_waiting(c->io, &c->s->next);

	return tx ? container_of(tx, struct mysql_tx, tx) : NULL;
}

static void complete(struct call *c, struct mysql_tx *t)
{
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
	c->s->expect = MYSQL_FIRST;
}

static struct mysql_tx *tx_new(struct call *c, uint8_t command)
{
	struct app_tx *tx = app_tx_new(c->io, sizeof(struct mysql_tx));
	struct mysql_tx *t;

	if (!tx)
		return NULL;
	t = waiting(c);
	if (t && tx->id - t->tx.id >= MYSQL_WAITING_MAX) {
		app_limit_met(c->io);
		complete(c, t);
	}
	t = container_of(tx, struct mysql_tx, tx);
	t->command = command;
	tx->progress[DIR_TS] = 1;
	return t;
}

static void malformed(struct call *c)
{
	struct app_tx *tx = app_tx_last(c->io);

	if (tx)
		app_tx_event(tx, MYSQL_EVENT_MALFORMED_DATA);
}

/* --- log-in --- */

static enum step greeting(struct call *c, const struct mysql_packet *p)
{
	struct mysql_state *s = c->s;
	struct mysql_greeting g;
	struct mysql_tx *t;

	if (mysql_greeting_read(p->body, &g)) {
		s->server_caps = g.caps;
		s->thread = g.thread;
		mysql_keep(c->io, &s->version, g.version);
		mysql_keep(c->io, &s->plugin, g.plugin);
		s->phase = MYSQL_RESPONSE;
		return STEP_ON;
	}
	/* "Host is not allowed to connect", before anything else. */
	t = tx_new(c, MYSQL_LOGIN);
	if (!t || !mysql_outcome(c->io, t, p))
		return STEP_BAD;
	complete(c, t);
	return STEP_ON;
}

static void attributes(struct call *c, struct mysql_tx *t, struct slice list)
{
	struct cursor in = cursor_of(list);

	for (unsigned i = 0; i < ATTRIBUTES && cursor_left(&in) > 0; i++) {
		struct slice name = mysql_string(&in), value = mysql_string(&in);

		if (in.bad ||
		    !text_list_add(c->io->slab, &t->attributes, name, MYSQL_ATTRIBUTES_MAX))
			return;
		if (!text_list_add(c->io->slab, &t->attributes, value, MYSQL_ATTRIBUTES_MAX))
			return;
	}
}

static void keep_login(struct call *c, struct mysql_tx *t, const struct mysql_login *l)
{
	mysql_keep(c->io, &t->user, l->user);
	mysql_keep(c->io, &t->database, l->database);
	mysql_keep(c->io, &t->plugin, l->plugin.len ? l->plugin : kept_slice(&c->s->plugin));
	attributes(c, t, l->attributes);
}

static enum step login(struct call *c, const struct mysql_packet *p)
{
	struct mysql_state *s = c->s;
	struct mysql_login l;
	struct mysql_tx *t;

	if (!mysql_login_read(p->body, &l))
		return STEP_BAD;
	t = tx_new(c, MYSQL_LOGIN);
	if (!t)
		return STEP_BAD;
	s->caps = l.caps & s->server_caps;
	t->has_thread = true;
	t->thread = s->thread;
	mysql_keep(c->io, &t->version, kept_slice(&s->version));
	t->tls = l.only_tls;
	t->compressed = s->caps & (MYSQL_CAN_COMPRESS | MYSQL_CAN_ZSTD);
	s->phase = MYSQL_AUTH;
	if (l.only_tls) {
		complete(c, t);
		s->tunnel = true;
		return STEP_ON;
	}
	keep_login(c, t, &l);
	return STEP_ON;
}

/* Until OK or an error: requests for another proof, and more of it. */
static enum step auth(struct call *c, const struct mysql_packet *p)
{
	struct mysql_tx *t = waiting(c);
	struct cursor body = cursor_of(p->body);
	struct slice plugin;

	if (!t)
		return STEP_ON;
	if (cursor_u8(&body) == AUTH_SWITCH && mysql_text(&body, &plugin)) {
		mysql_keep(c->io, &t->plugin, plugin);
		return STEP_ON;
	}
	if (!mysql_outcome(c->io, t, p))
		return STEP_ON;
	complete(c, t);
	c->s->phase = MYSQL_SESSION;
	if (t->compressed && t->status == MYSQL_OK)
		c->s->tunnel = true;
	return STEP_ON;
}

/* --- commands --- */

static bool has_result(uint8_t command)
{
	return command != MYSQL_QUIT && command != MYSQL_STMT_LONG_DATA &&
	       command != MYSQL_STMT_CLOSE;
}

static void change_user(struct call *c, struct mysql_tx *t, struct slice body)
{
	struct mysql_login l;

	c->s->phase = MYSQL_AUTH;
	if (mysql_change_user_read(body, c->s->caps, &l))
		keep_login(c, t, &l);
}

static void keep_argument(struct call *c, struct mysql_tx *t, struct slice body)
{
	struct cursor in = cursor_of(body);

	switch (t->command) {
	case MYSQL_QUERY:
	case MYSQL_STMT_PREPARE:
		if (body.len)
			kept_set(c->io->slab, &t->text, slice_sub(body, 0, SQL_MAX));
		break;
	case MYSQL_INIT_DB:
		mysql_keep(c->io, &t->database, body);
		break;
	case MYSQL_STMT_EXECUTE:
	case MYSQL_STMT_FETCH:
	case MYSQL_STMT_CLOSE:
	case MYSQL_STMT_LONG_DATA:
		t->statement_id = cursor_u32_le(&in);
		t->has_statement_id = !in.bad;
		break;
	case MYSQL_CHANGE_USER:
		change_user(c, t, body);
		break;
	case MYSQL_BINLOG_DUMP:
	case MYSQL_BINLOG_DUMP_GTID:
		c->s->phase = MYSQL_REPLICATE;
		break;
	default:
		break;
	}
}

/* Results of commands before a gap in them are not waited for. */
static void find_again(struct call *c, const struct mysql_tx *newest)
{
	struct mysql_tx *t;

	while ((t = waiting(c)) && t != newest)
		complete(c, t);
}

static enum step command(struct call *c, const struct mysql_packet *p)
{
	struct cursor in = cursor_of(p->body);
	uint8_t number = cursor_u8(&in);
	struct mysql_tx *t;

	if (p->number != 0 || in.bad)
		return STEP_ON; /* a file for LOAD DATA */
	t = tx_new(c, number);
	if (!t)
		return STEP_BAD;
	if (c->s->side[DIR_TC].units.lost)
		find_again(c, t);
	keep_argument(c, t, cursor_rest(&in));
	if (!has_result(number))
		t->tx.progress[DIR_TC] = 1;
	app_raw_trigger(c->io, DIR_TS);
	return STEP_ON;
}

static enum step result(struct call *c, const struct mysql_packet *p)
{
	struct mysql_tx *t = waiting(c);

	if (t && mysql_result(c->io, c->s, t, p)) {
		complete(c, t);
		app_raw_trigger(c->io, DIR_TC);
	}
	return STEP_ON;
}

/* --- the stream --- */

static enum step client_packet(struct call *c, const struct mysql_packet *p)
{
	switch (c->s->phase) {
	case MYSQL_GREETING:
		return STEP_BAD; /* the server has to speak first */
	case MYSQL_RESPONSE:
		return login(c, p);
	case MYSQL_AUTH:
		return STEP_ON; /* a proof */
	default:
		return command(c, p);
	}
}

static enum step server_packet(struct call *c, const struct mysql_packet *p)
{
	switch (c->s->phase) {
	case MYSQL_GREETING:
		return greeting(c, p);
	case MYSQL_RESPONSE:
		return STEP_BAD;
	case MYSQL_AUTH:
		return auth(c, p);
	default:
		return result(c, p);
	}
}

/* The next packet, or its first MYSQL_PACKET_MAX bytes. */
static enum step next(struct call *c, struct cursor *in)
{
	struct mysql_side *side = &c->s->side[c->dir];
	struct cursor ahead = *in;
	struct mysql_packet p = {.len = mysql_u24(&ahead), .number = cursor_u8(&ahead)};
	uint32_t n = p.len < MYSQL_PACKET_MAX ? p.len : MYSQL_PACKET_MAX;
	bool more = side->goes_on;

	if (ahead.bad || cursor_left(&ahead) < n)
		return STEP_MORE;
	p.body = cursor_take(&ahead, n);
	*in = ahead;
	side->units.passing = p.len - n;
	side->goes_on = p.len == LONGEST;
	if (more)
		return STEP_ON;
	return c->dir == DIR_TS ? client_packet(c, &p) : server_packet(c, &p);
}

/* Behind a gap: a command by itself, or the first packet of the result of one that came since. */
static bool found_again(struct call *c, struct slice data)
{
	struct cursor in = cursor_of(data);
	uint32_t len = mysql_u24(&in);
	uint8_t number = cursor_u8(&in), first = cursor_u8(&in);

	if (in.bad || len == 0 || len == LONGEST)
		return false;
	if (c->dir == DIR_TS)
		return number == 0 && first < MYSQL_COMMANDS && data.len == HEAD + len;
	return number == 1 && waiting(c);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct mysql_state *s = state;
	struct call c = {io, s, dir};
	struct units *side = &s->side[dir].units;
	struct cursor in = cursor_of(input.data);
	enum step step = STEP_ON;

	if (side->lost && !found_again(&c, input.data))
		return APP_RESULT_OK(input.data.len);
	side->lost = false;
	while (step == STEP_ON && cursor_left(&in) > 0 && !s->tunnel) {
		if (side->passing)
			units_pass(side, &in);
		else
			step = next(&c, &in);
	}
	if (step == STEP_BAD) {
		malformed(&c);
		return APP_RESULT_BAD;
	}
	return APP_RESULT_OK(s->tunnel ? input.data.len : cursor_offset(&in));
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct mysql_state *s = state;
	struct mysql_side *side = &s->side[dir];

	units_gap(&side->units, len);
	if (side->units.lost) {
		side->goes_on = false;
		s->phase = MYSQL_SESSION;
		s->expect = MYSQL_FIRST;
	}
	return true;
}

static const char *const events[] = {[MYSQL_EVENT_MALFORMED_DATA] = "malformed_data"};

const struct app_proto mysql_proto = {
	.name = "mysql",
	.event_prefix = "mysql",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.unnamed = mysql_begins,
	.state_size = sizeof(struct mysql_state),
	.state_begin = state_begin,
	.state_end = state_end,
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.events = events,
	.event_count = ARRAY_SIZE(events),
	.eve_type = "mysql",
	.eve_key = "mysql",
	.own_type = true,
	.log = mysql_log,
};
