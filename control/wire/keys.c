#include "control/wire/keys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ECDHE and AEAD only, in order of preference. */
static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	0,
};

static const mbedtls_ecp_group_id curves[] = {
	MBEDTLS_ECP_DP_CURVE25519,
	MBEDTLS_ECP_DP_SECP256R1,
	MBEDTLS_ECP_DP_NONE,
};

static int configure(struct tls_keys *k, mbedtls_ssl_config *c, int endpoint, struct errmsg *e)
{
	char why[128];
	int rc = mbedtls_ssl_config_defaults(c, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
					     MBEDTLS_SSL_PRESET_DEFAULT);

	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(c, &k->crt, &k->key);
	if (rc)
		return errmsg_set(e, ERR_IO, "TLS cannot be set up: %s", cert_error(rc, why));
	mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &k->random.drbg);
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(c, suites);
	mbedtls_ssl_conf_curves(c, curves);
	mbedtls_ssl_conf_ca_chain(c, &k->ca, NULL);
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_renegotiation(c, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	/* Each connection proves both certificates anew, so that a revoked one ends with it. */
	mbedtls_ssl_conf_session_tickets(c, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	return 0;
}

static int load_file(struct tls_keys *k, const char *dir, const char *file, struct errmsg *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return errmsg_set(e, ERR_LIMIT, "path %s is too long", dir);
	if (strcmp(file, "own.key") == 0)
		return cert_load_key(path, &k->key, e);
	return cert_load(path, strcmp(file, "ca.crt") == 0 ? &k->ca : &k->crt, e);
}

static int load(struct tls_keys *k, const char *dir, enum wire_role role, struct errmsg *e)
{
	static const char *const files[] = {"ca.crt", "own.crt", "own.key"};
	char whose[PATH_MAX];
	int rc = 0;

	for (size_t i = 0; i < 3 && rc == 0; i++)
		rc = load_file(k, dir, files[i], e);
	if (rc)
		return rc;
	if (mbedtls_pk_check_pair(&k->crt.pk, &k->key))
		return errmsg_set(e, ERR_INVALID, "%s: own.key does not belong to own.crt", dir);
	snprintf(whose, sizeof(whose), "the certificate %.200s/own.crt", dir);
	rc = cert_check(&k->crt, &k->ca, ROLE_SET(role), whose, e);
	if (rc == 0)
		rc = cert_identity(&k->crt, &k->self);
	if (rc == 0)
		rc = configure(k, &k->client, MBEDTLS_SSL_IS_CLIENT, e);
	if (rc == 0)
		rc = configure(k, &k->server, MBEDTLS_SSL_IS_SERVER, e);
	return rc;
}

struct tls_keys *tls_keys_load(const char *dir, enum wire_role role, struct errmsg *e)
{
	struct tls_keys *k = calloc(1, sizeof(*k));

	if (!k) {
		errmsg_set(e, ERR_NOMEM, "no memory for keys");
		return NULL;
	}
	if (cert_random_init(&k->random, e)) {
		free(k);
		return NULL;
	}
	mbedtls_x509_crt_init(&k->ca);
	mbedtls_x509_crt_init(&k->crt);
	mbedtls_pk_init(&k->key);
	mbedtls_ssl_config_init(&k->client);
	mbedtls_ssl_config_init(&k->server);
	if (load(k, dir, role, e)) {
		tls_keys_free(k);
		return NULL;
	}
	return k;
}

void tls_keys_free(struct tls_keys *k)
{
	if (!k)
		return;
	mbedtls_ssl_config_free(&k->client);
	mbedtls_ssl_config_free(&k->server);
	mbedtls_pk_free(&k->key);
	mbedtls_x509_crt_free(&k->crt);
	mbedtls_x509_crt_free(&k->ca);
	cert_random_done(&k->random);
	free(k);
}

const struct identity *tls_keys_identity(const struct tls_keys *k)
{
	return &k->self;
}

int64_t tls_keys_expiry(const struct tls_keys *k)
{
	const mbedtls_x509_time *t = &k->crt.valid_to;
	struct tm tm = {.tm_year = t->year - 1900,
			.tm_mon = t->mon - 1,
			.tm_mday = t->day,
			.tm_hour = t->hour,
			.tm_min = t->min,
			.tm_sec = t->sec};

	return (int64_t)timegm(&tm);
}
