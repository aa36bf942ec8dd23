#include "dataplane/app/mysql/result.h"

#include "dataplane/app/mysql/packet.h"

enum {
	OK = 0x00,
	LOCAL_FILE = 0xfb,
	END = 0xfe,
	ERROR = 0xff,
	END_LEN = 9,	    /* an EOF packet is shorter; a row may begin alike */
	ROW_MAX = 0xffffff, /* a row that begins alike is longer */
	MORE_RESULTS = 8,   /* status */
};

void mysql_keep(struct app_io *io, struct kept *k, struct slice s)
{
	if (s.len)
		kept_set(io->slab, k, slice_sub(s, 0, MYSQL_TEXT_MAX));
}

static int first_byte(const struct mysql_packet *p)
{
	return p->body.len ? p->body.data[0] : -1;
}

static void failed(struct app_io *io, struct mysql_tx *t, const struct mysql_packet *p)
{
	struct mysql_error e;

	t->status = MYSQL_ERROR;
	if (!mysql_error_read(p->body, &e))
		return;
	t->error_code = e.code;
	if (e.state.len == sizeof(t->sql_state))
		memcpy(t->sql_state, e.state.data, e.state.len);
	mysql_keep(io, &t->message, e.message);
}

/* Status flags of an OK packet. */
static uint16_t succeeded(struct mysql_tx *t, const struct mysql_packet *p)
{
	struct mysql_done d;

	if (t->status != MYSQL_ERROR)
		t->status = MYSQL_OK;
	if (!mysql_done_read(p->body, &d))
		return 0;
	t->affected += d.affected;
	if (d.insert_id)
		t->insert_id = d.insert_id;
	t->warnings += d.warnings;
	return d.status;
}

/* Status flags of an EOF packet, or of the OK that stands in its place. */
static uint16_t ended(const struct mysql_state *s, struct mysql_tx *t, const struct mysql_packet *p)
{
	struct cursor c = cursor_of(p->body);
	uint16_t warnings, status;

	if (s->caps & MYSQL_CAN_LEAVE_EOF)
		return succeeded(t, p);
	if (t->status != MYSQL_ERROR)
		t->status = MYSQL_OK;
	cursor_skip(&c, 1);
	warnings = cursor_u16_le(&c);
	status = cursor_u16_le(&c);
	if (c.bad)
		return 0;
	t->warnings += warnings;
	return status;
}

bool mysql_outcome(struct app_io *io, struct mysql_tx *t, const struct mysql_packet *p)
{
	if (first_byte(p) == ERROR)
		failed(io, t, p);
	else if (first_byte(p) == OK)
		succeeded(t, p);
	else
		return false;
	return true;
}

/* One result of a command is over; by its status another one may follow. */
static bool over(struct mysql_state *s, struct mysql_tx *t, uint16_t status)
{
	s->expect = MYSQL_FIRST;
	t->results++;
	return !(status & MORE_RESULTS);
}

static bool is_end(const struct mysql_state *s, const struct mysql_packet *p)
{
	return first_byte(p) == END &&
	       p->len < (s->caps & MYSQL_CAN_LEAVE_EOF ? (uint32_t)ROW_MAX : END_LEN);
}

/* A prepared statement: its number, then definitions that say nothing to us. */
static bool prepared(struct mysql_state *s, struct mysql_tx *t, const struct mysql_packet *p)
{
	struct cursor c = cursor_of(p->body);
	uint64_t columns, parameters, ends;

	cursor_skip(&c, 1);
	t->statement_id = cursor_u32_le(&c);
	columns = cursor_u16_le(&c);
	parameters = cursor_u16_le(&c);
	t->status = MYSQL_OK;
	t->has_statement_id = !c.bad;
	if (c.bad)
		return true;
	ends = s->caps & MYSQL_CAN_LEAVE_EOF ? 0 : (columns > 0) + (parameters > 0);
	s->left = columns + parameters + ends;
	s->expect = MYSQL_PREPARED;
	return s->left == 0;
}

/* How many columns; MariaDB may leave their definitions out, and says so behind the number. */
static bool columns(struct mysql_state *s, struct mysql_tx *t, const struct mysql_packet *p)
{
	struct cursor c = cursor_of(p->body);

	t->columns = mysql_number(&c);
	if (c.bad) {
		app_tx_event(&t->tx, MYSQL_EVENT_MALFORMED_DATA);
		return true;
	}
	t->has_columns = true;
	s->left = cursor_peek(&c) == 0 ? 0 : t->columns;
	if (s->left)
		s->expect = MYSQL_DEFINITIONS;
	else
		s->expect = s->caps & MYSQL_CAN_LEAVE_EOF ? MYSQL_ROWS : MYSQL_DEFINITIONS_END;
	return false;
}

/* The first packet of a result. */
static bool first(struct app_io *io, struct mysql_state *s, struct mysql_tx *t,
		  const struct mysql_packet *p)
{
	if (first_byte(p) == ERROR) {
		failed(io, t, p);
		return true;
	}
	switch (t->command) {
	case MYSQL_QUERY:
	case MYSQL_STMT_EXECUTE:
		if (first_byte(p) == OK)
			return over(s, t, succeeded(t, p));
		/* The client sends a file; then comes the outcome. */
		return first_byte(p) != LOCAL_FILE && columns(s, t, p);
	case MYSQL_STMT_PREPARE:
		return prepared(s, t, p);
	case MYSQL_FIELD_LIST:
	case MYSQL_STMT_FETCH:
		s->expect = MYSQL_ROWS;
		return mysql_result(io, s, t, p);
	default:
		t->status = MYSQL_OK;
		if (first_byte(p) == OK)
			succeeded(t, p);
		return true;
	}
}

bool mysql_result(struct app_io *io, struct mysql_state *s, struct mysql_tx *t,
		  const struct mysql_packet *p)
{
	if (s->expect != MYSQL_FIRST && s->expect != MYSQL_PREPARED && first_byte(p) == ERROR) {
		failed(io, t, p);
		return true;
	}
	switch (s->expect) {
	case MYSQL_DEFINITIONS:
		if (--s->left == 0)
			s->expect =
				s->caps & MYSQL_CAN_LEAVE_EOF ? MYSQL_ROWS : MYSQL_DEFINITIONS_END;
		return false;
	case MYSQL_DEFINITIONS_END:
		s->expect = MYSQL_ROWS;
		return false;
	case MYSQL_ROWS:
		if (is_end(s, p))
			return over(s, t, ended(s, t, p));
		t->rows++;
		return false;
	case MYSQL_PREPARED:
		return --s->left == 0;
	default:
		return first(io, s, t, p);
	}
}
