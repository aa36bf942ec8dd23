#include "control/centre/api/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <microhttpd.h>

#include "control/centre/api/page.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	CONNECTIONS = 64,
	CONNECTION_SECONDS = 20,
	CONNECTION_MEMORY = 32 * 1024,
	ROWS = 100,
	POLL_MS = 200,
};

struct http {
	struct http_setup setup;
	struct MHD_Daemon *daemon;
	struct loop_timer timer;
	int epoll_fd;
};

struct answer {
	char *body;
	size_t len;
	const char *type;
	unsigned status;
};

static void finish(struct answer *a, FILE *out, const char *type)
{
	fclose(out);
	a->type = type;
	a->status = a->body ? MHD_HTTP_OK : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static enum report_language language_of(struct MHD_Connection *c)
{
	const char *lang = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "lang");
	const char *accepts = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Language");

	if (lang)
		return strcmp(lang, "ja") == 0 ? REPORT_JAPANESE : REPORT_ENGLISH;
	return accepts && strncmp(accepts, "ja", 2) == 0 ? REPORT_JAPANESE : REPORT_ENGLISH;
}

/* Now, or midnight of ?date=2026-11-21 or ?date=2026-11; 0 when that is no date. */
static uint64_t when_of(const struct http *h, struct MHD_Connection *c, uint64_t now)
{
	const char *date = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "date");

	return date ? zone_date(&h->setup.zone, date) : now;
}

static void bad_date(struct answer *a)
{
	FILE *out = open_memstream(&a->body, &a->len);

	if (!out)
		return;
	fputs("date: write it as ?date=2026-11-21, or ?date=2026-11 for a month\n", out);
	finish(a, out, "text/plain; charset=utf-8");
	a->status = MHD_HTTP_BAD_REQUEST;
}

enum form { AS_HTML, AS_JSON, AS_CSV };

static void finish_as(struct answer *a, FILE *out, enum form form)
{
	static const char *const types[] = {"text/html; charset=utf-8", "application/json",
					    "text/csv; charset=utf-8"};

	finish(a, out, types[form]);
}

static struct store_scope scope_of(struct MHD_Connection *c)
{
	const char *site = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "site");
	const char *customer = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "customer");

	return (struct store_scope){customer ? customer : "", site ? site : ""};
}

static void daily(const struct http *h, struct MHD_Connection *c, struct answer *a, enum form form)
{
	const struct store_scope scope = scope_of(c);
	uint64_t now = loop_wall(h->setup.loop), when = when_of(h, c, now);
	struct report_daily d;
	struct errmsg err;
	FILE *out;

	if (!when) {
		bad_date(a);
		return;
	}
	if (store_daily(h->setup.store, &scope, zone_day(&h->setup.zone, when, 0),
			zone_day(&h->setup.zone, when, 1), &d, &err) != ERR_OK) {
		log_error(h->setup.log, "%s", err.text);
		return;
	}
	d.zone = h->setup.zone;
	d.made = now;
	out = open_memstream(&a->body, &a->len);
	if (out) {
		if (form == AS_HTML)
			report_daily_html(&d, language_of(c), out);
		else
			(form == AS_JSON ? report_daily_json : report_daily_csv)(&d, out);
		finish_as(a, out, form);
	}
	report_daily_free(&d);
}

static void monthly(const struct http *h, struct MHD_Connection *c, struct answer *a,
		    enum form form)
{
	const struct store_scope scope = scope_of(c);
	uint64_t now = loop_wall(h->setup.loop), when = when_of(h, c, now);
	struct report_monthly m;
	struct errmsg err;
	FILE *out;

	if (!when) {
		bad_date(a);
		return;
	}
	if (store_monthly(h->setup.store, &scope, &h->setup.zone, when, now, &m, &err) != ERR_OK) {
		log_error(h->setup.log, "%s", err.text);
		return;
	}
	out = open_memstream(&a->body, &a->len);
	if (out) {
		if (form == AS_HTML)
			report_monthly_html(&m, language_of(c), out);
		else
			(form == AS_JSON ? report_monthly_json : report_monthly_csv)(&m, out);
		finish_as(a, out, form);
	}
	report_monthly_free(&m);
}

static void overview(const struct http *h, struct MHD_Connection *c, struct answer *a, bool as_json)
{
	json_t *o = store_overview(h->setup.store, ROWS);
	FILE *out = open_memstream(&a->body, &a->len);

	if (out && as_json) {
		json_dumpf(o, out, JSON_COMPACT);
		finish(a, out, "application/json");
	} else if (out) {
		page_overview(o, language_of(c), &h->setup.zone, loop_wall(h->setup.loop), out);
		finish(a, out, "text/html; charset=utf-8");
	}
	json_decref(o);
}

static const struct {
	const char *url;
	void (*report)(const struct http *h, struct MHD_Connection *c, struct answer *a,
		       enum form form);
	enum form form;
} reports[] = {
	{"/daily", daily, AS_HTML},
	{"/api/v1/daily", daily, AS_JSON},
	{"/api/v1/daily.csv", daily, AS_CSV},
	{"/monthly", monthly, AS_HTML},
	{"/api/v1/monthly", monthly, AS_JSON},
	{"/api/v1/monthly.csv", monthly, AS_CSV},
};

static void route(const struct http *h, struct MHD_Connection *c, const char *url, struct answer *a)
{
	a->status = strcmp(url, "/") == 0 || strcmp(url, "/api/v1/overview") == 0
			    ? a->status
			    : MHD_HTTP_NOT_FOUND;
	if (a->status != MHD_HTTP_NOT_FOUND)
		overview(h, c, a, url[1] != 0);
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		if (strcmp(url, reports[i].url) == 0) {
			a->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
			reports[i].report(h, c, a, reports[i].form);
		}
	}
}

static enum MHD_Result send_answer(struct MHD_Connection *c, struct answer *a, bool head)
{
	static char sorry[] =
		"Not here. There are /, /daily, /monthly, and /api/v1/overview, daily, daily.csv, "
		"monthly, monthly.csv.\n";
	struct MHD_Response *r;
	enum MHD_Result rc;

	(void)head;
	if (a->body)
		r = MHD_create_response_from_buffer(a->len, a->body, MHD_RESPMEM_MUST_FREE);
	else
		r = MHD_create_response_from_buffer(sizeof(sorry) - 1, sorry,
						    MHD_RESPMEM_PERSISTENT);
	if (!r) {
		free(a->body);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", a->type ? a->type : "text/plain; charset=utf-8");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "X-Frame-Options", "DENY");
	MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(
		r, "Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
	rc = MHD_queue_response(c, a->status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	struct answer a = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR};
	bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

	(void)version;
	(void)upload;
	if (!*state) { /* first call: headers only; bodies are refused below */
		*state = ctx;
		return MHD_YES;
	}
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (!head && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		a.status = MHD_HTTP_METHOD_NOT_ALLOWED;
	else
		route(ctx, c, url, &a);
	return send_answer(c, &a, head);
}

static void run(void *ctx, uint32_t events)
{
	struct http *h = ctx;

	(void)events;
	MHD_run(h->daemon);
}

/* Connection time-outs need a turn now and then. */
static void tick(void *ctx)
{
	struct http *h = ctx;

	MHD_run(h->daemon);
	loop_timer_set(h->setup.loop, &h->timer, POLL_MS * NS_PER_MS);
}

static int parse_address(const char *text, struct sockaddr_storage *ret, struct errmsg *err)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	char host[64] = "", *end;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	size_t n = colon ? (size_t)(colon - text) : 0;

	memset(ret, 0, sizeof(*ret));
	if (!colon || end == colon + 1 || *end || port > 65535 || n >= sizeof(host))
		return errmsg_set(err, ERR_INVALID,
				  "page address \"%s\": write it as 127.0.0.1:8080", text);
	memcpy(host, text, n);
	if (host[0] == '[' && n > 1 && host[n - 1] == ']') {
		host[n - 1] = 0;
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1)
			return ERR_OK;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1)
		return ERR_OK;
	return errmsg_set(err, ERR_INVALID, "page address \"%s\": write it as 127.0.0.1:8080",
			  text);
}

struct http *http_new(const struct http_setup *setup, struct errmsg *err)
{
	struct http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info;
	struct sockaddr_storage address;
	unsigned flags = MHD_USE_EPOLL;

	if (!h)
		return NULL;
	h->setup = *setup;
	if (parse_address(setup->address, &address, err) != ERR_OK) {
		free(h);
		return NULL;
	}
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, h, MHD_OPTION_SOCK_ADDR,
				     &address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SECONDS,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				     MHD_OPTION_END);
	if (!h->daemon) {
		errmsg_set(err, ERR_IO, "page address %s: cannot listen there; is it taken?",
			   setup->address);
		free(h);
		return NULL;
	}
	info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	h->epoll_fd = info->epoll_fd;
	h->timer = (struct loop_timer){.fn = tick, .ctx = h};
	loop_watch(setup->loop, h->epoll_fd, EPOLLIN, run, h);
	loop_timer_set(setup->loop, &h->timer, POLL_MS * NS_PER_MS);
	return h;
}

void http_delete(struct http *h)
{
	if (!h)
		return;
	loop_timer_stop(h->setup.loop, &h->timer);
	loop_unwatch(h->setup.loop, h->epoll_fd);
	MHD_stop_daemon(h->daemon);
	free(h);
}

unsigned http_port(const struct http *h)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info->port;
}
