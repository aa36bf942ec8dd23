/* The server over real connections: libcurl on the same loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <curl/curl.h>

#include "control/api/server.h"
#include "control/wire/testdir.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char password[] = "correct horse battery";

struct rig {
	char folder[64];
	struct loop *loop;
	struct accounts *accounts;
	struct api_server *server;
	char audited[16][64];
	unsigned n_audited;
	char cookie[128], csrf[64]; /* of whoever logged in */
};

struct got {
	long status;
	char *body, *headers;
	size_t len, headers_len;
	json_t *json;
};

/* --- a program's routes --- */

static int echo(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	ret->json = json_pack("{ss ss sO sb}", "who", q->who.name, "from", q->from, "args", q->args,
			      "japanese", (int)q->japanese);
	return ERR_OK;
}

static int fails(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return errmsg_set(e, ERR_EXISTS, "host %s is cut already", api_text(q, "id"));
}

static int upload(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	ret->bytes = malloc(q->bytes.len + 1);
	if (q->bytes.len)
		memcpy(ret->bytes, q->bytes.data, q->bytes.len);
	ret->len = q->bytes.len;
	ret->type = "application/zip";
	snprintf(ret->file_name, sizeof(ret->file_name), "undo.zip");
	return ERR_OK;
}

/* A protocol with a place and status codes of its own. */
static int protocol(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	ret->bytes = strdup(q->type);
	ret->len = strlen(q->type);
	ret->type = "text/plain";
	ret->status = 501;
	snprintf(ret->id, sizeof(ret->id), "%.63s", q->id);
	return ERR_OK;
}

static const struct api_field id_field[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 64, NULL, "which"},
	{"reason", API_IN_BODY, API_TEXT, true, 3, 100, NULL, "why"},
};
static const struct api_field most_field[] = {
	{"most", API_IN_QUERY, API_INTEGER, false, 1, 100, NULL, "how many"},
};
static const struct api_route routes[] = {
	{"GET", "/api/v1/echo", API_MAY_SEE, .summary = "what came", .fields = most_field,
	 .n_fields = 1, .fn = echo},
	{"POST", "/api/v1/cuts/{id}/release", API_MAY_APPROVE, .summary = "release",
	 .fields = id_field, .n_fields = 2, .fn = echo},
	{"POST", "/api/v1/cuts/{id}/again", API_MAY_APPROVE, .summary = "cut", .fields = id_field,
	 .n_fields = 2, .fn = fails},
	{"POST", "/api/v1/undo", API_MAY_APPROVE, .summary = "restore", .bytes_max = 200000,
	 .fn = upload},
	{"POST", "/.well-known/echo", .open = true, .summary = "a protocol", .bytes_max = 1000,
	 .fn = protocol},
};
static const struct api_table table = {routes, ARRAY_SIZE(routes), (void *)"ctx"};

static void audit(void *ctx, const struct api_who *who, const char *from, const char *what,
		  const json_t *detail)
{
	struct rig *r = ctx;
	char *text = detail ? json_dumps(detail, JSON_COMPACT) : NULL;

	if (r->n_audited < 16)
		snprintf(r->audited[r->n_audited++], 64, "%s: %s %.40s", who->name, what,
			 text ? text : "");
	assert_true(!text || !strstr(text, "password"));
	free(text);
}

/* --- asking --- */

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
	struct slice *to = ctx;
	char *more = realloc((void *)(uintptr_t)to->data, to->len + size * n + 1);

	memcpy(more + to->len, data, size * n);
	to->data = (uint8_t *)more;
	to->len += size * n;
	more[to->len] = 0;
	return size * n;
}

struct ask {
	const char *method, *path, *body, *type, *origin, *bearer;
	size_t len; /* of the body; 0: a text */
	bool no_csrf, no_cookie;
};

static struct curl_slist *headers_of(const struct rig *r, const struct ask *q)
{
	const char *type = q->type ? q->type : "application/json";
	struct curl_slist *h = NULL;
	char line[256];

	snprintf(line, sizeof(line), "Content-Type: %s", type);
	h = curl_slist_append(h, line);
	h = curl_slist_append(h, "Expect:");
	snprintf(line, sizeof(line), "X-CSRF-Token: %s", r->csrf);
	if (r->csrf[0] && !q->no_csrf)
		h = curl_slist_append(h, line);
	snprintf(line, sizeof(line), "Cookie: banken=%s", r->cookie);
	if (r->cookie[0] && !q->no_cookie)
		h = curl_slist_append(h, line);
	snprintf(line, sizeof(line), "Origin: %s", q->origin ? q->origin : "");
	if (q->origin)
		h = curl_slist_append(h, line);
	snprintf(line, sizeof(line), "Authorization: Bearer %s", q->bearer ? q->bearer : "");
	if (q->bearer)
		h = curl_slist_append(h, line);
	return h;
}

static struct got ask(struct rig *r, struct ask q)
{
	CURLM *multi = curl_multi_init();
	CURL *c = curl_easy_init();
	struct curl_slist *headers = headers_of(r, &q);
	struct slice body = {0}, head = {0};
	struct got g = {0};
	char url[600];
	int running = 1;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", api_server_port(r->server), q.path);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q.method);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
	if (q.body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE,
				 q.len ? (long)q.len : (long)strlen(q.body));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q.body);
	}
	curl_multi_add_handle(multi, c);
	for (unsigned i = 0; running && i < 20000; i++) {
		curl_multi_perform(multi, &running);
		loop_once(r->loop, 1);
	}
	assert_int_equal(running, 0);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &g.status);
	g.body = (char *)(uintptr_t)body.data;
	g.len = body.len;
	g.headers = (char *)(uintptr_t)head.data;
	g.json = g.body ? json_loads(g.body, 0, NULL) : NULL;
	curl_multi_remove_handle(multi, c);
	curl_easy_cleanup(c);
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	return g;
}

static void done(struct got *g)
{
	json_decref(g->json);
	free(g->body);
	free(g->headers);
}

/* The status alone. */
static long status(struct rig *r, struct ask q)
{
	struct got g = ask(r, q);

	if (g.status >= 400)
		assert_non_null(json_string_value(json_object_get(g.json, "detail")));
	done(&g);
	return g.status;
}

static long log_in(struct rig *r, const char *name, const char *with, const char *code)
{
	char body[256];
	const char *at;
	struct got g;

	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"%s%s%s}", name, with,
		 code ? ",\"code\":\"" : "", code ? code : "", code ? "\"" : "");
	g = ask(r,
		(struct ask){"POST", "/api/v1/session", body, .no_cookie = true, .no_csrf = true});
	at = strstr(g.headers, "Set-Cookie: banken=");
	if (g.status == 200) {
		assert_non_null(at);
		assert_non_null(strstr(at, "HttpOnly; SameSite=Strict"));
		snprintf(r->cookie, sizeof(r->cookie), "%.43s", at + strlen("Set-Cookie: banken="));
		snprintf(r->csrf, sizeof(r->csrf), "%s",
			 json_string_value(json_object_get(g.json, "csrf")));
	}
	done(&g);
	return g.status;
}

/* --- rig --- */

static void add(struct rig *r, const char *name, const char *customer, enum api_role role)
{
	struct account k = {.role = role};
	struct errmsg e;

	snprintf(k.name, sizeof(k.name), "%s", name);
	snprintf(k.customer, sizeof(k.customer), "%s", customer);
	password_hash(password, k.hash);
	assert_int_equal(accounts_add(r->accounts, &k, &e), ERR_OK);
}

static void write_page(const struct rig *r, const char *name, const char *text)
{
	char path[160];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", r->folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct api_setup setup = {.address = "127.0.0.1:0",
				  .tables = &table,
				  .n_tables = 1,
				  .about = {"Test", "1.0"},
				  .audit = audit,
				  .audit_ctx = r};
	struct errmsg e = {""};

	testdir_make(r->folder);
	r->loop = loop_new(&e);
	r->accounts = accounts_open(":memory:", &e);
	write_page(r, "index.html", "<p>page</p>");
	write_page(r, "main.js", "go()");
	write_page(r, "main.js.gz", "packed");
	setup.loop = r->loop;
	setup.accounts = r->accounts;
	setup.files = r->folder;
	r->server = api_server_new(&setup, &e);
	if (!r->server)
		fail_msg("%s", e.text);
	add(r, "anna", "", API_ROLE_ADMINISTRATOR);
	loop_once(r->loop, 0);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	api_server_delete(r->server);
	accounts_close(r->accounts);
	loop_delete(r->loop);
	testdir_remove(r->folder);
	free(r);
	return 0;
}

/* --- tests --- */

static void without_a_session(void **state)
{
	struct rig *r = *state;
	struct got g;

	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo"}), 401);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/session"}), 401);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/accounts"}), 401);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/events"}), 401);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/nosuch"}), 404);
	assert_int_equal(status(r, (struct ask){"PUT", "/api/v1/echo"}), 405);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo", .bearer = "x"}), 401);
	g = ask(r, (struct ask){"GET", "/api/v1/openapi.json"});
	assert_int_equal(g.status, 200);
	assert_non_null(json_object_get(json_object_get(g.json, "paths"), "/api/v1/echo"));
	assert_non_null(json_object_get(json_object_get(g.json, "paths"), "/api/v1/events"));
	done(&g);
}

static void another_protocol(void **state)
{
	struct rig *r = *state;
	struct got g = ask(r, (struct ask){"POST", "/.well-known/echo", .body = "x",
					   .type = "application/x;version=1"});

	assert_int_equal(g.status, 501);
	assert_string_equal(g.body, "application/x;version=1");
	done(&g);
	assert_int_equal(status(r, (struct ask){"GET", "/.well-known/echo"}), 405);
	assert_int_equal(status(r, (struct ask){"GET", "/.well-known/nosuch"}), 404);
}

static void logging_in(void **state)
{
	struct rig *r = *state;
	struct got g;

	assert_int_equal(log_in(r, "anna", "wrong horse", NULL), 403);
	assert_int_equal(log_in(r, "nobody", password, NULL), 403);
	assert_int_equal(log_in(r, "anna", password, NULL), 200);
	g = ask(r, (struct ask){"GET", "/api/v1/session"});
	assert_string_equal(json_string_value(json_object_get(g.json, "name")), "anna");
	assert_string_equal(json_string_value(json_object_get(g.json, "csrf")), r->csrf);
	done(&g);
	assert_int_equal(status(r, (struct ask){"DELETE", "/api/v1/session"}), 204);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/session"}), 401);
	assert_string_equal(r->audited[0], ": log-in refused {\"name\":\"anna\"}");
	assert_string_equal(r->audited[2], "anna: logged in ");
}

static void guessing_is_slow(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(log_in(r, "anna", "wrong horse", NULL), 403);
	assert_int_equal(log_in(r, "anna", "wrong horse", NULL), 429);
	assert_int_equal(log_in(r, "anna", password, NULL), 429);
}

static void requests(void **state)
{
	static const char release[] = "/api/v1/cuts/7/release", why[] = "{\"reason\":\"clean\"}";
	struct rig *r = *state;
	struct got g;

	assert_int_equal(log_in(r, "anna", password, NULL), 200);
	g = ask(r, (struct ask){"GET", "/api/v1/echo?most=5"});
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body,
			    "{\"who\":\"anna\",\"from\":\"127.0.0.1\",\"args\":{\"most\":5},"
			    "\"japanese\":false}");
	assert_non_null(strstr(g.headers, "Content-Security-Policy"));
	assert_non_null(strstr(g.headers, "Cache-Control: no-store"));
	done(&g);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo?most=0"}), 400);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo?most=5&most=6"}), 400);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo?nosuch=6"}), 400);
	assert_int_equal(status(r, (struct ask){"POST", release, why}), 200);
	assert_int_equal(status(r, (struct ask){"POST", release, "{"}), 400);
	assert_int_equal(status(r, (struct ask){"POST", release, why, "text/plain"}), 415);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/cuts/7/again", why}), 409);
	/* Another site's page, a form without the token. */
	assert_int_equal(status(r, (struct ask){"POST", release, why, .no_csrf = true}), 403);
	assert_int_equal(
		status(r, (struct ask){"POST", release, why, .origin = "https://evil.example"}),
		403);
	assert_int_equal(status(r, (struct ask){"POST", release, why, .no_cookie = true}), 401);
}

static void large_bodies(void **state)
{
	static char big[400000];
	struct rig *r = *state;
	struct got g;

	memset(big, 'x', sizeof(big));
	/* A stranger's is not kept, and not judged by its size. */
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/undo", big, .len = 400000}), 401);
	assert_int_equal(log_in(r, "anna", password, NULL), 200);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/undo", big, .len = 200000,
						.no_cookie = true}),
			 401);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/cuts/7/release", big,
						.len = API_BODY_MAX + 1}),
			 413);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/undo", big, .len = 200001}), 413);
	g = ask(r, (struct ask){"POST", "/api/v1/undo", big, "application/zip", .len = 200000});
	assert_int_equal(g.status, 200);
	assert_int_equal(g.len, 200000);
	assert_non_null(strstr(g.headers, "attachment; filename=\"undo.zip\""));
	done(&g);
}

static void roles(void **state)
{
	static const char release[] = "/api/v1/cuts/7/release", why[] = "{\"reason\":\"clean\"}";
	struct rig *r = *state;

	add(r, "vera", "acme", API_ROLE_VIEWER);
	assert_int_equal(log_in(r, "vera", password, NULL), 200);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo"}), 200);
	assert_int_equal(status(r, (struct ask){"POST", release, why}), 403);
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/accounts"}), 403);
}

static void customers_stay_apart(void **state)
{
	static const char made[] = "{\"name\":\"new\",\"role\":\"viewer\",\"new_password\":"
				   "\"a long enough one\"}";
	static const char vendor[] = "{\"name\":\"spy\",\"role\":\"vendor-operator\","
				     "\"customer\":\"\",\"new_password\":\"a long enough one\"}";
	static const char other[] = "{\"name\":\"spy\",\"role\":\"viewer\",\"customer\":\"other\","
				    "\"new_password\":\"a long enough one\"}";
	struct rig *r = *state;
	struct account k;
	struct got g;

	add(r, "adam", "acme", API_ROLE_ADMINISTRATOR);
	add(r, "olga", "other", API_ROLE_ADMINISTRATOR);
	assert_int_equal(log_in(r, "adam", password, NULL), 200);
	g = ask(r, (struct ask){"GET", "/api/v1/accounts"});
	assert_int_equal(json_array_size(json_object_get(g.json, "accounts")), 1);
	done(&g);
	assert_int_equal(status(r, (struct ask){"DELETE", "/api/v1/accounts/olga"}), 404);
	assert_int_equal(status(r, (struct ask){"PATCH", "/api/v1/accounts/olga", "{}"}), 404);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/accounts", vendor}), 403);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/accounts", other}), 403);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/accounts", made}), 204);
	assert_int_equal(accounts_find(r->accounts, "new", &k), ERR_OK);
	assert_string_equal(k.customer, "acme");
	assert_true(password_is("a long enough one", k.hash));
	assert_int_equal(status(r, (struct ask){"PATCH", "/api/v1/accounts/adam",
						"{\"customer\":\"other\"}"}),
			 403);
	assert_int_equal(
		status(r, (struct ask){"PATCH", "/api/v1/accounts/new", "{\"disabled\":true}"}),
		204);
	assert_int_equal(log_in(r, "new", "a long enough one", NULL), 403);
}

static void programs_use_tokens(void **state)
{
	static const char make[] = "{\"label\":\"monitoring\",\"role\":\"viewer\",\"days\":1}";
	static const char more[] = "{\"label\":\"x\",\"role\":\"vendor-operator\"}";
	static const char why[] = "{\"reason\":\"clean\"}";
	struct rig *r = *state;
	char token[SECRET_TEXT];
	struct got g;

	assert_int_equal(log_in(r, "anna", password, NULL), 200);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/tokens", more}), 403);
	g = ask(r, (struct ask){"POST", "/api/v1/tokens", make});
	assert_int_equal(g.status, 200);
	snprintf(token, sizeof(token), "%s", json_string_value(json_object_get(g.json, "token")));
	done(&g);
	r->cookie[0] = r->csrf[0] = 0;
	assert_int_equal(status(r, (struct ask){"GET", "/api/v1/echo", .bearer = token}), 200);
	assert_int_equal(
		status(r, (struct ask){"POST", "/api/v1/cuts/7/release", why, .bearer = token}),
		403);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/tokens", make, .bearer = token}),
			 403);
}

static void second_factor(void **state)
{
	static const char begin[] = "{\"password\":\"correct horse battery\"}";
	struct rig *r = *state;
	uint64_t step;
	char body[64], code[7], secret[TOTP_TEXT];
	struct got g;

	assert_int_equal(log_in(r, "anna", password, NULL), 200);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/session/second-factor",
						"{\"password\":\"wrong password\"}"}),
			 403);
	g = ask(r, (struct ask){"POST", "/api/v1/session/second-factor", begin});
	assert_int_equal(g.status, 200);
	snprintf(secret, sizeof(secret), "%s",
		 json_string_value(json_object_get(g.json, "secret")));
	done(&g);
	loop_once(r->loop, 0);
	step = loop_wall(r->loop) / NS_PER_SEC / 30;
	totp_code(secret, step - 1, code);
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
	assert_int_equal(status(r, (struct ask){"POST", "/api/v1/session/second-factor/confirm",
						"{\"code\":\"12345x\"}"}),
			 400);
	assert_int_equal(
		status(r, (struct ask){"POST", "/api/v1/session/second-factor/confirm", body}),
		204);
	assert_int_equal(log_in(r, "anna", password, NULL), 403);
	assert_int_equal(log_in(r, "anna", password, code), 403); /* it served already */
	totp_code(secret, step, code);
	assert_int_equal(log_in(r, "anna", password, code), 200);
}

static void pages(void **state)
{
	static const char *const outside[] = {"/../etc/passwd.txt", "/%2e%2e/x.y", "/.git/config.x",
					      "/nosuch.js", "/index.html/../main.js"};
	struct rig *r = *state;
	struct got g = ask(r, (struct ask){"GET", "/"});

	assert_string_equal(g.body, "<p>page</p>");
	done(&g);
	g = ask(r, (struct ask){"GET", "/hosts/10"}); /* a page of the portal's own */
	assert_string_equal(g.body, "<p>page</p>");
	done(&g);
	g = ask(r, (struct ask){"GET", "/main.js"});
	assert_string_equal(g.body, "go()");
	assert_non_null(strstr(g.headers, "text/javascript"));
	done(&g);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		assert_int_equal(status(r, (struct ask){"GET", outside[i]}), 404);
}

/* --- events --- */

struct listener {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct slice body;
	int running;
};

static void turn(struct rig *r, struct listener *l, const char *until)
{
	for (unsigned i = 0; i < 5000; i++) {
		curl_multi_perform(l->multi, &l->running);
		loop_once(r->loop, 1);
		if (l->body.data && strstr((const char *)l->body.data, until))
			return;
	}
	fail_msg("no \"%s\" came", until);
}

static void events(void **state)
{
	static char big[100000];
	struct rig *r = *state;
	struct listener l = {curl_multi_init(), curl_easy_init(), NULL, {0}, 1};
	json_t *data = json_pack("{si}", "n", 7);
	char url[128];

	add(r, "vera", "acme", API_ROLE_VIEWER);
	assert_int_equal(log_in(r, "vera", password, NULL), 200);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/api/v1/events", api_server_port(r->server));
	l.headers = headers_of(r, &(struct ask){"GET", "/api/v1/events"});
	curl_easy_setopt(l.easy, CURLOPT_URL, url);
	curl_easy_setopt(l.easy, CURLOPT_HTTPHEADER, l.headers);
	curl_easy_setopt(l.easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(l.easy, CURLOPT_WRITEDATA, &l.body);
	curl_multi_add_handle(l.multi, l.easy);
	turn(r, &l, "retry: 2000");
	api_server_tell(r->server, "other", "cut", data);
	api_server_tell(r->server, "acme", "alert", data);
	turn(r, &l, "event: alert\ndata: {\"n\":7}\n\n");
	assert_null(strstr((const char *)l.body.data, "event: cut"));
	json_decref(data);
	/* One who does not keep up is cut off and does not hold the others. */
	memset(big, 'x', sizeof(big));
	data = json_stringn(big, sizeof(big));
	for (unsigned i = 0; i < 10; i++)
		api_server_tell(r->server, "acme", "big", data);
	for (unsigned i = 0; i < 5000 && l.running; i++) {
		curl_multi_perform(l.multi, &l.running);
		loop_once(r->loop, 1);
	}
	assert_int_equal(l.running, 0);
	free((void *)(uintptr_t)l.body.data);
	json_decref(data);
	curl_multi_remove_handle(l.multi, l.easy);
	curl_easy_cleanup(l.easy);
	curl_multi_cleanup(l.multi);
	curl_slist_free_all(l.headers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_a_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_protocol, set_up, tear_down),
		cmocka_unit_test_setup_teardown(logging_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guessing_is_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(roles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(customers_stay_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(programs_use_tokens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(second_factor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
