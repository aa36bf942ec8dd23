/* A ClientHello or ServerHello taken apart, and its fingerprints. Nothing is copied. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

enum tls_extension {
	TLS_EXT_SERVER_NAME = 0,
	TLS_EXT_GROUPS = 10,
	TLS_EXT_POINT_FORMATS = 11,
	TLS_EXT_SIGNATURE_ALGORITHMS = 13,
	TLS_EXT_ALPN = 16,
	TLS_EXT_SESSION_TICKET = 35,
	TLS_EXT_EARLY_DATA = 42,
	TLS_EXT_SUPPORTED_VERSIONS = 43,
};

struct tls_hello {
	uint16_t version;	    /* the field of that name */
	uint16_t supported_version; /* the first known one of the extension; 0 = none */
	struct slice random, session_id, ciphers;
	struct slice extensions; /* whole ones only, up to the first that was refused */
	struct slice groups, formats, signatures; /* lists of their extensions */
	struct slice sni, alpn;			  /* alpn: the first name */
	bool has_sni, has_ticket, has_early_data, has_supported_versions;
	bool broken;	 /* the hello ended early: no fingerprints */
	uint32_t events; /* 1 << enum tls_event */
};

/* `old_tls13`: a ServerHello of a draft without session id and compression. Everything up to the
 * first broken field is filled in. */
void tls_hello_read(struct slice body, bool server, bool old_tls13, struct tls_hello *ret);

bool tls_version_valid(uint16_t version);
static inline bool tls_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* JA3 or JA3S text into `buf` (NULL with cap 0 to learn the length). Its length; what does not fit
 * is left out. */
size_t tls_ja3_text(const struct tls_hello *h, bool server, uint8_t *buf, size_t cap);
/* Lower-case hex of MD5. */
void tls_ja3_hash(struct slice text, char ret[32]);
/* JA4 of a client (https://github.com/FoxIO-LLC/ja4, BSD), transport 't', 'q' or 'd'. */
void tls_ja4(const struct tls_hello *h, char transport, char ret[36]);
