#include "control/wire/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/wire/limits.h"
#include "control/wire/resolve.h"
#include "control/wire/session.h"

enum { STEADY_SECONDS = 5 }; /* a connection that lived that long starts the back-off anew */

struct link {
	struct link_setup setup;
	char destination[SPOOL_NAME_MAX];
	char address[256], host[256], port[8];
	char where[128]; /* the address being tried */
	struct resolve *resolve;
	int fd; /* connecting, -1 otherwise */
	unsigned attempt;
	struct session *session;
	struct loop_timer timer; /* next attempt, or end of this one */
	uint64_t backoff_ms, up_since;
	bool was_up;
	struct link_status status;
};

static void begin(void *ctx);

/* ---- waiting and failing ---- */

static uint64_t with_jitter(uint64_t ms)
{
	uint16_t random = 0;

	/* Without random numbers all sites come back at once, which is no error. */
	(void)getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return ms * 3 / 4 + ms / 2 * random / 65536;
}

static void trouble(struct link *l, const char *sentence)
{
	bool new_trouble = strcmp(l->status.trouble, sentence) != 0;

	if (l->status.connected || new_trouble)
		l->status.since = loop_wall(l->setup.loop);
	l->status.connected = false;
	snprintf(l->status.trouble, sizeof(l->status.trouble), "%s", sentence);
	if (new_trouble)
		log_warn(l->setup.log, "%s: %s; trying again", l->destination, sentence);
}

static void retry_later(struct link *l, const char *sentence)
{
	trouble(l, sentence);
	l->timer.fn = begin;
	(void)loop_timer_set(l->setup.loop, &l->timer, with_jitter(l->backoff_ms) * NS_PER_MS);
	l->backoff_ms *= 2;
	if (l->backoff_ms > WIRE_BACKOFF_MAX_MS)
		l->backoff_ms = WIRE_BACKOFF_MAX_MS;
}

static void stop_connecting(struct link *l)
{
	if (l->fd < 0)
		return;
	loop_unwatch(l->setup.loop, l->fd);
	close(l->fd);
	l->fd = -1;
}

static void connect_failed(struct link *l, int why)
{
	char sentence[200];

	stop_connecting(l);
	snprintf(sentence, sizeof(sentence), "%s cannot be reached: %s", l->where, strerror(why));
	retry_later(l, sentence);
}

/* ---- the session ---- */

static bool session_up(void *ctx, struct session *s)
{
	struct link *l = ctx;

	loop_timer_stop(l->setup.loop, &l->timer);
	l->up_since = loop_now(l->setup.loop);
	l->was_up = true;
	l->status.connected = true;
	l->status.since = loop_wall(l->setup.loop);
	l->status.connects++;
	l->status.trouble[0] = '\0';
	log_info(l->setup.log, "%s: connected with %s at %s", l->destination, session_peer(s)->name,
		 l->where);
	if (l->setup.ops.up)
		l->setup.ops.up(l->setup.ops.ctx, session_peer(s));
	return true;
}

static void keep_counts(struct link *l)
{
	struct link_status now = {0};

	session_status(l->session, &now);
	l->status.sent += now.sent;
	l->status.received += now.received;
	l->status.peer = now.peer;
	l->status.clock_offset_ms = now.clock_offset_ms;
}

static void session_over(void *ctx, struct session *s, const char *sentence)
{
	struct link *l = ctx;
	struct identity peer = *session_peer(s);
	char text[256];

	snprintf(text, sizeof(text), "%s", sentence);
	keep_counts(l);
	l->session = NULL;
	session_delete(s);
	loop_timer_stop(l->setup.loop, &l->timer);
	if (l->was_up && loop_now(l->setup.loop) - l->up_since > STEADY_SECONDS * NS_PER_SEC)
		l->backoff_ms = WIRE_BACKOFF_FIRST_MS;
	if (l->was_up && l->setup.ops.down)
		l->setup.ops.down(l->setup.ops.ctx, &peer, text);
	l->was_up = false;
	retry_later(l, text);
}

/* ---- connecting ---- */

static void connected(struct link *l)
{
	struct session_owner owner = {.up = session_up, .over = session_over, .ctx = l};
	struct errmsg e = {0};
	int fd = l->fd, one = 1;

	loop_unwatch(l->setup.loop, fd);
	l->fd = -1;
	loop_timer_stop(l->setup.loop, &l->timer);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	l->session = session_new(&l->setup, &owner, fd, TLS_CLIENT, l->where, l->destination, &e);
	if (!l->session)
		retry_later(l, e.text);
}

static void connect_ready(void *ctx, uint32_t events)
{
	struct link *l = ctx;
	int why = 0;
	socklen_t len = sizeof(why);

	(void)events;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &why, &len))
		why = errno;
	if (why)
		connect_failed(l, why);
	else
		connected(l);
}

static void connect_timeout(void *ctx)
{
	connect_failed(ctx, ETIMEDOUT);
}

static void try_address(struct link *l, const struct resolve_answer *a)
{
	unsigned i = l->attempt++ % a->n;

	resolve_text(&a->addr[i], l->where, sizeof(l->where));
	l->fd = socket(a->addr[i].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0) {
		connect_failed(l, errno);
		return;
	}
	if (connect(l->fd, (const struct sockaddr *)&a->addr[i], a->len[i]) &&
	    errno != EINPROGRESS) {
		connect_failed(l, errno);
		return;
	}
	l->timer.fn = connect_timeout;
	if (loop_watch(l->setup.loop, l->fd, EPOLLOUT, connect_ready, l) ||
	    loop_timer_set(l->setup.loop, &l->timer, WIRE_CONNECT_SECONDS * NS_PER_SEC))
		connect_failed(l, ENOMEM);
}

static void resolved(void *ctx, const struct resolve_answer *a)
{
	struct link *l = ctx;

	l->resolve = NULL;
	if (a->n == 0)
		retry_later(l, a->sentence);
	else
		try_address(l, a);
}

static void begin(void *ctx)
{
	struct link *l = ctx;

	l->resolve = resolve_start(l->setup.loop, l->host, l->port, resolved, l);
	if (!l->resolve)
		retry_later(l, "no thread to ask the name service");
}

/* ---- the outside ---- */

struct link *link_new(const struct link_setup *setup, const char *destination, const char *address,
		      struct errmsg *e)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l) {
		errmsg_set(e, ERR_NOMEM, "no memory for a link");
		return NULL;
	}
	l->setup = *setup;
	l->fd = -1;
	l->backoff_ms = WIRE_BACKOFF_FIRST_MS;
	l->timer = (struct loop_timer){.fn = begin, .ctx = l};
	snprintf(l->destination, sizeof(l->destination), "%s", destination);
	snprintf(l->address, sizeof(l->address), "%s", address);
	snprintf(l->status.trouble, sizeof(l->status.trouble), "not tried yet");
	if (resolve_split(address, l->host, sizeof(l->host), l->port, sizeof(l->port), e) ||
	    loop_timer_set(setup->loop, &l->timer, 0)) {
		free(l);
		return NULL;
	}
	return l;
}

void link_delete(struct link *l)
{
	if (!l)
		return;
	loop_timer_stop(l->setup.loop, &l->timer);
	resolve_cancel(l->resolve);
	stop_connecting(l);
	session_delete(l->session);
	free(l);
}

void link_keys_changed(struct link *l, bool anew)
{
	struct errmsg e = {""};

	if (!l->session)
		return;
	if (l->status.connected && tls_keys_check(l->setup.keys, session_peer(l->session), &e))
		session_end(l->session, e.text);
	else if (anew)
		session_end(l->session, "it comes again with a new certificate");
}

void link_wake(struct link *l)
{
	if (l->session)
		session_wake(l->session);
}

bool link_send_passing(struct link *l, struct slice payload)
{
	return l->session && session_send_passing(l->session, payload);
}

void link_status(const struct link *l, struct link_status *ret)
{
	*ret = l->status;
	if (l->session) {
		session_status(l->session, ret);
		ret->sent += l->status.sent;
		ret->received += l->status.received;
	}
	snprintf(ret->where, sizeof(ret->where), "%.127s", l->where[0] ? l->where : l->address);
}
