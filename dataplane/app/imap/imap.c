#include "dataplane/app/imap/imap.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct imap_tx *t = container_of(tx, struct imap_tx, tx);

	kept_free(io->slab, &t->tag);
	kept_free(io->slab, &t->command);
	kept_free(io->slab, &t->argument);
	kept_free(io->slab, &t->status);
	kept_free(io->slab, &t->text);
	if (t->mail)
		mime_free(io, t->mail);
}

struct call {
	struct app_io *io;
	struct imap_state *s;
	enum dir dir;
	struct imap_side *side;
};

enum step { STEP_ON, STEP_MORE, STEP_BAD };

/* --- words --- */

static struct slice next_word(struct slice *s)
{
	const uint8_t *space = s->len ? memchr(s->data, ' ', s->len) : NULL;
	size_t n = space ? (size_t)(space - s->data) : s->len;
	struct slice word = slice_sub(*s, 0, n);

	*s = slice_sub(*s, n + 1, s->len);
	return word;
}

static void keep(struct app_io *io, struct kept *k, struct slice s, size_t max)
{
	if (s.len)
		kept_set(io->slab, k, slice_sub(s, 0, max));
}

/* "{123}" or "{123+}" at the line's end (RFC 9051 4.3). */
static bool literal_of(struct slice line, uint64_t *ret, struct slice *ret_before)
{
	size_t at = line.len;
	struct slice number;

	if (line.len < 3 || line.data[line.len - 1] != '}')
		return false;
	while (at > 0 && line.data[at - 1] != '{')
		at--;
	if (at == 0)
		return false;
	*ret_before = slice_sub(line, 0, at - 1);
	number = slice_sub(line, at, line.len - 1 - at);
	if (number.len && number.data[number.len - 1] == '+')
		number.len--;
	return text_number(number, UINT32_MAX, ret);
}

/* --- transactions --- */

static struct imap_tx *tx_new(struct call *c)
{
	struct app_tx *tx = app_tx_new(c->io, sizeof(struct imap_tx));

	return tx ? container_of(tx, struct imap_tx, tx) : NULL;
}

static struct imap_tx *tx_find(struct app_io *io, uint64_t id)
{
	struct app_tx *tx = app_tx_find(io, id);

	return tx ? container_of(tx, struct imap_tx, tx) : NULL;
}

static void complete(struct imap_tx *t)
{
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
}

static void pending_remove(struct imap_state *s, unsigned i)
{
	s->npending--;
	memmove(&s->pending[i], &s->pending[i + 1], (s->npending - i) * sizeof(s->pending[0]));
}

static void pending_add(struct call *c, struct imap_tx *t)
{
	struct imap_state *s = c->s;

	if (s->npending == IMAP_PENDING) {
		struct imap_tx *oldest = tx_find(c->io, s->pending[0]);

		if (oldest)
			complete(oldest);
		pending_remove(s, 0);
	}
	s->pending[s->npending++] = t->tx.id;
}

static struct imap_tx *pending_last(struct call *c)
{
	return c->s->npending ? tx_find(c->io, c->s->pending[c->s->npending - 1]) : NULL;
}

/* --- mails --- */

static bool mail_begin(struct call *c, struct imap_tx *t)
{
	t->mail = mime_new(c->io);
	if (!t->mail)
		return false;
	t->mail->dir = (uint8_t)c->dir;
	c->side->has_mail = true;
	c->side->mail = t->tx.id;
	c->side->feed = (struct mime_feed){0};
	return true;
}

static void mail_end(struct call *c)
{
	struct imap_tx *t = c->side->has_mail ? tx_find(c->io, c->side->mail) : NULL;

	c->side->has_mail = false;
	if (!t || !t->mail)
		return;
	mime_end(c->io, &t->tx, t->mail);
	if (t->kind == IMAP_FETCHED)
		complete(t);
}

static enum step literal(struct call *c, struct cursor *in)
{
	struct imap_side *side = c->side;
	struct imap_tx *t = side->has_mail ? tx_find(c->io, side->mail) : NULL;
	size_t left = cursor_left(in), n = side->literal < left ? (size_t)side->literal : left;
	bool last = n == side->literal;

	if (t && t->mail)
		n = mime_feed(c->io, &t->tx, t->mail, &side->feed, slice_sub(cursor_rest(in), 0, n),
			      last);
	cursor_skip(in, n);
	side->literal -= n;
	if (side->literal == 0)
		mail_end(c);
	return n || side->literal == 0 ? STEP_ON : STEP_MORE;
}

/* --- the client's lines --- */

static uint8_t kind_of(struct slice command)
{
	static const struct {
		const char *name;
		uint8_t kind;
	} kinds[] = {{"AUTHENTICATE", IMAP_AUTHENTICATE},
		     {"IDLE", IMAP_IDLE},
		     {"APPEND", IMAP_APPEND},
		     {"STARTTLS", IMAP_STARTTLS}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (slice_eq_nocase(command, SLICE_STR(kinds[i].name)))
			return kinds[i].kind;
	}
	return IMAP_OTHER;
}

/* What of the arguments may be kept: of logins only who and how. */
static struct slice argument_of(struct slice command, struct slice rest)
{
	if (slice_eq_nocase(command, SLICE_LIT("LOGIN")) ||
	    slice_eq_nocase(command, SLICE_LIT("AUTHENTICATE")))
		return next_word(&rest);
	return rest;
}

static struct imap_tx *command(struct call *c, struct slice line)
{
	struct slice rest = line, tag = next_word(&rest), word = next_word(&rest);
	struct imap_tx *t = tx_new(c);

	if (!t)
		return NULL;
	t->kind = kind_of(word);
	keep(c->io, &t->tag, tag, IMAP_WORD_MAX);
	keep(c->io, &t->command, word, IMAP_WORD_MAX);
	keep(c->io, &t->argument, argument_of(word, rest), IMAP_TEXT_MAX);
	pending_add(c, t);
	return t;
}

static enum step client_line(struct call *c, struct slice line)
{
	struct imap_side *side = c->side;
	bool goes_on = side->goes_on;
	struct imap_tx *t = goes_on ? pending_last(c) : NULL;
	struct slice before = line;

	if (c->s->plain_line && !goes_on) {
		c->s->plain_line = false;
		return STEP_ON;
	}
	side->goes_on = literal_of(line, &side->literal, &before);
	if (!goes_on && before.len)
		t = command(c, before);
	if (!goes_on && before.len && !t)
		return STEP_BAD;
	if (side->goes_on && t && t->kind == IMAP_APPEND && !t->mail)
		return mail_begin(c, t) ? STEP_ON : STEP_BAD;
	return STEP_ON;
}

/* --- the server's lines --- */

/* The text in front of a literal says that it is a whole mail: BODY[], BODY[]<0>, RFC822. */
static bool whole_mail(struct slice before)
{
	struct slice s = text_trim(before);

	if (s.len && s.data[s.len - 1] == '>') {
		while (s.len && s.data[s.len - 1] != '<')
			s.len--;
		s.len -= s.len > 0;
	}
	if (s.len >= 6 && slice_eq_nocase(slice_sub(s, s.len - 6, 6), SLICE_LIT("RFC822")))
		return true;
	return s.len >= 6 && slice_eq_nocase(slice_sub(s, s.len - 6, 6), SLICE_LIT("BODY[]"));
}

/* A literal follows: a mail gets a transaction of its own. */
static enum step server_literal(struct call *c, struct slice before)
{
	struct imap_tx *t;

	if (!whole_mail(before))
		return STEP_ON;
	t = tx_new(c);
	if (!t)
		return STEP_BAD;
	t->kind = IMAP_FETCHED;
	t->tx.progress[DIR_TS] = 1;
	keep(c->io, &t->command, SLICE_LIT("FETCH"), IMAP_WORD_MAX);
	return mail_begin(c, t) ? STEP_ON : STEP_BAD;
}

static void result(struct call *c, struct slice line)
{
	struct slice rest = line, tag = next_word(&rest), status = next_word(&rest);

	for (unsigned i = 0; i < c->s->npending; i++) {
		struct imap_tx *t = tx_find(c->io, c->s->pending[i]);

		if (!t || !slice_eq(kept_slice(&t->tag), tag))
			continue;
		keep(c->io, &t->status, status, IMAP_WORD_MAX);
		keep(c->io, &t->text, rest, IMAP_TEXT_MAX);
		complete(t);
		c->s->tunnel = t->kind == IMAP_STARTTLS && slice_eq_nocase(status, SLICE_LIT("OK"));
		pending_remove(c->s, i);
		return;
	}
}

static enum step server_line(struct call *c, struct slice line)
{
	struct imap_side *side = c->side;
	bool goes_on = side->goes_on;
	struct imap_tx *t = pending_last(c);
	struct slice before;

	side->goes_on = literal_of(line, &side->literal, &before);
	if (side->goes_on)
		return server_literal(c, before);
	if (goes_on || line.len == 0 || line.data[0] == '*')
		return STEP_ON;
	if (line.data[0] == '+')
		c->s->plain_line = t && (t->kind == IMAP_AUTHENTICATE || t->kind == IMAP_IDLE);
	else
		result(c, line);
	return STEP_ON;
}

/* --- the stream --- */

static enum step line_step(struct call *c, struct cursor *in)
{
	struct slice rest = cursor_rest(in), line;
	const uint8_t *lf = memchr(rest.data, '\n', rest.len);
	size_t n = lf ? (size_t)(lf - rest.data) : rest.len;
	bool passed = c->side->passing;

	if (!lf && n < IMAP_LINE_MAX && !passed)
		return STEP_MORE;
	cursor_skip(in, lf ? n + 1 : n);
	c->side->passing = !lf;
	line = slice_sub(rest, 0, n > 0 && rest.data[n - 1] == '\r' ? n - 1 : n);
	/* The end of a long line still says whether a literal follows. */
	if (passed && !literal_of(line, &c->side->literal, &rest)) {
		c->side->literal = 0;
		c->side->goes_on = false;
		return STEP_ON;
	}
	if (!lf)
		return STEP_ON;
	if (passed) {
		c->side->goes_on = true;
		return STEP_ON;
	}
	return c->dir == DIR_TS ? client_line(c, line) : server_line(c, line);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct imap_state *s = state;
	struct call c = {io, s, dir, &s->side[dir]};
	struct cursor in = cursor_of(input.data);
	enum step step = STEP_ON;

	while (step == STEP_ON && cursor_left(&in) > 0 && !s->tunnel)
		step = c.side->literal ? literal(&c, &in) : line_step(&c, &in);
	if (step == STEP_BAD)
		return APP_RESULT_BAD;
	if (s->tunnel)
		return APP_RESULT_OK(input.data.len);
	return APP_RESULT_OK(cursor_offset(&in));
}

/* A mail that lost bytes is over; a literal may go on behind the gap. */
static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct imap_state *s = state;
	struct call c = {io, s, dir, &s->side[dir]};
	struct imap_side *side = c.side;
	bool within = len < side->literal;

	if (side->literal)
		mail_end(&c);
	side->literal = within ? side->literal - len : 0;
	side->passing = !within;
	side->goes_on = within && side->goes_on;
	return true;
}

/* A greeting (RFC 9051 7.1), and a tagged command. */
static bool unnamed(struct slice client, struct slice server)
{
	static const char *const greetings[] = {"* OK", "* PREAUTH", "* BYE"};
	static const char *const commands[] = {
		"CAPABILITY", "LOGIN",	 "AUTHENTICATE", "STARTTLS",  "NOOP", "ID",
		"SELECT",     "EXAMINE", "LOGOUT",	 "NAMESPACE", "LIST", "STATUS"};
	const uint8_t *lf = client.len ? memchr(client.data, '\n', client.len) : NULL;
	struct slice line = slice_sub(client, 0, lf ? (size_t)(lf - client.data) : 0), word;
	bool greeted = false;

	for (size_t i = 0; i < ARRAY_SIZE(greetings); i++)
		greeted |= slice_eq_nocase(slice_sub(server, 0, strlen(greetings[i])),
					   SLICE_STR(greetings[i]));
	if (!greeted || !lf)
		return false;
	word = next_word(&line);
	if (word.len == 0 || word.len > IMAP_WORD_MAX)
		return false;
	word = text_trim(next_word(&line));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (slice_eq_nocase(word, SLICE_STR(commands[i])))
			return true;
	}
	return false;
}

/* --- records --- */

bool imap_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct imap_tx *t = container_of(tx, const struct imap_tx, tx);
	const struct {
		const char *name;
		const struct kept *value;
	} fields[] = {{"tag", &t->tag},
		      {"command", &t->command},
		      {"argument", &t->argument},
		      {"status", &t->status},
		      {"text", &t->text}};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].value->len)
			text_log(r, fields[i].name, kept_slice(fields[i].value));
	}
	return true;
}

void imap_log_mail(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct imap_tx *t = container_of(tx, const struct imap_tx, tx);

	mime_log_email(t->mail, r);
}

/* All that Suricata knows it by. */
static const struct app_pattern patterns[] = {
	{.dir = DIR_TS, .transport = APP_TCP, .bytes = "1 capability", .len = 12, .depth = 12},
};

const struct app_proto imap_proto = {
	.name = "imap",
	.event_prefix = "imap",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.unnamed = unnamed,
	.state_size = sizeof(struct imap_state),
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.eve_type = "imap",
	.eve_key = "imap",
	.own_type = true,
	.log = imap_log,
	.log_beside = imap_log_mail,
	.log_alert = imap_log_mail,
};
