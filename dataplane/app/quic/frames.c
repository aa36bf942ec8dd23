/* Frames of an Initial packet (RFC 9000 19), and the tags of Google's hellos. */
#include <mbedtls/md5.h>

#include "dataplane/app/quic/quic.h"

enum frame {
	FRAME_PADDING = 0x00,
	FRAME_PING = 0x01,
	FRAME_ACK = 0x02,
	FRAME_CRYPTO = 0x06,
	FRAME_CRYPTO_STREAM = 0x08, /* Q050: a stream frame of Google's in CRYPTO's clothes */
	FRAME_GOOGLE = 0x80,	    /* its stream frame; the other bits are lengths */
};

struct reader {
	struct app_io *io;
	struct quic_state *state;
	struct quic_tx *tx;
	enum dir dir;
	struct cursor c;
	/* pieces of this packet */
	uint64_t end, total;
	bool any_piece;
};

/* --- tags --- */

#define TAG(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static const uint32_t known_tags[] = {
	TAG('A', 'E', 'A', 'D'), TAG('C', 'C', 'R', 'T'), TAG('C', 'C', 'S', 0),
	TAG('C', 'E', 'T', 'V'), TAG('C', 'F', 'C', 'W'), TAG('C', 'H', 'L', 'O'),
	TAG('C', 'O', 'P', 'T'), TAG('C', 'S', 'C', 'T'), TAG('C', 'T', 'I', 'M'),
	TAG('I', 'C', 'S', 'L'), TAG('I', 'R', 'T', 'T'), TAG('K', 'E', 'X', 'S'),
	TAG('M', 'I', 'D', 'S'), TAG('M', 'S', 'P', 'C'), TAG('N', 'O', 'N', 'C'),
	TAG('N', 'O', 'N', 'P'), TAG('P', 'A', 'D', 0),	  TAG('P', 'D', 'M', 'D'),
	TAG('P', 'U', 'B', 'S'), TAG('S', 'C', 'I', 'D'), TAG('S', 'C', 'L', 'S'),
	TAG('S', 'F', 'C', 'W'), TAG('S', 'M', 'H', 'L'), TAG('S', 'N', 'I', 0),
	TAG('S', 'N', 'O', 0),	 TAG('S', 'T', 'K', 0),	  TAG('T', 'C', 'I', 'D'),
	TAG('U', 'A', 'I', 'D'), TAG('V', 'E', 'R', 0),	  TAG('X', 'L', 'C', 'T'),
};

enum { TAG_SNI = TAG('S', 'N', 'I', 0), TAG_UAID = TAG('U', 'A', 'I', 'D') };

static bool tag_known(uint32_t tag)
{
	for (unsigned i = 0; i < ARRAY_SIZE(known_tags); i++) {
		if (known_tags[i] == tag)
			return true;
	}
	return false;
}

struct tags {
	unsigned count;
	uint32_t tag[QUIC_TAGS_MAX];
	struct slice value[QUIC_TAGS_MAX];
};

/* A hello of Google's: tag, number of entries, their tags and ends, their values; nothing more. */
static bool read_tags(struct slice data, struct tags *ret)
{
	struct cursor c = cursor_of(data), list;
	uint32_t from = 0;

	if (!tag_known(cursor_u32(&c)))
		return false;
	ret->count = cursor_u16_le(&c);
	cursor_skip(&c, 2);
	list = cursor_child(&c, 8 * (size_t)ret->count);
	if (list.bad || ret->count > QUIC_TAGS_MAX)
		return false;
	for (unsigned i = 0; i < ret->count; i++) {
		uint32_t tag = cursor_u32(&list), end = cursor_u32_le(&list);

		if (!tag_known(tag) || end < from)
			return false;
		ret->tag[i] = tag;
		ret->value[i] = cursor_take(&c, end - from);
		if (c.bad)
			return false;
		from = end;
	}
	return cursor_left(&c) == 0;
}

static const char *cyu_version(uint32_t version)
{
	switch (version) {
	case QUIC_VERSION_Q043:
		return "43,";
	case QUIC_VERSION_Q044:
	case QUIC_VERSION_Q045: /* as Suricata has it */
		return "44,";
	case QUIC_VERSION_Q046:
		return "46,";
	default:
		return NULL;
	}
}

static void add_cyu(struct reader *r, const struct tags *tags)
{
	static const char hex[] = "0123456789abcdef";
	const char *version = cyu_version(r->tx->version);
	char text[8 + 5 * QUIC_TAGS_MAX];
	struct quic_cyu *cyu;
	uint8_t md5[16] = {0};
	size_t len = 3;

	if (!version || r->tx->cyu_count == QUIC_CYU_MAX)
		return;
	memcpy(text, version, 3);
	for (unsigned i = 0; i < tags->count; i++) {
		if (i > 0)
			text[len++] = '-';
		for (int shift = 24; shift >= 0; shift -= 8) {
			if (tags->tag[i] >> shift & 0xff)
				text[len++] = (char)(tags->tag[i] >> shift & 0xff);
		}
	}
	cyu = &r->tx->cyu[r->tx->cyu_count];
	if (!kept_set(r->io->slab, &cyu->text, SLICE(text, len)))
		return;
	mbedtls_md5_ret((const uint8_t *)text, len, md5);
	for (unsigned i = 0; i < 16; i++) {
		cyu->hash[2 * i] = hex[md5[i] >> 4];
		cyu->hash[2 * i + 1] = hex[md5[i] & 15];
	}
	r->tx->cyu_count++;
}

static void google_hello(struct reader *r, struct slice data)
{
	struct tags tags;

	if (!read_tags(data, &tags))
		return;
	add_cyu(r, &tags);
	for (unsigned i = 0; i < tags.count; i++) {
		if (tags.tag[i] == TAG_SNI)
			kept_set(r->io->slab, &r->tx->sni, tags.value[i]);
		else if (tags.tag[i] == TAG_UAID)
			kept_set(r->io->slab, &r->tx->ua, tags.value[i]);
		if (r->tx->sni.data && r->tx->ua.data)
			break;
	}
}

/* --- frames --- */

static bool stream_frame(struct reader *r, uint8_t type)
{
	unsigned offset = type >> 2 & 7;
	size_t len;
	struct slice data;

	cursor_skip(&r->c, (type & 3u) + 1);
	cursor_skip(&r->c, offset ? offset + 1 : 0);
	len = type & 0x20 ? cursor_u16(&r->c) : cursor_left(&r->c);
	data = cursor_take(&r->c, len);
	if (r->c.bad)
		return false;
	google_hello(r, data);
	return true;
}

static bool crypto_stream_frame(struct reader *r)
{
	uint64_t len;

	quic_varint(&r->c);
	len = quic_varint(&r->c);
	if (r->c.bad || len > cursor_left(&r->c))
		return false;
	google_hello(r, cursor_take(&r->c, len));
	return true;
}

static bool ack_frame(struct reader *r)
{
	uint64_t ranges;

	quic_varint(&r->c);
	quic_varint(&r->c);
	ranges = quic_varint(&r->c);
	quic_varint(&r->c);
	while (ranges-- > 0 && !r->c.bad) {
		quic_varint(&r->c);
		quic_varint(&r->c);
	}
	return !r->c.bad;
}

/* Puts a piece where it belongs; what lies in front is zero until it comes. */
static bool keep_piece(struct reader *r, uint64_t offset, struct slice data)
{
	struct kept *k = &r->state->pieces[r->dir].bytes;
	uint32_t end = (uint32_t)(offset + data.len);

	if (end > k->cap) {
		uint32_t cap = k->cap ? k->cap : 2048;
		uint8_t *grown;

		while (cap < end)
			cap *= 2;
		grown = slab_grow(r->io->slab, k->data, k->cap, cap);
		if (!grown)
			return false;
		k->data = grown;
		k->cap = cap;
	}
	if (end > k->len) {
		memset(k->data + k->len, 0, end - k->len);
		k->len = end;
	}
	if (data.len > 0)
		memcpy(k->data + offset, data.data, data.len);
	return true;
}

static bool crypto_frame(struct reader *r)
{
	uint64_t offset = quic_varint(&r->c), len = quic_varint(&r->c);
	struct slice data;

	if (r->c.bad || len > cursor_left(&r->c))
		return false;
	data = cursor_take(&r->c, len);
	if (offset == 0) {
		switch (quic_hello(r->io, r->tx, data)) {
		case QUIC_HELLO_DONE:
			r->state->hello[r->dir] = true;
			return true;
		case QUIC_HELLO_OTHER:
			return false;
		case QUIC_HELLO_SHORT:
			break;
		}
	}
	r->any_piece = true;
	r->total += len;
	if (offset + len > r->end)
		r->end = offset + len;
	return offset + len >= QUIC_CRYPTO_MAX || keep_piece(r, offset, data);
}

static void padding(struct reader *r)
{
	while (cursor_peek(&r->c) == 0)
		cursor_skip(&r->c, 1);
}

static bool frame(struct reader *r)
{
	uint8_t type = cursor_u8(&r->c);

	if (type & FRAME_GOOGLE)
		return stream_frame(r, type);
	switch (type) {
	case FRAME_PADDING:
		padding(r);
		return true;
	case FRAME_PING:
		return true;
	case FRAME_ACK:
		return ack_frame(r);
	case FRAME_CRYPTO:
		return crypto_frame(r);
	case FRAME_CRYPTO_STREAM:
		return crypto_stream_frame(r);
	default: /* nothing that is of interest comes behind it */
		cursor_skip(&r->c, cursor_left(&r->c));
		return true;
	}
}

/* A hello may be there now. What is not enough waits for the next packet; the count of bytes that
 * came takes repeated ones twice, so that a hole may be taken for filled: a message of zeros is no
 * hello. */
static void join(struct reader *r)
{
	struct quic_pieces *p = &r->state->pieces[r->dir];
	uint64_t have = r->total + p->have;
	enum quic_hello got = QUIC_HELLO_SHORT;

	if (r->end >= QUIC_CRYPTO_MAX) {
		app_tx_event(&r->tx->tx, QUIC_EVENT_CRYPTO_FRAG_TOO_LONG);
		have = UINT64_MAX;
	} else if (have >= p->bytes.len && r->total > 0) {
		got = quic_hello(r->io, r->tx, kept_slice(&p->bytes));
	}
	if (got == QUIC_HELLO_DONE)
		r->state->hello[r->dir] = true;
	p->have = (uint32_t)have;
	if (got != QUIC_HELLO_SHORT || have > UINT32_MAX) {
		kept_free(r->io->slab, &p->bytes);
		p->have = 0;
	}
}

bool quic_frames(struct app_io *io, struct quic_state *s, struct quic_tx *t, struct slice data)
{
	struct reader r = {.io = io,
			   .state = s,
			   .tx = t,
			   .dir = t->client ? DIR_TS : DIR_TC,
			   .c = cursor_of(data)};

	for (unsigned i = 0; cursor_left(&r.c) > 0; i++) {
		if (i == QUIC_FRAMES_MAX || !frame(&r))
			return false;
	}
	if (r.any_piece)
		join(&r);
	return true;
}
