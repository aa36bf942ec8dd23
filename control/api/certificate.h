/* A certificate for pages where nobody gave one: made here, signed by itself, so that pages on a
 * network are never without TLS. A browser asks once whether it is the right one; whoever set the
 * machine up compares the fingerprint. ECDSA P-256, for ten years. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/err.h"

enum { CERTIFICATE_PEM = 16 << 10, CERTIFICATE_PRINT = 96 };

struct certificate {
	char cert[CERTIFICATE_PEM], key[CERTIFICATE_PEM]; /* PEM texts with their zeros */
	char print[CERTIFICATE_PRINT];			  /* SHA-256, "AB:CD:..." */
};

/* From the two files. ERR_INVALID when they are no certificate with its key. */
int certificate_read(const char *cert_path, const char *key_path, struct certificate *ret,
		     struct errmsg *e);
/* From page.crt and page.key in `folder`; made there for this machine's name and `address`
 * ("10.0.0.5:8443", all its addresses for a wildcard) when they are missing or over. */
int certificate_own(const char *folder, const char *address, struct certificate *ret,
		    struct errmsg *e);
/* Whether it listens on this machine only. */
bool certificate_is_loopback(const char *address);
