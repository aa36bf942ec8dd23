#include "control/centre/store/clickhouse.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	CONNECT_MS = 1500,
	QUORUM_MS = 5000,  /* that the second replica may take */
	NODE_REST_S = 5,   /* a server that did not answer is left alone */
	SHARD_REST_S = 10, /* a shard without its second replica */
	TURNS = 40,	   /* waits for another writer's turn */
	URL = 600,
	ANSWER_MOST = 1 << 30,
};

/* What ClickHouse's error codes mean for us. */
enum {
	CODE_NO_TABLE = 60,
	CODE_NO_DATABASE = 81,
	CODE_PREVIOUS_QUORUM = 286,
};

struct node {
	char url[256];
	int64_t rests_until; /* s, monotonic */
};

struct shard {
	struct node nodes[CLICKHOUSE_REPLICAS];
	unsigned n;
	int64_t rests_until;
};

struct clickhouse {
	struct shard shards[CLICKHOUSE_SHARDS];
	unsigned n;
	char *user, *password, *ca_file, *schema, *database;
	CURL *curl; /* for questions */
	CURLM *multi;
	bool is_patient;
};

/* One request. */
struct call {
	CURL *curl;
	struct clickhouse_answer answer;
	struct curl_slist *headers;
	char detail[CURL_ERROR_SIZE];
	bool too_much;
};

static int64_t monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* --- where --- */

static char *read_password(const char *path)
{
	FILE *f = path && path[0] ? fopen(path, "re") : NULL;
	char text[256] = "";

	if (f && fgets(text, sizeof(text), f))
		text[strcspn(text, "\r\n")] = 0;
	if (f)
		fclose(f);
	return strdup(text);
}

static int add_node(struct clickhouse *c, const char *text, size_t len, struct errmsg *err)
{
	struct shard *s = &c->shards[c->n - 1];

	if (len >= sizeof(s->nodes[0].url) || s->n == CLICKHOUSE_REPLICAS ||
	    (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0))
		return errmsg_set(err, ERR_INVALID,
				  "history-servers: \"%.*s\" is no server; write http://HOST:8123, "
				  "replicas apart by ',' (at most %d), shards by ';'",
				  (int)(len < 100 ? len : 100), text, CLICKHOUSE_REPLICAS);
	snprintf(s->nodes[s->n++].url, sizeof(s->nodes[0].url), "%.*s", (int)len, text);
	return ERR_OK;
}

static int read_servers(struct clickhouse *c, const char *text, struct errmsg *err)
{
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",;");

		if (at == text || at[-1] == ';') {
			if (c->n == CLICKHOUSE_SHARDS)
				return errmsg_set(err, ERR_INVALID,
						  "history-servers: more than %d shards",
						  CLICKHOUSE_SHARDS);
			c->n++;
		}
		if (add_node(c, at, len, err) != ERR_OK)
			return ERR_INVALID;
		at += len;
		at += *at != 0;
	}
	return c->n ? ERR_OK
		    : errmsg_set(err, ERR_INVALID, "history-servers: there is no server in it");
}

struct clickhouse *clickhouse_new(const struct clickhouse_setup *setup, struct errmsg *err)
{
	struct clickhouse *c = calloc(1, sizeof(*c));

	if (!c) {
		errmsg_set(err, ERR_NOMEM, "no memory for the history");
		return NULL;
	}
	c->user = strdup(setup->user ? setup->user : "");
	c->password = read_password(setup->password_file);
	c->ca_file = strdup(setup->ca_file ? setup->ca_file : "");
	c->database = strdup(setup->database);
	c->schema = strdup(setup->schema ? setup->schema : "");
	c->curl = curl_easy_init();
	c->multi = curl_multi_init();
	if (!c->user || !c->password || !c->ca_file || !c->schema || !c->database || !c->curl ||
	    !c->multi)
		errmsg_set(err, ERR_NOMEM, "no memory for the history");
	else if (read_servers(c, setup->servers, err) == ERR_OK)
		return c;
	clickhouse_free(c);
	return NULL;
}

void clickhouse_free(struct clickhouse *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_multi_cleanup(c->multi);
	free(c->user);
	free(c->password);
	free(c->ca_file);
	free(c->schema);
	free(c->database);
	free(c);
}

unsigned clickhouse_shards(const struct clickhouse *c)
{
	return c->n;
}

unsigned clickhouse_away(const struct clickhouse *c, unsigned *ret_servers)
{
	int64_t now = monotonic_s();
	unsigned away = 0;

	*ret_servers = 0;
	for (unsigned s = 0; s < c->n; s++) {
		for (unsigned i = 0; i < c->shards[s].n; i++) {
			away += c->shards[s].nodes[i].rests_until > now;
			++*ret_servers;
		}
	}
	return away;
}

/* --- one request --- */

static size_t receive(char *data, size_t size, size_t n, void *ctx)
{
	struct call *k = ctx;
	struct clickhouse_answer *a = &k->answer;
	size_t len = size * n, cap = a->cap;
	char *grown;

	while (cap < a->len + len + 1)
		cap = cap ? cap * 2 : 4096;
	if (cap > ANSWER_MOST) {
		k->too_much = true;
		return 0;
	}
	grown = cap == a->cap ? a->text : realloc(a->text, cap);
	if (!grown)
		return 0;
	a->text = grown;
	a->cap = cap;
	memcpy(a->text + a->len, data, len);
	a->len += len;
	a->text[a->len] = 0;
	return len;
}

/* `query`: in the address when `body` has rows, else it is the body. */
static void set_up(struct clickhouse *c, struct call *k, const struct node *node,
		   const char *settings, const char *query, struct slice body, long seconds)
{
	char url[URL + 2048];
	bool is_in = strncmp(query, "CREATE DATABASE", 15) != 0;
	char *escaped = body.len ? curl_easy_escape(k->curl, query, 0) : NULL;

	snprintf(url, sizeof(url), "%s/?%s%s%s%s%s", node->url, settings, is_in ? "&database=" : "",
		 is_in ? c->database : "", escaped ? "&query=" : "", escaped ? escaped : "");
	curl_free(escaped);
	curl_easy_setopt(k->curl, CURLOPT_URL, url);
	curl_easy_setopt(k->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(k->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(k->curl, CURLOPT_POSTFIELDS, body.len ? (const char *)body.data : query);
	curl_easy_setopt(k->curl, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)(body.len ? body.len : strlen(query)));
	k->headers = curl_slist_append(NULL, "Expect:");
	curl_easy_setopt(k->curl, CURLOPT_HTTPHEADER, k->headers);
	curl_easy_setopt(k->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(k->curl, CURLOPT_TIMEOUT, seconds);
	curl_easy_setopt(k->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(k->curl, CURLOPT_ERRORBUFFER, k->detail);
	curl_easy_setopt(k->curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(k->curl, CURLOPT_WRITEDATA, k);
	if (c->user[0]) {
		curl_easy_setopt(k->curl, CURLOPT_USERNAME, c->user);
		curl_easy_setopt(k->curl, CURLOPT_PASSWORD, c->password);
	}
	if (c->ca_file[0])
		curl_easy_setopt(k->curl, CURLOPT_CAINFO, c->ca_file);
}

static void clear(struct call *k)
{
	curl_slist_free_all(k->headers);
	free(k->answer.text);
	k->headers = NULL;
	k->answer = (struct clickhouse_answer){0};
	k->detail[0] = 0;
}

/* ClickHouse's own number of what is wrong, 0 for nothing, -1 when the server did not answer. */
static int outcome(struct call *k, CURLcode code, const struct node *node, struct errmsg *err)
{
	long status = 0;
	int number = 0;

	if (code != CURLE_OK) {
		errmsg_set(err, ERR_IO, "the history at %s: %s", node->url,
			   k->too_much	  ? "the answer is too large"
			   : k->detail[0] ? k->detail
					  : curl_easy_strerror(code));
		return -1;
	}
	curl_easy_getinfo(k->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return 0;
	if (!k->answer.text || sscanf(k->answer.text, "Code: %d", &number) != 1 || number <= 0)
		number = 1;
	errmsg_set(err, ERR_IO, "the history at %s: %.300s", node->url,
		   k->answer.text ? k->answer.text : "no answer");
	return number;
}

/* One question to one server. */
static int ask_node(struct clickhouse *c, struct node *node, const char *sql,
		    struct clickhouse_answer *ret, struct errmsg *err)
{
	static const char settings[] =
		"wait_end_of_query=1&max_query_size=16777216&max_replica_delay_for_distributed_"
		"queries=5&default_format=TabSeparated";
	/* Every replica is waited for. */
	static const char patient[] =
		"wait_end_of_query=1&max_query_size=16777216&replication_alter_partitions_sync=2&"
		"default_format=TabSeparated";
	struct call k = {.curl = c->curl};
	int code;

	curl_easy_reset(c->curl);
	set_up(c, &k, node, c->is_patient ? patient : settings, sql, SLICE(NULL, 0),
	       c->is_patient ? CLICKHOUSE_WORK_S : CLICKHOUSE_REPORT_S);
	code = outcome(&k, curl_easy_perform(c->curl), node, err);
	node->rests_until = code == -1 ? monotonic_s() + NODE_REST_S : 0;
	if (code == 0 && ret) {
		*ret = k.answer;
		k.answer = (struct clickhouse_answer){0};
	}
	clear(&k);
	return code;
}

/* --- what must be there --- */

static int make_schema(struct clickhouse *c, struct node *node, struct errmsg *err)
{
	char *text = strdup(c->schema), *rest = text, *sql;
	int code = 0;

	while (text && code == 0 && (sql = strsep(&rest, ";"))) {
		if (sql[strspn(sql, " \n\t")])
			code = ask_node(c, node, sql, NULL, err);
	}
	free(text);
	return code;
}

int clickhouse_init(struct clickhouse *c, struct errmsg *err)
{
	unsigned made = 0;

	for (unsigned s = 0; s < c->n; s++) {
		for (unsigned i = 0; i < c->shards[s].n; i++)
			made += make_schema(c, &c->shards[s].nodes[i], err) == 0;
	}
	return made ? ERR_OK : ERR_IO;
}

static bool lacks_tables(int code)
{
	return code == CODE_NO_TABLE || code == CODE_NO_DATABASE;
}

/* --- questions --- */

static int ask_of(struct clickhouse *c, struct shard *s, const char *sql,
		  struct clickhouse_answer *ret, bool also_resting, struct errmsg *err)
{
	int code = -1;

	for (unsigned i = 0; i < s->n && code == -1; i++) {
		if ((s->nodes[i].rests_until > monotonic_s()) != also_resting)
			continue;
		code = ask_node(c, &s->nodes[i], sql, ret, err);
		if (lacks_tables(code) && make_schema(c, &s->nodes[i], err) == 0)
			code = ask_node(c, &s->nodes[i], sql, ret, err);
	}
	return code;
}

void clickhouse_be_patient(struct clickhouse *c)
{
	c->is_patient = true;
}

int clickhouse_ask_shard(struct clickhouse *c, unsigned shard, const char *sql,
			 struct clickhouse_answer *ret, struct errmsg *err)
{
	int code = -1;

	*ret = (struct clickhouse_answer){0};
	for (int resting = 0; resting < 2 && code == -1; resting++)
		code = ask_of(c, &c->shards[shard], sql, ret, resting, err);
	return code == 0 ? ERR_OK : ERR_IO;
}

int clickhouse_ask(struct clickhouse *c, const char *sql, struct clickhouse_answer *ret,
		   struct errmsg *err)
{
	int code = -1;

	*ret = (struct clickhouse_answer){0};
	for (int resting = 0; resting < 2; resting++) {
		for (unsigned s = 0; s < c->n && code != 0; s++) {
			int own = ask_of(c, &c->shards[s], sql, ret, resting, err);

			/* A question that is wrong is wrong everywhere; a server that only
			 * lacks a neighbour is not the last word. */
			code = own;
		}
		if (code == 0)
			return ERR_OK;
	}
	return ERR_IO;
}

/* --- blocks --- */

struct delivery {
	const struct clickhouse_block *block;
	struct call call;
	unsigned shard, node; /* where it is tried */
	unsigned tried_shards, turns;
	uint8_t tried[CLICKHOUSE_SHARDS]; /* replicas of each, as bits */
	bool in, over;
};

/* The next server: the block's shard first, then the others; those that rest come last. */
static bool choose(struct clickhouse *c, struct delivery *d)
{
	int64_t now = monotonic_s();

	for (int resting = 0; resting < 2; resting++) {
		for (unsigned i = 0; i < c->n; i++) {
			unsigned at = (d->block->shard + i) % c->n;
			struct shard *s = &c->shards[at];

			for (unsigned k = 0; k < s->n; k++) {
				bool rests = s->rests_until > now || s->nodes[k].rests_until > now;

				if ((d->tried[at] & (1u << k)) || (rests && !resting))
					continue;
				d->shard = at;
				d->node = k;
				return true;
			}
		}
	}
	return false;
}

static void start(struct clickhouse *c, struct delivery *d)
{
	struct shard *s = &c->shards[d->shard];
	char settings[160], query[600];

	/* A block that comes again is not told apart by ClickHouse but by its records' ids: 18.16
	 * answers "known" to a second attempt without asking whether the first is on two replicas.
	 */
	snprintf(settings, sizeof(settings), "insert_deduplicate=0");
	if (s->n > 1)
		snprintf(settings, sizeof(settings),
			 "insert_deduplicate=0&insert_quorum=2&insert_quorum_timeout=%d",
			 QUORUM_MS);
	snprintf(query, sizeof(query), "INSERT INTO %s FORMAT TabSeparated", d->block->into);
	d->call.curl = d->call.curl ? d->call.curl : curl_easy_init();
	if (!d->call.curl)
		return;
	curl_easy_reset(d->call.curl);
	clear(&d->call);
	set_up(c, &d->call, &s->nodes[d->node], settings, query, d->block->rows, CLICKHOUSE_MOST_S);
	curl_multi_add_handle(c->multi, d->call.curl);
}

static void wait_a_turn(void)
{
	uint16_t random = 0;
	struct timespec pause = {0, 20000000};

	(void)getrandom(&random, sizeof(random), GRND_NONBLOCK);
	pause.tv_nsec += random * 1000;
	nanosleep(&pause, NULL);
}

/* What the attempt came to, and what follows from it. */
static void judge(struct clickhouse *c, struct delivery *d, CURLcode code, struct errmsg *err)
{
	struct shard *s = &c->shards[d->shard];
	struct node *node = &s->nodes[d->node];
	int number = outcome(&d->call, code, node, err);

	if (number == 0) {
		node->rests_until = s->rests_until = 0;
		d->in = d->over = true;
		return;
	}
	if (lacks_tables(number) && d->turns++ < 2 && make_schema(c, node, err) == 0)
		return;
	/* Several ingest nodes insert in turn. */
	if (number == CODE_PREVIOUS_QUORUM && strstr(d->call.answer.text, "already started") &&
	    d->turns++ < TURNS) {
		wait_a_turn();
		return;
	}
	if (number == -1) {
		d->tried[d->shard] |= (uint8_t)(1u << d->node);
		node->rests_until = monotonic_s() + NODE_REST_S;
	} else {
		d->tried[d->shard] = 0xff;
		s->rests_until = monotonic_s() + SHARD_REST_S;
	}
}

/* All that were started, to their ends. */
static void drive(struct clickhouse *c)
{
	int running = 1;

	while (running) {
		if (curl_multi_perform(c->multi, &running) != CURLM_OK)
			break;
		if (running)
			curl_multi_poll(c->multi, NULL, 0, 1000, NULL);
	}
}

static CURLcode result_of(struct clickhouse *c, CURL *curl)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		if (m->msg == CURLMSG_DONE)
			curl_easy_setopt(m->easy_handle, CURLOPT_PRIVATE,
					 (void *)(uintptr_t)(m->data.result + 1));
	}
	char *kept = NULL;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &kept);
	return kept ? (CURLcode)((uintptr_t)kept - 1) : CURLE_RECV_ERROR;
}

static void attempt_all(struct clickhouse *c, struct delivery *list, size_t n, struct errmsg *err)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].over)
			continue;
		list[i].over = !choose(c, &list[i]);
		if (!list[i].over)
			start(c, &list[i]);
	}
	drive(c);
	for (size_t i = 0; i < n; i++) {
		CURLcode code;

		if (list[i].over)
			continue;
		code = result_of(c, list[i].call.curl);
		curl_multi_remove_handle(c->multi, list[i].call.curl);
		judge(c, &list[i], code, err);
	}
}

int clickhouse_insert(struct clickhouse *c, const struct clickhouse_block *blocks, size_t n,
		      struct errmsg *err)
{
	struct delivery *list = n ? calloc(n, sizeof(*list)) : NULL;
	bool open = n > 0, all = true;

	if (n && !list)
		return errmsg_set(err, ERR_NOMEM, "no memory for the history");
	for (size_t i = 0; i < n; i++)
		list[i].block = &blocks[i];
	while (open) {
		attempt_all(c, list, n, err);
		open = false;
		for (size_t i = 0; i < n; i++)
			open = open || !list[i].over;
	}
	for (size_t i = 0; i < n; i++) {
		all = all && list[i].in;
		clear(&list[i].call);
		curl_easy_cleanup(list[i].call.curl);
	}
	free(list);
	return all ? ERR_OK : ERR_IO;
}
