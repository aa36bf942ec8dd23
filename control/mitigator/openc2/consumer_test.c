/* The consumer over TLS, asked by libcurl: a program on control/api whose orders are noted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/openc2/route.h"
#include "control/wire/testdir.h"
#include "dataplane/base/clock.h"

struct rig {
	char folder[64], token[SECRET_TEXT], viewer[SECRET_TEXT], cert[128];
	char *cert_text, *key_text;
	struct loop *loop;
	sqlite3 *db;
	struct accounts *accounts;
	struct openc2_consumer *consumer;
	struct api_table table;
	struct api_server *server;
	/* What the orders' side noted. */
	unsigned cuts, releases, audits, commits;
	struct openc2_order last;
	char reason[160];
	enum cut_state state;
	int rc;
};

/* ---- the orders' side ---- */

static int on_begin(void *ctx, struct errmsg *e)
{
	return 0;
}

static int on_commit(void *ctx, struct errmsg *e)
{
	((struct rig *)ctx)->commits++;
	return 0;
}

static int on_find(void *ctx, const char *text, bool is_name, char ret[OPENC2_HOST],
		   struct errmsg *e)
{
	if (strcmp(text, is_name ? "pc-5" : "host-5") != 0 && strcmp(text, "pc-6") != 0)
		return errmsg_set(e, ERR_NOTFOUND, "no such host");
	snprintf(ret, OPENC2_HOST, "%s", strcmp(text, "pc-6") == 0 ? "host-6" : "host-5");
	return 0;
}

static int on_cut(void *ctx, const struct openc2_order *o, uint64_t *ret, struct errmsg *e)
{
	struct rig *r = ctx;

	r->last = *o;
	snprintf(r->reason, sizeof(r->reason), "%s", o->reason);
	if (r->rc < 0)
		return errmsg_set(e, r->rc, "not cut: protected as gateway");
	r->cuts++;
	r->state = CUT_SENT;
	*ret = 17;
	return 0;
}

static int on_release(void *ctx, const struct openc2_order *o, uint64_t *ret, struct errmsg *e)
{
	struct rig *r = ctx;

	r->last = *o;
	r->releases++;
	r->state = CUT_RELEASED;
	*ret = 17;
	return 0;
}

static int on_look(void *ctx, uint64_t cut, struct openc2_state *ret, struct errmsg *e)
{
	struct rig *r = ctx;

	if (cut != 17)
		return errmsg_set(e, ERR_NOTFOUND, "no such cut");
	*ret = (struct openc2_state){
		.state = r->state, .command_id = "m-17.1", .method = "openvswitch"};
	return 0;
}

static void on_audit(void *ctx, const char *actor, const char *what, json_t *detail)
{
	((struct rig *)ctx)->audits++;
	assert_string_equal(actor, "openc2 soar");
	assert_true(strncmp(what, "openc2", 6) == 0);
	assert_non_null(detail);
	json_decref(detail);
}

/* ---- the rig ---- */

static char *file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 8192);

	assert_non_null(f);
	assert_true(fread(text, 1, 8191, f) > 0);
	fclose(f);
	return text;
}

static void add_account(struct rig *r, const char *name, enum api_role role, char *ret_token)
{
	struct account k = {.role = role, .hash = "!"};
	struct token t = {.label = "t", .role = role, .expires = UINT64_MAX / 2};
	int64_t number;
	struct errmsg e;

	snprintf(k.name, sizeof(k.name), "%s", name);
	snprintf(t.name, sizeof(t.name), "%s", name);
	assert_int_equal(accounts_add(r->accounts, &k, &e), 0);
	assert_int_equal(token_add(r->accounts, &t, loop_wall(r->loop), ret_token, &number, &e), 0);
}

static void start_consumer(struct rig *r)
{
	const struct openc2_ops ops = {on_begin,   on_commit, on_find,	on_cut,
				       on_release, on_look,   on_audit, r};
	struct errmsg e = {""};

	r->consumer = openc2_consumer_new(r->db, "mitigator-1", &ops, &e);
	if (!r->consumer)
		fail_msg("%s", e.text);
}

static int set_up(void **state)
{
	static const struct log log = {"test", LOG_LEVEL_ERROR, 2};
	struct rig *r = calloc(1, sizeof(*r));
	struct api_setup setup = {.log = &log, .address = "127.0.0.1:0", .about = {"t", "1"}};
	struct errmsg e = {""};
	char path[128], command[512];

	testdir_make(r->folder);
	snprintf(r->cert, sizeof(r->cert), "%s/own.crt", r->folder);
	snprintf(path, sizeof(path), "%s/own.key", r->folder);
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		 "-subj "
		 "/CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out "
		 "%s "
		 "2>/dev/null",
		 path, r->cert);
	assert_int_equal(system(command), 0);
	r->cert_text = file_text(r->cert);
	r->key_text = file_text(path);
	r->loop = loop_new(&e);
	assert_int_equal(sqlite3_open(":memory:", &r->db), SQLITE_OK);
	start_consumer(r);
	snprintf(path, sizeof(path), "%s/accounts.db", r->folder);
	r->accounts = accounts_open(path, &e);
	add_account(r, "soar", API_ROLE_APPROVER, r->token);
	add_account(r, "viewer", API_ROLE_VIEWER, r->viewer);
	r->table = openc2_api_table(r->consumer);
	setup.loop = r->loop;
	setup.tables = &r->table;
	setup.n_tables = 1;
	setup.accounts = r->accounts;
	setup.cert = r->cert_text;
	setup.key = r->key_text;
	r->server = api_server_new(&setup, &e);
	if (!r->server)
		fail_msg("%s", e.text);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	api_server_delete(r->server);
	accounts_close(r->accounts);
	openc2_consumer_free(r->consumer);
	sqlite3_close(r->db);
	loop_delete(r->loop);
	testdir_remove(r->folder);
	free(r->cert_text);
	free(r->key_text);
	free(r);
	return 0;
}

/* ---- asking ---- */

struct got {
	long http;
	char text[8192], type[128], request_id[64];
	size_t len;
	struct openc2_message m;
};

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
	struct got *g = ctx;
	size_t more = size * n;

	assert_true(g->len + more < sizeof(g->text));
	memcpy(g->text + g->len, data, more);
	g->len += more;
	return more;
}

static size_t take_header(char *data, size_t size, size_t n, void *ctx)
{
	struct got *g = ctx;

	sscanf(data, "X-Request-ID: %63[^\r]", g->request_id);
	sscanf(data, "Content-Type: %127[^\r]", g->type);
	return size * n;
}

struct ask {
	const char *body, *token, *type, *id;
};

static void headers(CURL *c, const struct ask *q, struct curl_slist **list)
{
	char line[256];

	snprintf(line, sizeof(line), "Content-Type: %s",
		 q->type ? q->type : "application/openc2+json;version=1.0");
	*list = curl_slist_append(*list, line);
	snprintf(line, sizeof(line), "Authorization: Bearer %s", q->token);
	if (q->token)
		*list = curl_slist_append(*list, line);
	snprintf(line, sizeof(line), "X-Request-ID: %s", q->id);
	if (q->id)
		*list = curl_slist_append(*list, line);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, *list);
}

static struct got ask(struct rig *r, struct ask q)
{
	struct got g = {0};
	struct curl_slist *list = NULL;
	CURLM *multi = curl_multi_init();
	CURL *c = curl_easy_init();
	char url[128];
	int running = 1;

	snprintf(url, sizeof(url), "https://localhost:%u/.well-known/openc2",
		 api_server_port(r->server));
	headers(c, &q, &list);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_CAINFO, r->cert);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, q.body);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &g);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &g);
	curl_multi_add_handle(multi, c);
	for (unsigned i = 0; i < 20000 && running; i++) {
		curl_multi_perform(multi, &running);
		loop_once(r->loop, 1);
	}
	assert_int_equal(running, 0);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &g.http);
	assert_int_not_equal(g.http, 0);
	if (g.len)
		assert_int_equal(openc2_message_read(SLICE(g.text, g.len), &g.m, NULL), 0);
	curl_multi_remove_handle(multi, c);
	curl_easy_cleanup(c);
	curl_multi_cleanup(multi);
	curl_slist_free_all(list);
	return g;
}

/* By the good account; the response's status, which HTTP has too. */
static unsigned status(struct rig *r, const char *body)
{
	struct got g = ask(r, (struct ask){body, .token = r->token});
	unsigned s = g.m.response.status;

	assert_int_equal(g.http, s == 102 ? 200 : s);
	assert_int_equal(g.m.kind, OPENC2_RESPONSE_MESSAGE);
	if (s >= 400)
		assert_true(g.m.response.text[0]);
	openc2_message_done(&g.m);
	return s;
}

#define REQUEST(id, command)                                                                       \
	"{\"headers\":{\"request_id\":\"" id "\"},\"body\":{\"openc2\":{\"request\":" command "}}" \
	"}"
#define DENY(more)  "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"10.0.0.5\"}" more "}"
#define ARGS(inner) ",\"args\":{" inner "}"

static void features(void **state)
{
	struct rig *r = *state;
	struct got g = ask(
		r, (struct ask){REQUEST("r-1",
					"{\"action\":\"query\",\"target\":{\"features\":["
					"\"versions\",\"profiles\",\"pairs\",\"rate_limit\"]}}"),
				.token = r->viewer, .id = "r-0"});
	const json_t *o = g.m.response.results;

	assert_int_equal(g.http, 200);
	assert_string_equal(g.type, "application/openc2+json;version=1.0");
	assert_string_equal(g.request_id, "r-1");
	assert_string_equal(g.m.request_id, "r-1");
	assert_string_equal(g.m.from, "mitigator-1");
	assert_string_equal(json_string_value(json_array_get(json_object_get(o, "versions"), 0)),
			    "1.0");
	assert_int_equal(json_array_size(json_object_get(json_object_get(o, "pairs"), "deny")), 4);
	assert_int_equal(json_integer_value(json_object_get(o, "rate_limit")), OPENC2_A_MINUTE);
	openc2_message_done(&g.m);
	assert_int_equal(status(r, "{\"action\":\"query\",\"target\":{\"features\":[]}}"), 200);
	assert_int_equal(status(r, "{\"action\":\"query\",\"target\":{\"features\":[]},\"args\":{"
				   "\"duration\":1}}"),
			 400);
	assert_int_equal(r->audits, 0);
}

static void who_asks(void **state)
{
	struct rig *r = *state;
	struct got g = ask(r, (struct ask){DENY(""), .id = "r-9"});

	assert_int_equal(g.http, 401);
	assert_int_equal(g.m.response.status, 401);
	assert_string_equal(g.request_id, "r-9");
	openc2_message_done(&g.m);
	g = ask(r, (struct ask){DENY(""), .token = "wrong"});
	assert_int_equal(g.http, 401);
	openc2_message_done(&g.m);
	g = ask(r, (struct ask){DENY(""), .token = r->viewer});
	assert_int_equal(g.http, 403);
	openc2_message_done(&g.m);
	assert_int_equal(r->cuts + r->audits, 0);
}

static const struct {
	unsigned status;
	const char *body;
} refusals[] = {
	{400, "{"},
	{400, "{\"status\":200}"},
	{400, DENY(ARGS("\"stop_time\":1000"))},
	{400, DENY(ARGS("\"duration\":0"))},
	{400, DENY(ARGS("\"start_time\":1,\"stop_time\":2,\"duration\":3"))},
	{400, DENY(ARGS("\"er\":{\"permitted_addresses\":[]}"))},
	{404, "{\"action\":\"contain\",\"target\":{\"device\":{\"device_id\":\"nobody\"}}}"},
	{404,
	 "{\"action\":\"contain\",\"target\":{\"device\":{\"device_id\":\"host-5\",\"hostname\":"
	 "\"pc-6\"}}}"},
	{404, "{\"action\":\"cancel\",\"target\":{\"command\":\"never\"}}"},
	{404, DENY(",\"actuator\":{\"slpf\":{\"asset_id\":\"30\"}}")},
	{501, "{\"action\":\"quarantine\",\"target\":{\"ipv4_net\":\"10.0.0.5\"}}"},
	{501, "{\"action\":\"detonate\",\"target\":{\"file\":{\"name\":\"x\"}}}"},
	{501, "{\"action\":\"deny\",\"target\":{\"domain_name\":\"example.com\"}}"},
	{501, "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"10.0.0.0/24\"}}"},
	{501, "{\"action\":\"query\",\"target\":{\"properties\":[\"battery\"]}}"},
	{501, DENY(ARGS("\"slpf\":{\"direction\":\"ingress\"}"))},
	{501, DENY(ARGS("\"slpf\":{\"drop_process\":\"reject\"}"))},
	{501, DENY(ARGS("\"slpf\":{\"insert_rule\":7}"))},
	{501, DENY(ARGS("\"er\":{\"device_containment\":\"app_restriction\"}"))},
	{501, DENY(ARGS("\"x-other\":{\"a\":1}"))},
	{501, DENY(ARGS("\"duration\":9000000000000"))},
	{501, DENY(",\"actuator\":{\"x-esm\":{}}")},
	{501, "{\"action\":\"allow\",\"target\":{\"ipv4_net\":\"10.0.0.5\"},\"args\":{\"duration\":"
	      "5}}"},
};

static void refused(void **state)
{
	struct rig *r = *state;
	struct got g;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		unsigned s = status(r, refusals[i].body);

		if (s != refusals[i].status)
			fail_msg("%s: %u", refusals[i].body, s);
	}
	assert_int_equal(r->cuts, 0);
	g = ask(r, (struct ask){DENY(""), .token = r->token, .type = "application/json"});
	assert_int_equal(g.http, 400);
	openc2_message_done(&g.m);
	g = ask(r, (struct ask){DENY(""), .token = r->token,
				.type = "application/openc2+json;version=2.0"});
	assert_int_equal(g.http, 501);
	openc2_message_done(&g.m);
	r->rc = ERR_DENIED;
	assert_int_equal(status(r, DENY("")), 403);
}

static void ordered_once(void **state)
{
	static const char body[] = DENY(ARGS("\"duration\":60000,\"x-banken\":{\"reason\":"
					     "\"playbook 7\"}") ",\"command_id\":\"c-1\"");
	struct rig *r = *state;
	struct got g = ask(r, (struct ask){body, .token = r->token});
	struct openc2_reply reply;

	assert_int_equal(g.m.response.status, 102);
	assert_true(g.m.bare); /* as it was asked */
	assert_string_equal(g.type, "application/openc2-rsp+json;version=1.0");
	assert_int_equal(openc2_rule_number(g.m.response.results), 17);
	assert_string_equal(r->last.host, "10.0.0.5");
	assert_string_equal(r->reason, "playbook 7");
	assert_in_range(r->last.end - loop_wall(r->loop), 50 * NS_PER_SEC, 61 * NS_PER_SEC);
	openc2_message_done(&g.m);
	/* Again: nothing is ordered, and it is told how it stands now; also after a restart. */
	r->state = CUT_VERIFIED;
	assert_int_equal(status(r, body), 200);
	openc2_consumer_free(r->consumer);
	start_consumer(r);
	openc2_consumer_answer(r->consumer,
			       &(struct openc2_asking){.body = SLICE_STR(body),
						       .type = "application/openc2-cmd+json",
						       .id = "",
						       .account = "soar",
						       .from = "",
						       .may_order = true,
						       .now = loop_wall(r->loop)},
			       &reply);
	assert_int_equal(reply.status, 200);
	free(reply.text);
	assert_int_equal(r->cuts, 1);
	assert_int_equal(r->audits, 1);
}

static void same_id_other_command(void **state)
{
	struct rig *r = *state;

	assert_int_equal(status(r, REQUEST("r-1", DENY(""))), 102);
	assert_int_equal(status(r, REQUEST("r-1", DENY(""))), 102);
	assert_int_equal(status(r, REQUEST("r-1", "{\"action\":\"deny\",\"target\":{\"ipv4_net\":"
						  "\"10.0.0.6\"}}")),
			 400);
	assert_int_equal(r->cuts, 1);
	/* A refusal is one also when it is sent again. */
	r->rc = ERR_DENIED;
	assert_int_equal(status(r, REQUEST("r-2", DENY(""))), 403);
	r->rc = 0;
	assert_int_equal(status(r, REQUEST("r-2", DENY(""))), 403);
	r->rc = ERR_AGAIN;
	assert_int_equal(status(r, REQUEST("r-3", DENY(""))), 503);
	r->rc = 0;
	assert_int_equal(status(r, REQUEST("r-3", DENY(""))), 102);
}

static void taken_back(void **state)
{
	struct rig *r = *state;

	assert_int_equal(status(r, REQUEST("r-1", DENY(""))), 102);
	assert_int_equal(status(r, REQUEST("r-2", "{\"action\":\"cancel\",\"target\":{\"command\":"
						  "\"r-1\"}}")),
			 200);
	assert_int_equal(r->last.cut, 17);
	assert_int_equal(status(r, "{\"action\":\"delete\",\"target\":{\"slpf:rule_number\":17},"
				   "\"args\":{\"response_requested\":\"complete\"}}"),
			 200);
	assert_int_equal(status(r, "{\"action\":\"allow\",\"target\":{\"device\":{\"hostname\":"
				   "\"pc-5\"}},\"actuator\":{\"er\":{}}}"),
			 200);
	assert_string_equal(r->last.host, "host-5");
	assert_int_equal(r->releases, 3);
}

static void later(void **state)
{
	struct rig *r = *state;
	uint64_t now = loop_wall(r->loop), start = now / NS_PER_MS + 60000;
	char body[512];

	snprintf(body, sizeof(body),
		 REQUEST("r-1", "{\"action\":\"deny\",\"target\":{\"mac_addr\":"
				"\"52:54:00:00:00:05\"},\"args\":{\"start_time\":%llu,\"duration\":"
				"1000}}"),
		 (unsigned long long)start);
	assert_int_equal(status(r, body), 102);
	openc2_consumer_tick(r->consumer, now + 59 * NS_PER_SEC);
	assert_int_equal(r->cuts, 0);
	openc2_consumer_tick(r->consumer, now + 60 * NS_PER_SEC + NS_PER_MS);
	assert_int_equal(r->cuts, 1);
	assert_string_equal(r->last.host, "52:54:00:00:00:05");
	assert_int_equal(r->last.end, (start + 1000) * NS_PER_MS);
	openc2_consumer_tick(r->consumer, now + 61 * NS_PER_SEC);
	assert_int_equal(r->cuts, 1);
	/* Cancelled before it began, and one whose time went by while nobody looked. */
	body[strlen("{\"headers\":{\"request_id\":\"r-")] = '2';
	assert_int_equal(status(r, body), 102);
	assert_int_equal(status(r, "{\"action\":\"cancel\",\"target\":{\"command\":\"r-2\"}}"),
			 200);
	body[strlen("{\"headers\":{\"request_id\":\"r-")] = '3';
	assert_int_equal(status(r, body), 102);
	openc2_consumer_tick(r->consumer, now + 200 * NS_PER_SEC);
	assert_int_equal(r->cuts, 1);
	assert_int_equal(status(r, body), 400);
}

static void what_is_said(void **state)
{
	struct rig *r = *state;
	struct got g = ask(
		r, (struct ask){DENY(ARGS("\"response_requested\":\"none\"")), .token = r->token});

	assert_int_equal(g.http, 204);
	assert_int_equal(g.len, 0);
	assert_int_equal(r->cuts, 1);
	r->state = CUT_VERIFIED;
	assert_int_equal(status(r, DENY(ARGS("\"response_requested\":\"ack\""))), 102);
	assert_int_equal(status(r, DENY(ARGS("\"er\":{\"device_containment\":\"network_isolation\","
					     "\"permitted_addresses\":{\"ipv4_net\":["
					     "\"10.0.0.9/32\"]}}"))),
			 102);
	assert_int_equal(r->last.permitted_n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(features, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_asks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ordered_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(same_id_other_command, set_up, tear_down),
		cmocka_unit_test_setup_teardown(taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_said, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
