#include "dataplane/app/pop3/pop3.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct pop3_tx *t = container_of(tx, struct pop3_tx, tx);

	kept_free(io->slab, &t->command);
	kept_free(io->slab, &t->argument);
	kept_free(io->slab, &t->reply);
	if (t->mail)
		mime_free(io, t->mail);
}

enum step { STEP_ON, STEP_MORE, STEP_BAD };

/* The next line without its end. STEP_MORE: it is not whole. Passes over what is too long. */
static enum step next_line(struct pop3_state *s, enum dir dir, struct cursor *c, struct slice *ret)
{
	struct slice rest = cursor_rest(c);
	const uint8_t *lf = memchr(rest.data, '\n', rest.len);
	size_t n = lf ? (size_t)(lf - rest.data) : rest.len;
	bool passed = s->passing[dir];

	if (!lf && n < POP3_LINE_MAX && !passed)
		return STEP_MORE;
	s->passing[dir] = !lf;
	cursor_skip(c, lf ? n + 1 : n);
	*ret = slice_sub(rest, 0, n > 0 && rest.data[n - 1] == '\r' ? n - 1 : n);
	if (passed)
		ret->len = 0;
	return STEP_ON;
}

/* --- commands --- */

struct verb {
	const char *name;
	uint8_t kind;
	bool secret;	/* its argument is not kept */
	bool lines_all; /* without an argument its answer has several lines */
};

static const struct verb verbs[] = {
	{"RETR", POP3_MAIL, false, false},  {"TOP", POP3_MAIL, false, false},
	{"LIST", POP3_OTHER, false, true},  {"UIDL", POP3_OTHER, false, true},
	{"CAPA", POP3_OTHER, false, true},  {"AUTH", POP3_AUTH, true, false},
	{"APOP", POP3_OTHER, true, false},  {"PASS", POP3_OTHER, true, false},
	{"STLS", POP3_STLS, false, false},  {"USER", POP3_OTHER, false, false},
	{"STAT", POP3_OTHER, false, false}, {"DELE", POP3_OTHER, false, false},
	{"NOOP", POP3_OTHER, false, false}, {"RSET", POP3_OTHER, false, false},
	{"QUIT", POP3_OTHER, false, false}, {"UTF8", POP3_OTHER, false, false},
};

static size_t word_len(struct slice s)
{
	const uint8_t *space = s.len ? memchr(s.data, ' ', s.len) : NULL;

	return space ? (size_t)(space - s.data) : s.len;
}

static const struct verb *verb_of(struct slice word)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (slice_eq_nocase(word, SLICE_STR(verbs[i].name)))
			return &verbs[i];
	}
	return NULL;
}

static bool command(struct app_io *io, struct slice line)
{
	size_t n = word_len(line);
	struct slice argument = text_trim(slice_sub(line, n, line.len));
	const struct verb *verb = verb_of(slice_sub(line, 0, n));
	struct app_tx *tx = app_tx_new(io, sizeof(struct pop3_tx));
	struct pop3_tx *t;

	if (!tx)
		return false;
	t = container_of(tx, struct pop3_tx, tx);
	tx->progress[DIR_TS] = 1;
	kept_set(io->slab, &t->command, slice_sub(line, 0, n < POP3_WORD_MAX ? n : POP3_WORD_MAX));
	if (!verb)
		return true;
	t->kind = verb->lines_all && argument.len == 0 ? POP3_LINES : verb->kind;
	/* Of a login by APOP or AUTH the first word says who or how. */
	if (verb->secret)
		argument = verb->kind == POP3_AUTH ||
					   slice_eq_nocase(slice_sub(line, 0, n), SLICE_LIT("APOP"))
				   ? slice_sub(argument, 0, word_len(argument))
				   : SLICE(NULL, 0);
	if (argument.len)
		kept_set(io->slab, &t->argument, slice_sub(argument, 0, POP3_TEXT_MAX));
	return true;
}

static enum step client_step(struct app_io *io, struct pop3_state *s, struct cursor *c)
{
	struct slice line;
	enum step step = next_line(s, DIR_TS, c, &line);

	if (step != STEP_ON || line.len == 0)
		return step;
	if (s->secret) {
		s->secret = false;
		return STEP_ON;
	}
	return command(io, line) ? STEP_ON : STEP_BAD;
}

/* --- replies --- */

/* The transaction that waits longest for its answer. */
static struct pop3_tx *waiting(struct app_io *io, struct pop3_state *s)
{
	struct app_tx *tx = app_tx_find(io, s->next);

	return tx ? container_of(tx, struct pop3_tx, tx) : NULL;
}

static void complete(struct pop3_state *s, struct pop3_tx *t)
{
	t->tx.progress[DIR_TC] = 1;
	s->next = t->tx.id + 1;
	s->in_lines = false;
}

static enum step lines_begin(struct app_io *io, struct pop3_state *s, struct pop3_tx *t)
{
	s->in_lines = true;
	s->feed = (struct mime_feed){.dots = true};
	if (t->kind != POP3_MAIL)
		return STEP_ON;
	t->mail = mime_new(io);
	if (!t->mail)
		return STEP_BAD;
	t->mail->dir = DIR_TC;
	return STEP_ON;
}

static enum step reply(struct app_io *io, struct pop3_state *s, struct slice line)
{
	struct pop3_tx *t = waiting(io, s);
	bool ok = slice_eq_nocase(slice_sub(line, 0, 3), SLICE_LIT("+OK"));

	if (!t)
		return STEP_ON; /* the greeting */
	if (!ok && line.len > 0 && line.data[0] == '+') {
		s->secret = t->kind == POP3_AUTH;
		return STEP_ON;
	}
	t->answered = true;
	t->ok = ok;
	kept_set(io->slab, &t->reply,
		 slice_sub(text_trim(slice_sub(line, word_len(line), line.len)), 0, POP3_TEXT_MAX));
	s->secret = false;
	if (ok && (t->kind == POP3_MAIL || t->kind == POP3_LINES))
		return lines_begin(io, s, t);
	s->tunnel = ok && t->kind == POP3_STLS;
	complete(s, t);
	return STEP_ON;
}

static enum step lines(struct app_io *io, struct pop3_state *s, struct cursor *c)
{
	struct pop3_tx *t = waiting(io, s);
	size_t n = mime_feed(io, t ? &t->tx : NULL, t ? t->mail : NULL, &s->feed, cursor_rest(c),
			     false);

	cursor_skip(c, n);
	if (!s->feed.ended)
		return n ? STEP_ON : STEP_MORE;
	s->in_lines = false;
	if (t && t->mail)
		mime_end(io, &t->tx, t->mail);
	if (t)
		complete(s, t);
	return STEP_ON;
}

static enum step server_step(struct app_io *io, struct pop3_state *s, struct cursor *c)
{
	struct slice line;
	enum step step;

	if (s->in_lines)
		return lines(io, s, c);
	step = next_line(s, DIR_TC, c, &line);
	if (step != STEP_ON || line.len == 0)
		return step;
	return reply(io, s, line);
}

/* --- the stream --- */

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct pop3_state *s = state;
	struct cursor c = cursor_of(input.data);
	enum step step = STEP_ON;

	while (step == STEP_ON && cursor_left(&c) > 0 && !s->tunnel)
		step = dir == DIR_TS ? client_step(io, s, &c) : server_step(io, s, &c);
	if (step == STEP_BAD)
		return APP_RESULT_BAD;
	if (s->tunnel)
		return APP_RESULT_OK(input.data.len);
	return APP_RESULT_OK(cursor_offset(&c));
}

/* A mail that lost bytes is over, its lines are counted off. */
static void mail_torn(struct app_io *io, struct pop3_state *s)
{
	struct pop3_tx *t = waiting(io, s);

	if (!t || !t->mail)
		return;
	mime_end(io, &t->tx, t->mail);
	mime_free(io, t->mail);
	t->mail = NULL;
}

/* Where lines begin again nobody knows: the rest of one is passed over. */
static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct pop3_state *s = state;

	if (dir == DIR_TC && s->in_lines)
		mail_torn(io, s);
	else
		s->passing[dir == DIR_TC] = true;
	return true;
}

/* The greeting of RFC 1939 section 4, and a command of POP3. */
static bool unnamed(struct slice client, struct slice server)
{
	struct slice word = slice_sub(client, 0, 4);

	if (!slice_eq(slice_sub(server, 0, 3), SLICE_LIT("+OK")) || word.len < 4)
		return false;
	return verb_of(word) || slice_eq_nocase(word, SLICE_LIT("TOP "));
}

/* --- records --- */

bool pop3_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct pop3_tx *t = container_of(tx, const struct pop3_tx, tx);

	text_log(r, "command", kept_slice(&t->command));
	if (t->argument.data)
		text_log(r, "argument", kept_slice(&t->argument));
	if (t->answered)
		record_text(r, "status", t->ok ? "OK" : "ERR");
	if (t->reply.len)
		text_log(r, "reply", kept_slice(&t->reply));
	return true;
}

void pop3_log_mail(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct pop3_tx *t = container_of(tx, const struct pop3_tx, tx);

	mime_log_email(t->mail, r);
}

const struct app_proto pop3_proto = {
	.name = "pop3",
	.event_prefix = "pop3",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.unnamed = unnamed,
	.state_size = sizeof(struct pop3_state),
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.eve_type = "pop3",
	.eve_key = "pop3",
	.own_type = true,
	.log = pop3_log,
	.log_beside = pop3_log_mail,
	.log_alert = pop3_log_mail,
};
