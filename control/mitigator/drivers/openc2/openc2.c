#include "control/mitigator/drivers/openc2/openc2.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/mitigator/drivers/device.h"
#include "control/mitigator/drivers/kept.h"
#include "control/mitigator/drivers/openc2/talk.h"
#include "dataplane/base/clock.h"

enum { LIST_MS = 30000, AGAIN_MS = 100, PAUSE_MAX_MS = 400, TARGETS = TARGET_IPS + 1 };

/* One order's workspace. */
struct work {
	const struct driver_config *config;
	const struct driver_order *order;
	struct driver_answer *answer;
	struct driver_sink *sink;
	struct kept_book *book;
	struct talk *talk;
	uint64_t until; /* monotonic ns */
	bool once;	/* what is under way is not waited for */
	struct openc2_target targets[TARGETS];
	unsigned targets_n;
	struct openc2_message got; /* the last answer */
	struct errmsg e;
};

static uint64_t clock_now(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* ---- commands ---- */

static void add_target(struct work *w, enum openc2_target_kind kind, const char *name)
{
	struct openc2_target *t = &w->targets[w->targets_n++];

	*t = (struct openc2_target){.kind = kind};
	snprintf(t->name, sizeof(t->name), "%s", name);
}

static void find_targets(struct work *w)
{
	const struct cut_target *host = &w->order->target;
	bool has_mac = mac_addr_is_host(&host->mac);

	w->targets_n = 0;
	if (strcmp(w->config->target, "address") == 0) {
		for (unsigned i = 0; i < host->ips_n; i++) {
			bool v4 = ip_addr_is_v4(&host->ips[i]);

			add_target(w, v4 ? OPENC2_T_IPV4_NET : OPENC2_T_IPV6_NET,
				   v4 ? "ipv4_net" : "ipv6_net");
			w->targets[i].addr = host->ips[i];
			w->targets[i].bits = 128;
		}
	} else if (strcmp(w->config->target, "mac") == 0 && has_mac) {
		add_target(w, OPENC2_T_MAC, "mac_addr");
		w->targets[0].mac = host->mac;
	} else if (strcmp(w->config->target, "device") == 0 && (has_mac || w->order->host[0])) {
		add_target(w, OPENC2_T_DEVICE, "device");
		snprintf(w->targets[0].hostname, sizeof(w->targets[0].hostname), "%s",
			 w->order->host);
		if (!w->order->host[0])
			mac_addr_text(&host->mac, w->targets[0].device_id);
	}
}

/* By which it is found in the book, and told in sentences. */
static void target_key(const struct openc2_target *t, char ret[TARGET_TEXT])
{
	char text[IP_ADDR_TEXT];

	if (t->kind == OPENC2_T_MAC)
		snprintf(ret, TARGET_TEXT, "%s", mac_addr_text(&t->mac, text));
	else if (t->kind == OPENC2_T_DEVICE)
		snprintf(ret, TARGET_TEXT, "%.63s", t->hostname[0] ? t->hostname : t->device_id);
	else
		snprintf(ret, TARGET_TEXT, "%s", ip_addr_text(&t->addr, text, false));
}

/* The same command again has the same id, which is how a consumer knows that it is the same. */
static void command_id(const struct work *w, const char *what, const char *key, char ret[OPENC2_ID])
{
	char text[DRIVER_ID + TARGET_TEXT + 32];
	uint8_t sum[32];

	snprintf(text, sizeof(text), "%s %s %s", w->order->command_id, what, key);
	mbedtls_sha256_ret((const uint8_t *)text, strlen(text), sum, 0);
	openc2_uuid(sum, ret);
}

/* Where the profile can say it (ER), what stays reachable. */
static json_t *permitted(const struct driver_order *o)
{
	json_t *v4 = json_array(), *v6 = json_array(), *all = json_object();
	char text[IP_PREFIX_TEXT];

	for (unsigned i = 0; i < o->exempts_n; i++) {
		const struct driver_prefix *p = &o->exempts[i];
		bool is_v4 = ip_addr_is_v4(&p->addr) && p->bits >= 96;

		json_array_append_new(is_v4 ? v4 : v6,
				      json_string(ip_prefix_text(&p->addr, p->bits, text)));
	}
	if (json_array_size(v4))
		json_object_set(all, "ipv4_net", v4);
	if (json_array_size(v6))
		json_object_set(all, "ipv6_net", v6);
	json_decref(v4);
	json_decref(v6);
	return all;
}

static json_t *profile_args(const struct work *w)
{
	json_t *er, *all;

	if (strcmp(w->config->order, "contain") != 0)
		return NULL;
	all = permitted(w->order);
	er = json_pack("{ss}", "device_containment", "network_isolation");
	if (json_object_size(all))
		json_object_set(er, "permitted_addresses", all);
	json_decref(all);
	return json_pack("{so}", "er", er);
}

static json_t *actuator_value(const struct work *w)
{
	return w->config->asset_id[0] ? json_pack("{ss}", "asset_id", w->config->asset_id)
				      : json_object();
}

/* Sends, and asks again while it is under way. ERR_AGAIN also when it still is in the end. */
static int converse(struct work *w, const struct openc2_command *c)
{
	struct timespec pause = {0, AGAIN_MS * 1000000l};

	for (;;) {
		uint64_t now = clock_now(CLOCK_MONOTONIC);
		unsigned left = now < w->until ? (unsigned)((w->until - now) / NS_PER_MS) + 1 : 1;
		int rc;

		openc2_message_done(&w->got);
		rc = talk_ask(w->talk, c, left, &w->got, &w->e);
		if (rc < 0)
			return rc;
		if (w->once || w->got.response.status != 102 || left <= 2 * AGAIN_MS)
			return 0;
		nanosleep(&pause, NULL);
	}
}

static int order_it(struct work *w, enum openc2_action action, const struct openc2_target *t)
{
	struct openc2_command c = {.action = action,
				   .target = *t,
				   .has_args = true,
				   .response = OPENC2_RESPONSE_COMPLETE};
	bool cuts = action == OPENC2_DENY || action == OPENC2_CONTAIN;
	char key[TARGET_TEXT];
	int rc;

	if (t->kind == OPENC2_T_RULE)
		snprintf(key, sizeof(key), "rule %llu", (unsigned long long)t->rule);
	else
		target_key(t, key);
	command_id(w, openc2_action_name(action), key, c.command_id);
	if (cuts) {
		c.more_args = profile_args(w);
		/* It ends there by itself too, whatever becomes of us (Q8). */
		c.has_stop = w->order->lease_expires != 0;
		c.stop = w->order->lease_expires / NS_PER_MS;
	}
	/* A deletion names nothing but the rule (SLPF 2.3.4.1). */
	if (t->kind != OPENC2_T_RULE) {
		snprintf(c.actuator, sizeof(c.actuator), "%s",
			 strcmp(w->config->order, "contain") == 0 ? "er" : "slpf");
		c.actuator_value = actuator_value(w);
	}
	rc = converse(w, &c);
	json_decref(c.more_args);
	json_decref(c.actuator_value);
	return rc;
}

/* ---- answers ---- */

static enum driver_outcome outcome_of_error(int rc)
{
	return rc == ERR_AGAIN || rc == ERR_LIMIT ? DRIVER_AWAY
	       : rc == ERR_DENIED		  ? DRIVER_REFUSED
						  : DRIVER_FAILED;
}

static enum driver_outcome outcome_of_status(unsigned status)
{
	switch (status) {
	case 102:
	case 200:
		return DRIVER_DONE;
	case 500:
		return DRIVER_FAILED;
	case 503:
		return DRIVER_AWAY;
	default:
		return DRIVER_REFUSED;
	}
}

static void say_status(struct work *w, const char *key)
{
	const struct openc2_response *r = &w->got.response;

	driver_say(w->sink, w->answer, outcome_of_status(r->status), "%.60s: %u, %.70s%s%.80s", key,
		   r->status, openc2_status_words(r->status), r->text[0] ? ": " : "", r->text);
}

static void say_error(struct work *w, int rc)
{
	driver_say(w->sink, w->answer, outcome_of_error(rc), "%s", w->e.text);
}

/* ---- the book ---- */

static struct kept row_for(const struct work *w, const struct openc2_target *t)
{
	struct kept k = {.cut = w->order->cut,
			 .number = w->order->number,
			 .state = KEPT_ORDERED,
			 .mac = w->order->target.mac};

	target_key(t, k.port);
	/* By what kind of name it is to be released. */
	snprintf(k.device, sizeof(k.device), "%s", t->name);
	return k;
}

static void put_rule(struct kept *k, uint64_t rule)
{
	k->memo_n = sizeof(rule);
	memcpy(k->memo, &rule, sizeof(rule));
}

static uint64_t rule_of(const struct kept *k)
{
	uint64_t rule = 0;

	if (k->memo_n == sizeof(rule))
		memcpy(&rule, k->memo, sizeof(rule));
	return rule;
}

/* ---- verbs ---- */

static const struct kept *held_already(const struct kept *rows, int n, const struct kept *k)
{
	for (int i = 0; i < n; i++) {
		if (rows[i].state == KEPT_HELD && rows[i].number == k->number &&
		    strcmp(rows[i].port, k->port) == 0)
			return &rows[i];
	}
	return NULL;
}

/* False: it is answered. */
static bool apply_one(struct work *w, const struct openc2_target *t, struct kept *k)
{
	enum openc2_action action =
		strcmp(w->config->order, "contain") == 0 ? OPENC2_CONTAIN : OPENC2_DENY;
	int rc = kept_put(w->book, k, &w->e);

	if (rc == 0)
		rc = order_it(w, action, t);
	if (rc == 0 && outcome_of_status(w->got.response.status) == DRIVER_DONE) {
		put_rule(k, openc2_rule_number(w->got.response.results));
		k->state = w->got.response.status == 200 ? KEPT_HELD : KEPT_ORDERED;
		rc = kept_put(w->book, k, &w->e);
		if (rc == 0)
			return true;
	} else if (rc == 0) {
		/* It said no: there is nothing of the cut there. */
		if (outcome_of_status(w->got.response.status) == DRIVER_REFUSED)
			kept_drop(w->book, k, &w->e);
		say_status(w, k->port);
		return false;
	}
	say_error(w, rc);
	return false;
}

static void apply(struct work *w)
{
	struct kept *rows = NULL;
	int n = kept_all(w->book, w->order->cut, &rows, &w->e);
	bool waits = false;

	find_targets(w);
	if (w->targets_n == 0)
		driver_say(w->sink, w->answer, DRIVER_REFUSED,
			   "the host's %s is not known, by which it is ordered", w->config->target);
	for (unsigned i = 0; n >= 0 && i < w->targets_n; i++) {
		struct kept k = row_for(w, &w->targets[i]);

		if (held_already(rows, n, &k))
			continue;
		if (!apply_one(w, &w->targets[i], &k)) {
			free(rows);
			return;
		}
		waits = waits || k.state != KEPT_HELD;
	}
	free(rows);
	if (n < 0)
		say_error(w, n);
	else if (w->targets_n)
		driver_say(w->sink, w->answer, DRIVER_DONE, "%u of %u targets %s%s%.100s",
			   w->targets_n, w->targets_n,
			   waits ? "accepted, not yet confirmed" : "cut",
			   w->got.response.text[0] ? ": " : "", w->got.response.text);
}

static struct openc2_target target_of(const struct kept *k)
{
	struct openc2_target t = {.bits = 128};
	uint64_t rule = rule_of(k);

	if (rule) {
		t = (struct openc2_target){.kind = OPENC2_T_RULE, .rule = rule};
		snprintf(t.name, sizeof(t.name), "slpf:rule_number");
		return t;
	}
	snprintf(t.name, sizeof(t.name), "%.63s", k->device);
	if (strcmp(k->device, "mac_addr") == 0) {
		t.kind = OPENC2_T_MAC;
		mac_addr_parse(k->port, &t.mac);
	} else if (strcmp(k->device, "device") == 0) {
		t.kind = OPENC2_T_DEVICE;
		snprintf(mac_addr_parse(k->port, &t.mac) == 0 ? t.device_id : t.hostname,
			 sizeof(t.hostname), "%s", k->port);
	} else {
		t.kind = strcmp(k->device, "ipv4_net") == 0 ? OPENC2_T_IPV4_NET : OPENC2_T_IPV6_NET;
		ip_addr_parse(k->port, &t.addr);
	}
	return t;
}

/* Carried out; or there is no such rule any more; or ours is gone and somebody else's stands, which
 * a consumer of this product says. */
static bool is_gone(const struct openc2_response *r)
{
	return r->status == 200 || r->status == 404 ||
	       (r->status == 403 &&
		json_object_get(json_object_get(r->results, "x-banken"), "state"));
}

/* By its number; where deletions are not known, by allowing the target again. */
static int release_one(struct work *w, struct kept *k)
{
	struct openc2_target t = target_of(k);
	struct kept plain = *k;
	int rc = order_it(w, t.kind == OPENC2_T_RULE ? OPENC2_DELETE : OPENC2_ALLOW, &t);

	if (rc == 0 && t.kind == OPENC2_T_RULE && w->got.response.status == 501) {
		plain.memo_n = 0;
		t = target_of(&plain);
		rc = order_it(w, OPENC2_ALLOW, &t);
	}
	return rc;
}

/* One order of a batch. */
struct leaving {
	const struct driver_order *order;
	struct kept *rows;
	int n, gone;	/* rows, and how many of them are released there */
	uint64_t until; /* monotonic ns */
	enum { LEAVING_WAITS, LEAVING_GONE, LEAVING_TOLD } stage;
};

static void answer_for(struct work *w, const struct leaving *l)
{
	w->order = l->order;
	w->answer->verb = DRIVER_RELEASE;
	w->answer->cut = l->order->cut;
	w->answer->number = l->order->number;
}

static void begin_leaving(struct work *w, struct leaving *l, const struct driver_order *o)
{
	*l = (struct leaving){.order = o};
	answer_for(w, l);
	l->n = w->talk ? kept_all(w->book, o->cut, &l->rows, &w->e) : ERR_IO;
	if (l->n >= 0)
		return;
	driver_say(w->sink, w->answer, DRIVER_FAILED, "%s", w->e.text);
	l->stage = LEAVING_TOLD;
}

/* 503 is one's own trouble; who has had enough requests (ERR_LIMIT) wants none for the others. */
static bool is_not_yet(const struct work *w, int rc)
{
	unsigned status = w->got.response.status;

	return rc == ERR_LIMIT || (rc == 0 && (status == 102 || status == 503));
}

static void tell_left(struct work *w, struct leaving *l, int rc)
{
	l->stage = LEAVING_TOLD;
	if (rc < 0)
		say_error(w, rc);
	else if (w->got.response.status == 102)
		/* Not yet is no confirmation: asked again. */
		driver_say(w->sink, w->answer, DRIVER_AWAY, "%s: the release is under way there",
			   l->rows[l->gone].port);
	else
		say_status(w, l->rows[l->gone].port);
}

/* Asks for the rows in turn, up to the first that is only under way there. */
static int leave(struct work *w, struct leaving *l)
{
	int rc = 0;

	answer_for(w, l);
	if (!l->until)
		l->until = clock_now(CLOCK_MONOTONIC) + w->config->timeout_ms * NS_PER_MS;
	w->until = l->until;
	while (l->gone < l->n) {
		rc = release_one(w, &l->rows[l->gone]);
		if (rc < 0 || !is_gone(&w->got.response))
			break;
		l->gone++;
	}
	if (l->gone == l->n)
		l->stage = LEAVING_GONE;
	else if (!is_not_yet(w, rc) || clock_now(CLOCK_MONOTONIC) >= l->until)
		tell_left(w, l, rc);
	return rc == ERR_LIMIT && l->stage == LEAVING_TOLD ? ERR_AGAIN : rc;
}

/* What is gone leaves the book in one step before it is told; without that step it is asked again,
 * and is gone still. */
static void tell_gone(struct work *w, struct leaving *all, unsigned n)
{
	int rc = kept_begin(w->book, &w->e);

	for (unsigned i = 0; i < n; i++) {
		for (int k = 0; rc == 0 && all[i].stage == LEAVING_GONE && k < all[i].n; k++)
			rc = kept_drop(w->book, &all[i].rows[k], &w->e);
	}
	if (rc == 0)
		rc = kept_commit(w->book, &w->e);
	for (unsigned i = 0; i < n; i++) {
		if (all[i].stage != LEAVING_GONE)
			continue;
		answer_for(w, &all[i]);
		all[i].stage = LEAVING_TOLD;
		if (rc < 0)
			say_error(w, rc);
		else
			driver_say(w->sink, w->answer, DRIVER_DONE, "%d targets allowed again",
				   all[i].n);
	}
}

/* Once through those that wait. True: some still do. */
static bool leave_all(struct work *w, struct leaving *all, unsigned n)
{
	bool waits = false;
	int rc = 0;

	for (unsigned i = 0; i < n; i++) {
		if (all[i].stage != LEAVING_WAITS)
			continue;
		if (rc == ERR_AGAIN && all[i].n) {
			/* Who is away is not asked for the others. */
			answer_for(w, &all[i]);
			tell_left(w, &all[i], rc);
		} else if (!all[i].n) {
			leave(w, &all[i]);
		} else if (rc != ERR_LIMIT) {
			rc = leave(w, &all[i]);
		}
		waits = waits || all[i].stage == LEAVING_WAITS;
	}
	tell_gone(w, all, n);
	return waits;
}

/* Not every consumer has what this driver would order. */
static bool has_pair(const struct openc2_response *r, const struct driver_config *c)
{
	const json_t *targets = json_object_get(json_object_get(r->results, "pairs"), c->order);
	const char *name = strcmp(c->target, "mac") == 0      ? "mac_addr"
			   : strcmp(c->target, "device") == 0 ? "device"
							      : "ipv4_net";
	const json_t *item;
	size_t i;

	json_array_foreach(targets, i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return !json_object_get(r->results, "pairs"); /* it does not tell */
}

static void list(struct work *w)
{
	struct openc2_command c = {
		.action = OPENC2_QUERY,
		.target = {.kind = OPENC2_T_FEATURES,
			   .name = "features",
			   .features = OPENC2_F_VERSIONS | OPENC2_F_PROFILES | OPENC2_F_PAIRS},
		.has_args = true,
		.response = OPENC2_RESPONSE_COMPLETE};
	int rc = converse(w, &c);

	if (rc < 0)
		say_error(w, rc);
	else if (w->got.response.status != 200)
		say_status(w, "query features");
	else if (!has_pair(&w->got.response, w->config))
		driver_say(w->sink, w->answer, DRIVER_REFUSED,
			   "the consumer does not know %s with target %s", w->config->order,
			   w->config->target);
	else
		kept_list(w->book, w->answer, w->sink);
}

static void set_up(struct work *w)
{
	w->book = kept_open(w->config->book, &w->e);
	w->talk = w->book ? talk_new(w->config, &w->e) : NULL;
}

static void carry_out(struct work *w, const struct driver_order *o)
{
	static void (*const verbs[])(struct work *) = {
		[DRIVER_APPLY] = apply, [DRIVER_LIST] = list};

	w->order = o;
	w->until = clock_now(CLOCK_MONOTONIC) + w->config->timeout_ms * NS_PER_MS;
	if ((unsigned)o->verb >= ARRAY_SIZE(verbs) || !verbs[o->verb])
		driver_say(w->sink, w->answer, DRIVER_REFUSED, "OpenC2 has no port table");
	else if (!w->talk)
		driver_say(w->sink, w->answer, DRIVER_FAILED, "%s", w->e.text);
	else
		verbs[o->verb](w);
	openc2_message_done(&w->got);
}

static void done(struct work *w)
{
	talk_free(w->talk);
	kept_close(w->book);
}

/* One conversation for all of them, and none waits for another: what is under way at the consumer
 * is asked after when all have been ordered. */
static void release_many(const struct driver_config *c, const struct driver_order *orders,
			 unsigned n, struct driver_answer *scratch, struct driver_sink *sink)
{
	struct work w = {.config = c, .answer = scratch, .sink = sink, .once = true};
	struct leaving *all = calloc(n, sizeof(*all));
	unsigned pause_ms = AGAIN_MS;

	if (!all)
		return; /* as if they had been lost: they are ordered again */
	set_up(&w);
	for (unsigned i = 0; i < n; i++)
		begin_leaving(&w, &all[i], &orders[i]);
	while (w.talk && leave_all(&w, all, n)) {
		struct timespec pause = {0, pause_ms * 1000000l};

		nanosleep(&pause, NULL);
		if (pause_ms < PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	for (unsigned i = 0; i < n; i++)
		free(all[i].rows);
	free(all);
	openc2_message_done(&w.got);
	done(&w);
}

static void run(const struct driver_config *c, const struct driver_order *o,
		struct driver_answer *scratch, struct driver_sink *sink)
{
	struct work w = {.config = c, .answer = scratch, .sink = sink};

	if (o->verb == DRIVER_RELEASE) {
		release_many(c, o, 1, scratch, sink);
		return;
	}
	set_up(&w);
	carry_out(&w, o);
	done(&w);
}

/* ---- configuration ---- */

static int check_file(const struct driver_config *c, const char *key, const char *path,
		      struct errmsg *e)
{
	if (path[0] && (path[0] != '/' || access(path, R_OK) < 0))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: %s must be the absolute path of a file that can be "
				  "read",
				  c->name, key);
	return 0;
}

static int check_words(const struct driver_config *c, struct errmsg *e)
{
	if (strncmp(c->url, "https://", 8) != 0 || !c->url[8])
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: url must be the consumer's https address, as "
				  "https://fw.example/.well-known/openc2",
				  c->name);
	if (strcmp(c->order, "deny") != 0 && strcmp(c->order, "contain") != 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order must be deny or contain, not \"%s\"", c->name,
				  c->order);
	if (strcmp(c->target, "address") != 0 && strcmp(c->target, "mac") != 0 &&
	    strcmp(c->target, "device") != 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: target must be address, mac or device, not \"%s\"",
				  c->name, c->target);
	return 0;
}

int driver_openc2_check(const struct driver_config *c, struct errmsg *e)
{
	if (check_words(c, e) < 0 || check_file(c, "ca-file", c->ca_file, e) < 0 ||
	    check_file(c, "cert-file", c->cert_file, e) < 0 ||
	    check_file(c, "key-file", c->key_file, e) < 0)
		return ERR_INVALID;
	if (!c->cert_file[0] != !c->key_file[0])
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: cert-file and key-file belong together", c->name);
	if (!c->cert_file[0] && !c->token_file[0])
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: the consumer must know who we are: cert-file with "
				  "key-file, or token-file",
				  c->name);
	if (c->token_file[0])
		return device_secret_check(c, "token-file", c->token_file, 8, e);
	return 0;
}

static const char *warning(const struct driver_config *c)
{
	return strcmp(c->order, "deny") == 0
		       ? "order deny cannot say which addresses stay reachable: the host reaches "
			 "nothing through that consumer (order contain can)"
		       : NULL;
}

const struct driver_desc driver_openc2 = {
	.name = "openc2",
	.summary = "has another system cut the host, ordered in OpenC2 1.0 over HTTPS",
	.place = DRIVER_HELPER,
	.holds = true,
	.unprivileged = true,
	.sandbox = SANDBOX_DELIVER,
	.list_ms = LIST_MS,
	.check = driver_openc2_check,
	.warning = warning,
	.run = run,
	.release_many = release_many,
};
