#include "dataplane/app/tls/hello.h"
#include "dataplane/app/tls/tls.h"

enum handshake_type {
	HS_HELLO_REQUEST = 0,
	HS_CLIENT_HELLO = 1,
	HS_SERVER_HELLO = 2,
	HS_NEW_SESSION_TICKET = 4,
	HS_CERTIFICATE = 11,
	HS_SERVER_KEY_EXCHANGE = 12,
	HS_CERTIFICATE_REQUEST = 13,
	HS_SERVER_HELLO_DONE = 14,
	HS_CERTIFICATE_VERIFY = 15,
	HS_CLIENT_KEY_EXCHANGE = 16,
	HS_FINISHED = 20,
	HS_CERTIFICATE_URL = 21,
	HS_CERTIFICATE_STATUS = 22,
};

static bool known_type(uint8_t type)
{
	return type <= HS_CERTIFICATE_STATUS &&
	       (1u << type &
		(1u << HS_HELLO_REQUEST | 1u << HS_CLIENT_HELLO | 1u << HS_SERVER_HELLO |
		 1u << HS_NEW_SESSION_TICKET | 1u << HS_CERTIFICATE | 1u << HS_SERVER_KEY_EXCHANGE |
		 1u << HS_CERTIFICATE_REQUEST | 1u << HS_SERVER_HELLO_DONE |
		 1u << HS_CERTIFICATE_VERIFY | 1u << HS_CLIENT_KEY_EXCHANGE | 1u << HS_FINISHED |
		 1u << HS_CERTIFICATE_URL | 1u << HS_CERTIFICATE_STATUS));
}

static void set_current(struct tls_tx *t, uint32_t flag)
{
	t->current = flag;
	t->flags |= flag;
}

static void hello_events(struct tls_tx *t, uint32_t events)
{
	for (unsigned e = 0; events > 0; e++, events >>= 1) {
		if (events & 1)
			app_tx_event(&t->tx, e);
	}
}

static uint16_t negotiated(const struct tls_hello *h)
{
	if (h->supported_version != 0)
		return h->supported_version;
	/* Drafts before the sixteenth said 1.3 or their own number, which nobody else uses. */
	if ((h->version >= 0x7f01 && h->version < 0x7f10) || h->version == TLS_VERSION_13)
		return TLS_VERSION_13_PRE_DRAFT16;
	return h->version;
}

static void keep_session(struct tls_tx *t, struct tls_side *s, bool server,
			 const struct tls_hello *h)
{
	const struct tls_side *client = &t->side[DIR_TS];

	if (h->session_id.len > sizeof(s->session_id) || h->session_id.len == 0 ||
	    s->session_id_len > 0)
		return;
	memcpy(s->session_id, h->session_id.data, h->session_id.len);
	s->session_id_len = (uint8_t)h->session_id.len;
	if (server && s != client && client->session_id_len == s->session_id_len &&
	    memcmp(client->session_id, s->session_id, s->session_id_len) == 0)
		t->flags |= TLS_RESUMED;
}

static void keep_fingerprints(struct app_io *io, struct tls_side *s, bool server,
			      const struct tls_hello *h)
{
	size_t len;

	if (!io->limits->demand.fingerprints || h->broken || s->ja3.data)
		return;
	len = tls_ja3_text(h, server, NULL, 0);
	if (len <= TLS_JA3_MAX) {
		if (!kept_reserve(io->slab, &s->ja3, (uint32_t)len))
			return;
		tls_ja3_text(h, server, s->ja3.data, len);
		tls_ja3_hash(kept_slice(&s->ja3), s->ja3_hash);
	}
	if (!server && !s->has_ja4) {
		tls_ja4(h, 't', s->ja4);
		s->has_ja4 = true;
	}
}

static void hello_flags(struct tls_tx *t, bool server, const struct tls_hello *h)
{
	if (!server) {
		t->flags |= h->has_ticket ? TLS_RESUMED : 0;
		t->flags |= h->has_early_data ? TLS_EARLY_DATA : 0;
		t->flags |= h->has_supported_versions ? TLS_CLIENT_VERSIONS : 0;
		return;
	}
	if (h->version == TLS_VERSION_13 || h->version >> 8 == 0x7f ||
	    (t->flags & TLS_CLIENT_VERSIONS && h->supported_version > TLS_VERSION_12))
		t->flags |= TLS_LOG_WITHOUT_CERT;
}

void tls_hello(struct app_io *io, struct tls_tx *t, enum dir dir, bool server, struct slice body)
{
	struct tls_side *s = &t->side[dir];
	struct tls_hello h;

	tls_hello_read(body, server, t->flags & TLS_LOG_WITHOUT_CERT, &h);
	hello_events(t, h.events);
	if (body.len < 2)
		return;
	s->version = negotiated(&h);
	if (h.random.len == sizeof(s->random)) {
		memcpy(s->random, h.random.data, sizeof(s->random));
		s->has_random = true;
	}
	keep_session(t, s, server, &h);
	if (h.has_sni && s->sni.data)
		app_tx_event(&t->tx, TLS_EVENT_MULTIPLE_SNI_EXTENSIONS);
	else if (h.has_sni)
		kept_set(io->slab, &s->sni, h.sni);
	hello_flags(t, server, &h);
	keep_fingerprints(io, s, server, &h);
}

static void message(struct app_io *io, struct tls_tx *t, enum dir dir, uint8_t type,
		    struct slice body)
{
	switch (type) {
	case HS_CLIENT_HELLO:
		t->current = TLS_CLIENT_HELLO;
		tls_hello(io, t, dir, false, body);
		t->flags |= t->current;
		break;
	case HS_SERVER_HELLO:
		t->current = TLS_SERVER_HELLO;
		tls_hello(io, t, dir, true, body);
		t->flags |= t->current;
		break;
	case HS_SERVER_KEY_EXCHANGE:
		set_current(t, TLS_SERVER_KEYX);
		break;
	case HS_CLIENT_KEY_EXCHANGE:
		set_current(t, TLS_CLIENT_KEYX);
		break;
	case HS_CERTIFICATE:
		tls_certificates(io, t, dir, body);
		break;
	case HS_CERTIFICATE_REQUEST:
		if (dir == DIR_TC)
			t->flags |= TLS_CLIENT_CERT_WANTED;
		break;
	default:
		break;
	}
}

static void take(struct cursor *c, size_t n, struct slice *ret)
{
	*ret = cursor_take(c, n < cursor_left(c) ? n : cursor_left(c));
}

/* The next part of a message that began in an earlier record. */
static void message_part(struct app_io *io, struct tls_tx *t, enum dir dir, struct cursor *c)
{
	struct tls_side *s = &t->side[dir];
	struct slice part;

	take(c, s->message_len - s->message_have, &part);
	memcpy(s->message.data + s->message_have, part.data, part.len);
	s->message_have += (uint32_t)part.len;
	if (s->message_have < s->message_len)
		return;
	message(io, t, dir, s->message_type, kept_slice(&s->message));
	kept_free(io->slab, &s->message);
}

/* Room for a message that does not end in this record. Without it the message is passed over. */
static void message_start(struct app_io *io, struct tls_side *s, uint8_t type, uint32_t len,
			  struct cursor *c)
{
	struct slice part;

	take(c, len, &part);
	if (len > TLS_MESSAGE_MAX || !kept_reserve(io->slab, &s->message, len)) {
		s->message_skip = len - (uint32_t)part.len;
		return;
	}
	s->message_type = type;
	s->message_len = len;
	s->message_have = (uint32_t)part.len;
	memcpy(s->message.data, part.data, part.len);
}

/* The head of the next message, from more than one record if need be. A record that cuts it is as
 * RFC 8446 5.1 forbids and RFC 5246 does not: Suricata stops there, so a hello could be hidden. */
static bool message_head(struct tls_tx *t, struct tls_side *s, size_t record_len, struct cursor *c,
			 struct cursor *ret)
{
	struct slice part;

	take(c, sizeof(s->head) - s->head_have, &part);
	memcpy(s->head + s->head_have, part.data, part.len);
	s->head_have = (uint8_t)(s->head_have + part.len);
	if (s->head_have < sizeof(s->head)) {
		app_tx_event(&t->tx, TLS_EVENT_INVALID_SSL_RECORD);
		if (record_len >= sizeof(s->head))
			app_tx_event(&t->tx, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
		return false;
	}
	s->head_have = 0;
	*ret = cursor_init(s->head, sizeof(s->head));
	return true;
}

void tls_handshake(struct app_io *io, struct tls_tx *t, enum dir dir, struct slice record)
{
	struct tls_side *s = &t->side[dir];
	struct cursor c = cursor_of(record), head;
	struct slice body;

	while (cursor_left(&c) > 0) {
		uint32_t len;
		uint8_t type;

		if (s->message.data) {
			message_part(io, t, dir, &c);
			continue;
		}
		if (s->message_skip > 0) {
			take(&c, s->message_skip, &body);
			s->message_skip -= (uint32_t)body.len;
			continue;
		}
		if (!message_head(t, s, record.len, &c, &head))
			return;
		type = cursor_u8(&head);
		len = cursor_u24(&head);
		if (!known_type(type)) {
			take(&c, len, &body);
			app_tx_event(&t->tx, TLS_EVENT_INVALID_HANDSHAKE_MESSAGE);
		} else if (len > cursor_left(&c)) {
			message_start(io, s, type, len, &c);
		} else {
			message(io, t, dir, type, cursor_take(&c, len));
		}
	}
}
