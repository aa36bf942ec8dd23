/* One indicator: from the ways people write them to its canonical form. Off the packet path. */
#pragma once

#include "signatures/lists/table.h"

struct indicator {
	enum list_kind kind;
	uint8_t bits;  /* LIST_NETWORK: of the 128, an IPv4 /n is 96 + n */
	uint16_t port; /* LIST_SERVICE */
	struct ip_addr addr;
	size_t len; /* of the other kinds' canonical bytes: name, URL, raw digest, JA4 text */
	uint8_t bytes[LIST_URL_MAX];
};

enum indicator_hint {		/* what the text is said to be */
		      HINT_ANY, /* found out by its form; 32 digits are an MD5 */
		      HINT_IP,	/* address, network, address:port */
		      HINT_DOMAIN,
		      HINT_URL,
		      HINT_JA3,
		      HINT_JA4,
		      HINT_CERT,
		      HINT_FILE,
		      HINTS,
};

extern const char *const indicator_hint_names[HINTS]; /* "auto", "ip", "domain", ... */

/* Reads also defanged forms: hxxp://, example[.]com, 192.0.2[.]1, user[@]host, [dot], [:]. Names
 * in other scripts become their A-labels (IDNA 2008, TR46). Refused with a sentence (without
 * place): what is none, and what is too broad to be meant (a top-level domain, a network of more
 * than /8, the unspecified address). ERR_INVALID. */
int indicator_parse(struct slice text, enum indicator_hint hint, struct indicator *ret,
		    struct errmsg *err);
/* "https://evil.example/a" as it would be written, for people. Returns ret. */
char *indicator_text(const struct indicator *i, char *ret, size_t cap);
