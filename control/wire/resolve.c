#include "control/wire/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int resolve_split(const char *address, char *ret_host, size_t host_cap, char *ret_port,
		  size_t port_cap, struct errmsg *e)
{
	const char *colon = strrchr(address, ':');
	const char *host = address;
	size_t len = colon ? (size_t)(colon - address) : 0;
	char *end;
	long port = colon ? strtol(colon + 1, &end, 10) : -1;

	if (port < 0 || port > 65535 || end == colon + 1 || *end)
		return errmsg_set(e, ERR_INVALID, "address '%s' must be host:port", address);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		return errmsg_set(e, ERR_INVALID,
				  "address '%s': an IPv6 address is written [2001:db8::1]:port",
				  address);
	}
	if (len == 0 || len >= host_cap)
		return errmsg_set(e, ERR_INVALID, "address '%s' must be host:port", address);
	snprintf(ret_host, host_cap, "%.*s", (int)len, host);
	snprintf(ret_port, port_cap, "%ld", port);
	return 0;
}

int resolve_now(const char *host, const char *port, bool passive, struct resolve_answer *ret)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &list);

	memset(ret, 0, sizeof(*ret));
	if (rc) {
		snprintf(ret->sentence, sizeof(ret->sentence), "the name %.80s is not found: %s",
			 host, gai_strerror(rc));
		return ERR_NOTFOUND;
	}
	for (struct addrinfo *a = list; a && ret->n < RESOLVE_MAX; a = a->ai_next) {
		if (a->ai_addrlen > sizeof(ret->addr[0]))
			continue;
		memcpy(&ret->addr[ret->n], a->ai_addr, a->ai_addrlen);
		ret->len[ret->n++] = a->ai_addrlen;
	}
	freeaddrinfo(list);
	return ret->n ? 0 : ERR_NOTFOUND;
}

void resolve_text(const struct sockaddr_storage *addr, char *ret, size_t cap)
{
	char host[64] = "?", port[8] = "?";
	socklen_t len = addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						    : sizeof(struct sockaddr_in);

	(void)getnameinfo((const struct sockaddr *)addr, len, host, sizeof(host), port,
			  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(ret, cap, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* ---- in a thread ---- */

struct question {
	int fd; /* where the answer goes; the thread's own */
	char host[256], port[8];
};

struct resolve {
	struct loop *loop;
	int fd;
	resolve_fn fn;
	void *ctx;
};

static void *ask(void *arg)
{
	struct question *q = arg;
	struct resolve_answer a;

	(void)resolve_now(q->host, q->port, false, &a);
	/* Nobody may be listening any more. */
	(void)send(q->fd, &a, sizeof(a), MSG_NOSIGNAL);
	close(q->fd);
	free(q);
	return NULL;
}

static void answered(void *ctx, uint32_t events)
{
	struct resolve *r = ctx, copy = *r;
	struct resolve_answer a;
	ssize_t n = recv(r->fd, &a, sizeof(a), 0);

	(void)events;
	if (n != sizeof(a)) {
		memset(&a, 0, sizeof(a));
		snprintf(a.sentence, sizeof(a.sentence), "the name service gave no answer");
	}
	resolve_cancel(r);
	copy.fn(copy.ctx, &a);
}

void resolve_cancel(struct resolve *r)
{
	if (!r)
		return;
	loop_unwatch(r->loop, r->fd);
	close(r->fd);
	free(r);
}

/* The thread takes no signals: they are the loop's. */
static int start_thread(struct question *q)
{
	sigset_t all, before;
	pthread_t t;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&t, NULL, ask, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		pthread_detach(t);
	return rc;
}

struct resolve *resolve_start(struct loop *loop, const char *host, const char *port, resolve_fn fn,
			      void *ctx)
{
	struct resolve *r = calloc(1, sizeof(*r));
	struct question *q = calloc(1, sizeof(*q));
	int fd[2];

	if (!r || !q || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd)) {
		free(r);
		free(q);
		return NULL;
	}
	*r = (struct resolve){loop, fd[0], fn, ctx};
	q->fd = fd[1];
	snprintf(q->host, sizeof(q->host), "%s", host);
	snprintf(q->port, sizeof(q->port), "%s", port);
	if (loop_watch(loop, fd[0], EPOLLIN, answered, r) || start_thread(q)) {
		close(fd[1]);
		free(q);
		resolve_cancel(r);
		return NULL;
	}
	return r;
}
