#include "dataplane/app/ssh/ssh.h"

#include <mbedtls/md5.h>

#include "dataplane/api/record.h"
#include "dataplane/app/text/compile.h"

enum message {
	MESSAGE_KEXINIT = 20,
	MESSAGE_NEWKEYS = 21,
};

enum { RECORD_HEAD = 6, NAME_LISTS = 10 };

static const char *const event_names[] = {
	[SSH_EVENT_INVALID_BANNER] = "invalid_banner",
	[SSH_EVENT_LONG_BANNER] = "long_banner",
	[SSH_EVENT_INVALID_RECORD] = "invalid_record",
	[SSH_EVENT_LONG_KEX_RECORD] = "long_kex_record",
};

struct ssh_state {
	struct ssh_tx *tx; /* the framework owns and frees it */
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct ssh_tx *t = container_of(tx, struct ssh_tx, tx);
	struct ssh_state *s = state;

	for (unsigned d = 0; d < 2; d++) {
		kept_free(io->slab, &t->side[d].proto);
		kept_free(io->slab, &t->side[d].software);
		kept_free(io->slab, &t->side[d].hassh_string);
	}
	if (s->tx == t)
		s->tx = NULL;
}

/* --- banner --- */

/* A line up to its end, which may be LF, CR LF or CR alone; what is behind stays in `c`. False when
 * the end is not there yet (a CR as the last byte may have its LF to come). */
static bool take_line(struct cursor *c, struct slice *ret)
{
	struct slice all = cursor_rest(c);
	size_t n = 0;

	while (n < all.len && all.data[n] != '\n' && all.data[n] != '\r')
		n++;
	if (n == all.len || (all.data[n] == '\r' && n + 1 == all.len))
		return false;
	*ret = cursor_take(c, n);
	cursor_skip(c, all.data[n] == '\r' && all.data[n + 1] == '\n' ? 2 : 1);
	return true;
}

/* "SSH-2.0-OpenSSH_9.2 comment" */
static bool banner(struct app_io *io, struct ssh_side *s, struct slice line)
{
	struct slice rest = slice_sub(line, 4, line.len);
	size_t proto = 0, software = 0;

	if (!slice_eq(slice_sub(line, 0, 4), SLICE_LIT("SSH-")))
		return false;
	while (proto < rest.len && rest.data[proto] != '-')
		proto++;
	if (proto == 0 || proto == rest.len)
		return false;
	kept_set(io->slab, &s->proto, slice_sub(rest, 0, proto));
	rest = slice_sub(rest, proto + 1, rest.len);
	while (software < rest.len && !strchr(" \r\n", rest.data[software]))
		software++;
	if (software == 0)
		software = rest.len;
	if (software > 0)
		kept_set(io->slab, &s->software, slice_sub(rest, 0, software));
	return true;
}

static struct app_result bad(struct ssh_tx *t, enum ssh_event event)
{
	app_tx_event(&t->tx, event);
	return APP_RESULT_BAD;
}

/* False: `ret` says what to return. */
static bool read_banner(struct app_io *io, struct ssh_tx *t, struct ssh_side *s, struct cursor *c,
			struct app_result *ret)
{
	struct slice line = {0};
	bool whole = take_line(c, &line);

	*ret = APP_RESULT_OK(cursor_offset(c) + cursor_left(c));
	if (s->progress == SSH_BANNER_WAIT_EOL) {
		if (whole)
			s->progress = SSH_BANNER_DONE;
		return whole;
	}
	if (!whole && cursor_left(c) < SSH_BANNER_MAX) {
		*ret = APP_RESULT_MORE(0, 1);
		return false;
	}
	if (!whole)
		line = slice_sub(cursor_rest(c), 0, SSH_BANNER_MAX);
	if (!banner(io, s, line)) {
		*ret = bad(t, SSH_EVENT_INVALID_BANNER);
		return false;
	}
	if (line.len >= SSH_BANNER_MAX)
		app_tx_event(&t->tx, SSH_EVENT_LONG_BANNER);
	s->progress = whole ? SSH_BANNER_DONE : SSH_BANNER_WAIT_EOL;
	return whole;
}

/* --- key exchange --- */

/* HASSH (https://github.com/salesforce/hassh): MD5 of four of the lists, as offered in the sender's
 * direction. */
static void hassh(struct app_io *io, struct ssh_side *s, enum dir dir, struct slice body)
{
	/* key exchange; then ciphers, MACs, compression to the server and to the client */
	static const uint8_t wanted[2][4] = {{0, 2, 4, 6}, {0, 3, 5, 7}};
	struct cursor c = cursor_of(body);
	struct slice list[NAME_LISTS];
	static const char hex[] = "0123456789abcdef";
	uint8_t md5[16] = {0};

	cursor_skip(&c, 16);
	for (unsigned i = 0; i < NAME_LISTS; i++)
		list[i] = cursor_take(&c, cursor_u32(&c));
	cursor_skip(&c, 5); /* first packet follows, reserved */
	if (c.bad || s->hassh_string.data)
		return;
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			kept_append(io->slab, &s->hassh_string, SLICE_LIT(";"), SSH_KEXINIT_MAX);
		kept_append(io->slab, &s->hassh_string, list[wanted[dir][i]], SSH_KEXINIT_MAX);
	}
	if (!s->hassh_string.data)
		return;
	mbedtls_md5_ret(s->hassh_string.data, s->hassh_string.len, md5);
	for (unsigned i = 0; i < sizeof(md5); i++) {
		s->hassh[2 * i] = hex[md5[i] >> 4];
		s->hassh[2 * i + 1] = hex[md5[i] & 15];
	}
}

static struct app_result read_records(struct app_io *io, struct ssh_tx *t, enum dir dir,
				      struct cursor c)
{
	struct ssh_side *s = &t->side[dir];

	while (cursor_left(&c) > 0) {
		size_t at = cursor_offset(&c), left = cursor_left(&c);
		uint32_t len;
		uint8_t message;

		if (s->skip > 0) {
			uint32_t n = s->skip < left ? s->skip : (uint32_t)left;

			cursor_skip(&c, n);
			s->skip -= n;
			continue;
		}
		if (left < RECORD_HEAD)
			return APP_RESULT_MORE(at, RECORD_HEAD - left);
		len = cursor_u32(&c);
		cursor_skip(&c, 1); /* padding length */
		message = cursor_u8(&c);
		if (len < 2)
			return bad(t, SSH_EVENT_INVALID_RECORD);
		s->skip = len - 2;
		if (message == MESSAGE_NEWKEYS)
			s->progress = SSH_FINISHED;
		if (message != MESSAGE_KEXINIT)
			continue;
		if (s->skip >= SSH_KEXINIT_MAX) {
			app_tx_event(&t->tx, SSH_EVENT_LONG_KEX_RECORD);
		} else if (s->skip > cursor_left(&c)) {
			s->skip = 0;
			return APP_RESULT_MORE(at, len - 2 - cursor_left(&c));
		} else {
			hassh(io, s, dir, cursor_take(&c, s->skip));
			s->skip = 0;
		}
	}
	return APP_RESULT_OK(cursor_offset(&c));
}

static void set_progress(struct ssh_tx *t)
{
	uint8_t client = t->side[DIR_TS].progress, server = t->side[DIR_TC].progress;

	if (client == SSH_FINISHED && server == SSH_FINISHED) {
		t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = SSH_FINISHED;
		return;
	}
	t->tx.progress[DIR_TS] = client >= SSH_BANNER_DONE ? SSH_BANNER_DONE : SSH_IN_PROGRESS;
	t->tx.progress[DIR_TC] = server >= SSH_BANNER_DONE ? SSH_BANNER_DONE : SSH_IN_PROGRESS;
}

static struct ssh_tx *transaction(struct app_io *io, struct ssh_state *s)
{
	if (!s->tx) {
		struct app_tx *tx = app_tx_first(io);

		if (!tx)
			tx = app_tx_new(io, sizeof(*s->tx));
		s->tx = tx ? container_of(tx, struct ssh_tx, tx) : NULL;
	}
	return s->tx;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct ssh_tx *t = transaction(io, state);
	struct cursor c = cursor_of(input.data);
	struct ssh_side *s;
	struct app_result r;

	if (!t)
		return APP_RESULT_BAD;
	if (input.data.len == 0)
		return APP_RESULT_OK(0);
	s = &t->side[dir];
	if (s->progress < SSH_BANNER_DONE && !read_banner(io, t, s, &c, &r)) {
		set_progress(t);
		return r;
	}
	r = read_records(io, t, dir, c);
	set_progress(t);
	if (r.status == APP_OK && t->tx.progress[DIR_TS] == SSH_FINISHED) {
		app_payload_encrypted(io);
		return APP_RESULT_DONE(input.data.len);
	}
	return r;
}

/* --- for rules --- */

static const struct ssh_side *side_of(const struct app_tx *tx, enum dir dir)
{
	return &container_of(tx, const struct ssh_tx, tx)->side[dir];
}

static bool get_proto(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->proto, ret);
}

static bool get_software(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->software, ret);
}

static bool get_hassh(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct ssh_side *s = side_of(tx, dir);

	*ret = SLICE(s->hassh, sizeof(s->hassh));
	return s->hassh_string.data != NULL;
}

static bool get_hassh_string(const struct app_tx *tx, enum dir dir, uint32_t index,
			     struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->hassh_string, ret);
}

static bool all_of(struct slice s, const char *more)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t ch = s.data[i];

		if (!(ch >= '0' && ch <= '9') && !strchr(more, ch))
			return false;
	}
	return s.len > 0;
}

/* A number such as 2.0, or 2_compat for every version that speaks SSH 2. */
static void *compile_protoversion(struct slice argument, char *why, size_t cap)
{
	struct compile_quoted *q = compile_quoted(argument, why, cap);

	if (!q)
		return NULL;
	if (q->negated ||
	    (!slice_eq(SLICE(q->text, q->len), SLICE_LIT("2_compat")) &&
	     (!all_of(SLICE(q->text, q->len), ".-") || q->text[0] == '.' || q->text[0] == '-')))
		return compile_refuse(q, why, cap,
				      "ssh.protoversion takes a version such as 2.0, or 2_compat");
	return q;
}

static bool match_protoversion(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct compile_quoted *q = compiled;
	struct slice have, want = SLICE(q->text, q->len);

	if (!kept_get(&side_of(tx, dir)->proto, &have))
		return false;
	if (slice_eq(want, SLICE_LIT("2_compat")))
		return slice_eq(slice_sub(have, 0, 1), SLICE_LIT("2")) ||
		       slice_eq(slice_sub(have, 0, 4), SLICE_LIT("1.99"));
	return slice_eq(have, want);
}

static bool match_softwareversion(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct compile_quoted *q = compiled;
	struct slice have;

	return kept_get(&side_of(tx, dir)->software, &have) &&
	       slice_eq(have, SLICE(q->text, q->len)) != q->negated;
}

/* --- records --- */

static void log_side(const struct ssh_side *s, const char *name, struct record *r)
{
	if (!s->proto.data)
		return;
	record_object(r, name);
	text_log(r, "proto_version", kept_slice(&s->proto));
	if (s->software.data)
		text_log(r, "software_version", kept_slice(&s->software));
	if (s->hassh_string.data) {
		record_object(r, "hassh");
		record_str(r, "hash", SLICE(s->hassh, sizeof(s->hassh)));
		text_log(r, "string", kept_slice(&s->hassh_string));
		record_end(r);
	}
	record_end(r);
}

static bool log_tx(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct ssh_tx *t = container_of(tx, const struct ssh_tx, tx);

	if (!t->side[DIR_TS].proto.data && !t->side[DIR_TC].proto.data)
		return false;
	log_side(&t->side[DIR_TS], "client", r);
	log_side(&t->side[DIR_TC], "server", r);
	return true;
}

static const struct app_pattern patterns[] = {
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = "SSH-",
	 .len = 4,
	 .depth = 4,
	 .nocase = true},
	{.dir = DIR_TC,
	 .transport = APP_TCP,
	 .bytes = "SSH-",
	 .len = 4,
	 .depth = 4,
	 .nocase = true},
};

#define BANNER                                                                                     \
	{                                                                                          \
		SSH_BANNER_DONE, SSH_BANNER_DONE                                                   \
	}

static const struct app_buffer buffers[] = {
	{.name = "ssh.proto", .dir = {true, true}, .progress = BANNER, .get = get_proto},
	{.name = "ssh.software", .dir = {true, true}, .progress = BANNER, .get = get_software},
	{.name = "ssh.hassh", .dir = {true, false}, .progress = BANNER, .get = get_hassh},
	{.name = "ssh.hassh.string",
	 .dir = {true, false},
	 .progress = BANNER,
	 .get = get_hassh_string},
	{.name = "ssh.hassh.server", .dir = {false, true}, .progress = BANNER, .get = get_hassh},
	{.name = "ssh.hassh.server.string",
	 .dir = {false, true},
	 .progress = BANNER,
	 .get = get_hassh_string},
};

static const struct app_keyword keywords[] = {
	{"ssh.protoversion", {true, true}, BANNER, compile_protoversion, match_protoversion},
	{"ssh.softwareversion", {true, true}, BANNER, compile_quoted, match_softwareversion},
};

const struct app_proto ssh_proto = {
	.name = "ssh",
	.event_prefix = "ssh",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.state_size = sizeof(struct ssh_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {SSH_FINISHED, SSH_FINISHED},
	.events = event_names,
	.event_count = SSH_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "ssh",
	.eve_key = "ssh",
	.log = log_tx,
};
