/* QUIC: versions 1 and 2, drafts 23-34, and Google's Q039-Q050, as far as a passive sensor sees it:
 * Initial packets are protected with keys that everybody can derive (RFC 9001 5.2), and carry the
 * hellos of TLS (or Google's own). Each packet with a long header is a transaction; after the hello
 * of a side its packets are not looked at any more. Follows Suricata 7.0.10. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/quic/crypto.h"
#include "dataplane/app/text/kept.h"

enum quic_limit {
	QUIC_CRYPTO_MAX = 65535, /* bytes of a hello in pieces: event crypto_frag_too_long */
	QUIC_JA3_MAX = 1 << 14,	 /* text of a fingerprint; without one when it were longer */
	QUIC_CYU_MAX = 8,	 /* fingerprints of one packet: the rest is left out */
	QUIC_TAGS_MAX = 256,	 /* of a hello of Google's: more is none */
	QUIC_FRAMES_MAX = 4096,	 /* of a packet: event error_on_data, parsing stops */
	QUIC_PACKETS_MAX = 64,	 /* of a datagram: the rest is not looked at */
};

enum { QUIC_COMPLETE = 1 };

enum quic_event {
	QUIC_EVENT_FAILED_DECRYPT,
	QUIC_EVENT_ERROR_ON_DATA,
	QUIC_EVENT_CRYPTO_FRAG_TOO_LONG,
	QUIC_EVENTS,
};

enum quic_version {
	QUIC_VERSION_NEGOTIATION = 0,
	QUIC_VERSION_1 = 1,
	QUIC_VERSION_2 = 0x6b3343cf,
	QUIC_VERSION_Q039 = 0x51303339,
	QUIC_VERSION_Q043 = 0x51303433,
	QUIC_VERSION_Q044 = 0x51303434,
	QUIC_VERSION_Q045 = 0x51303435,
	QUIC_VERSION_Q046 = 0x51303436,
};

enum quic_type {
	QUIC_INITIAL,
	QUIC_ZERO_RTT,
	QUIC_HANDSHAKE,
	QUIC_RETRY,
	QUIC_NEGOTIATION,
	QUIC_SHORT,
};

struct quic_header {
	bool is_long;
	uint8_t type; /* enum quic_type */
	uint32_t version;
	struct slice version_bytes, dcid;
	size_t len;	 /* of the header, without the packet number that is protected */
	uint16_t length; /* of what follows it and belongs to this packet */
};

/* False when it is none, or is cut. */
bool quic_header_read(struct slice packet, struct quic_header *ret);
/* RFC 9000 16. The cursor goes bad at the end of the data. */
uint64_t quic_varint(struct cursor *c);

/* A fingerprint of Google's client hello: the version and its tags in order. */
struct quic_cyu {
	char hash[32];
	struct kept text;
};

/* What the frames of a packet tell. */
struct quic_tx {
	struct app_tx tx;
	bool client, is_long;
	bool has_ja4;
	uint32_t version;
	uint8_t version_bytes[4];
	struct kept sni, ua, ja3;
	struct kept extensions; /* of the hello, as they came */
	char ja3_hash[32];
	char ja4[36];
	uint8_t cyu_count;
	struct quic_cyu cyu[QUIC_CYU_MAX];
};

/* The start of a hello whose rest comes in a later packet. */
struct quic_pieces {
	struct kept bytes;
	uint32_t have; /* bytes that came, wherever they belong: as Suricata counts them */
};

struct quic_state {
	struct quic_keys keys;
	bool has_keys, has_retried;
	bool hello[2];
	struct quic_pieces pieces[2];
};

extern const struct app_proto quic_proto;

static inline const struct quic_tx *quic_tx_of(const struct app_tx *tx)
{
	return container_of(tx, const struct quic_tx, tx);
}

/* frames.c: the decrypted frames of an Initial packet into the transaction. False when they are not
 * frames to the last byte. */
bool quic_frames(struct app_io *io, struct quic_state *s, struct quic_tx *t, struct slice data);

enum quic_hello { QUIC_HELLO_DONE, QUIC_HELLO_SHORT, QUIC_HELLO_OTHER };
/* hello.c: a handshake message of TLS. SHORT: its end is missing. */
enum quic_hello quic_hello(struct app_io *io, struct quic_tx *t, struct slice message);
/* The next extension; false at the end. */
bool quic_next_extension(struct cursor *c, uint16_t *ret_type, struct cursor *ret_body);

/* log.c */
bool quic_log(const struct app_tx *tx, const void *state, struct record *r);
