#include "dataplane/app/tls/tls.h"

#include "dataplane/app/tls/hello.h"

enum record_type {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPLICATION = 23,
	RECORD_HEARTBEAT = 24,
};

enum { RECORD_HEAD = 5, RECORD_LEAST = 6 };

static const char *const event_names[] = {
	[TLS_EVENT_INVALID_SSLV2_HEADER] = "invalid_sslv2_header",
	[TLS_EVENT_INVALID_TLS_HEADER] = "invalid_tls_header",
	[TLS_EVENT_INVALID_RECORD_VERSION] = "invalid_record_version",
	[TLS_EVENT_INVALID_RECORD_TYPE] = "invalid_record_type",
	[TLS_EVENT_INVALID_RECORD_LENGTH] = "invalid_record_length",
	[TLS_EVENT_INVALID_HANDSHAKE_MESSAGE] = "invalid_handshake_message",
	[TLS_EVENT_HEARTBEAT_MESSAGE] = "heartbeat_message",
	[TLS_EVENT_INVALID_HEARTBEAT_MESSAGE] = "invalid_heartbeat_message",
	[TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE] = "overflow_heartbeat_message",
	[TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH] = "dataleak_heartbeat_mismatch",
	[TLS_EVENT_HANDSHAKE_INVALID_LENGTH] = "handshake_invalid_length",
	[TLS_EVENT_MULTIPLE_SNI_EXTENSIONS] = "multiple_sni_extensions",
	[TLS_EVENT_INVALID_SNI_TYPE] = "invalid_sni_type",
	[TLS_EVENT_INVALID_SNI_LENGTH] = "invalid_sni_length",
	[TLS_EVENT_TOO_MANY_RECORDS_IN_PACKET] = "too_many_records_in_packet",
	[TLS_EVENT_INVALID_CERTIFICATE] = "invalid_certificate",
	[TLS_EVENT_CERTIFICATE_INVALID_LENGTH] = "certificate_invalid_length",
	[TLS_EVENT_CERTIFICATE_INVALID_VERSION] = "certificate_invalid_version",
	[TLS_EVENT_CERTIFICATE_INVALID_SERIAL] = "certificate_invalid_serial",
	[TLS_EVENT_CERTIFICATE_INVALID_ALGORITHMIDENTIFIER] =
		"certificate_invalid_algorithmidentifier",
	[TLS_EVENT_CERTIFICATE_INVALID_X509NAME] = "certificate_invalid_x509name",
	[TLS_EVENT_CERTIFICATE_INVALID_DATE] = "certificate_invalid_date",
	[TLS_EVENT_CERTIFICATE_INVALID_EXTENSIONS] = "certificate_invalid_extensions",
	[TLS_EVENT_CERTIFICATE_INVALID_DER] = "certificate_invalid_der",
	[TLS_EVENT_CERTIFICATE_INVALID_SUBJECT] = "certificate_invalid_subject",
	[TLS_EVENT_CERTIFICATE_INVALID_ISSUER] = "certificate_invalid_issuer",
	[TLS_EVENT_CERTIFICATE_INVALID_VALIDITY] = "certificate_invalid_validity",
	[TLS_EVENT_ERROR_MESSAGE_ENCOUNTERED] = "error_message_encountered",
	[TLS_EVENT_INVALID_SSL_RECORD] = "invalid_ssl_record",
};

struct tls_state {
	struct tls_tx *tx; /* the framework owns and frees it */
	bool over;	   /* it was freed: there is only one */
};

static void side_free(struct app_io *io, struct tls_side *s)
{
	kept_free(io->slab, &s->message);
	kept_free(io->slab, &s->sni);
	kept_free(io->slab, &s->ja3);
	kept_free(io->slab, &s->subject);
	kept_free(io->slab, &s->issuer);
	kept_free(io->slab, &s->serial);
	if (s->chain) {
		kept_free(io->slab, &s->chain->bytes);
		slab_free(io->slab, s->chain, sizeof(*s->chain));
	}
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct tls_state *s = state;
	struct tls_tx *t = container_of(tx, struct tls_tx, tx);

	side_free(io, &t->side[0]);
	side_free(io, &t->side[1]);
	s->tx = NULL;
	s->over = true;
}

/* --- records --- */

static bool fail(struct tls_tx *t, enum tls_event event)
{
	app_tx_event(&t->tx, event);
	return false;
}

/* RFC 6520, CVE-2014-0160. Before encryption the lengths are seen; after it a response that is
 * longer than its request tells. */
static bool heartbeat(struct tls_tx *t, enum dir dir, struct slice record)
{
	uint32_t by = dir == DIR_TS ? TLS_HEARTBEAT_CLIENT : TLS_HEARTBEAT_SERVER;
	bool encrypted = t->flags & TLS_CHANGE_CIPHER_SPEC;
	struct cursor c = cursor_of(record);
	uint8_t type = cursor_u8(&c);
	uint16_t payload = cursor_u16(&c);

	if (c.bad)
		return true;
	if (!encrypted && type != 1 && type != 2)
		return fail(t, TLS_EVENT_INVALID_HEARTBEAT_MESSAGE);
	if (!(t->flags & TLS_HEARTBEAT)) {
		t->flags |= TLS_HEARTBEAT | by;
		t->heartbeat_len = encrypted ? (uint32_t)record.len : 0;
		if (encrypted)
			return true;
		if (payload + 3u > record.len)
			return fail(t, TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE);
		if (record.len - payload - 3 < 16)
			return fail(t, TLS_EVENT_INVALID_HEARTBEAT_MESSAGE);
		return true;
	}
	if (t->flags & by)
		return fail(t, TLS_EVENT_INVALID_HEARTBEAT_MESSAGE);
	t->flags &= ~(uint32_t)(TLS_HEARTBEAT | TLS_HEARTBEAT_CLIENT | TLS_HEARTBEAT_SERVER);
	if (encrypted && t->heartbeat_len > 0 && t->heartbeat_len < record.len)
		return fail(t, TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH);
	t->heartbeat_len = 0;
	return true;
}

static void handshake(struct app_io *io, struct tls_tx *t, enum dir dir, struct slice record)
{
	/* After ChangeCipherSpec handshake records are encrypted; but TLS 1.3 sends one for
	 * middleboxes only, maybe in front of a second hello (RFC 8446 D.4). */
	if (t->flags & TLS_CHANGE_CIPHER_SPEC &&
	    !(t->flags & TLS_CLIENT_HELLO && t->side[DIR_TS].version > TLS_VERSION_12 &&
	      !(t->flags & TLS_SERVER_HELLO)))
		return;
	tls_handshake(io, t, dir, record);
}

static void application_data(struct app_io *io, struct tls_tx *t)
{
	/* Early data comes before the handshake is done. */
	if (t->flags & TLS_EARLY_DATA && !(t->flags & TLS_SERVER_HELLO))
		return;
	t->flags |= TLS_DONE;
	if (io->limits->tls_bypass)
		t->flags |= TLS_SEALED;
	app_payload_encrypted(io);
}

/* A whole record but one of application data. */
static bool record(struct app_io *io, struct tls_tx *t, enum dir dir, struct slice content)
{
	switch (t->side[dir].type) {
	case RECORD_CHANGE_CIPHER_SPEC:
		t->flags |= TLS_CHANGE_CIPHER_SPEC;
		return true;
	case RECORD_ALERT:
		return true;
	case RECORD_HANDSHAKE:
		handshake(io, t, dir, content);
		return true;
	case RECORD_HEARTBEAT:
		return heartbeat(t, dir, content);
	default:
		return fail(t, TLS_EVENT_INVALID_RECORD_TYPE);
	}
}

static bool record_head(struct tls_tx *t, enum dir dir, struct cursor *c)
{
	struct tls_side *s = &t->side[dir];
	uint32_t hello = dir == DIR_TS ? TLS_CLIENT_HELLO : TLS_SERVER_HELLO;
	uint16_t version;

	s->type = cursor_u8(c);
	version = cursor_u16(c);
	s->record_len = s->record_left = cursor_u16(c);
	if (!(t->flags & hello && s->version != TLS_VERSION_UNKNOWN))
		s->version = version;
	if (!tls_version_valid(s->version))
		return fail(t, TLS_EVENT_INVALID_RECORD_VERSION);
	if (s->record_len == 0 || s->record_len > TLS_RECORD_MAX)
		return fail(t, TLS_EVENT_INVALID_RECORD_LENGTH);
	s->in_record = true;
	return true;
}

/* --- SSLv2's records: two or three bytes of length, then the message's type --- */

enum ssl2_message {
	SSL2_ERROR = 0,
	SSL2_CLIENT_HELLO = 1,
	SSL2_CLIENT_MASTER_KEY = 2,
	SSL2_SERVER_HELLO = 4,
	SSL2_CLIENT_CERTIFICATE = 8,
};

static void ssl2_message(struct tls_tx *t, enum dir dir, uint8_t type)
{
	switch (type) {
	case SSL2_ERROR:
		app_tx_event(&t->tx, TLS_EVENT_ERROR_MESSAGE_ENCOUNTERED);
		break;
	case SSL2_CLIENT_HELLO:
		t->current = TLS_CLIENT_HELLO | TLS_SSL2_CLIENT_HELLO;
		break;
	case SSL2_CLIENT_MASTER_KEY:
		t->current = 0;
		break;
	case SSL2_SERVER_HELLO:
		t->current = TLS_SERVER_HELLO | TLS_SSL2_SERVER_HELLO;
		break;
	case SSL2_CLIENT_CERTIFICATE:
		if (dir == DIR_TS)
			t->current = TLS_CLIENT_KEYX;
		break;
	default:
		break;
	}
	t->flags |= t->current;
}

/* Bytes of a head of SSLv2 with the type behind it. */
static size_t ssl2_head_len(uint8_t first)
{
	return first & 0x80 ? 3 : 4;
}

static bool ssl2_head(struct tls_tx *t, enum dir dir, struct cursor *c)
{
	struct tls_side *s = &t->side[dir];
	uint16_t len = cursor_u16(c);
	bool two = len & 0x8000;

	s->version = TLS_VERSION_SSL2;
	s->record_len = len & (two ? 0x7fff : 0x3fff);
	if (!two)
		cursor_skip(c, 1); /* padding */
	s->type = cursor_u8(c);
	if (s->record_len == 0) {
		app_tx_event(&t->tx, TLS_EVENT_INVALID_SSLV2_HEADER);
		return fail(t, TLS_EVENT_INVALID_SSL_RECORD);
	}
	s->record_left = s->record_len - 1;
	s->in_record = s->record_left > 0;
	s->ssl2 = true;
	ssl2_message(t, dir, s->type);
	return true;
}

/* --- frames --- */

enum {
	FRAME_PDU,
	FRAME_HDR,
	FRAME_DATA,
	FRAME_ALERT,
	FRAME_HEARTBEAT,
	FRAME_SSL2_HDR,
	FRAME_SSL2_PDU
};

static const char *const frames[] = {
	[FRAME_PDU] = "pdu",
	[FRAME_HDR] = "hdr",
	[FRAME_DATA] = "data",
	[FRAME_ALERT] = "alert",
	[FRAME_HEARTBEAT] = "heartbeat",
	[FRAME_SSL2_HDR] = "ssl2.hdr",
	[FRAME_SSL2_PDU] = "ssl2.pdu",
};

/* The record that begins at `at`, its head read. */
static void announce(struct app_io *io, const struct tls_side *s, const uint8_t *at)
{
	uint32_t head = s->ssl2 ? (at[0] & 0x80 ? 2 : 3) : RECORD_HEAD;

	app_frame(io, s->ssl2 ? FRAME_SSL2_PDU : FRAME_PDU, at, (int64_t)head + s->record_len);
	app_frame(io, s->ssl2 ? FRAME_SSL2_HDR : FRAME_HDR, at, head);
	if (s->ssl2)
		return;
	app_frame(io, FRAME_DATA, at + head, s->record_len);
	if (s->type == RECORD_ALERT)
		app_frame(io, FRAME_ALERT, at + head, s->record_len);
	else if (s->type == RECORD_HEARTBEAT)
		app_frame(io, FRAME_HEARTBEAT, at + head, s->record_len);
}

/* --- the stream --- */

static bool only_ssl2(int first)
{
	return first & 0xc0;
}

/* Reads the head of the next record. False: `ret` says what to return. */
static bool next_head(struct app_io *io, struct tls_tx *t, enum dir dir, struct cursor *c,
		      struct app_result *ret)
{
	struct tls_side *s = &t->side[dir];
	int first = cursor_peek(c);
	bool ssl2 = only_ssl2(first);
	size_t need = ssl2 ? ssl2_head_len((uint8_t)first) : RECORD_HEAD;
	const uint8_t *at = cursor_rest(c).data;

	if (cursor_left(c) < need) {
		*ret = APP_RESULT_MORE(cursor_offset(c), need - cursor_left(c));
		return false;
	}
	if (!ssl2 && s->version == TLS_VERSION_SSL2)
		s->version = TLS_VERSION_UNKNOWN;
	s->ssl2 = ssl2;
	if (ssl2 ? ssl2_head(t, dir, c) : record_head(t, dir, c)) {
		announce(io, s, at);
		return true;
	}
	*ret = APP_RESULT_BAD;
	return false;
}

/* Goes on in the record. False: `ret` says what to return. */
static bool in_record(struct app_io *io, struct tls_tx *t, enum dir dir, struct cursor *c,
		      struct app_result *ret)
{
	struct tls_side *s = &t->side[dir];
	size_t left = cursor_left(c);

	if (s->ssl2 || s->type == RECORD_APPLICATION) {
		uint32_t n = left < s->record_left ? (uint32_t)left : s->record_left;

		/* The head of such a record says it: its bytes need not be there. */
		if (!s->ssl2)
			application_data(io, t);
		cursor_skip(c, n);
		s->record_left -= n;
		if (s->record_left > 0)
			return true;
		s->in_record = false;
	} else {
		if (left < s->record_left) {
			*ret = APP_RESULT_MORE(cursor_offset(c), s->record_left - left);
			return false;
		}
		s->in_record = false;
		if (!record(io, t, dir, cursor_take(c, s->record_left))) {
			*ret = APP_RESULT_BAD;
			return false;
		}
	}
	app_raw_trigger(io, dir);
	return true;
}

/* `more`: the call ended within a record. What follows in it may be a request for the client's
 * certificate, so the handshake is not called done on the server's alone. */
static void set_progress(struct tls_tx *t, bool more)
{
	const struct tls_side *client = &t->side[DIR_TS], *server = &t->side[DIR_TC];
	uint8_t *progress = t->tx.progress;

	if (!more &&
	    (t->flags & TLS_CLIENT_CERT_WANTED ? client->has_certificate : server->has_certificate))
		t->flags |= TLS_DONE;
	if (t->eof[0] && t->eof[1])
		progress[DIR_TS] = progress[DIR_TC] = TLS_CLOSED;
	else if (t->flags & TLS_END)
		progress[DIR_TS] = progress[DIR_TC] = TLS_FINISHED;
	else if (t->flags & TLS_DONE)
		progress[DIR_TS] = progress[DIR_TC] = TLS_HANDSHAKE_DONE;
	else if (server->has_certificate)
		progress[DIR_TS] = TLS_CERT_READY;
}

static struct app_result parse_records(struct app_io *io, struct tls_tx *t, enum dir dir,
				       struct slice data)
{
	struct tls_side *s = &t->side[dir];
	struct cursor c = cursor_of(data);
	size_t records = 0, most = data.len / RECORD_LEAST > 1 ? data.len / RECORD_LEAST : 1;
	struct app_result r = APP_RESULT_OK(data.len);

	if (!s->in_record)
		t->current = 0;
	while (cursor_left(&c) > 0) {
		if (!s->in_record) {
			if (records++ > most) {
				app_tx_event(&t->tx, TLS_EVENT_TOO_MANY_RECORDS_IN_PACKET);
				return APP_RESULT_BAD;
			}
			if (!next_head(io, t, dir, &c, &r))
				return r;
		}
		if (s->in_record && !in_record(io, t, dir, &c, &r))
			return r;
	}
	return r;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct tls_state *s = state;
	struct app_result r = APP_RESULT_OK(input.data.len);
	struct tls_tx *t = s->tx;

	if (s->over)
		return r;
	if (!t) {
		struct app_tx *tx = app_tx_new(io, sizeof(*t));

		if (!tx)
			return APP_RESULT_BAD;
		t = s->tx = container_of(tx, struct tls_tx, tx);
		t->from_proto = app_changed_from(io);
	}
	t->eof[dir] |= input.eof;
	if (input.data.len > 0) { /* an idle connection's end may come days later */
		t->now_ns = io->now_ns;
		r = parse_records(io, t, dir, input.data);
	}
	/* As Suricata: the first side's end is the connection's for the record; what the other side
	 * says is still parsed and inspected. */
	if (input.eof && input.data.len == 0)
		t->flags |= TLS_END;
	set_progress(t, r.need > 0);
	return t->flags & TLS_SEALED && r.status == APP_OK ? APP_RESULT_DONE(input.data.len) : r;
}

/* --- identification --- */

/* A ClientHello in a record of SSLv2. */
static enum app_probe probe_ssl2(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	if (data.len < 3)
		return APP_PROBE_MORE;
	return data.data[0] & 0x80 && data.data[2] == SSL2_CLIENT_HELLO ? APP_PROBE_YES
									: APP_PROBE_NO;
}

#define PATTERN(d, b)                                                                              \
	{                                                                                          \
		.dir = d, .transport = APP_TCP, .bytes = b, .len = 3, .offset = 0, .depth = 3      \
	}

static const struct app_pattern patterns[] = {
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = "\1\0\2",
	 .len = 3,
	 .offset = 2,
	 .depth = 5,
	 .confirm = probe_ssl2,
	 .confirm_min = 3},
	PATTERN(DIR_TS, "\x01\x03\x00"),
	PATTERN(DIR_TS, "\x16\x03\x00"),
	PATTERN(DIR_TS, "\x01\x03\x01"),
	PATTERN(DIR_TS, "\x16\x03\x01"),
	PATTERN(DIR_TS, "\x01\x03\x02"),
	PATTERN(DIR_TS, "\x16\x03\x02"),
	PATTERN(DIR_TS, "\x01\x03\x03"),
	PATTERN(DIR_TS, "\x16\x03\x03"),
	PATTERN(DIR_TC, "\x15\x03\x00"),
	PATTERN(DIR_TC, "\x16\x03\x00"),
	PATTERN(DIR_TC, "\x17\x03\x00"),
	PATTERN(DIR_TC, "\x15\x03\x01"),
	PATTERN(DIR_TC, "\x16\x03\x01"),
	PATTERN(DIR_TC, "\x17\x03\x01"),
	PATTERN(DIR_TC, "\x15\x03\x02"),
	PATTERN(DIR_TC, "\x16\x03\x02"),
	PATTERN(DIR_TC, "\x17\x03\x02"),
	PATTERN(DIR_TC, "\x15\x03\x03"),
	PATTERN(DIR_TC, "\x16\x03\x03"),
	PATTERN(DIR_TC, "\x17\x03\x03"),
};

static const struct app_probe_rule probes[] = {
	{APP_TCP, "443", DIR_TS, 3, probe_ssl2, 3},
};

const struct app_proto tls_proto = {
	.name = "tls",
	.rule_names = {"ssl"},
	.event_prefix = "tls",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct tls_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {TLS_CLOSED, TLS_CLOSED},
	.events_in_capitals = true,
	.events = event_names,
	.event_count = TLS_EVENTS,
	.empty_buffers = true,
	.buffers = tls_buffers,
	.buffer_count = TLS_BUFFERS,
	.keywords = tls_keywords,
	.keyword_count = TLS_KEYWORDS,
	.eve_type = "tls",
	.eve_key = "tls",
	.log = tls_log,
	.log_progress = {TLS_HANDSHAKE_DONE, TLS_HANDSHAKE_DONE},
	.log_alert = tls_log_alert,
	.first_data = 1 << DIR_TS,
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
