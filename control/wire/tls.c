#include "control/wire/tls.h"

#include <errno.h>
#include <mbedtls/net_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/wire/keys.h"

struct tls_conn {
	mbedtls_ssl_context ssl; /* first: tls_named finds the connection by it */
	struct tls_keys *keys;
	struct keys_material *material;
	bool takes_strangers, stranger;
	int fd;
	unsigned peers;
	uint32_t events;
	bool done;	  /* handshake complete, and no error since */
	size_t under_way; /* bytes that the last write was asked for when the socket was full */
	uint32_t flags;
	struct errmsg refusal; /* why we refused the peer's certificate */
	struct identity peer;
	char where[128];
};

static int net_send(void *ctx, const unsigned char *buf, size_t n)
{
	struct tls_conn *c = ctx;
	ssize_t sent = send(c->fd, buf, n, MSG_NOSIGNAL);

	if (sent >= 0)
		return (int)sent;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	return errno == EPIPE || errno == ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET
						     : MBEDTLS_ERR_NET_SEND_FAILED;
}

static int net_recv(void *ctx, unsigned char *buf, size_t n)
{
	struct tls_conn *c = ctx;
	ssize_t got = recv(c->fd, buf, n, 0);

	if (got >= 0)
		return (int)got;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_READ;
	return errno == EPIPE || errno == ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET
						     : MBEDTLS_ERR_NET_RECV_FAILED;
}

/* Called for each certificate of the peer's chain, its own last; keeps the sentence. */
static int check_peer(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls_conn *c = ctx;
	char whose[192];

	if (depth != 0)
		return 0;
	if (cert_identity(crt, &c->peer) || !(c->peers & ROLE_SET(c->peer.role)))
		*flags |= MBEDTLS_X509_BADCERT_OTHER;
	if (*flags == 0 && tls_keys_check(c->keys, &c->peer, &c->refusal)) {
		*flags |= MBEDTLS_X509_BADCERT_REVOKED;
		return 0;
	}
	if (*flags == 0)
		return 0;
	snprintf(whose, sizeof(whose), "the certificate of %s", c->where);
	cert_explain(whose, crt, *flags, c->peers, &c->refusal);
	return 0;
}

struct tls_conn *tls_conn_new(struct tls_keys *k, int fd, enum tls_side side, unsigned peers,
			      const char *where, struct errmsg *e)
{
	struct tls_conn *c = calloc(1, sizeof(*c));
	char why[128];
	int rc;

	if (!c) {
		close(fd);
		errmsg_set(e, ERR_NOMEM, "no memory for a connection");
		return NULL;
	}
	c->keys = k;
	c->material = k->now;
	c->material->refs++;
	c->fd = fd;
	c->peers = peers;
	c->events = side == TLS_CLIENT ? EPOLLOUT : EPOLLIN;
	snprintf(c->where, sizeof(c->where), "%s", where);
	mbedtls_ssl_init(&c->ssl);
	rc = mbedtls_ssl_setup(&c->ssl, side == TLS_CLIENT ? &k->now->client : &k->now->server);
	if (rc) {
		errmsg_set(e, ERR_NOMEM, "TLS cannot be set up: %s", cert_error(rc, why));
		tls_conn_free(c);
		return NULL;
	}
	mbedtls_ssl_set_bio(&c->ssl, c, net_send, net_recv, NULL);
	mbedtls_ssl_set_verify(&c->ssl, check_peer, c);
	return c;
}

/* A stranger is shown the CA too: the code he was given says which it must be. */
int tls_named(void *material, mbedtls_ssl_context *ssl, const unsigned char *name, size_t len)
{
	struct tls_conn *c = (struct tls_conn *)(void *)ssl;
	struct keys_material *m = material;

	if (len != sizeof(TLS_STRANGERS) - 1 || memcmp(name, TLS_STRANGERS, len) != 0 ||
	    !c->takes_strangers)
		return 0; /* any other name is as good as none */
	c->stranger = true;
	mbedtls_ssl_set_hs_authmode(ssl, MBEDTLS_SSL_VERIFY_NONE);
	return mbedtls_ssl_set_hs_own_cert(ssl, &m->chain, &m->key);
}

void tls_take_strangers(struct tls_conn *c)
{
	c->takes_strangers = true;
}

bool tls_is_stranger(const struct tls_conn *c)
{
	return c->stranger;
}

void tls_conn_free(struct tls_conn *c)
{
	if (!c)
		return;
	if (c->done)
		(void)mbedtls_ssl_close_notify(&c->ssl);
	mbedtls_ssl_free(&c->ssl);
	keys_release(c->material);
	close(c->fd);
	free(c);
}

/* What the peer's fatal alert says about us. RFC 5246, 7.2.2. */
static const char *alert_meaning(int alert)
{
	switch (alert) {
	case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
		return "it refused our certificate: expired, or its clock is off";
	case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
		return "it refused our certificate: not issued by the CA it trusts";
	case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
		return "it refused our certificate: revoked";
	case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
		return "it refused our certificate: our role may not speak to it";
	case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
	case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
	case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
	case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
		return "it refused our certificate";
	case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
		return "it does not speak TLS 1.2";
	case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
		return "it accepts none of our cipher suites, or wants a certificate";
	default:
		return "it ended the TLS session with an alert";
	}
}

static int explain(struct tls_conn *c, int rc, struct errmsg *e)
{
	char why[128];

	c->done = false;
	if (c->refusal.text[0])
		return errmsg_set(e, ERR_DENIED, "%s", c->refusal.text);
	switch (rc) {
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_NET_CONN_RESET:
	case 0:
		return errmsg_set(e, ERR_NOTFOUND, "%s closed the connection", c->where);
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
		return errmsg_set(e, ERR_DENIED,
				  "the certificate of %s is missing: both sides must show one",
				  c->where);
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return errmsg_set(e, ERR_DENIED, "%s ended the connection: %s", c->where,
				  alert_meaning(c->ssl.in_msg[1]));
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
	case MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO:
	case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
		return errmsg_set(e, ERR_INVALID, "%s does not speak TLS 1.2 as Banken does",
				  c->where);
	default:
		return errmsg_set(e, ERR_IO, "connection with %s failed: %s", c->where,
				  cert_error(rc, why));
	}
}

static bool waits(struct tls_conn *c, int rc)
{
	if (rc == MBEDTLS_ERR_SSL_WANT_READ)
		c->events = EPOLLIN;
	else if (rc == MBEDTLS_ERR_SSL_WANT_WRITE)
		c->events = EPOLLOUT;
	else
		return false;
	return true;
}

int tls_handshake(struct tls_conn *c, struct errmsg *e)
{
	int rc = mbedtls_ssl_handshake(&c->ssl);

	if (waits(c, rc))
		return ERR_AGAIN;
	if (rc)
		return explain(c, rc, e);
	c->done = true;
	c->events = EPOLLIN;
	return 0;
}

const struct identity *tls_peer(const struct tls_conn *c)
{
	return &c->peer;
}

long tls_read(struct tls_conn *c, void *buf, size_t n, struct errmsg *e)
{
	int rc = mbedtls_ssl_read(&c->ssl, buf, n);

	if (rc > 0)
		return rc;
	return waits(c, rc) ? ERR_AGAIN : explain(c, rc, e);
}

long tls_write(struct tls_conn *c, const void *buf, size_t n, struct errmsg *e)
{
	/* Where the socket was full, a record is still under way, and the next call says that as
	 * much went as it is asked for: it may ask for no more than was asked then. */
	size_t ask = c->under_way && c->under_way < n ? c->under_way : n;
	int rc = mbedtls_ssl_write(&c->ssl, buf, ask);

	c->under_way =
		rc == MBEDTLS_ERR_SSL_WANT_WRITE || rc == MBEDTLS_ERR_SSL_WANT_READ ? ask : 0;
	if (rc > 0)
		return rc;
	return waits(c, rc) ? ERR_AGAIN : explain(c, rc, e);
}

uint32_t tls_events(const struct tls_conn *c)
{
	return c->events;
}

size_t tls_pending(const struct tls_conn *c)
{
	return mbedtls_ssl_get_bytes_avail(&c->ssl);
}

int tls_fd(const struct tls_conn *c)
{
	return c->fd;
}

void tls_describe(const struct tls_conn *c, char *ret, size_t cap)
{
	snprintf(ret, cap, "%s %s", mbedtls_ssl_get_version(&c->ssl),
		 mbedtls_ssl_get_ciphersuite(&c->ssl));
}
