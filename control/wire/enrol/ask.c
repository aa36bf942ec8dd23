#include "control/wire/enrol/ask.h"

#include <errno.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/enrol/place.h"
#include "control/wire/keys.h"
#include "control/wire/log.h"
#include "control/wire/resolve.h"
#include "dataplane/base/clock.h"

enum { WAIT_FIRST_S = 1, WAIT_MAX_S = 30 };

struct asking {
	const struct enrol_ask *ask;
	struct cert_random random;
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	int fd;
	uint64_t deadline; /* monotonic */
	char where[128];
};

/* ---- the connection ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static bool wait_for(struct asking *a, short events)
{
	uint64_t now = now_ns();
	struct pollfd p = {.fd = a->fd, .events = events};

	return now < a->deadline && poll(&p, 1, (int)((a->deadline - now) / NS_PER_MS) + 1) > 0;
}

static int net_send(void *ctx, const unsigned char *buf, size_t n)
{
	struct asking *a = ctx;
	ssize_t sent = wait_for(a, POLLOUT) ? send(a->fd, buf, n, MSG_NOSIGNAL) : -1;

	return sent >= 0 ? (int)sent : MBEDTLS_ERR_NET_SEND_FAILED;
}

static int net_recv(void *ctx, unsigned char *buf, size_t n)
{
	struct asking *a = ctx;
	ssize_t got = wait_for(a, POLLIN) ? recv(a->fd, buf, n, 0) : -1;

	return got >= 0 ? (int)got : MBEDTLS_ERR_NET_RECV_FAILED;
}

static int try_address(struct asking *a, const struct resolve_answer *r, unsigned i)
{
	int why = 0;
	socklen_t len = sizeof(why);

	resolve_text(&r->addr[i], a->where, sizeof(a->where));
	a->fd = socket(r->addr[i].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return errno;
	if (connect(a->fd, (const struct sockaddr *)&r->addr[i], r->len[i]) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!wait_for(a, POLLOUT))
		return ETIMEDOUT;
	return getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &why, &len) ? errno : why;
}

static int reach(struct asking *a, struct errmsg *e)
{
	struct resolve_answer r;
	char host[256], port[8];
	int rc = resolve_split(a->ask->centre, host, sizeof(host), port, sizeof(port), e);

	if (rc)
		return rc;
	if (resolve_now(host, port, false, &r) || r.n == 0)
		return errmsg_set(e, ERR_AGAIN, "the centre %s: %s", a->ask->centre, r.sentence);
	for (unsigned i = 0; i < r.n; i++) {
		int why = try_address(a, &r, i);

		if (why == 0)
			return 0;
		errmsg_set(e, ERR_AGAIN, "the centre %s cannot be reached: %s", a->where,
			   strerror(why));
		if (a->fd >= 0)
			close(a->fd);
		a->fd = -1;
	}
	return ERR_AGAIN;
}

/* ---- who is there ---- */

static const mbedtls_x509_crt *pinned(const struct asking *a)
{
	const mbedtls_x509_crt *c = mbedtls_ssl_get_peer_cert(&a->ssl);

	for (c = c ? c->next : NULL; c; c = c->next) {
		if (enrol_code_pins(a->ask->code, SLICE(c->raw.p, c->raw.len)))
			return c;
	}
	return NULL;
}

/* The CA is the code's; the centre's certificate is of it, in force, and a centre's. */
static int check_centre(struct asking *a, struct errmsg *e)
{
	const mbedtls_x509_crt *shown = mbedtls_ssl_get_peer_cert(&a->ssl), *ca = pinned(a);
	mbedtls_x509_crt trusted, own;
	char whose[192];
	int rc;

	if (!shown || !ca)
		return errmsg_set(e, ERR_DENIED,
				  "%s is not the centre that made this code, or its CA has "
				  "changed since: nothing was told to it",
				  a->where);
	mbedtls_x509_crt_init(&trusted);
	mbedtls_x509_crt_init(&own);
	snprintf(whose, sizeof(whose), "the certificate of %s", a->where);
	rc = mbedtls_x509_crt_parse_der(&trusted, ca->raw.p, ca->raw.len);
	if (rc == 0)
		rc = mbedtls_x509_crt_parse_der(&own, shown->raw.p, shown->raw.len);
	rc = rc ? errmsg_set(e, ERR_NOMEM, "no memory for certificates")
		: cert_check(&own, &trusted, ROLE_SET(ROLE_CENTRE), whose, e);
	mbedtls_x509_crt_free(&trusted);
	mbedtls_x509_crt_free(&own);
	return rc;
}

static int secure(struct asking *a, struct errmsg *e)
{
	char why[128];
	int rc = mbedtls_ssl_config_defaults(&a->config, MBEDTLS_SSL_IS_CLIENT,
					     MBEDTLS_SSL_TRANSPORT_STREAM,
					     MBEDTLS_SSL_PRESET_DEFAULT);

	if (rc == 0) {
		mbedtls_ssl_conf_rng(&a->config, mbedtls_ctr_drbg_random, &a->random.drbg);
		/* Checked by us, behind the handshake and before a word is said. */
		mbedtls_ssl_conf_authmode(&a->config, MBEDTLS_SSL_VERIFY_NONE);
		tls_suites(&a->config);
		rc = mbedtls_ssl_setup(&a->ssl, &a->config);
	}
	if (rc == 0)
		rc = mbedtls_ssl_set_hostname(&a->ssl, TLS_STRANGERS);
	if (rc)
		return errmsg_set(e, ERR_NOMEM, "TLS cannot be set up: %s", cert_error(rc, why));
	mbedtls_ssl_set_bio(&a->ssl, a, net_send, net_recv, NULL);
	rc = mbedtls_ssl_handshake(&a->ssl);
	if (rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		return errmsg_set(e, ERR_DENIED,
				  "%s enrols nobody: it wants a certificate, or is no centre",
				  a->where);
	if (rc)
		return errmsg_set(e, ERR_AGAIN, "no TLS with %s: %s", a->where,
				  cert_error(rc, why));
	return check_centre(a, e);
}

/* ---- question and answer ---- */

static int put(struct asking *a, struct slice bytes, struct errmsg *e)
{
	for (size_t at = 0; at < bytes.len;) {
		int n = mbedtls_ssl_write(&a->ssl, bytes.data + at, bytes.len - at);

		if (n <= 0)
			return errmsg_set(e, ERR_AGAIN, "%s closed the connection", a->where);
		at += (size_t)n;
	}
	return 0;
}

static int get(struct asking *a, uint8_t *buf, size_t len, struct errmsg *e)
{
	for (size_t at = 0; at < len;) {
		int n = mbedtls_ssl_read(&a->ssl, buf + at, len - at);

		if (n <= 0)
			return errmsg_set(e, ERR_AGAIN, "%s closed the connection", a->where);
		at += (size_t)n;
	}
	return 0;
}

static int say(struct asking *a, const struct message *m, struct errmsg *e)
{
	struct slice payload;
	uint8_t head[4];
	int rc = message_encode(m, &payload, e);

	if (rc)
		return rc;
	for (unsigned i = 0; i < 4; i++)
		head[i] = (uint8_t)(payload.len >> (24 - 8 * i));
	rc = put(a, SLICE(head, 4), e);
	if (rc == 0)
		rc = put(a, payload, e);
	payload_free(&payload);
	return rc;
}

static struct message *hear(struct asking *a, struct errmsg *e, int *ret_rc)
{
	uint8_t head[4], body[ENROL_FRAME_MAX];
	struct message *m = NULL;
	size_t len;

	*ret_rc = get(a, head, sizeof(head), e);
	if (*ret_rc)
		return NULL;
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	*ret_rc = ERR_INVALID;
	if (len == 0 || len > sizeof(body)) {
		errmsg_set(e, ERR_INVALID, "the answer of %s is no answer", a->where);
		return NULL;
	}
	*ret_rc = get(a, body, len, e);
	if (*ret_rc == 0)
		m = message_decode(SLICE(body, len), e);
	if (m && m->kind == MESSAGE_ENROL_ANSWER)
		return m;
	message_free(m);
	if (*ret_rc == 0)
		*ret_rc = errmsg_set(e, ERR_INVALID, "the answer of %s is no answer", a->where);
	return NULL;
}

static int take_answer(const struct asking *a, const struct enrol_answer *got, struct identity *ret,
		       struct errmsg *e)
{
	/* What passes by itself begins with this word. */
	if (strncmp(got->refused, "later:", 6) == 0)
		return errmsg_set(e, ERR_AGAIN, "the centre says %s", got->refused);
	if (got->refused[0])
		return errmsg_set(e, ERR_DENIED, "the centre refuses: %s", got->refused);
	return enrol_place_store(a->ask->dir, got, enrol_code_role(a->ask->code), NULL, ret, e);
}

static int talk(struct asking *a, struct identity *ret, struct errmsg *e)
{
	struct message m = {.kind = MESSAGE_ENROL_REQUEST}, *got;
	enum wire_role role = enrol_code_role(a->ask->code);
	const char *name = a->ask->name[0] ? a->ask->name : role_text(role);
	char code[ENROL_CODE_TEXT];
	int rc;

	enrol_code_text(a->ask->code, code);
	m.enrol_request =
		(struct enrol_request){.code = code, .role = role_text(role), .name = a->ask->name};
	rc = enrol_place_request(a->ask->dir, name, &m.enrol_request.csr, e);
	if (rc)
		return rc;
	rc = say(a, &m, e);
	payload_free(&m.enrol_request.csr);
	got = rc == 0 ? hear(a, e, &rc) : NULL;
	if (!got)
		return rc;
	rc = take_answer(a, &got->enrol_answer, ret, e);
	message_free(got);
	return rc;
}

int enrol_ask(const struct enrol_ask *ask, struct identity *ret, struct errmsg *e)
{
	struct asking a = {.ask = ask, .fd = -1, .deadline = now_ns() + ENROL_SECONDS * NS_PER_SEC};
	int rc = cert_random_init(&a.random, e);

	if (rc)
		return rc;
	mbedtls_ssl_config_init(&a.config);
	mbedtls_ssl_init(&a.ssl);
	rc = reach(&a, e);
	if (rc == 0)
		rc = secure(&a, e);
	if (rc == 0)
		rc = talk(&a, ret, e);
	if (rc == 0)
		(void)mbedtls_ssl_close_notify(&a.ssl);
	mbedtls_ssl_free(&a.ssl);
	mbedtls_ssl_config_free(&a.config);
	cert_random_done(&a.random);
	if (a.fd >= 0)
		close(a.fd);
	return rc;
}

int enrol_at_start(const char *code, const char *centre, const char *dir, enum wire_role role,
		   const struct log *log, struct errmsg *e)
{
	struct enrol_code parsed;
	struct enrol_ask ask = {centre, dir, &parsed, ""};
	struct identity id;
	unsigned wait = WAIT_FIRST_S;
	int rc;

	if (!code[0] || enrol_place_is_there(dir))
		return 0;
	if (!centre[0])
		return errmsg_set(e, ERR_INVALID, "enrolment-code is set, but centre.address not");
	rc = enrol_code_parse(code, &parsed, e);
	if (rc == 0 && enrol_code_role(&parsed) != role)
		rc = errmsg_set(e, ERR_INVALID, "the enrolment code is for a %s, this is a %s",
				role_text(enrol_code_role(&parsed)), role_text(role));
	if (rc)
		return rc;
	for (;;) {
		rc = enrol_ask(&ask, &id, e);
		if (rc != ERR_AGAIN)
			break;
		log_warn(log, "not enrolled yet: %s; tried again in %u s", e->text, wait);
		sleep(wait);
		wait = wait * 2 < WAIT_MAX_S ? wait * 2 : WAIT_MAX_S;
	}
	if (rc == 0)
		log_info(log, "enrolled as %s %s of site %s", role_text(id.role), id.name, id.site);
	return rc;
}
