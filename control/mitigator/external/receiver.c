#include "control/mitigator/external/receiver.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/mitigator/external/secure.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { BUFFER = 2 * EXTERNAL_MAX, DATAGRAMS = 64 };

struct connection {
	struct receiver *owner;
	int fd;			    /* -1: free */
	struct secure_session *tls; /* NULL: plain */
	uint64_t last;
	size_t len;
	uint8_t *data; /* BUFFER bytes while it is open */
};

struct prefix {
	struct ip_addr addr;
	uint8_t bits;
};

struct receiver {
	struct receiver_setup setup;
	int udp, tcp, tls;
	struct secure *secure; /* NULL: no TLS */
	struct connection connections[RECEIVER_CONNECTIONS];
	struct prefix senders[RECEIVER_SENDERS];
	unsigned senders_n;
	struct receiver_counts count;
	uint64_t second, in_second; /* for the brake */
	struct external_event events[EXTERNAL_EVENTS];
	uint8_t datagram[EXTERNAL_MAX];
};

/* ---- who may send ---- */

static struct ip_addr address_of(const struct sockaddr_storage *from)
{
	struct ip_addr none = {0};

	if (from->ss_family == AF_INET)
		return ip_addr_v4((const uint8_t *)&((const struct sockaddr_in *)from)->sin_addr);
	if (from->ss_family == AF_INET6)
		return ip_addr_v6((const uint8_t *)&((const struct sockaddr_in6 *)from)->sin6_addr);
	return none;
}

static bool may_send(struct receiver *r, const struct sockaddr_storage *from)
{
	struct ip_addr ip = address_of(from);

	for (unsigned i = 0; i < r->senders_n; i++) {
		if (ip_addr_in_prefix(&ip, &r->senders[i].addr, r->senders[i].bits))
			return true;
	}
	r->count.refused++;
	return false;
}

/* ---- messages ---- */

static void give(struct receiver *r, unsigned n, bool proven)
{
	uint64_t second = loop_now(r->setup.loop) / NS_PER_SEC;

	if (second != r->second) {
		r->second = second;
		r->in_second = 0;
	}
	for (unsigned i = 0; i < n; i++) {
		if (r->in_second++ >= RECEIVER_A_SECOND) {
			r->count.flooded++;
			continue;
		}
		r->count.events++;
		r->setup.event(r->setup.ctx, &r->events[i], proven);
	}
}

static void take_syslog(struct receiver *r, struct slice message, bool proven)
{
	struct errmsg e = {""};

	if (external_syslog(message, &r->events[0], &e) < 0)
		r->count.malformed++;
	else
		give(r, 1, proven);
}

static void answer(const struct connection *c, int status)
{
	const char *word = status == 204   ? "No Content"
			   : status == 401 ? "Unauthorized"
			   : status == 404 ? "Not Found"
			   : status == 405 ? "Method Not Allowed"
					   : "Bad Request";
	char text[160];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status,
			 word);

	/* A few bytes into an empty socket buffer; who does not read them asked for it. */
	if (c->tls)
		secure_write(c->tls, text, (size_t)n);
	else
		(void)!send(c->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take_http(const struct connection *c, struct slice request)
{
	struct receiver *r = c->owner;
	struct slice body = {0};
	struct errmsg e = {""};
	int status = receiver_http(request, r->setup.token, &body), n;

	if (status == 204) {
		n = external_json(body, r->events, EXTERNAL_EVENTS, &e);
		if (n > 0)
			give(r, (unsigned)n, true);
		status = n > 0 ? 204 : 400;
	}
	r->count.malformed += status != 204;
	answer(c, status);
}

/* ---- sockets ---- */

static void drop(struct connection *c)
{
	loop_unwatch(c->owner->setup.loop, c->fd);
	secure_end(c->tls);
	c->tls = NULL;
	close(c->fd);
	free(c->data);
	c->data = NULL;
	c->fd = -1;
}

/* False: the connection is done with. */
static bool take_messages(struct connection *c)
{
	struct slice message;
	size_t at = 0;
	bool http;
	long used;

	while ((used = receiver_cut(SLICE(c->data + at, c->len - at), &message, &http)) > 0) {
		if (http) {
			take_http(c, message);
			return false;
		}
		take_syslog(c->owner, message, true);
		at += (size_t)used;
	}
	if (used < 0)
		c->owner->count.malformed++;
	memmove(c->data, c->data + at, c->len - at);
	c->len -= at;
	return used == 0;
}

/* Bytes into the free part of its room; 0 when there is nothing now, negative: it is over. */
static long fill(struct connection *c)
{
	ssize_t n;

	if (c->tls)
		return secure_read(c->tls, c->data + c->len, BUFFER - c->len);
	n = recv(c->fd, c->data + c->len, BUFFER - c->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 ? n : ERR_NOTFOUND;
}

/* A TLS record may hold more than was asked for, and the socket says nothing of the rest. */
static void on_bytes(void *ctx, uint32_t events)
{
	struct connection *c = ctx;
	long n;

	(void)events;
	do {
		n = fill(c);
		if (n > 0) {
			c->len += (size_t)n;
			c->last = loop_now(c->owner->setup.loop);
		}
		c->owner->count.refused += n == ERR_DENIED;
		if (n < 0 || (n > 0 && !take_messages(c)) || c->len == BUFFER) {
			drop(c);
			return;
		}
	} while (c->tls && n > 0);
}

/* A free place, else that of who was silent for too long. */
static struct connection *place(struct receiver *r)
{
	uint64_t now = loop_now(r->setup.loop);

	for (unsigned i = 0; i < RECEIVER_CONNECTIONS; i++) {
		struct connection *c = &r->connections[i];

		if (c->fd >= 0 && now - c->last > RECEIVER_IDLE_S * NS_PER_SEC)
			drop(c);
		if (c->fd < 0)
			return c;
	}
	return NULL;
}

static void take_connection(struct receiver *r, int from_fd, bool tls)
{
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from);
	int fd = accept4(from_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c;

	if (fd < 0)
		return;
	c = may_send(r, &from) ? place(r) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	*c = (struct connection){
		.owner = r, .fd = fd, .last = loop_now(r->setup.loop), .data = malloc(BUFFER)};
	if (tls)
		c->tls = secure_accept(r->secure, fd);
	if (!c->data || (tls && !c->tls) ||
	    loop_watch(r->setup.loop, fd, EPOLLIN, on_bytes, c) < 0) {
		secure_end(c->tls);
		c->tls = NULL;
		close(fd);
		free(c->data);
		c->fd = -1;
	}
}

static void on_connection(void *ctx, uint32_t events)
{
	struct receiver *r = ctx;

	(void)events;
	take_connection(r, r->tcp, false);
}

static void on_tls_connection(void *ctx, uint32_t events)
{
	struct receiver *r = ctx;

	(void)events;
	take_connection(r, r->tls, true);
}

static void on_datagrams(void *ctx, uint32_t events)
{
	struct receiver *r = ctx;

	(void)events;
	for (int i = 0; i < DATAGRAMS; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(r->udp, r->datagram, sizeof(r->datagram), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		if (may_send(r, &from))
			take_syslog(r, SLICE(r->datagram, (size_t)n), false);
	}
}

static int open_socket(const char *key, const char *listen_at, int type, struct errmsg *e)
{
	const char *colon = strrchr(listen_at, ':');
	struct addrinfo hints = {.ai_socktype = type,
				 .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV},
			*found = NULL;
	char host[80];
	int fd = -1, one = 1;

	if (!colon || colon == listen_at)
		return errmsg_set(e, ERR_INVALID, "%s must be address:port", key);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - listen_at), listen_at);
	if (host[0] == '[')
		snprintf(host, sizeof(host), "%.*s", (int)(colon - listen_at - 2), listen_at + 1);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return errmsg_set(e, ERR_INVALID, "%s: %.64s is no address:port", key, listen_at);
	fd = socket(found->ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) < 0)) {
		errmsg_set(e, ERR_IO, "%s: %.64s cannot be listened on: %s", key, listen_at,
			   strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd < 0 ? ERR_IO : fd;
}

static int take_senders(struct receiver *r, struct errmsg *e)
{
	for (size_t i = 0; i < r->setup.senders_n && r->senders_n < RECEIVER_SENDERS; i++) {
		struct prefix *p = &r->senders[r->senders_n++];

		if (ip_prefix_parse(r->setup.senders[i], &p->addr, &p->bits) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "external.senders: %.64s is no address or prefix",
					  r->setup.senders[i]);
	}
	return 0;
}

/* What is configured of the three; 0 or an error with a sentence. */
static int listen_all(struct receiver *r, struct errmsg *e)
{
	const struct receiver_setup *s = &r->setup;
	static const char plain[] = "external.listen", tls[] = "external.tls-listen";

	if (s->listen[0]) {
		r->udp = open_socket(plain, s->listen, SOCK_DGRAM, e);
		r->tcp = r->udp < 0 ? -1 : open_socket(plain, s->listen, SOCK_STREAM, e);
		if (r->tcp < 0 || loop_watch(s->loop, r->udp, EPOLLIN, on_datagrams, r) < 0 ||
		    loop_watch(s->loop, r->tcp, EPOLLIN, on_connection, r) < 0)
			return ERR_IO;
	}
	if (!s->tls_listen || !s->tls_listen[0])
		return 0;
	r->secure = secure_new(s->cert, s->key, s->client_ca, e);
	if (r->secure)
		r->tls = open_socket(tls, s->tls_listen, SOCK_STREAM, e);
	return r->tls < 0 || loop_watch(s->loop, r->tls, EPOLLIN, on_tls_connection, r) < 0 ? ERR_IO
											    : 0;
}

struct receiver *receiver_new(const struct receiver_setup *setup, struct errmsg *e)
{
	struct receiver *r = calloc(1, sizeof(*r));

	if (!r) {
		errmsg_set(e, ERR_NOMEM, "no memory for external detections");
		return NULL;
	}
	r->setup = *setup;
	r->udp = r->tcp = r->tls = -1;
	for (unsigned i = 0; i < RECEIVER_CONNECTIONS; i++)
		r->connections[i].fd = -1;
	if (take_senders(r, e) < 0 || listen_all(r, e) < 0) {
		receiver_free(r);
		return NULL;
	}
	return r;
}

void receiver_free(struct receiver *r)
{
	int *const fds[] = {r ? &r->udp : NULL, r ? &r->tcp : NULL, r ? &r->tls : NULL};

	if (!r)
		return;
	for (unsigned i = 0; i < RECEIVER_CONNECTIONS; i++) {
		if (r->connections[i].fd >= 0)
			drop(&r->connections[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] < 0)
			continue;
		loop_unwatch(r->setup.loop, *fds[i]);
		close(*fds[i]);
	}
	secure_free(r->secure);
	free(r);
}

void receiver_counts(const struct receiver *r, struct receiver_counts *ret)
{
	*ret = r ? r->count : (struct receiver_counts){0};
}
