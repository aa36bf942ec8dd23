#include "control/api/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	CONNECTIONS = 512,
	CONNECTION_SECONDS = 30,
	CONNECTION_MEMORY = 32 * 1024,
	PER_ADDRESS = 128, /* connections of one address */
	POLL_MS = 200,
	RUNS = 16, /* of libmicrohttpd in one turn of the loop */
};

static const struct brake_rate ask_rate = {300, 10 * NS_PER_MS}; /* by address */

static const char events_path[] = "/api/v1/events";
static const struct api_route events_route = {
	"GET", events_path, API_MAY_SEE, .summary = "events as they happen (server-sent events)"};

/* --- a request's steps --- */

static enum MHD_Result finish(struct asking *a, int rc, struct api_answer *n,
			      const struct errmsg *e)
{
	if (rc == ERR_OK)
		return answer(a, n);
	json_decref(n->json);
	free(n->bytes);
	if (api_status(rc) == MHD_HTTP_INTERNAL_SERVER_ERROR)
		log_error(a->s->setup.log, "%s %s: %s", a->q.route->method, a->q.route->path,
			  e->text);
	return refuse(a, api_status(rc), e->text, n->wait_s);
}

static enum MHD_Result call(struct asking *a)
{
	struct api_answer n = {0};
	struct errmsg e = {""};
	void *ctx = a->table->ctx ? a->table->ctx : a;
	int rc = a->q.route->fn(ctx, &a->q, &n, &e);

	if (a->late.is_there)
		return finish(a, a->late.rc, &a->late.answer, &a->late.e);
	if (!a->late.awaited)
		return finish(a, rc, &n, &e);
	a->state = ASKING_WAITS;
	MHD_suspend_connection(a->connection);
	return MHD_YES;
}

static struct asking *asking_of(const struct api_request *q)
{
	return (struct asking *)((uintptr_t)q - offsetof(struct asking, q));
}

struct api_later *api_later(const struct api_request *q)
{
	struct asking *a = asking_of(q);

	a->late.awaited = true;
	return (struct api_later *)a;
}

void api_later_answer(struct api_later *l, int rc, struct api_answer *ret, const struct errmsg *e)
{
	struct asking *a = (struct asking *)l;

	a->late.awaited = false;
	if (a->gone) { /* the asker did not wait */
		json_decref(ret->json);
		free(ret->bytes);
		free(a);
		return;
	}
	a->late.is_there = true;
	a->late.rc = rc;
	a->late.answer = *ret;
	if (e)
		a->late.e = *e;
	if (a->state != ASKING_WAITS) /* before its function returned */
		return;
	a->state = ASKING_ANSWERED;
	MHD_resume_connection(a->connection);
}

/* The hash is there: the request goes on where it was. */
static void hashed(struct password_job *job)
{
	struct asking *a = job->ctx;

	a->job = NULL;
	a->q.password_right = job->right;
	snprintf(a->new_hash, sizeof(a->new_hash), "%s", job->hash);
	explicit_bzero(job, sizeof(*job));
	free(job);
	if (a->gone) { /* the server ends, or the asker did not wait */
		free(a);
		return;
	}
	a->state = ASKING_GO;
	MHD_resume_connection(a->connection);
}

/* Own password for one's own things, the named account's for a log-in. */
static const char *hash_against(struct asking *a, struct account *k)
{
	if (!a->q.route->open)
		return a->account.hash;
	return accounts_find(a->s->setup.accounts, api_text(&a->q, "name"), k) == ERR_OK ? k->hash
											 : "";
}

static enum MHD_Result check_password(struct asking *a)
{
	struct password_job *job = calloc(1, sizeof(*job));
	struct account k;

	if (!job)
		return MHD_NO;
	job->done = hashed;
	job->ctx = a;
	job->checks = json_object_get(a->q.args, "password");
	snprintf(job->given, sizeof(job->given), "%s", api_text(&a->q, "password"));
	snprintf(job->fresh, sizeof(job->fresh), "%s", api_text(&a->q, "new_password"));
	if (job->checks)
		snprintf(job->against, sizeof(job->against), "%s", hash_against(a, &k));
	if (!job->checks && !job->fresh[0]) {
		free(job);
		return call(a);
	}
	if (passwords_do(a->s->passwords, job) != ERR_OK) {
		free(job);
		return refuse(a, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "too many log-ins at once: try again in a moment", 1);
	}
	a->job = job;
	a->state = ASKING_WAITS;
	MHD_suspend_connection(a->connection);
	return MHD_YES;
}

struct query {
	const struct api_route *route;
	json_t *args;
	struct errmsg *e;
	int rc;
};

static enum MHD_Result add_query(void *ctx, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	struct query *w = ctx;

	(void)kind;
	w->rc = api_args_query(w->route, key, value, w->args, w->e);
	return w->rc == ERR_OK ? MHD_YES : MHD_NO;
}

static int read_args(struct asking *a, struct errmsg *e)
{
	struct query w = {a->q.route, a->q.args, e, ERR_OK};
	struct slice body = SLICE(a->body, a->len);

	MHD_get_connection_values(a->connection, MHD_GET_ARGUMENT_KIND, add_query, &w);
	if (w.rc != ERR_OK)
		return w.rc;
	if (a->q.route->bytes_max)
		a->q.bytes = body;
	else if (api_args_body(a->q.route, body, a->q.args, e) != ERR_OK)
		return ERR_INVALID;
	return api_args_check(a->q.route, a->q.args, e);
}

static bool is_json(const struct asking *a)
{
	const char *type = MHD_lookup_connection_value(a->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t n = strlen("application/json");

	return type && strncasecmp(type, "application/json", n) == 0 &&
	       (type[n] == 0 || type[n] == ';' || type[n] == ' ');
}

static enum MHD_Result dispatch(struct asking *a, const char *path)
{
	struct errmsg e = {""};
	unsigned status, wait = brake_take(a->s->brake, a->from, ask_rate, a->q.now);
	enum MHD_Result rc;
	bool found;

	if (wait)
		return refuse(a, 429, "too many requests from your address", wait);
	if (!a->known_path && strncmp(path, "/api/", 5) != 0) {
		rc = files_answer(a->s->files, a->connection, path, &found);
		return found ? rc : refuse(a, MHD_HTTP_NOT_FOUND, "there is no such page", 0);
	}
	if (!a->q.route)
		return a->known_path
			       ? refuse(a, MHD_HTTP_METHOD_NOT_ALLOWED,
					"this path has other methods: see /api/v1/openapi.json", 0)
			       : refuse(a, MHD_HTTP_NOT_FOUND,
					"no such path: see /api/v1/openapi.json", 0);
	who_find(a);
	who_certified(a);
	if (who_may(a, &status, &e) != ERR_OK)
		return refuse(a, status, e.text, 0);
	if (a->too_big)
		return refuse(a, 413, "the body is larger than this path takes", 0);
	if (a->len && !a->q.route->bytes_max && !is_json(a))
		return refuse(a, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
			      "send the body as Content-Type: application/json", 0);
	if (read_args(a, &e) != ERR_OK)
		return refuse(a, MHD_HTTP_BAD_REQUEST, e.text, 0);
	if (a->q.route == &events_route) {
		rc = stream_begin(a);
		return rc == MHD_YES ? rc : refuse(a, 503, "too many listeners", 5);
	}
	return a->q.route->checks_password ? check_password(a) : call(a);
}

/* --- libmicrohttpd's calls --- */

static void find_route(struct asking *a, const char *method, const char *path)
{
	const struct api_server *s = a->s;
	bool known;

	if (strcmp(path, events_path) == 0) {
		a->known_path = true;
		a->q.route = strcmp(method, "GET") == 0 ? &events_route : NULL;
		a->table = &s->tables[0];
		return;
	}
	for (size_t i = 0; i < s->n_tables && !a->q.route; i++) {
		a->table = &s->tables[i];
		a->q.route = api_route_find(s->tables[i].routes, s->tables[i].n, method, path,
					    a->q.args, &known);
		a->known_path |= known;
	}
}

static void find_from(struct asking *a)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(a->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info ? info->client_addr : NULL;

	if (sa && sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr, a->from,
			  sizeof(a->from));
	else if (sa && sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr, a->from,
			  sizeof(a->from));
}

static struct asking *asking_new(struct api_server *s, struct MHD_Connection *c, const char *method,
				 const char *path)
{
	struct asking *a = calloc(1, sizeof(*a));
	const char *accepts = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Language");
	const char *type =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *id = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Request-ID");

	if (!a)
		return NULL;
	a->q.type = type ? type : "";
	a->q.id = id ? id : "";
	a->s = s;
	a->connection = c;
	a->q.args = json_object();
	a->q.now = loop_wall(s->setup.loop);
	a->q.from = a->from;
	a->q.new_hash = a->new_hash;
	a->q.japanese = accepts && strncmp(accepts, "ja", 2) == 0;
	find_from(a);
	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		method = MHD_HTTP_METHOD_GET;
	find_route(a, method, path);
	a->state = ASKING_BODY;
	return a;
}

/* A stranger's large body is not kept: he is told so once he has sent it. */
static size_t body_max(struct asking *a)
{
	size_t max = a->q.route && a->q.route->bytes_max ? a->q.route->bytes_max : API_BODY_MAX;
	struct errmsg e;
	unsigned status;

	if (max <= API_BODY_MAX)
		return max;
	if (!a->judged) {
		who_find(a);
		a->welcome = who_may(a, &status, &e) == ERR_OK;
		a->judged = true;
	}
	return a->welcome ? max : API_BODY_MAX;
}

static void take_body(struct asking *a, const char *data, size_t n)
{
	size_t max = body_max(a);
	char *more;

	if (a->too_big || a->len + n > max) {
		a->too_big = true;
		return;
	}
	if (a->len + n > a->cap) {
		size_t cap = a->len + n < max / 2 ? (a->len + n) * 2 : max;

		more = realloc(a->body, cap);
		if (!more) {
			a->too_big = true;
			return;
		}
		a->body = more;
		a->cap = cap;
	}
	memcpy(a->body + a->len, data, n);
	a->len += n;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	struct asking *a = *state;

	(void)version;
	if (!a) {
		*state = a = asking_new(ctx, c, method, url);
		return a ? MHD_YES : MHD_NO;
	}
	if (*upload_len) {
		take_body(a, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (a->state == ASKING_WAITS)
		return MHD_YES;
	if (a->state == ASKING_GO)
		return call(a);
	if (a->state == ASKING_ANSWERED) {
		a->state = ASKING_BODY; /* it is queued once */
		return finish(a, a->late.rc, &a->late.answer, &a->late.e);
	}
	return dispatch(a, url);
}

static void completed(void *ctx, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct asking *a = *state;

	(void)ctx;
	(void)c;
	(void)why;
	*state = NULL;
	if (!a)
		return;
	json_decref(a->q.args);
	if (a->body)
		explicit_bzero(a->body, a->len); /* it may hold a password */
	free(a->body);
	a->body = NULL;
	a->gone = true;
	if (!a->job && !a->late.awaited)
		free(a);
}

/* Percent signs are resolved part by part (api_unescape), so that %2F makes no new part. */
static size_t leave_as_is(void *ctx, struct MHD_Connection *c, char *text)
{
	(void)ctx;
	(void)c;
	return strlen(text);
}

/* MHD_run reads once from each connection; that there is more it says by a time-out of 0 and not by
 * its descriptor, which tells of changes only. Other work of the loop gets its turn in between. */
static void turn(struct api_server *s)
{
	MHD_UNSIGNED_LONG_LONG wait;
	bool more = true;

	for (unsigned i = 0; i < RUNS && more; i++) {
		MHD_run(s->daemon);
		more = MHD_get_timeout(s->daemon, &wait) == MHD_YES && wait == 0;
	}
	loop_timer_set(s->setup.loop, &s->timer, more ? 1 : POLL_MS * NS_PER_MS);
}

static void run(void *ctx, uint32_t events)
{
	(void)events;
	turn(ctx);
}

/* Time-outs of connections need a turn now and then. */
static void tick(void *ctx)
{
	struct api_server *s = ctx;

	streams_tick(s);
	turn(s);
}

/* --- begin and end --- */

static int start(struct api_server *s, struct errmsg *e)
{
	const struct api_setup *setup = &s->setup;
	struct sockaddr_storage address;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem trust[] = {
		{MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)setup->client_ca},
		{MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)setup->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)setup->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0,
		 (void *)(uintptr_t) "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
		{MHD_OPTION_END, 0, NULL}};

	if (address_parse(setup->address, &address, e) != ERR_OK)
		return ERR_INVALID;
	flags |= address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0;
	flags |= setup->cert ? MHD_USE_TLS : 0;
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR, &address,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_as_is, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_ARRAY, setup->cert ? tls : tls + 3, MHD_OPTION_ARRAY,
		setup->cert && setup->client_ca ? trust : trust + 1, MHD_OPTION_END);
	if (!s->daemon)
		return errmsg_set(e, ERR_IO, "page address %s: cannot listen there; is it taken%s?",
				  setup->address, setup->cert ? ", is the certificate right" : "");
	s->epoll_fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	s->timer = (struct loop_timer){.fn = tick, .ctx = s};
	loop_watch(setup->loop, s->epoll_fd, EPOLLIN, run, s);
	loop_timer_set(setup->loop, &s->timer, POLL_MS * NS_PER_MS);
	return ERR_OK;
}

static bool join_tables(struct api_server *s)
{
	s->n_tables = s->setup.n_tables + 1;
	s->tables = calloc(s->n_tables, sizeof(*s->tables));
	if (!s->tables)
		return false;
	s->tables[0] = account_routes();
	for (size_t i = 0; i < s->setup.n_tables; i++)
		s->tables[i + 1] = s->setup.tables[i];
	return true;
}

struct api_server *api_server_new(const struct api_setup *setup, struct errmsg *e)
{
	struct api_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->setup = *setup;
	s->brake = brake_new();
	s->passwords = passwords_new(setup->loop, e);
	if (setup->files)
		s->files = files_load(setup->files, e);
	if (!join_tables(s) || !s->brake || !s->passwords || (setup->files && !s->files) ||
	    start(s, e) != ERR_OK) {
		api_server_delete(s);
		return NULL;
	}
	return s;
}

void api_server_delete(struct api_server *s)
{
	if (!s)
		return;
	passwords_delete(s->passwords); /* first: those who wait are resumed */
	streams_end(s);
	if (s->daemon) {
		loop_timer_stop(s->setup.loop, &s->timer);
		loop_unwatch(s->setup.loop, s->epoll_fd);
		MHD_run(s->daemon);
		MHD_stop_daemon(s->daemon);
	}
	brake_delete(s->brake);
	files_free(s->files);
	free(s->tables);
	free(s);
}

unsigned api_server_port(const struct api_server *s)
{
	return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

json_t *api_server_openapi(const struct api_server *s)
{
	struct api_route *all;
	size_t n = 1;
	json_t *o;

	for (size_t i = 0; i < s->n_tables; i++)
		n += s->tables[i].n;
	all = calloc(n, sizeof(*all));
	if (!all)
		return NULL;
	all[0] = events_route;
	n = 1;
	for (size_t i = 0; i < s->n_tables; i++) {
		memcpy(all + n, s->tables[i].routes, s->tables[i].n * sizeof(*all));
		n += s->tables[i].n;
	}
	o = api_openapi(all, n, &s->setup.about);
	free(all);
	return o;
}
