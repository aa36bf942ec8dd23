/* What tls.c and sign.c share of struct tls_keys. Private to this folder. */
#pragma once

#include <mbedtls/ssl.h>

#include "control/wire/cert.h"
#include "control/wire/tls.h"

/* What was read from the folder. Connections hold on to that with which they began. */
struct keys_material {
	unsigned refs;
	mbedtls_x509_crt ca;	/* all that are trusted */
	mbedtls_x509_crt crt;	/* our own */
	mbedtls_x509_crt chain; /* our own and the CAs: for who has no CA yet */
	mbedtls_pk_context key;
	mbedtls_ssl_config client, server;
	struct identity self;
	char (*revoked)[IDENTITY_SERIAL]; /* sorted */
	size_t n_revoked;
};

struct tls_keys {
	struct cert_random random;
	struct keys_material *now;
	char *dir;
	enum wire_role role;
	struct identity self; /* name, role and site never change */
	const char *const *sites;
	size_t n_sites;
};

void keys_release(struct keys_material *m);

/* tls.c: what the client wants to speak to, by the name in its greeting (RFC 6066, 3). */
int tls_named(void *material, mbedtls_ssl_context *ssl, const unsigned char *name, size_t len);
/* ECDHE and AEAD only. */
void tls_suites(mbedtls_ssl_config *c);
