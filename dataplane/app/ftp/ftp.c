#include "dataplane/app/ftp/ftp.h"

#include "dataplane/app/text/compile.h"

static const char *const event_names[] = {
	[FTP_EVENT_REQUEST_COMMAND_TOO_LONG] = "request_command_too_long",
	[FTP_EVENT_RESPONSE_COMMAND_TOO_LONG] = "response_command_too_long",
};

/* Commands that records name. */
static const char *const commands[] = {
	"ABOR", "ACCT", "ALLO", "APPE", "AUTH TLS", "CDUP", "CHMOD", "CWD",  "DELE", "EPRT",
	"EPSV", "HELP", "IDLE", "LIST", "MAIL",	    "MDTM", "MKD",   "MLFL", "MODE", "MRCP",
	"MRSQ", "MSAM", "MSND", "MSOM", "NLST",	    "NOOP", "PASS",  "PASV", "PORT", "PWD",
	"QUIT", "REIN", "REST", "RETR", "RMD",	    "RNFR", "RNTO",  "SITE", "SIZE", "SMNT",
	"STAT", "STOR", "STOU", "STRU", "SYST",	    "TYPE", "UMASK", "USER",
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct ftp_tx *t = container_of(tx, struct ftp_tx, tx);

	kept_free(io->slab, &t->request);
	text_list_free(io->slab, &t->replies);
}

static bool is(const char *command, const char *name)
{
	return command && strcmp(command, name) == 0;
}

static const char *known_command(struct slice line)
{
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
		struct slice name = slice_of(commands[i]);

		if (slice_eq_nocase(slice_sub(line, 0, name.len), name))
			return commands[i];
	}
	return NULL;
}

static struct slice trim_end(struct slice s)
{
	while (s.len > 0 && (s.data[s.len - 1] == ' ' ||
			     (s.data[s.len - 1] >= '\t' && s.data[s.len - 1] <= '\r')))
		s.len--;
	return s;
}

static struct ftp_tx *new_tx(struct app_io *io)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct ftp_tx));

	return tx ? container_of(tx, struct ftp_tx, tx) : NULL;
}

/* --- commands --- */

static void announce(struct app_io *io, struct ftp_state *s, struct slice line)
{
	struct app_expectation e = {.proto = "ftp-data", .port = s->data_port};
	struct slice name = trim_end(slice_sub(line, 5, line.len));

	e.kind = (uint8_t)((is(s->command, "RETR") ? FTP_RETR : FTP_STOR) |
			   (s->active ? FTP_ACTIVE : 0));
	e.name_len = (uint8_t)(name.len < sizeof(e.name) ? name.len : sizeof(e.name));
	if (e.name_len > 0)
		memcpy(e.name, name.data, e.name_len);
	app_expect(io, &e);
	s->data_port = 0;
	s->active = false;
}

static void active_port(struct app_io *io, struct ftp_state *s, struct ftp_tx *t, struct slice line)
{
	const struct ip_addr *client = &io->tuple->addr[DIR_TS];
	uint8_t ip[4] = {0};
	uint16_t port;

	if (is(s->command, "PORT"))
		port = ftp_port_command(slice_sub(line, 5, line.len), ip);
	else
		port = ftp_eprt_command(slice_sub(line, 5, line.len));
	if (!port)
		return;
	t->bounce = is(s->command, "PORT") &&
		    !(ip_addr_is_v4(client) && memcmp(client->bytes + 12, ip, 4) == 0);
	t->data_port = s->data_port = port;
	t->active = s->active = true;
}

/* False ends the parser: a transfer without a place for its data. */
static bool request(struct app_io *io, struct ftp_state *s, struct slice line, bool cut)
{
	struct ftp_tx *t;

	if (line.len == 0)
		return true;
	t = new_tx(io);
	if (!t)
		return false;
	t->command = s->command = known_command(line);
	t->cut_request = cut;
	if (cut)
		app_tx_event(&t->tx, FTP_EVENT_REQUEST_COMMAND_TOO_LONG);
	kept_set(io->slab, &t->request, trim_end(line));
	if (is(s->command, "PORT") || is(s->command, "EPRT")) {
		active_port(io, s, t, line);
		t->tx.progress[DIR_TS] = FTP_PORT_DONE;
	} else if (is(s->command, "RETR") || is(s->command, "STOR")) {
		if (!s->data_port)
			return false;
		announce(io, s, line);
	}
	return true;
}

/* --- replies --- */

/* The oldest command without a final reply, from `t` on; else the newest there is. */
static struct ftp_tx *awaiting(struct app_io *io, struct ftp_tx *t)
{
	struct app_tx *tx = t ? &t->tx : app_tx_first(io), *last = NULL;

	for (; tx; tx = tx->next) {
		if (tx->progress[DIR_TS] < FTP_FINISHED)
			return container_of(tx, struct ftp_tx, tx);
		last = tx;
	}
	return last ? container_of(last, struct ftp_tx, tx) : new_tx(io);
}

static bool begins(struct slice line, const char *with)
{
	return slice_eq(slice_sub(line, 0, strlen(with)), slice_of(with));
}

static void follow_reply(struct app_io *io, struct ftp_state *s, struct ftp_tx *t,
			 struct slice line)
{
	uint16_t port = 0;

	if (is(s->command, "AUTH TLS") && begins(line, "234 "))
		app_change_proto(io, "tls");
	else if (is(s->command, "PASV") && begins(line, "227 "))
		port = ftp_pasv_reply(line);
	else if (is(s->command, "EPSV") && begins(line, "229 "))
		port = ftp_epsv_reply(line);
	if (port) {
		t->data_port = s->data_port = port;
		s->active = false;
	}
}

static void finish(struct ftp_tx *t)
{
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = FTP_FINISHED;
}

/* `io_tx`: of the line before in this call, NULL at first. False ends the parser. */
static bool reply(struct app_io *io, struct ftp_state *s, struct slice line, bool cut,
		  struct ftp_tx **io_tx)
{
	struct ftp_tx *t = awaiting(io, *io_tx);
	bool preliminary = line.len >= 4 && line.data[0] == '1' && line.data[3] == ' ';

	if (!t)
		return false;
	*io_tx = t;
	follow_reply(io, s, t, line);
	line = trim_end(line);
	if (cut)
		app_tx_event(&t->tx, FTP_EVENT_RESPONSE_COMMAND_TOO_LONG);
	t->cut_reply |= cut;
	if (line.len > 0 && !text_list_add(io->slab, &t->replies, line, FTP_REPLIES_MAX))
		t->cut_reply = true;
	if (!preliminary)
		finish(t);
	return true;
}

/* --- lines --- */

enum step { STEP_LINE, STEP_NONE, STEP_MORE };

/* The next line without its end; of one that is too long the beginning. */
static enum step next_line(struct ftp_state *s, enum dir dir, struct cursor *c, struct slice *ret)
{
	struct slice rest = cursor_rest(c);
	const uint8_t *lf = memchr(rest.data, '\n', rest.len);
	size_t n = lf ? (size_t)(lf - rest.data) : rest.len;
	bool passed = s->passing[dir];

	if (!lf && !passed && n < FTP_LINE_MAX)
		return STEP_MORE;
	cursor_skip(c, lf ? n + 1 : n);
	s->passing[dir] = !lf;
	if (passed)
		return STEP_NONE;
	if (n > 0 && rest.data[n - 1] == '\r')
		n--;
	*ret = slice_sub(rest, 0, n < FTP_LINE_MAX ? n : FTP_LINE_MAX);
	return STEP_LINE;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct ftp_state *s = state;
	struct cursor c = cursor_of(input.data);
	struct ftp_tx *t = NULL;
	struct slice line;

	while (cursor_left(&c) > 0) {
		enum step step = next_line(s, dir, &c, &line);
		bool cut = line.len == FTP_LINE_MAX, ok;

		if (step == STEP_MORE)
			return APP_RESULT_MORE(cursor_offset(&c), 1);
		if (step == STEP_NONE)
			continue;
		ok = dir == DIR_TS ? request(io, s, line, cut) : reply(io, s, line, cut, &t);
		if (!ok)
			return APP_RESULT_BAD;
	}
	return APP_RESULT_OK(input.data.len);
}

/* A PORT that names another host than the client. */
static bool match_bounce(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return container_of(tx, const struct ftp_tx, tx)->bounce;
}

#define PATTERN(d, b)                                                                              \
	{                                                                                          \
		.dir = d, .transport = APP_TCP, .bytes = b, .len = sizeof(b) - 1,                  \
		.depth = sizeof(b) - 1, .nocase = true                                             \
	}

static const struct app_pattern patterns[] = {
	PATTERN(DIR_TC, "220 ("), PATTERN(DIR_TS, "FEAT"),  PATTERN(DIR_TS, "USER "),
	PATTERN(DIR_TS, "PASS "), PATTERN(DIR_TS, "PORT "),
};

static const struct app_keyword keywords[] = {
	{"ftpbounce", {true, false}, {0}, compile_none, match_bounce},
};

const struct app_proto ftp_proto = {
	.name = "ftp",
	.event_prefix = "ftp",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.state_size = sizeof(struct ftp_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {FTP_FINISHED, FTP_FINISHED},
	.events_in_capitals = true,
	.events = event_names,
	.event_count = FTP_EVENTS,
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "ftp",
	.eve_key = "ftp",
	.log = ftp_log,
};
