/* What tls.c and sign.c share of struct tls_keys. Private to this folder. */
#pragma once

#include <mbedtls/ssl.h>

#include "control/wire/cert.h"
#include "control/wire/tls.h"

struct tls_keys {
	struct cert_random random;
	mbedtls_x509_crt ca, crt;
	mbedtls_pk_context key;
	mbedtls_ssl_config client, server;
	struct identity self;
};
