#include "dataplane/app/rdp/rdp.h"

#include "dataplane/app/text/ber.h"

enum {
	TPKT = 3,
	TPKT_HEAD = 4,
	TLS_HEAD = 5,
	TLS_RECORD_MAX = (1 << 14) + 256,
	TLS_CHANGE_CIPHER = 0x14,
	TLS_HANDSHAKE = 0x16,
	TLS_HEARTBEAT = 0x18,
	TLS_CERTIFICATE = 11,
	CERTIFICATES = 32, /* looked at */
};

/* X.224, 13: the upper half of the code */
enum { CONNECTION_CONFIRM = 0xd, CONNECTION_REQUEST = 0xe };
/* MS-RDPBCGR 2.2.1.1.1, 2.2.1.2 */
enum { NEGOTIATION_REQUEST = 1, NEGOTIATION_RESPONSE = 2, NEGOTIATION_FAILURE = 3 };

struct rdp_state {
	bool tls;  /* TLS has begun in some direction */
	bool over; /* nothing further is looked at */
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	kept_free(io->slab, &container_of(tx, struct rdp_tx, tx)->text);
}

/* NULL when there is no room. */
static struct rdp_tx *transaction(struct app_io *io, enum rdp_item item)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct rdp_tx));

	if (!tx)
		return NULL;
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = RDP_COMPLETE;
	container_of(tx, struct rdp_tx, tx)->item = (uint8_t)item;
	return container_of(tx, struct rdp_tx, tx);
}

/* --- X.224 --- */

/* The head of a class 0 connection message of that code; then what it carries. */
static bool x224_head(struct cursor *c, unsigned code, struct cursor *ret)
{
	uint8_t len = cursor_u8(c), first = cursor_u8(c);
	uint16_t destination = cursor_u16(c);

	cursor_u16(c); /* source */
	if (cursor_u8(c) != 0 || c->bad || len == 0xff || first >> 4 != code || (first & 15) > 1 ||
	    destination != 0 || len < 6)
		return false;
	*ret = cursor_child(c, len - 6u);
	return !ret->bad;
}

/* "Cookie: mstshash=" up to a line end. */
static bool cookie(struct cursor *c, struct slice *ret)
{
	struct slice rest = cursor_rest(c), key = SLICE_LIT("Cookie: mstshash=");

	if (!slice_eq(slice_sub(rest, 0, key.len), key))
		return false;
	for (size_t i = key.len; i + 1 < rest.len; i++) {
		if (rest.data[i] == '\r' && rest.data[i + 1] == '\n') {
			*ret = slice_sub(rest, key.len, i - key.len);
			cursor_skip(c, i + 2);
			return true;
		}
	}
	return false;
}

static void negotiation(struct cursor *c, struct rdp_tx *t, uint8_t type)
{
	uint8_t flags, known = type == NEGOTIATION_REQUEST ? 0x0b : 0x1f;
	uint32_t number;
	bool good;

	if (cursor_u8(c) != type)
		return;
	flags = cursor_u8(c);
	if (cursor_u16_le(c) != 8)
		return;
	number = cursor_u32_le(c);
	if (type == NEGOTIATION_FAILURE)
		good = number >= 1 && number <= 6;
	else if (type == NEGOTIATION_RESPONSE)
		good = number <= 8 && (number & (number - 1)) == 0;
	else
		good = number <= 15;
	if (c->bad || !good || (type != NEGOTIATION_FAILURE && (flags & ~known)))
		return;
	t->has_negotiation = true;
	t->is_failure = type == NEGOTIATION_FAILURE;
	t->flags = flags;
	t->number = number;
}

static bool connection_request(struct app_io *io, struct cursor c)
{
	struct slice name;
	struct cursor body;
	struct rdp_tx *t;

	if (!x224_head(&c, CONNECTION_REQUEST, &body))
		return false;
	t = transaction(io, RDP_INITIAL_REQUEST);
	if (!t)
		return true;
	t->has_cookie = cookie(&body, &name);
	if (t->has_cookie)
		kept_set(io->slab, &t->text, name);
	negotiation(&body, t, NEGOTIATION_REQUEST);
	return true;
}

static bool connection_confirm(struct app_io *io, struct cursor c)
{
	struct cursor body, again;
	struct rdp_tx *t;

	if (!x224_head(&c, CONNECTION_CONFIRM, &body))
		return false;
	t = transaction(io, RDP_INITIAL_RESPONSE);
	if (!t)
		return true;
	again = body;
	negotiation(&body, t, NEGOTIATION_RESPONSE);
	if (!t->has_negotiation)
		negotiation(&again, t, NEGOTIATION_FAILURE);
	return true;
}

/* --- T.125 --- */

/* The client's blocks, behind the key "Duca" (T.124, H.221) and their length. */
static bool connect_request(struct app_io *io, struct cursor c)
{
	struct slice rest;
	struct rdp_tx *t;
	size_t at = 0, len;

	if (cursor_u16(&c) != 0x7f65)
		return false;
	rest = cursor_rest(&c);
	while (at + 4 <= rest.len && memcmp(rest.data + at, "Duca", 4) != 0)
		at++;
	if (at + 4 > rest.len)
		return false;
	cursor_skip(&c, at + 4);
	len = cursor_u8(&c); /* X.691, 10.9: one byte, or two with the first bit set */
	if (len & 0x80)
		len = (len & 0x3f) << 8 | cursor_u8(&c);
	rest = cursor_take(&c, len);
	if (c.bad)
		return false;
	t = transaction(io, RDP_CONNECT_REQUEST);
	if (t)
		kept_set(io->slab, &t->text, rest);
	return true;
}

static void data_packet(struct app_io *io, struct rdp_state *s, enum dir dir, struct cursor c)
{
	if (cursor_u8(&c) != 2 || cursor_u8(&c) != 0xf0 || cursor_u8(&c) != 0x80)
		return;
	if (dir == DIR_TS) {
		connect_request(io, c);
	} else if (cursor_u16(&c) == 0x7f66) {
		transaction(io, RDP_CONNECT_RESPONSE);
		s->over = true;
	}
}

static void tpkt(struct app_io *io, struct rdp_state *s, enum dir dir, struct slice body)
{
	struct cursor c = cursor_of(body);

	if (dir == DIR_TS ? connection_request(io, c) : connection_confirm(io, c))
		return;
	data_packet(io, s, dir, c);
}

/* --- TLS --- */

/* The serial number of a certificate in hex, without leading zeros. */
static void serial(struct app_io *io, struct rdp_tx *t, struct slice certificate)
{
	static const char digits[] = "0123456789abcdef";
	struct cursor c = cursor_of(certificate), body, tbs, version, number;
	uint8_t text[1 + 80];
	size_t n = 1;

	if (!ber_take(&c, BER_SEQUENCE, &body) || !ber_take(&body, BER_SEQUENCE, &tbs))
		return;
	ber_take(&tbs, 0xa0, &version);
	if (!ber_take(&tbs, BER_INTEGER, &number) || cursor_left(&number) == 0)
		return;
	while (cursor_left(&number) > 1 && cursor_peek(&number) == 0)
		cursor_u8(&number);
	while (cursor_left(&number) > 0 && n + 2 <= sizeof(text)) {
		uint8_t b = cursor_u8(&number);

		if (n > 1 || b >= 16 || cursor_left(&number) == 0)
			if (n > 1 || b >= 16)
				text[n++] = (uint8_t)digits[b >> 4];
		text[n++] = (uint8_t)digits[b & 15];
	}
	text[0] = (uint8_t)(n - 1);
	kept_append(io->slab, &t->text, SLICE(text, n), RDP_SERIALS_MAX);
}

static void certificates(struct app_io *io, struct rdp_state *s, struct cursor c)
{
	struct cursor list = cursor_child(&c, cursor_u24(&c));
	struct rdp_tx *t = list.bad ? NULL : transaction(io, RDP_TLS_HANDSHAKE);

	if (!t)
		return;
	s->over = true;
	for (unsigned i = 0; i < CERTIFICATES && cursor_left(&list) > 0; i++) {
		struct slice one = cursor_take(&list, cursor_u24(&list));

		if (list.bad)
			break;
		serial(io, t, one);
	}
}

static void tls_messages(struct app_io *io, struct rdp_state *s, struct slice body)
{
	struct cursor c = cursor_of(body);

	while (cursor_left(&c) >= 4 && !s->over) {
		uint8_t type = cursor_u8(&c);
		struct cursor message = cursor_child(&c, cursor_u24(&c));

		if (type == TLS_CERTIFICATE && !message.bad)
			certificates(io, s, message);
	}
}

/* --- the stream --- */

struct step {
	bool bad;
	uint32_t need; /* so many more bytes; 0 = a record was read */
};

static struct step step_tls(struct app_io *io, struct rdp_state *s, enum dir dir, struct cursor *c)
{
	struct cursor head = *c;
	uint8_t type = cursor_u8(&head);
	uint16_t len;

	if (type < TLS_CHANGE_CIPHER || type > TLS_HEARTBEAT)
		return (struct step){.bad = true};
	cursor_u16(&head);
	len = cursor_u16(&head);
	if (head.bad)
		return (struct step){.need = (uint32_t)(TLS_HEAD - cursor_left(c))};
	if (len > TLS_RECORD_MAX)
		return (struct step){.bad = true};
	if (len > cursor_left(&head))
		return (struct step){.need = (uint32_t)(len - cursor_left(&head))};
	if (type == TLS_HANDSHAKE && dir == DIR_TC)
		tls_messages(io, s, slice_sub(cursor_rest(&head), 0, len));
	cursor_skip(c, (size_t)TLS_HEAD + len);
	return (struct step){0};
}

static struct step step_tpkt(struct app_io *io, struct rdp_state *s, enum dir dir, struct cursor *c)
{
	struct cursor head = *c;
	uint16_t len;

	if (cursor_peek(c) == TLS_HANDSHAKE) {
		s->tls = true;
		return step_tls(io, s, dir, c);
	}
	if (cursor_u8(&head) != TPKT)
		return (struct step){.bad = true};
	cursor_u8(&head);
	len = cursor_u16(&head);
	if (head.bad)
		return (struct step){.need = (uint32_t)(TPKT_HEAD - cursor_left(c))};
	if (len < TPKT_HEAD)
		return (struct step){.bad = true};
	if (len > cursor_left(c))
		return (struct step){.need = (uint32_t)(len - cursor_left(c))};
	tpkt(io, s, dir, slice_sub(cursor_rest(&head), 0, len - (size_t)TPKT_HEAD));
	cursor_skip(c, len);
	return (struct step){0};
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct cursor c = cursor_of(input.data);
	struct rdp_state *s = state;

	while (cursor_left(&c) > 0 && !s->over) {
		struct step step = s->tls ? step_tls(io, s, dir, &c) : step_tpkt(io, s, dir, &c);

		if (step.bad)
			return APP_RESULT_BAD;
		if (step.need > 0)
			return APP_RESULT_MORE(cursor_offset(&c), step.need);
	}
	return APP_RESULT_OK(input.data.len);
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return data.len > 0 && data.data[0] == TPKT ? APP_PROBE_YES : APP_PROBE_NO;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "3389", .min_len = 1, .probe = probe},
};

const struct app_proto rdp_proto = {
	.name = "rdp",
	.event_prefix = "rdp",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct rdp_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {RDP_COMPLETE, RDP_COMPLETE},
	.eve_type = "rdp",
	.eve_key = "rdp",
	.log = rdp_log,
	.log_sender_first = true,
};
