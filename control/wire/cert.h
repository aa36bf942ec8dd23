/* Certificates as mbedTLS has them. Private to this folder. */
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdint.h>

#include "control/wire/identity.h"
#include "dataplane/base/err.h"

struct cert_random {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

int cert_random_init(struct cert_random *r, struct errmsg *e);
void cert_random_done(struct cert_random *r);

/* ERR_INVALID when the subject is not CN, OU, O as identity.h says. */
int cert_identity(const mbedtls_x509_crt *crt, struct identity *ret);

/* Seconds since 1970. */
int64_t cert_time(const mbedtls_x509_time *t);

/* One sentence for the MBEDTLS_X509_BADCERT_* bits of a failed check of `crt` (may be NULL).
 * `wanted`: the roles that would have been right. `whose`: "the certificate of 10.0.0.5:7443". */
void cert_explain(const char *whose, const mbedtls_x509_crt *crt, uint32_t flags, unsigned wanted,
		  struct errmsg *e);

/* Checks `crt` against the CA, its dates and role; 0 or ERR_DENIED with a sentence. */
int cert_check(mbedtls_x509_crt *crt, mbedtls_x509_crt *ca, unsigned roles, const char *whose,
	       struct errmsg *e);

/* "bad input data" for mbedTLS's number, for sentences. */
const char *cert_error(int mbedtls_rc, char ret[128]);

/* Reads a PEM file whole. */
int cert_load(const char *path, mbedtls_x509_crt *ret, struct errmsg *e);
int cert_load_key(const char *path, mbedtls_pk_context *ret, struct errmsg *e);
