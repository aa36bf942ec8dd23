#include "control/wire/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/wire/buffer.h"
#include "control/wire/limits.h"
#include "control/wire/utf8.h"

enum { CHUNK = 16 << 10 };

struct client {
	struct local_server *server; /* NULL: the place is free */
	int fd;
	struct local_peer peer;
	struct buffer in, out;
	struct loop_timer idle;
	bool closing;		   /* after what is queued */
	struct local_later *later; /* what is awaited before the next request */
};

struct local_later {
	struct client *client; /* NULL: gone */
};

struct local_server {
	struct local_setup setup;
	int fd;
	struct client clients[LOCAL_CLIENTS_MAX];
};

static void on_client(void *ctx, uint32_t events);

static void drop(struct client *c)
{
	struct loop *loop = c->server->setup.loop;

	if (c->later)
		c->later->client = NULL;
	loop_timer_stop(loop, &c->idle);
	loop_unwatch(loop, c->fd);
	close(c->fd);
	buffer_done(&c->in);
	buffer_done(&c->out);
	c->server = NULL;
}

static void on_idle(void *ctx)
{
	drop(ctx);
}

/* ---- answering ---- */

json_t *local_text(const char *s)
{
	size_t len = strlen(s);
	char *mended;
	json_t *j = json_string(s);

	if (j)
		return j;
	mended = malloc(3 * len + 1);
	if (!mended)
		return json_string("");
	utf8_mend(s, len, mended);
	j = json_string(mended);
	free(mended);
	return j;
}

static json_t *refuse(const char *sentence)
{
	return json_pack("{s:b, s:o}", "ok", 0, "error", local_text(sentence));
}

static json_t *help(const struct local_setup *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_commands; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "do", s->commands[i].name,
						      "help", s->commands[i].help));
	return json_pack("{s:b, s:o}", "ok", 1, "commands", list);
}

static bool may_change(const struct local_setup *s, const struct local_peer *p)
{
	return p->uid == 0 || p->uid == geteuid() || (s->group != (gid_t)-1 && p->gid == s->group);
}

static json_t *settled(json_t *answer, const struct errmsg *e)
{
	if (!answer)
		return refuse(e && e->text[0] ? e->text : "it failed without a reason");
	json_object_set_new(answer, "ok", json_true());
	return answer;
}

static struct client *client_of(const struct local_peer *peer)
{
	return peer->is_client ? (struct client *)((uintptr_t)peer - offsetof(struct client, peer))
			       : NULL;
}

static bool is_awaited(const struct local_peer *peer)
{
	const struct client *c = client_of(peer);

	return c && c->later;
}

struct local_later *local_later(const struct local_peer *peer)
{
	struct client *c = client_of(peer);
	struct local_later *l = c ? calloc(1, sizeof(*l)) : NULL;

	if (!l)
		return NULL;
	l->client = c;
	c->later = l;
	return l;
}

static json_t *run(const struct local_setup *s, const struct local_command *command,
		   const struct local_peer *peer, const json_t *request)
{
	struct errmsg e = {0};
	json_t *answer;

	if (command->changes && !may_change(s, peer)) {
		log_warn(s->log, "user %u may not '%s'", peer->uid, command->name);
		return refuse("only root and the program's own group may do that");
	}
	answer = command->fn(s->ctx, peer, request, &e);
	return is_awaited(peer) ? NULL : settled(answer, &e);
}

/* NULL: it comes later. */
static json_t *answer_line(const struct local_setup *s, const struct local_peer *peer,
			   struct slice line)
{
	json_error_t why;
	json_t *request =
		json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &why);
	const char *name = json_string_value(json_object_get(request, "do"));
	json_t *answer = NULL;
	char text[256];

	if (!json_is_object(request) || !name) {
		json_decref(request);
		return refuse("a request is a JSON object on one line with the key 'do'");
	}
	if (strcmp(name, "help") == 0)
		answer = help(s);
	for (size_t i = 0; i < s->n_commands && !answer && !is_awaited(peer); i++) {
		if (strcmp(s->commands[i].name, name) == 0)
			answer = run(s, &s->commands[i], peer, request);
	}
	if (!answer && !is_awaited(peer)) {
		snprintf(text, sizeof(text), "there is no '%.64s' here; 'help' lists what there is",
			 name);
		answer = refuse(text);
	}
	json_decref(request);
	return answer;
}

/* As json_dumps, which leaves out a key that there was no memory for and says nothing: here the
 * room is there before it is written. */
static char *dump(const json_t *answer)
{
	enum { FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };
	size_t n = json_dumpb(answer, NULL, 0, FLAGS);
	char *text = n ? malloc(n + 1) : NULL;

	if (text && json_dumpb(answer, text, n, FLAGS) != n) {
		free(text);
		return NULL;
	}
	if (text)
		text[n] = 0;
	return text;
}

static bool queue_answer(struct client *c, json_t *answer)
{
	char *text = dump(answer);
	bool ok;

	json_decref(answer);
	if (text && strlen(text) > LOCAL_LINE_MAX) {
		free(text);
		answer = refuse("the answer is too long: ask for less");
		text = dump(answer);
		json_decref(answer);
	}
	ok = text && buffer_put(&c->out, SLICE_STR(text)) && buffer_put(&c->out, SLICE_LIT("\n"));
	free(text);
	return ok;
}

/* ---- reading and writing ---- */

static bool take_lines(struct client *c)
{
	/* Who asks much at once gets the rest when he has read the first answers. */
	while (c->in.len > 0 && !c->closing && !c->later && c->out.len < LOCAL_LINE_MAX) {
		struct slice all = buffer_content(&c->in);
		const uint8_t *end = memchr(all.data, '\n', all.len);
		size_t len = end ? (size_t)(end - all.data) : all.len;
		json_t *answer;

		if (len > LOCAL_LINE_MAX) {
			c->closing = true;
			return queue_answer(c, refuse("the request is too long"));
		}
		if (!end)
			return true;
		answer = answer_line(&c->server->setup, &c->peer, SLICE(all.data, len));
		if (answer && !queue_answer(c, answer))
			return false;
		buffer_take(&c->in, len + 1);
	}
	return true;
}

static bool read_some(struct client *c)
{
	uint8_t *room = buffer_room(&c->in, CHUNK);
	ssize_t n;

	if (!room)
		return false;
	n = read(c->fd, room, CHUNK);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	buffer_added(&c->in, (size_t)n);
	return take_lines(c);
}

static bool write_some(struct client *c)
{
	while (c->out.len > 0) {
		struct slice s = buffer_content(&c->out);
		ssize_t n = send(c->fd, s.data, s.len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		buffer_take(&c->out, (size_t)n);
	}
	return !c->closing;
}

static void on_client(void *ctx, uint32_t events)
{
	struct client *c = ctx;
	struct loop *loop = c->server->setup.loop;
	bool ok = true;

	if (c->later && !(events & EPOLLOUT)) { /* he goes without waiting, or nothing */
		if (events & (EPOLLHUP | EPOLLERR))
			drop(c);
		return;
	}
	/* Who does not read his answers gets no further ones. */
	if ((events & (EPOLLIN | EPOLLHUP)) && c->out.len == 0 && !c->later)
		ok = read_some(c);
	while (ok && c->out.len > 0) {
		ok = write_some(c);
		if (!ok || c->out.len > 0)
			break;
		ok = take_lines(c);
	}
	if (!ok) {
		drop(c);
		return;
	}
	if (c->later && c->out.len == 0) {
		loop_timer_stop(loop, &c->idle);
		(void)loop_watch(loop, c->fd, 0, on_client, c);
		return;
	}
	(void)loop_timer_set(loop, &c->idle, LOCAL_IDLE_SECONDS * NS_PER_SEC);
	(void)loop_watch(loop, c->fd, c->out.len ? EPOLLOUT : EPOLLIN, on_client, c);
}

void local_answer(struct local_later *l, json_t *answer, const struct errmsg *e)
{
	struct client *c = l ? l->client : NULL;

	free(l);
	if (!c) {
		json_decref(answer);
		return;
	}
	c->later = NULL;
	if (!queue_answer(c, settled(answer, e))) {
		drop(c);
		return;
	}
	(void)loop_timer_set(c->server->setup.loop, &c->idle, LOCAL_IDLE_SECONDS * NS_PER_SEC);
	(void)loop_watch(c->server->setup.loop, c->fd, EPOLLOUT, on_client, c);
}

static void on_accept(void *ctx, uint32_t events)
{
	struct local_server *s = ctx;
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = s->clients;
	struct ucred who;
	socklen_t len = sizeof(who);

	(void)events;
	if (fd < 0)
		return;
	while (c < s->clients + LOCAL_CLIENTS_MAX && c->server)
		c++;
	if (c == s->clients + LOCAL_CLIENTS_MAX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len)) {
		close(fd);
		return;
	}
	*c = (struct client){.server = s,
			     .fd = fd,
			     .peer = {who.uid, who.gid, who.pid, .is_client = true},
			     .idle = {.fn = on_idle, .ctx = c}};
	if (loop_watch(s->setup.loop, fd, EPOLLIN, on_client, c) ||
	    loop_timer_set(s->setup.loop, &c->idle, LOCAL_IDLE_SECONDS * NS_PER_SEC))
		drop(c);
}

/* ---- the server ---- */

static int fill_address(const char *path, struct sockaddr_un *ret, struct errmsg *e)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return errmsg_set(e, ERR_LIMIT, "path of the local socket is too long: %s", path);
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Somebody alive behind the socket file? A dead one's is removed. */
static int clear_path(const struct sockaddr_un *addr, struct errmsg *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));

	close(fd);
	if (rc == 0)
		return errmsg_set(e, ERR_EXISTS, "%s is served by a running process already",
				  addr->sun_path);
	if (unlink(addr->sun_path) && errno != ENOENT)
		return errmsg_set(e, ERR_IO, "%s cannot be replaced: %s", addr->sun_path,
				  strerror(errno));
	return 0;
}

/* Bound beside and renamed when it listens: who sees the file can connect. */
static int bind_and_listen(struct local_server *s, const char *beside, struct errmsg *e)
{
	struct sockaddr_un addr;
	int rc = fill_address(beside, &addr, e);

	if (rc)
		return rc;
	unlink(beside);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd >= 0 && bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    chmod(beside, 0660) == 0 &&
	    (s->setup.group == (gid_t)-1 || chown(beside, (uid_t)-1, s->setup.group) == 0) &&
	    listen(s->fd, 16) == 0 && rename(beside, s->setup.path) == 0)
		return 0;
	rc = errmsg_set(e, ERR_IO, "cannot serve %s: %s", s->setup.path, strerror(errno));
	unlink(beside);
	return rc;
}

static int open_socket(struct local_server *s, struct errmsg *e)
{
	struct sockaddr_un addr;
	char beside[sizeof(addr.sun_path) + 16];
	int rc = fill_address(s->setup.path, &addr, e);

	if (rc == 0)
		rc = clear_path(&addr, e);
	if (rc)
		return rc;
	snprintf(beside, sizeof(beside), "%s.new", s->setup.path);
	rc = bind_and_listen(s, beside, e);
	return rc ? rc : loop_watch(s->setup.loop, s->fd, EPOLLIN, on_accept, s);
}

struct local_server *local_server_new(const struct local_setup *setup, struct errmsg *e)
{
	struct local_server *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for the local socket");
		return NULL;
	}
	s->setup = *setup;
	s->fd = -1;
	if (open_socket(s, e)) {
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return NULL;
	}
	return s;
}

void local_server_delete(struct local_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		if (s->clients[i].server)
			drop(&s->clients[i]);
	}
	loop_unwatch(s->setup.loop, s->fd);
	close(s->fd);
	unlink(s->setup.path);
	free(s);
}
