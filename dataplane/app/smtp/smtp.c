#include "dataplane/app/smtp/smtp.h"

#include "dataplane/app/text/text.h"

static const char *const event_names[] = {
	[SMTP_EVENT_INVALID_REPLY] = "invalid_reply",
	[SMTP_EVENT_UNABLE_TO_MATCH_REPLY_WITH_REQUEST] = "unable_to_match_reply_with_request",
	[SMTP_EVENT_MAX_COMMAND_LINE_LEN_EXCEEDED] = "max_command_line_len_exceeded",
	[SMTP_EVENT_MAX_REPLY_LINE_LEN_EXCEEDED] = "max_reply_line_len_exceeded",
	[SMTP_EVENT_INVALID_PIPELINED_SEQUENCE] = "invalid_pipelined_sequence",
	[SMTP_EVENT_BDAT_CHUNK_LEN_EXCEEDED] = "bdat_chunk_len_exceeded",
	[SMTP_EVENT_NO_SERVER_WELCOME_MESSAGE] = "no_server_welcome_message",
	[SMTP_EVENT_TLS_REJECTED] = "tls_rejected",
	[SMTP_EVENT_DATA_COMMAND_REJECTED] = "data_command_rejected",
	[SMTP_EVENT_FAILED_PROTOCOL_CHANGE] = "failed_protocol_change",
	[SMTP_EVENT_DUPLICATE_FIELDS] = "duplicate_fields",
	[SMTP_EVENT_UNPARSABLE_CONTENT] = "unparsable_content",
	[SMTP_EVENT_TRUNCATED_LINE] = "truncated_line",
	[SMTP_EVENT_MIME_PARSE_FAILED] = "mime_parse_failed",
	[SMTP_EVENT_MIME_MALFORMED_MSG] = "mime_malformed_msg",
	[SMTP_EVENT_MIME_INVALID_BASE64] = "mime_invalid_base64",
	[SMTP_EVENT_MIME_INVALID_QP] = "mime_invalid_qp",
	[SMTP_EVENT_MIME_LONG_LINE] = "mime_long_line",
	[SMTP_EVENT_MIME_LONG_ENC_LINE] = "mime_long_enc_line",
	[SMTP_EVENT_MIME_LONG_HEADER_NAME] = "mime_long_header_name",
	[SMTP_EVENT_MIME_LONG_HEADER_VALUE] = "mime_long_header_value",
	[SMTP_EVENT_MIME_LONG_BOUNDARY] = "mime_long_boundary",
	[SMTP_EVENT_MIME_LONG_FILENAME] = "mime_long_filename",
};

static void state_end(struct app_io *io, void *state)
{
	struct smtp_state *s = state;

	kept_free(io->slab, &s->helo);
	kept_free(io->slab, &s->commands);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct smtp_tx *t = container_of(tx, struct smtp_tx, tx);

	kept_free(io->slab, &t->from);
	text_list_free(io->slab, &t->recipients);
	mime_free(io, t->mail);
}

/* The transaction in hand, NULL when there is none alive. */
static struct smtp_tx *current(struct app_io *io, const struct smtp_state *s)
{
	struct app_tx *tx = s->has_tx ? app_tx_find(io, s->tx_id) : NULL;

	return tx ? container_of(tx, struct smtp_tx, tx) : NULL;
}

static struct smtp_tx *new_tx(struct app_io *io, struct smtp_state *s)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct smtp_tx));

	s->has_tx = tx != NULL;
	if (!tx)
		return NULL;
	s->tx_id = tx->id;
	return container_of(tx, struct smtp_tx, tx);
}

static void event(struct app_io *io, const struct smtp_state *s, enum smtp_event e)
{
	struct smtp_tx *t = current(io, s);

	if (t)
		app_tx_event(&t->tx, e);
}

static void complete(struct smtp_tx *t)
{
	if (t)
		t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = 1;
}

/* --- commands --- */

static bool begins(struct slice line, const char *word)
{
	struct slice w = slice_of(word);

	return slice_eq_nocase(slice_sub(line, 0, w.len), w);
}

/* Remembers a command until its reply comes. */
static bool add_command(struct app_io *io, struct smtp_state *s, enum smtp_command c)
{
	uint8_t byte = (uint8_t)c;

	if (s->commands.len > 0) {
		uint8_t last = s->commands.data[s->commands.len - 1];

		if (last == SMTP_STARTTLS || last == SMTP_DATA)
			event(io, s, SMTP_EVENT_INVALID_PIPELINED_SEQUENCE);
	}
	return kept_append(io->slab, &s->commands, SLICE(&byte, 1), SMTP_COMMANDS_MAX);
}

/* The word behind a command's `prefix` letters and the colon or space after them. */
static struct slice parameter(struct slice line, size_t prefix)
{
	struct slice s = slice_sub(line, prefix + 1, line.len);
	size_t n = 0;

	while (s.len > 0 && s.data[0] == ' ')
		s = slice_sub(s, 1, s.len);
	while (n < s.len && s.data[n] != ' ')
		n++;
	return slice_sub(s, 0, n);
}

/* "BDAT 1234 LAST" */
static bool bdat_length(struct slice line, uint64_t *ret)
{
	struct slice word = parameter(line, 4);
	size_t n = 0;

	if (line.len < 5 || line.data[4] != ' ')
		return false;
	while (n < word.len && word.data[n] >= '0' && word.data[n] <= '9')
		n++;
	return text_number(slice_sub(word, 0, n), UINT64_MAX / 2, ret);
}

/* DATA: a mail of its own; one that did not end before gets its transaction. */
static bool start_mail(struct app_io *io, struct smtp_state *s, struct smtp_tx *t)
{
	if (t->mail) {
		t->mail->status = MIME_PARSE_ERROR;
		app_tx_event(&t->tx, SMTP_EVENT_UNPARSABLE_CONTENT);
		t = new_tx(io, s);
		if (!t)
			return false;
	}
	t->mail = mime_new(io);
	s->line_begun = false;
	s->in_data |= s->pipelining;
	return t->mail != NULL;
}

/* What a command does; false ends the parser. */
static bool obey(struct app_io *io, struct smtp_state *s, struct smtp_tx *t, struct slice line)
{
	s->current = SMTP_OTHER;
	if (begins(line, "starttls")) {
		s->current = SMTP_STARTTLS;
	} else if (begins(line, "data")) {
		s->current = SMTP_DATA;
		return start_mail(io, s, t);
	} else if (begins(line, "bdat")) {
		s->current = SMTP_BDAT;
		s->in_data = true;
		return bdat_length(line, &s->chunk_left);
	} else if (begins(line, "helo") || begins(line, "ehlo")) {
		if (s->helo.data)
			app_tx_event(&t->tx, SMTP_EVENT_DUPLICATE_FIELDS);
		else
			kept_set(io->slab, &s->helo, parameter(line, 4));
	} else if (begins(line, "mail from")) {
		if (t->from.data)
			app_tx_event(&t->tx, SMTP_EVENT_DUPLICATE_FIELDS);
		else
			kept_set(io->slab, &t->from, parameter(line, 9));
	} else if (begins(line, "rcpt to")) {
		text_list_add(io->slab, &t->recipients, parameter(line, 7), SMTP_RECIPIENTS_MAX);
	} else if (begins(line, "rset")) {
		s->current = SMTP_RSET;
	}
	return true;
}

static bool command(struct app_io *io, struct smtp_state *s, struct slice line)
{
	struct smtp_tx *t = current(io, s);

	if (!t || (t->tx.progress[DIR_TS] > 0 && !begins(line, "rset") && !begins(line, "quit")))
		t = new_tx(io, s);
	if (!t)
		return false;
	if (!s->welcomed)
		app_tx_event(&t->tx, SMTP_EVENT_NO_SERVER_WELCOME_MESSAGE);
	return obey(io, s, t, line) && add_command(io, s, s->current);
}

/* --- mails --- */

static void mime_events(struct smtp_tx *t)
{
	static const uint8_t events[MIME_ANOMALIES] = {
		[MIME_INVALID_BASE64] = SMTP_EVENT_MIME_INVALID_BASE64,
		[MIME_INVALID_QP] = SMTP_EVENT_MIME_INVALID_QP,
		[MIME_LONG_LINE] = SMTP_EVENT_MIME_LONG_LINE,
		[MIME_LONG_ENC_LINE] = SMTP_EVENT_MIME_LONG_ENC_LINE,
		[MIME_LONG_HEADER_NAME] = SMTP_EVENT_MIME_LONG_HEADER_NAME,
		[MIME_LONG_HEADER_VALUE] = SMTP_EVENT_MIME_LONG_HEADER_VALUE,
		[MIME_MALFORMED_MSG] = SMTP_EVENT_MIME_MALFORMED_MSG,
		[MIME_LONG_BOUNDARY] = SMTP_EVENT_MIME_LONG_BOUNDARY,
		[MIME_LONG_FILENAME] = SMTP_EVENT_MIME_LONG_FILENAME,
		[MIME_PARSE_FAILED] = SMTP_EVENT_MIME_PARSE_FAILED,
	};

	for (unsigned i = 0; i < MIME_ANOMALIES; i++) {
		if (t->mail->anomalies >> i & 1)
			app_tx_event(&t->tx, events[i]);
	}
}

/* A line of a mail and the bytes that end it, or the beginning of a long one (`end` empty). */
static bool mail_line(struct app_io *io, struct smtp_state *s, struct slice line, struct slice end)
{
	struct smtp_tx *t = current(io, s);
	bool begins_line = !s->line_begun, ended = end.len > 0;

	if (begins_line && line.len > 0 && line.data[0] == '.') {
		if (ended && line.len == 1) {
			s->in_data = false;
			if (t && t->mail) {
				mime_end(io, &t->tx, t->mail);
				mime_events(t);
			}
			complete(t);
			return add_command(io, s, SMTP_MAIL_END);
		}
		line = slice_sub(line, 1, line.len); /* RFC 5321 4.5.2 */
	}
	s->line_begun = !ended;
	if (t && t->mail) {
		struct mime_piece piece = {line, end, begins_line};
		bool failed = t->mail->status == MIME_PARSE_ERROR;

		mime_line(io, &t->tx, t->mail, &piece);
		if (!failed && t->mail->anomalies >> MIME_PARSE_FAILED & 1)
			mime_events(t);
	}
	return true;
}

/* Length of the line at the start of `s` without its end, which is of *ret_end bytes: 0 when it is
 * not there, 1 or 2. In bodies a CR alone ends a line too. */
static size_t find_end(struct slice s, bool cr_alone, size_t *ret_end)
{
	*ret_end = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\n') {
			bool cr = i > 0 && s.data[i - 1] == '\r';

			*ret_end = 1u + cr;
			return i - cr;
		}
		if (cr_alone && s.data[i] == '\r' && i + 1 < s.len && s.data[i + 1] != '\n') {
			*ret_end = 1;
			return i;
		}
	}
	return s.len;
}

/* May a piece of the line in hand go on before its end is seen? Not where the line could be the
 * final dot or a boundary, nor in headers, nor a CR that may belong to the end. */
static size_t early_part(const struct smtp_state *s, const struct smtp_tx *t, struct slice rest)
{
	if (!t || !t->mail || mime_in_headers(t->mail) || rest.len == 0)
		return 0;
	if (mime_wants_lines(t->mail) ||
	    (!s->line_begun && (rest.data[0] == '-' || rest.data[0] == '.')))
		return rest.len < SMTP_LINE_MAX ? 0 : rest.len;
	return rest.data[rest.len - 1] == '\r' ? rest.len - 1 : rest.len;
}

/* --- the client's bytes --- */

enum step { STEP_ON, STEP_MORE, STEP_BAD };

static enum step bdat_step(struct app_io *io, struct smtp_state *s, struct cursor *c)
{
	size_t left = cursor_left(c), n = s->chunk_left < left ? (size_t)s->chunk_left : left;

	cursor_skip(c, n);
	s->chunk_left -= n;
	s->in_data = s->chunk_left > 0;
	return STEP_ON;
}

/* A line that is longer than SMTP_LINE_MAX without an end. */
static enum step too_long(struct app_io *io, struct smtp_state *s, enum dir dir, struct cursor *c)
{
	if (cursor_left(c) < SMTP_LINE_MAX)
		return STEP_MORE;
	event(io, s, SMTP_EVENT_TRUNCATED_LINE);
	s->passing[dir] = true;
	return STEP_ON;
}

static enum step client_step(struct app_io *io, struct smtp_state *s, struct cursor *c)
{
	const struct smtp_tx *t = current(io, s);
	struct slice rest = cursor_rest(c);
	bool mail = s->in_data && s->current == SMTP_DATA;
	bool body = mail && t && t->mail && !mime_in_headers(t->mail);
	size_t end, n;

	if (s->in_data && s->current == SMTP_BDAT)
		return bdat_step(io, s, c);
	n = find_end(rest, body, &end);
	if (end > 0) {
		cursor_skip(c, n + end);
		if (mail)
			return mail_line(io, s, slice_sub(rest, 0, n), slice_sub(rest, n, end))
				       ? STEP_ON
				       : STEP_BAD;
		if (s->in_data)
			return STEP_ON; /* STARTTLS was accepted: not ours */
		return command(io, s, slice_sub(rest, 0, n)) ? STEP_ON : STEP_BAD;
	}
	n = mail ? early_part(s, t, rest) : 0;
	if (n == 0)
		return too_long(io, s, DIR_TS, c);
	cursor_skip(c, n);
	return mail_line(io, s, slice_sub(rest, 0, n), SLICE(NULL, 0)) ? STEP_ON : STEP_BAD;
}

/* --- replies --- */

static bool known_code(struct slice line, uint16_t *ret)
{
	static const uint16_t codes[] = {211, 214, 220, 221, 235, 250, 251, 252, 334, 354,
					 401, 402, 421, 432, 435, 450, 451, 452, 454, 455,
					 500, 501, 502, 503, 504, 521, 523, 525, 530, 534,
					 535, 538, 550, 551, 552, 553, 554, 555, 556};
	uint64_t code;

	if (!text_number(slice_sub(line, 0, 3), 999, &code))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i] == code) {
			*ret = (uint16_t)code;
			return true;
		}
	}
	return false;
}

static void starttls_reply(struct app_io *io, struct smtp_state *s, uint16_t code)
{
	if (code != 220) {
		event(io, s, SMTP_EVENT_TLS_REJECTED);
		return;
	}
	s->in_data = true;
	complete(current(io, s));
	if (!app_change_proto(io, "tls"))
		event(io, s, SMTP_EVENT_FAILED_PROTOCOL_CHANGE);
}

/* A reply to the oldest command without one. */
static void match_reply(struct app_io *io, struct smtp_state *s, uint16_t code)
{
	switch (s->commands.data[s->answered]) {
	case SMTP_STARTTLS:
		starttls_reply(io, s, code);
		break;
	case SMTP_DATA:
		if (code == 354)
			s->in_data = true;
		else
			event(io, s, SMTP_EVENT_DATA_COMMAND_REJECTED);
		break;
	case SMTP_RSET:
		if (code == 250 && !s->multiline)
			complete(current(io, s));
		break;
	default:
		break;
	}
}

static bool reply(struct app_io *io, struct smtp_state *s, struct slice line)
{
	uint16_t code;

	if (line.len < 3 || !known_code(line, &code)) {
		event(io, s, SMTP_EVENT_INVALID_REPLY);
		return false;
	}
	s->multiline = line.len >= 4 && line.data[3] == '-';
	if (s->answered == s->commands.len) {
		if (!s->welcomed) {
			s->welcomed = !s->multiline;
			if (code != 220)
				event(io, s, SMTP_EVENT_INVALID_REPLY);
		}
		return true;
	}
	match_reply(io, s, code);
	if (!s->multiline)
		s->answered++;
	else if (s->welcomed && code == 250 && line.len == 14 &&
		 slice_eq_nocase(slice_sub(line, 4, 10), SLICE_LIT("pipelining")))
		s->pipelining = true;
	if (s->answered == s->commands.len)
		s->answered = s->commands.len = 0;
	return true;
}

static enum step server_step(struct app_io *io, struct smtp_state *s, struct cursor *c)
{
	struct slice rest = cursor_rest(c);
	size_t end, n = find_end(rest, false, &end);

	if (end == 0)
		return too_long(io, s, DIR_TC, c);
	cursor_skip(c, n + end);
	if (n == 0 && end == 1 && cursor_offset(c) == 1)
		return STEP_ON; /* an LF alone */
	return reply(io, s, slice_sub(rest, 0, n)) ? STEP_ON : STEP_BAD;
}

/* Passes over the rest of a line that was too long; what is left stays. */
static void pass(struct smtp_state *s, enum dir dir, struct cursor *c)
{
	struct slice rest = cursor_rest(c);
	const uint8_t *lf = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;

	s->passing[dir] = !lf;
	cursor_skip(c, lf ? (size_t)(lf - rest.data) + 1 : rest.len);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct smtp_state *s = state;
	struct cursor c = cursor_of(input.data);

	while (cursor_left(&c) > 0) {
		enum step step = STEP_ON;

		if (s->passing[dir])
			pass(s, dir, &c);
		else
			step = dir == DIR_TS ? client_step(io, s, &c) : server_step(io, s, &c);
		if (step == STEP_BAD)
			return APP_RESULT_BAD;
		if (step == STEP_MORE)
			return APP_RESULT_MORE(cursor_offset(&c), 1);
	}
	return APP_RESULT_OK(input.data.len);
}

static const struct app_pattern patterns[] = {
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = "EHLO",
	 .len = 4,
	 .depth = 4,
	 .nocase = true},
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = "HELO",
	 .len = 4,
	 .depth = 4,
	 .nocase = true},
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = "QUIT",
	 .len = 4,
	 .depth = 4,
	 .nocase = true},
};

const struct app_proto smtp_proto = {
	.name = "smtp",
	.event_prefix = "smtp",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.state_size = sizeof(struct smtp_state),
	.state_end = state_end,
	.parse = parse,
	.tx_free = tx_free,
	.complete = {1, 1},
	.events_in_capitals = true,
	.events = event_names,
	.event_count = SMTP_EVENTS,
	.eve_type = "smtp",
	.eve_key = "smtp",
	.log = smtp_log,
	.log_alert = smtp_log_alert,
};
