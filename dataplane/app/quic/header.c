#include "dataplane/app/quic/quic.h"

/* Bits of the first byte of Google's public header (no long header, no fixed bit). */
enum {
	FLAG_LONG = 0x80,
	FLAG_FIXED = 0x40,
	FLAG_CONNECTION = 0x08,
	FLAG_NONCE = 0x04,
	FLAG_VERSION = 0x01,
	NONCE_LEN = 32,
	HASH_LEN = 12,
};

uint64_t quic_varint(struct cursor *c)
{
	uint8_t first = cursor_u8(c);
	uint64_t value = first & 0x3f;

	for (unsigned left = (1u << (first >> 6)) - 1; left > 0; left--)
		value = value << 8 | cursor_u8(c);
	return value;
}

static bool is_google(uint32_t version)
{
	return version >= QUIC_VERSION_Q043 && version <= QUIC_VERSION_Q046;
}

/* What is left belongs to the packet. */
static bool take_rest(struct cursor *c, struct quic_header *h)
{
	size_t left = cursor_left(c);

	if (c->bad || left > UINT16_MAX)
		return false;
	h->length = (uint16_t)left;
	return true;
}

static bool public_header(struct cursor *c, uint8_t flags, struct quic_header *h)
{
	if (flags & FLAG_CONNECTION)
		h->dcid = cursor_take(c, 8);
	else if (flags & FLAG_NONCE)
		cursor_skip(c, NONCE_LEN);
	if (flags & FLAG_VERSION) {
		h->version_bytes = slice_sub(cursor_rest(c), 0, 4);
		h->version = cursor_u32(c);
	}
	cursor_skip(c, 1 + (flags >> 4 & 3u));
	if (flags & FLAG_CONNECTION)
		cursor_skip(c, HASH_LEN);
	h->type = flags & FLAG_VERSION ? QUIC_INITIAL : QUIC_SHORT;
	return take_rest(c, h);
}

static bool long_type(uint8_t first, struct quic_header *h)
{
	static const uint8_t types[] = {QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY};
	static const uint8_t google[] = {QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_INITIAL};

	if (h->version == QUIC_VERSION_NEGOTIATION) {
		h->type = QUIC_NEGOTIATION;
		return true;
	}
	if (!is_google(h->version) || h->version == QUIC_VERSION_Q046) {
		h->type = types[first >> 4 & 3];
		return true;
	}
	if ((first & 0x7f) < 0x7c)
		return false;
	h->type = google[first & 3];
	return true;
}

static void connection_ids(struct cursor *c, struct quic_header *h)
{
	uint8_t lengths, source;

	if (!is_google(h->version)) {
		h->dcid = cursor_take(c, cursor_u8(c));
		cursor_skip(c, cursor_u8(c));
		return;
	}
	lengths = cursor_u8(c);
	source = lengths & 15;
	h->dcid = cursor_take(c, lengths >> 4 ? (lengths >> 4) + 3u : 0);
	cursor_skip(c, source ? source + 3u : 0);
}

static bool long_header(struct cursor *c, uint8_t first, struct quic_header *h)
{
	uint64_t length;

	h->is_long = true;
	h->version_bytes = slice_sub(cursor_rest(c), 0, 4);
	h->version = cursor_u32(c);
	if (c->bad || !long_type(first, h))
		return false;
	connection_ids(c, h);
	if (h->type != QUIC_INITIAL)
		return take_rest(c, h);
	if (is_google(h->version)) {
		cursor_skip(c, 4 + HASH_LEN);
		return take_rest(c, h);
	}
	length = quic_varint(c); /* of the token */
	if (c->bad || length > cursor_left(c))
		return false;
	cursor_skip(c, length);
	length = quic_varint(c);
	if (c->bad || length > cursor_left(c) || length > UINT16_MAX)
		return false;
	h->length = (uint16_t)length;
	return true;
}

bool quic_header_read(struct slice packet, struct quic_header *ret)
{
	struct cursor c = cursor_of(packet);
	uint8_t first = cursor_u8(&c);
	bool ok;

	*ret = (struct quic_header){.type = QUIC_SHORT};
	if (c.bad)
		return false;
	if (first & FLAG_LONG)
		ok = long_header(&c, first, ret);
	else if (first & FLAG_FIXED)
		ok = take_rest(&c, ret);
	else
		ok = public_header(&c, first, ret);
	ret->len = cursor_offset(&c);
	return ok;
}
