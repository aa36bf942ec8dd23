#include "control/mitigator/external/secure.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct secure {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
	mbedtls_x509_crt cert, ca;
	mbedtls_pk_context key;
	mbedtls_ssl_config config;
};

struct secure_session {
	mbedtls_ssl_context ssl;
	int fd;
};

static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	0,
};

/* ---- the socket ---- */

static int net_send(void *ctx, const unsigned char *buf, size_t n)
{
	const struct secure_session *t = ctx;
	ssize_t sent = send(t->fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent >= 0)
		return (int)sent;
	return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
						 : MBEDTLS_ERR_NET_CONN_RESET;
}

static int net_recv(void *ctx, unsigned char *buf, size_t n)
{
	const struct secure_session *t = ctx;
	ssize_t got = recv(t->fd, buf, n, MSG_DONTWAIT);

	if (got >= 0)
		return (int)got;
	return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
						 : MBEDTLS_ERR_NET_CONN_RESET;
}

/* ---- ours ---- */

static int read_all(struct secure *s, const char *cert, const char *key, const char *client_ca)
{
	int rc = mbedtls_ctr_drbg_seed(&s->drbg, mbedtls_entropy_func, &s->entropy, NULL, 0);

	if (rc == 0)
		rc = mbedtls_x509_crt_parse(&s->cert, (const uint8_t *)cert, strlen(cert) + 1);
	if (rc == 0)
		rc = mbedtls_pk_parse_key(&s->key, (const uint8_t *)key, strlen(key) + 1, NULL, 0);
	if (rc == 0 && client_ca)
		rc = mbedtls_x509_crt_parse(&s->ca, (const uint8_t *)client_ca,
					    strlen(client_ca) + 1);
	if (rc == 0)
		rc = mbedtls_ssl_config_defaults(&s->config, MBEDTLS_SSL_IS_SERVER,
						 MBEDTLS_SSL_TRANSPORT_STREAM,
						 MBEDTLS_SSL_PRESET_DEFAULT);
	return rc ? rc : mbedtls_ssl_conf_own_cert(&s->config, &s->cert, &s->key);
}

struct secure *secure_new(const char *cert, const char *key, const char *client_ca,
			  struct errmsg *e)
{
	struct secure *s = calloc(1, sizeof(*s));
	char why[128];
	int rc;

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for TLS");
		return NULL;
	}
	mbedtls_entropy_init(&s->entropy);
	mbedtls_ctr_drbg_init(&s->drbg);
	mbedtls_x509_crt_init(&s->cert);
	mbedtls_x509_crt_init(&s->ca);
	mbedtls_pk_init(&s->key);
	mbedtls_ssl_config_init(&s->config);
	rc = read_all(s, cert, key, client_ca);
	if (rc) {
		mbedtls_strerror(rc, why, sizeof(why));
		errmsg_set(e, ERR_INVALID,
			   "external.certificate, external.key or external.client-ca: %s", why);
		secure_free(s);
		return NULL;
	}
	mbedtls_ssl_conf_rng(&s->config, mbedtls_ctr_drbg_random, &s->drbg);
	mbedtls_ssl_conf_min_version(&s->config, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(&s->config, suites);
	mbedtls_ssl_conf_renegotiation(&s->config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_session_tickets(&s->config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	mbedtls_ssl_conf_ca_chain(&s->config, &s->ca, NULL);
	mbedtls_ssl_conf_authmode(&s->config, client_ca ? MBEDTLS_SSL_VERIFY_REQUIRED
							: MBEDTLS_SSL_VERIFY_NONE);
	return s;
}

void secure_free(struct secure *s)
{
	if (!s)
		return;
	mbedtls_ssl_config_free(&s->config);
	mbedtls_pk_free(&s->key);
	mbedtls_x509_crt_free(&s->ca);
	mbedtls_x509_crt_free(&s->cert);
	mbedtls_ctr_drbg_free(&s->drbg);
	mbedtls_entropy_free(&s->entropy);
	free(s);
}

/* ---- sessions ---- */

struct secure_session *secure_accept(struct secure *s, int fd)
{
	struct secure_session *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->fd = fd;
	mbedtls_ssl_init(&t->ssl);
	if (mbedtls_ssl_setup(&t->ssl, &s->config)) {
		secure_end(t);
		return NULL;
	}
	mbedtls_ssl_set_bio(&t->ssl, t, net_send, net_recv, NULL);
	return t;
}

void secure_end(struct secure_session *t)
{
	if (!t)
		return;
	if (t->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER)
		(void)mbedtls_ssl_close_notify(&t->ssl);
	mbedtls_ssl_free(&t->ssl);
	free(t);
}

long secure_read(struct secure_session *t, void *buf, size_t n)
{
	/* Does what is left of the handshake. */
	int rc = mbedtls_ssl_read(&t->ssl, buf, n);

	if (rc > 0)
		return rc;
	if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE)
		return 0;
	return rc == 0 || rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
			       rc == MBEDTLS_ERR_NET_CONN_RESET || rc == MBEDTLS_ERR_SSL_CONN_EOF
		       ? ERR_NOTFOUND
		       : ERR_DENIED;
}

void secure_write(struct secure_session *t, const void *buf, size_t n)
{
	(void)mbedtls_ssl_write(&t->ssl, buf, n);
}
