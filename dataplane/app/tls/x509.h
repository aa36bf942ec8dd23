/* What a sensor needs of a certificate (RFC 5280): names, serial number, validity. A bounded DER
 * reader of its own; nothing is copied. Which certificates are refused, and with which error,
 * follows Suricata 7.0.10. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

enum x509_status {
	X509_OK,
	X509_INVALID_CERTIFICATE, /* cut, or no certificate at all */
	X509_INVALID_LENGTH,	  /* something is empty that must not be */
	X509_INVALID_VERSION,
	X509_INVALID_SERIAL,
	X509_INVALID_ALGORITHM,
	X509_INVALID_DATE,
	X509_INVALID_EXTENSIONS,
	X509_INVALID_DER, /* not the element that belongs there, or not DER */
};

struct x509 {
	struct slice serial;	       /* content of the INTEGER */
	struct slice issuer, subject;  /* content of the Name: a sequence of RDNs */
	int64_t not_before, not_after; /* seconds since 1970-01-01 UTC */
};

enum x509_status x509_read(struct slice der, struct x509 *ret);

enum { X509_NAME_MAX = 2048 }; /* text of a name; a longer one is cut */

/* "C=US, O=Example, CN=www.example.com". Length written (no NUL), or -1 for a name that holds a NUL
 * byte. A name whose text is not UTF-8 gives "<X509Error: Invalid X.509 name>". */
int x509_name_text(struct slice name, char ret[X509_NAME_MAX]);
