#include "control/enforcer/notice/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/base/addr.h"

enum { BACKLOG = 64, TICK_MS = 1000 };

struct visitor {
	int fd; /* -1: free */
	time_t until;
	struct ip_addr from;
	char in[NOTICE_REQUEST_MAX];
	size_t in_n;
	char *out; /* malloc'ed once the request is read */
	size_t out_n, sent;
};

struct server {
	const struct notice_config *config;
	int listener;
	struct visitor visitors[NOTICE_CONNECTIONS];
};

/* The socket crosses the fork with the configuration. */
struct job {
	const struct notice_config *config;
	int listener;
};

static time_t mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void leave(struct visitor *v)
{
	close(v->fd);
	free(v->out);
	*v = (struct visitor){.fd = -1};
}

static struct ip_addr address_of(const struct sockaddr_in6 *a)
{
	return ip_addr_v6(a->sin6_addr.s6_addr);
}

/* The oldest goes when there is no room: who holds on to a connection keeps nobody else out. */
static struct visitor *place_for(struct server *s, const struct ip_addr *from)
{
	struct visitor *oldest = NULL, *empty = NULL;
	unsigned of_address = 0;

	for (unsigned i = 0; i < NOTICE_CONNECTIONS; i++) {
		struct visitor *v = &s->visitors[i];

		if (v->fd < 0) {
			empty = v;
			continue;
		}
		of_address += ip_addr_eq(&v->from, from);
		if (!oldest || v->until < oldest->until)
			oldest = v;
	}
	if (of_address >= NOTICE_PER_ADDRESS)
		return NULL;
	if (!empty && oldest) {
		leave(oldest);
		empty = oldest;
	}
	return empty;
}

static void welcome(struct server *s)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof(a);
	int fd = accept4(s->listener, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ip_addr from;
	struct visitor *v;

	if (fd < 0)
		return;
	from = address_of(&a);
	v = place_for(s, &from);
	if (!v) {
		close(fd);
		return;
	}
	*v = (struct visitor){.fd = fd, .until = mono() + NOTICE_SECONDS, .from = from};
}

static void answer(struct server *s, struct visitor *v, const struct notice_request *q)
{
	char address[IP_ADDR_TEXT], when[64];
	time_t now = time(NULL);
	struct tm tm;
	long n;

	v->out = malloc(2 * NOTICE_ANSWER_MAX);
	if (!v->out) {
		leave(v);
		return;
	}
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	ip_addr_text(&v->from, address, false);
	n = q ? notice_write(&s->config->texts, q, address, when, v->out, 2 * NOTICE_ANSWER_MAX)
	      : notice_write_refusal(v->out, 2 * NOTICE_ANSWER_MAX);
	v->out_n = n > 0 ? (size_t)n : 0;
	if (n <= 0)
		leave(v);
}

static void hear(struct server *s, struct visitor *v)
{
	ssize_t n = recv(v->fd, v->in + v->in_n, sizeof(v->in) - v->in_n, 0);
	struct notice_request q;
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave(v);
		return;
	}
	v->in_n += (size_t)n;
	rc = notice_read(SLICE(v->in, v->in_n), &q);
	if (rc == 0)
		answer(s, v, &q);
	else if (rc != ERR_AGAIN)
		answer(s, v, NULL);
}

/* Bodies are not read; a half-closed connection lets the page arrive before the end. */
static void speak(struct visitor *v)
{
	ssize_t n = send(v->fd, v->out + v->sent, v->out_n - v->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	v->sent += n > 0 ? (size_t)n : 0;
	if (n <= 0)
		leave(v);
	else if (v->sent == v->out_n)
		shutdown(v->fd, SHUT_WR);
}

/* After the page: whatever comes is dropped until the other side ends too. */
static void wait_for_end(struct visitor *v)
{
	ssize_t n = recv(v->fd, v->in, sizeof(v->in), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		leave(v);
}

static void serve_visitor(struct server *s, struct visitor *v, short events)
{
	if (events & POLLOUT)
		speak(v);
	else if (events && v->out)
		wait_for_end(v);
	else if (events)
		hear(s, v);
	else if (mono() >= v->until)
		leave(v);
}

static short wanted(const struct visitor *v)
{
	return v->out && v->sent < v->out_n ? POLLOUT : POLLIN;
}

/* One turn; false when the program is gone. */
static bool turn(struct server *s, int program)
{
	struct pollfd p[NOTICE_CONNECTIONS + 2] = {{program, POLLIN, 0}, {s->listener, POLLIN, 0}};

	for (unsigned i = 0; i < NOTICE_CONNECTIONS; i++)
		p[i + 2] = (struct pollfd){s->visitors[i].fd, wanted(&s->visitors[i]), 0};
	if (poll(p, NOTICE_CONNECTIONS + 2, TICK_MS) < 0)
		return errno == EINTR;
	if (p[0].revents)
		return false;
	for (unsigned i = 0; i < NOTICE_CONNECTIONS; i++) {
		if (s->visitors[i].fd >= 0)
			serve_visitor(s, &s->visitors[i], p[i + 2].revents);
	}
	if (p[1].revents)
		welcome(s);
	return true;
}

/* Its memory and descriptors are bounded from outside, too. */
static void confine(void)
{
	const struct rlimit files = {NOTICE_CONNECTIONS + 32, NOTICE_CONNECTIONS + 32};
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_NPROC, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_CORE, &none);
}

static void serve(int fd, void *arg)
{
	const struct job *job = arg;
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->config = job->config;
	s->listener = job->listener;
	for (unsigned i = 0; i < NOTICE_CONNECTIONS; i++)
		s->visitors[i].fd = -1;
	confine();
	while (turn(s, fd))
		;
	free(s);
}

static int open_port(uint16_t port, struct errmsg *e)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		errmsg_set(e, ERR_IO, "key 'notice.port': port %u: %s", port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	return fd;
}

int notice_start(const struct notice_config *c, const char *user, struct helper *ret,
		 struct errmsg *e)
{
	struct job job = {c, -1};
	struct helper_job h = {.name = "banken-notice",
			       .user = user,
			       .sandbox = SANDBOX_NOTICE,
			       .serve = serve,
			       .arg = &job};
	int rc;

	*ret = (struct helper){-1, -1};
	if (!c->port)
		return 0;
	job.listener = open_port(c->port, e);
	if (job.listener < 0)
		return ERR_IO;
	h.keep_fd = job.listener;
	rc = helper_start(&h, ret, e);
	close(job.listener);
	return rc;
}
