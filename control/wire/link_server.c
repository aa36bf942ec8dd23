#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/wire/limits.h"
#include "control/wire/link.h"
#include "control/wire/resolve.h"
#include "control/wire/session.h"

enum {
	ACCEPT_AT_ONCE = 16,
	STRANGERS_MAX = 256,  /* not yet greeted */
	STORE_AT_ONCE = 4096, /* messages in one call of `store`, about */
};

struct link_server {
	struct link_setup setup;
	int fd;
	unsigned port;
	struct loop_timer pause; /* no descriptors left: listen again later */
	struct session *sessions[WIRE_PEERS_MAX];
	uint64_t since[WIRE_PEERS_MAX]; /* wall clock when it greeted */
	unsigned n;
	/* Messages of many peers are stored together: one transaction for all that arrived in a
	 * round of the loop. */
	struct session *waiting[WIRE_PEERS_MAX];
	unsigned n_waiting;
	struct loop_timer store_timer;
	struct link_item *batch; /* STORE_AT_ONCE + WIRE_STORE_BATCH of them */
};

static void accept_ready(void *ctx, uint32_t events);

static unsigned place_of(const struct link_server *s, const struct session *session)
{
	unsigned i = 0;

	while (i < s->n && s->sessions[i] != session)
		i++;
	return i;
}

static struct session *find(const struct link_server *s, const char *peer,
			    const struct session *but)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->sessions[i] != but && session_is_up(s->sessions[i]) &&
		    strcmp(session_peer(s->sessions[i])->name, peer) == 0)
			return s->sessions[i];
	}
	return NULL;
}

/* ---- storing ---- */

static void session_arrived(void *ctx, struct session *session)
{
	struct link_server *s = ctx;

	s->waiting[s->n_waiting++] = session;
	if (s->store_timer.due == 0)
		(void)loop_timer_set(s->setup.loop, &s->store_timer, s->setup.gather);
}

static void no_longer_waiting(struct link_server *s, const struct session *session)
{
	for (unsigned i = 0; i < s->n_waiting; i++) {
		if (s->waiting[i] != session)
			continue;
		memmove(&s->waiting[i], &s->waiting[i + 1],
			(--s->n_waiting - i) * sizeof(struct session *));
		return;
	}
}

static int call_store(struct link_server *s, size_t n, struct errmsg *e)
{
	return s->setup.ops.store(s->setup.ops.ctx, s->batch, n, e);
}

/* One peer alone: its messages only endanger itself. */
static void store_one(struct link_server *s, struct session *session)
{
	const struct link_item *items;
	struct errmsg e = {0};
	size_t n = session_hold(session, &items);

	memcpy(s->batch, items, n * sizeof(*items));
	session_stored(session, call_store(s, n, &e), &e);
}

/* Sessions from the front of `waiting` until there are messages enough; held. */
static unsigned gather(struct link_server *s, struct session **ret, size_t *ret_n)
{
	unsigned count = 0;

	*ret_n = 0;
	while (count < s->n_waiting && *ret_n < STORE_AT_ONCE) {
		const struct link_item *items;
		size_t n = session_hold(s->waiting[count], &items);

		memcpy(s->batch + *ret_n, items, n * sizeof(*items));
		*ret_n += n;
		ret[count] = s->waiting[count];
		count++;
	}
	s->n_waiting -= count;
	memmove(s->waiting, s->waiting + count, s->n_waiting * sizeof(struct session *));
	return count;
}

static void store_due(void *ctx)
{
	struct link_server *s = ctx;
	struct session *chunk[STORE_AT_ONCE + 1];
	struct errmsg e = {0};
	unsigned count;
	size_t n;
	int rc;

	/* What arrives while we store waits for the next round. */
	for (unsigned left = s->n_waiting; left > 0 && s->n_waiting > 0; left -= count) {
		count = gather(s, chunk, &n);
		rc = call_store(s, n, &e);
		for (unsigned i = 0; i < count; i++) {
			if (rc && count > 1)
				store_one(s, chunk[i]);
			else
				session_stored(chunk[i], rc, &e);
		}
		if (count > left)
			break;
	}
}

/* ---- sessions ---- */

static bool session_up(void *ctx, struct session *session)
{
	struct link_server *s = ctx;
	const struct identity *peer = session_peer(session);
	struct session *older = find(s, peer->name, session);

	/* A peer that was cut off comes back before the old connection has timed out. */
	if (older)
		session_end(older, "the same name connected again");
	s->since[place_of(s, session)] = loop_wall(s->setup.loop);
	log_info(s->setup.log, "%s %s connected", role_text(peer->role), peer->name);
	if (s->setup.ops.up)
		s->setup.ops.up(s->setup.ops.ctx, peer);
	return true;
}

static void session_over(void *ctx, struct session *session, const char *sentence)
{
	struct link_server *s = ctx;
	unsigned i = place_of(s, session);
	bool known = s->since[i] != 0;
	struct identity peer = *session_peer(session);
	char text[256];

	snprintf(text, sizeof(text), "%s", sentence);
	no_longer_waiting(s, session);
	s->n--;
	s->sessions[i] = s->sessions[s->n];
	s->since[i] = s->since[s->n];
	session_delete(session);
	if (known)
		log_info(s->setup.log, "%s %s disconnected: %s", role_text(peer.role), peer.name,
			 text);
	else
		log_warn(s->setup.log, "connection refused: %s", text);
	if (known && s->setup.ops.down)
		s->setup.ops.down(s->setup.ops.ctx, &peer, text);
}

static void session_stranger(void *ctx, struct session *session)
{
	struct link_server *s = ctx;
	unsigned i = place_of(s, session);
	struct link_status status = {0};
	struct tls_conn *conn;

	session_status(session, &status);
	conn = session_part(session);
	s->n--;
	s->sessions[i] = s->sessions[s->n];
	s->since[i] = s->since[s->n];
	session_delete(session);
	s->setup.ops.stranger(s->setup.ops.ctx, conn, status.where);
}

static unsigned strangers(const struct link_server *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->since[i] == 0;
	return n;
}

static void welcome(struct link_server *s, int fd, const struct sockaddr_storage *addr)
{
	struct session_owner owner = {.up = session_up,
				      .over = session_over,
				      .arrived = session_arrived,
				      .stranger = s->setup.ops.stranger ? session_stranger : NULL,
				      .ctx = s};
	struct errmsg e = {0};
	struct session *session;
	char where[128];
	int one = 1;

	resolve_text(addr, where, sizeof(where));
	if (s->n == WIRE_PEERS_MAX || strangers(s) >= STRANGERS_MAX) {
		log_warn(s->setup.log, "%s refused: too many connections", where);
		close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	session = session_new(&s->setup, &owner, fd, TLS_SERVER, where, NULL, &e);
	if (!session) {
		log_warn(s->setup.log, "%s refused: %s", where, e.text);
		return;
	}
	s->since[s->n] = 0;
	s->sessions[s->n++] = session;
}

static void listen_again(void *ctx)
{
	struct link_server *s = ctx;

	(void)loop_watch(s->setup.loop, s->fd, EPOLLIN, accept_ready, s);
}

static void accept_ready(void *ctx, uint32_t events)
{
	struct link_server *s = ctx;

	(void)events;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage addr = {0};
		socklen_t len = sizeof(addr);
		int fd = accept4(s->fd, (struct sockaddr *)&addr, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			welcome(s, fd, &addr);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			log_warn(s->setup.log, "no more connections for a second: %s",
				 strerror(errno));
			loop_unwatch(s->setup.loop, s->fd);
			(void)loop_timer_set(s->setup.loop, &s->pause, NS_PER_SEC);
		}
		return;
	}
}

/* ---- listening ---- */

static int open_socket(const struct resolve_answer *a, struct errmsg *e)
{
	int on = 1, off = 0;
	int fd = socket(a->addr[0].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char where[128];

	resolve_text(&a->addr[0], where, sizeof(where));
	if (fd < 0)
		return errmsg_set(e, ERR_IO, "cannot listen on %s: %s", where, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->addr[0].ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)&a->addr[0], a->len[0]) || listen(fd, 128)) {
		int why = errno;

		close(fd);
		return errmsg_set(e, ERR_IO, "cannot listen on %s: %s", where, strerror(why));
	}
	return fd;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage addr = {0};
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return 0;
	return addr.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&addr)->sin6_port)
					  : ntohs(((struct sockaddr_in *)&addr)->sin_port);
}

struct link_server *link_server_new(const struct link_setup *setup, const char *address,
				    struct errmsg *e)
{
	struct link_server *s = calloc(1, sizeof(*s));
	struct resolve_answer a;
	char host[256], port[8];

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for a server");
		return NULL;
	}
	s->setup = *setup;
	s->pause = (struct loop_timer){.fn = listen_again, .ctx = s};
	s->store_timer = (struct loop_timer){.fn = store_due, .ctx = s};
	s->batch = calloc(STORE_AT_ONCE + WIRE_STORE_BATCH, sizeof(*s->batch));
	s->fd = -1;
	if (!s->batch)
		errmsg_set(e, ERR_NOMEM, "no memory for a server");
	else if (resolve_split(address, host, sizeof(host), port, sizeof(port), e) == 0) {
		if (resolve_now(host, port, true, &a))
			errmsg_set(e, ERR_NOTFOUND, "cannot listen on %s: %s", address, a.sentence);
		else
			s->fd = open_socket(&a, e);
	}
	if (s->fd < 0 || loop_watch(setup->loop, s->fd, EPOLLIN, accept_ready, s)) {
		link_server_delete(s);
		return NULL;
	}
	s->port = port_of(s->fd);
	return s;
}

void link_server_delete(struct link_server *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++)
		session_delete(s->sessions[i]);
	loop_timer_stop(s->setup.loop, &s->pause);
	loop_timer_stop(s->setup.loop, &s->store_timer);
	if (s->fd >= 0) {
		loop_unwatch(s->setup.loop, s->fd);
		close(s->fd);
	}
	free(s->batch);
	free(s);
}

bool link_server_has(const struct link_server *s, const char *peer)
{
	return find(s, peer, NULL) != NULL;
}

void link_server_wake(struct link_server *s, const char *peer)
{
	struct session *session = find(s, peer, NULL);

	if (session)
		session_wake(session);
}

bool link_server_send_passing(struct link_server *s, const char *peer, struct slice payload)
{
	struct session *session = find(s, peer, NULL);

	return session && session_send_passing(session, payload);
}

void link_server_drop(struct link_server *s, const char *peer, const char *sentence)
{
	struct session *session = find(s, peer, NULL);

	if (session)
		session_end(session, sentence);
}

void link_server_keys_changed(struct link_server *s)
{
	/* Backwards: who goes is replaced by the last. */
	for (unsigned i = s->n; i-- > 0;) {
		struct errmsg e = {""};

		if (i < s->n && s->since[i] &&
		    tls_keys_check(s->setup.keys, session_peer(s->sessions[i]), &e))
			session_end(s->sessions[i], e.text);
	}
}

unsigned link_server_peers(const struct link_server *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->since[i] != 0;
	return n;
}

bool link_server_peer(const struct link_server *s, unsigned i, struct link_status *ret)
{
	for (unsigned k = 0; k < s->n; k++) {
		if (s->since[k] == 0 || i-- > 0)
			continue;
		*ret = (struct link_status){.since = s->since[k], .connects = 1};
		session_status(s->sessions[k], ret);
		return true;
	}
	return false;
}

unsigned link_server_port(const struct link_server *s)
{
	return s->port;
}
