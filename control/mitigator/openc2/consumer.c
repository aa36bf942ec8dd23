#include "control/mitigator/openc2/consumer.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/openc2/ledger.h"
#include "dataplane/base/clock.h"

struct openc2_consumer {
	struct ledger *ledger;
	struct openc2_ops ops;
	char name[OPENC2_PARTY];
	uint64_t minute; /* of now */
	unsigned taken;	 /* in it */
};

static const char type_message[] = "application/openc2+json;version=1.0";
static const char type_bare[] = "application/openc2-rsp+json;version=1.0"; /* of HTTPS 1.0 */

/* One command on its way to its answer. */
struct work {
	struct openc2_consumer *c;
	const struct openc2_asking *q;
	struct openc2_message m;
	struct ledger_entry entry;
	struct openc2_order order;
	struct openc2_response answer;
	char actor[64];
	struct errmsg e;
};

struct openc2_consumer *openc2_consumer_new(sqlite3 *db, const char *name,
					    const struct openc2_ops *ops, struct errmsg *e)
{
	struct openc2_consumer *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ops = *ops;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->ledger = ledger_new(db, e);
	if (!c->ledger) {
		free(c);
		return NULL;
	}
	return c;
}

void openc2_consumer_free(struct openc2_consumer *c)
{
	if (!c)
		return;
	ledger_free(c->ledger);
	free(c);
}

/* ---- answers ---- */

static unsigned status_of(int err)
{
	switch (err) {
	case ERR_OK:
		return 200;
	case ERR_INVALID:
		return 400;
	case ERR_DENIED:
		return 403;
	case ERR_NOTFOUND:
		return 404;
	case ERR_UNSUPPORTED:
		return 501;
	case ERR_AGAIN:
	case ERR_LIMIT:
		return 503;
	default:
		return 500;
	}
}

/* Status and sentence; results stay as they are. */
static void say(struct work *w, unsigned status, const char *text)
{
	w->answer.status = status;
	snprintf(w->answer.text, sizeof(w->answer.text), "%.*s", OPENC2_TEXT - 1, text);
}

static void refuse(struct work *w, int err)
{
	json_decref(w->answer.results);
	w->answer.results = NULL;
	say(w, status_of(err), w->e.text);
}

static const struct {
	enum openc2_action action;
	enum openc2_target_kind targets[5];
	unsigned n;
} pairs[] = {
	{OPENC2_QUERY, {OPENC2_T_FEATURES}, 1},
	{OPENC2_DENY, {OPENC2_T_IPV4_NET, OPENC2_T_IPV6_NET, OPENC2_T_MAC, OPENC2_T_DEVICE}, 4},
	{OPENC2_CONTAIN, {OPENC2_T_DEVICE, OPENC2_T_MAC, OPENC2_T_IPV4_NET, OPENC2_T_IPV6_NET}, 4},
	{OPENC2_ALLOW, {OPENC2_T_IPV4_NET, OPENC2_T_IPV6_NET, OPENC2_T_MAC, OPENC2_T_DEVICE}, 4},
	{OPENC2_DELETE, {OPENC2_T_RULE}, 1},
	{OPENC2_CANCEL, {OPENC2_T_COMMAND}, 1},
};

static const char *const target_names[] = {
	[OPENC2_T_FEATURES] = "features",     [OPENC2_T_DEVICE] = "device",
	[OPENC2_T_MAC] = "mac_addr",	      [OPENC2_T_IPV4_NET] = "ipv4_net",
	[OPENC2_T_IPV6_NET] = "ipv6_net",     [OPENC2_T_COMMAND] = "command",
	[OPENC2_T_RULE] = "slpf:rule_number",
};

static json_t *pairs_json(void)
{
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		json_t *list = json_array();

		for (unsigned k = 0; k < pairs[i].n; k++)
			json_array_append_new(list, json_string(target_names[pairs[i].targets[k]]));
		json_object_set_new(o, openc2_action_name(pairs[i].action), list);
	}
	return o;
}

/* 4.1: no other argument than response_requested complete. */
static void query_features(struct work *w)
{
	const struct openc2_command *c = &w->m.command;
	unsigned f = c->target.features;
	json_t *o = json_object();

	if (c->has_start || c->has_stop || c->has_duration || c->more_args ||
	    (c->response && c->response != OPENC2_RESPONSE_COMPLETE)) {
		json_decref(o);
		say(w, 400, "query features takes no argument but response_requested complete");
		return;
	}
	if (f & OPENC2_F_VERSIONS)
		json_object_set_new(o, "versions", json_pack("[s]", "1.0"));
	if (f & OPENC2_F_PROFILES)
		json_object_set_new(o, "profiles", json_pack("[sss]", "slpf", "er", "x-banken"));
	if (f & OPENC2_F_PAIRS)
		json_object_set_new(o, "pairs", pairs_json());
	if (f & OPENC2_F_RATE)
		json_object_set_new(o, "rate_limit", json_integer(OPENC2_A_MINUTE));
	w->answer.status = 200;
	if (json_object_size(o))
		w->answer.results = json_incref(o);
	json_decref(o);
}

/* How a cut stands, as OpenC2 says it. `release`: it is to be gone. */
static void answer_state(struct work *w, uint64_t cut, bool release)
{
	struct openc2_state s;
	int rc = w->c->ops.look(w->c->ops.ctx, cut, &s, &w->e);
	bool leaves, over;

	if (rc < 0) {
		refuse(w, rc);
		return;
	}
	leaves = s.state == CUT_RELEASING || s.state == CUT_ENDING;
	over = cut_state_final(s.state);
	if (release)
		say(w,
		    over     ? 200
		    : leaves ? 102
			     : 403,
		    over     ? "released"
		    : leaves ? "its release is under way"
			     : "taken back, but somebody else wants it cut, too: a person releases "
			       "it");
	else if (s.state == CUT_REFUSED || s.state == CUT_EXCEPTION ||
		 s.state == CUT_OUTSIDE_POLICY)
		say(w, 403, s.note);
	else if (s.state == CUT_FAILED)
		say(w, 500, s.note);
	else if (s.state == CUT_HELD)
		say(w, 102, s.note);
	else if (s.state == CUT_REQUESTED || s.state == CUT_SENT || s.state == CUT_STILL_SEEN)
		say(w, 102, s.note[0] ? s.note : "under way");
	else
		say(w, 200, s.note);
	json_decref(w->answer.results);
	w->answer.results = json_pack("{s{sI} s{ss ss ss}}", "slpf", "rule_number", (json_int_t)cut,
				      "x-banken", "state", cut_state_text(s.state), "command_id",
				      s.command_id, "method", s.method);
}

static void answer_entry(struct work *w, const struct ledger_entry *en)
{
	if (en->status)
		say(w, en->status, en->text);
	else if (en->start)
		say(w, 102, "waits for its start_time");
	else if (en->cut)
		answer_state(w, en->cut, en->action != OPENC2_DENY && en->action != OPENC2_CONTAIN);
	else
		say(w, 200, "nothing was cut");
}

/* ---- what is asked ---- */

static bool is_pair(const struct openc2_command *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (unsigned k = 0; k < pairs[i].n && pairs[i].action == c->action; k++) {
			if (pairs[i].targets[k] == c->target.kind)
				return true;
		}
	}
	return false;
}

static int check_pair(struct work *w)
{
	const struct openc2_command *c = &w->m.command;
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		known = known || pairs[i].action == c->action;
	if (!known)
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "Command not supported: %s",
				  openc2_action_name(c->action));
	if (!is_pair(c))
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "Target type not supported: %s %s",
				  openc2_action_name(c->action), c->target.name);
	return 0;
}

/* Whom it is for: us, if anybody in particular. */
static int check_actuator(struct work *w)
{
	const struct openc2_command *c = &w->m.command;
	const char *key;
	json_t *v;

	if (c->actuator[0] && strcmp(c->actuator, "slpf") != 0 && strcmp(c->actuator, "er") != 0 &&
	    strcmp(c->actuator, "x-banken") != 0)
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "profile not supported: %s", c->actuator);
	json_object_foreach(c->actuator_value, key, v)
	{
		if (strcmp(key, "asset_id") != 0 && strcmp(key, "hostname") != 0)
			return errmsg_set(&w->e, ERR_UNSUPPORTED, "Option not supported: %.40s",
					  key);
		if (!json_is_string(v) || strcmp(json_string_value(v), w->c->name) != 0)
			return errmsg_set(&w->e, ERR_NOTFOUND, "this actuator's %.40s is %s", key,
					  w->c->name);
	}
	return 0;
}

static int take_permitted(struct work *w, const json_t *list, bool v4)
{
	const json_t *item;
	size_t i;

	if (list && !json_is_array(list))
		return errmsg_set(&w->e, ERR_INVALID, "permitted_addresses must be lists");
	json_array_foreach(list, i, item)
	{
		struct openc2_prefix *p = &w->order.permitted[w->order.permitted_n];
		const char *text = json_string_value(item);

		if (w->order.permitted_n == OPENC2_PERMITTED)
			return errmsg_set(&w->e, ERR_UNSUPPORTED,
					  "more than %d permitted addresses", OPENC2_PERMITTED);
		if (!text || ip_prefix_parse(text, &p->addr, &p->bits) < 0 ||
		    ip_addr_is_v4(&p->addr) != v4)
			return errmsg_set(&w->e, ERR_INVALID,
					  "permitted_addresses must be addresses or ranges");
		w->order.permitted_n++;
	}
	return 0;
}

/* The draft of the endpoint response profile: isolation, but for what is permitted. */
static int take_er(struct work *w, const char *key, const json_t *v)
{
	const char *name;
	json_t *list;

	if (strcmp(key, "device_containment") == 0)
		return json_is_string(v) && strcmp(json_string_value(v), "network_isolation") == 0
			       ? 0
			       : errmsg_set(&w->e, ERR_UNSUPPORTED,
					    "Option not supported: device_containment other than "
					    "network_isolation");
	if (strcmp(key, "permitted_addresses") != 0)
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "Option not supported: er %.40s", key);
	if (!json_is_object(v))
		return errmsg_set(&w->e, ERR_INVALID, "permitted_addresses must be an object");
	json_object_foreach((json_t *)(uintptr_t)v, name, list)
	{
		bool v4 = strcmp(name, "ipv4_net") == 0;
		int rc;

		if (!v4 && strcmp(name, "ipv6_net") != 0)
			return errmsg_set(&w->e, ERR_UNSUPPORTED,
					  "Option not supported: permitted_addresses %.40s", name);
		rc = take_permitted(w, list, v4);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* SLPF: what is cut is dropped, in both directions, for good. */
static int take_slpf(struct work *w, const char *key, const json_t *v)
{
	const char *text = json_is_string(v) ? json_string_value(v) : "";

	if ((strcmp(key, "drop_process") == 0 && strcmp(text, "none") == 0) ||
	    (strcmp(key, "direction") == 0 && strcmp(text, "both") == 0) ||
	    (strcmp(key, "running") == 0 && json_is_false(v)))
		return 0;
	return errmsg_set(&w->e, ERR_UNSUPPORTED, "Option not supported: slpf %.40s", key);
}

static int take_profile_args(struct work *w)
{
	const char *profile, *key;
	json_t *o, *v;
	int rc = 0;

	json_object_foreach(w->m.command.more_args, profile, o)
	{
		json_object_foreach(o, key, v)
		{
			if (strcmp(profile, "slpf") == 0)
				rc = take_slpf(w, key, v);
			else if (strcmp(profile, "er") == 0)
				rc = take_er(w, key, v);
			else if (strcmp(profile, "x-banken") == 0 && strcmp(key, "reason") == 0 &&
				 json_is_string(v))
				snprintf(w->entry.reason, sizeof(w->entry.reason), "%s",
					 json_string_value(v));
			else
				rc = errmsg_set(&w->e, ERR_UNSUPPORTED,
						"Option not supported: %.16s %.40s", profile, key);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

/* 3.3.1.4, from ms; a command whose end is past is an old one sent again. */
static int take_times(struct work *w)
{
	const struct openc2_command *c = &w->m.command;
	uint64_t now = w->q->now / NS_PER_MS, start = c->has_start ? c->start : now;
	uint64_t ahead = OPENC2_AHEAD_S * 1000ull, end = 0;
	bool cuts = c->action == OPENC2_DENY || c->action == OPENC2_CONTAIN;

	if (!cuts && (c->has_stop || c->has_duration))
		return errmsg_set(&w->e, ERR_UNSUPPORTED,
				  "Option not supported: %s for a time only",
				  openc2_action_name(c->action));
	if (!cuts && c->has_start && c->action != OPENC2_ALLOW)
		return errmsg_set(&w->e, ERR_INVALID, "%s takes no time",
				  openc2_action_name(c->action));
	/* Without a start, stop and duration give one. */
	if (c->has_stop && c->has_duration)
		start = c->stop > c->duration ? c->stop - c->duration : 0;
	if (c->has_stop)
		end = c->stop;
	else if (c->has_duration && c->duration <= ahead && start <= now + ahead)
		end = start + c->duration;
	if (start > now + ahead || end > now + ahead || (c->has_duration && c->duration > ahead))
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "times more than a year ahead");
	if ((c->has_stop || c->has_duration) && (end <= now || end <= start))
		return errmsg_set(&w->e, ERR_INVALID, "its time is over already, or empty");
	w->entry.end = end * NS_PER_MS;
	w->entry.start = start > now ? start * NS_PER_MS : 0;
	return 0;
}

static int take_device(struct work *w)
{
	const struct openc2_target *t = &w->m.command.target;
	struct openc2_ops *ops = &w->c->ops;
	char other[OPENC2_HOST];
	int rc = ops->find(ops->ctx, t->device_id[0] ? t->device_id : t->hostname, !t->device_id[0],
			   w->entry.host, &w->e);

	if (rc < 0 || !t->device_id[0] || !t->hostname[0])
		return rc;
	rc = ops->find(ops->ctx, t->hostname, true, other, &w->e);
	if (rc == 0 && strcmp(other, w->entry.host) != 0)
		rc = errmsg_set(&w->e, ERR_NOTFOUND, "hostname and device_id are two hosts");
	return rc;
}

static int take_target(struct work *w)
{
	const struct openc2_target *t = &w->m.command.target;

	if (t->kind == OPENC2_T_DEVICE)
		return take_device(w);
	if (t->kind == OPENC2_T_MAC)
		mac_addr_text(&t->mac, w->entry.host);
	else if (t->kind == OPENC2_T_RULE)
		w->entry.cut = t->rule;
	else if (t->kind != OPENC2_T_COMMAND && t->bits != 128)
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "ranges: one host at a time");
	else if (t->kind != OPENC2_T_COMMAND)
		ip_addr_text(&t->addr, w->entry.host, false);
	return 0;
}

/* ---- carrying out ---- */

static int carry_out(struct work *w)
{
	struct ledger_entry *en = &w->entry;
	struct openc2_ops *ops = &w->c->ops;

	w->order.actor = w->actor;
	w->order.reason = en->reason;
	w->order.end = en->end;
	w->order.cut = en->cut;
	snprintf(w->order.host, sizeof(w->order.host), "%s", en->host);
	en->start = 0;
	if (en->action == OPENC2_DENY || en->action == OPENC2_CONTAIN)
		return ops->cut(ops->ctx, &w->order, &en->cut, &w->e);
	return ops->release(ops->ctx, &w->order, &en->cut, &w->e);
}

static int cancel(struct work *w)
{
	struct ledger_entry old;
	int rc = ledger_find(w->c->ledger, w->actor, w->m.command.target.command, &old);

	if (rc < 0)
		return errmsg_set(&w->e, ERR_NOTFOUND, "no command of that id came from you");
	if (old.start) {
		old.start = 0;
		old.status = 404;
		snprintf(old.text, sizeof(old.text), "cancelled before it began");
		return ledger_save(w->c->ledger, &old, &w->e);
	}
	if ((old.action != OPENC2_DENY && old.action != OPENC2_CONTAIN) || !old.cut)
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "there is nothing to be taken back");
	w->entry.cut = old.cut;
	return carry_out(w);
}

static int begin(struct work *w)
{
	if (w->entry.start && !w->entry.id[0])
		return errmsg_set(&w->e, ERR_INVALID,
				  "what begins later needs a command_id or request_id");
	if (w->entry.start && ledger_waiting(w->c->ledger) >= OPENC2_WAITING)
		return errmsg_set(&w->e, ERR_LIMIT, "%d commands wait for their time already",
				  OPENC2_WAITING);
	/* Addresses to be left reachable are not remembered: the policy has them. */
	if (w->entry.start && w->order.permitted_n)
		return errmsg_set(&w->e, ERR_UNSUPPORTED,
				  "Option not supported: permitted_addresses with start_time");
	if (w->entry.start)
		return 0;
	return w->entry.action == OPENC2_CANCEL ? cancel(w) : carry_out(w);
}

static void note(struct work *w, const char *what)
{
	const struct openc2_command *c = &w->m.command;
	const struct ledger_entry *en = &w->entry;

	w->c->ops.audit(
		w->c->ops.ctx, w->actor, what,
		json_pack("{ss ss ss ss ss sI si ss}", "action", openc2_action_name(en->action),
			  "target", c->target.name[0] ? c->target.name : "later", "host", en->host,
			  "id", en->id, "from", w->q ? w->q->from : "", "cut", (json_int_t)en->cut,
			  "status", (int)w->answer.status, "text", w->answer.text));
}

/* Order, memory and audit in one transaction; a refusal is remembered too. */
static void order(struct work *w)
{
	struct openc2_ops *ops = &w->c->ops;
	int rc = ops->begin(ops->ctx, &w->e);

	if (rc < 0) {
		refuse(w, rc);
		return;
	}
	rc = begin(w);
	w->entry.time = w->q->now;
	if (rc < 0) {
		refuse(w, rc);
		w->entry.start = 0;
		/* What is only for now is not remembered: sent again it may be carried out. */
		w->entry.status = w->answer.status == 503 ? 0 : w->answer.status;
		snprintf(w->entry.text, sizeof(w->entry.text), "%s", w->answer.text);
	} else {
		answer_entry(w, &w->entry);
	}
	if (w->entry.id[0] && w->answer.status != 503 &&
	    ledger_save(w->c->ledger, &w->entry, &w->e) < 0)
		refuse(w, ERR_IO);
	note(w, rc < 0 ? "openc2 refused" : "openc2");
	rc = ops->commit(ops->ctx, &w->e);
	if (rc < 0)
		refuse(w, rc);
	else if (w->answer.status != 503 && !w->entry.status)
		answer_entry(w, &w->entry); /* as it stands after the commit */
}

static void digest(struct work *w)
{
	struct openc2_message bare = w->m;
	uint8_t sum[32];
	char *text;

	bare.bare = true;
	text = openc2_message_write(&bare);
	mbedtls_sha256_ret((const uint8_t *)(text ? text : ""), text ? strlen(text) : 0, sum, 0);
	free(text);
	for (unsigned i = 0; i < sizeof(sum); i++)
		snprintf(w->entry.digest + 2 * i, 3, "%02x", sum[i]);
}

/* A command's own id, or its request's (3.3.1). */
static void take_id(struct work *w)
{
	const char *id = w->m.command.command_id;

	if (!id[0])
		id = w->m.request_id;
	if (!id[0])
		id = w->q->id;
	snprintf(w->entry.id, sizeof(w->entry.id), "%.*s", OPENC2_REQUEST - 1, id);
}

static void command(struct work *w)
{
	struct openc2_consumer *c = w->c;
	struct ledger_entry known;
	int rc;

	w->entry.action = w->m.command.action;
	snprintf(w->entry.actor, sizeof(w->entry.actor), "%s", w->actor);
	snprintf(w->entry.reason, sizeof(w->entry.reason), "ordered by %.64s", w->q->account);
	take_id(w);
	digest(w);
	if (w->entry.id[0] && ledger_find(c->ledger, w->actor, w->entry.id, &known) == 0) {
		if (strcmp(known.digest, w->entry.digest) == 0)
			answer_entry(w, &known);
		else
			say(w, 400, "another command came with this id before");
		return;
	}
	rc = check_actuator(w);
	if (rc == 0)
		rc = take_profile_args(w);
	if (rc == 0)
		rc = take_times(w);
	if (rc == 0)
		rc = take_target(w);
	if (rc < 0)
		refuse(w, rc);
	else
		order(w);
}

/* ---- requests ---- */

/* Media types of HTTPS transfer 1.1 and, without headers, of 1.0. */
static int check_type(struct work *w)
{
	static const char *const types[] = {"application/openc2+json",
					    "application/openc2-cmd+json"};
	const char *type = w->q->type;
	size_t n = strcspn(type, "; \t");
	const char *version = strcasestr(type + n, "version=");

	if (version && strncmp(version + 8 + (version[8] == '"'), "1.", 2) != 0)
		return errmsg_set(&w->e, ERR_UNSUPPORTED, "a version other than 1.0");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (n == strlen(types[i]) && strncasecmp(type, types[i], n) == 0)
			return 0;
	}
	return errmsg_set(&w->e, ERR_INVALID, "send it as Content-Type: %s", type_message);
}

static bool too_often(struct openc2_consumer *c, uint64_t now)
{
	uint64_t minute = now / NS_PER_SEC / 60;

	if (minute != c->minute)
		c->taken = 0;
	c->minute = minute;
	return ++c->taken > OPENC2_A_MINUTE;
}

static void work(struct work *w)
{
	const struct openc2_asking *q = w->q;
	int rc, type;

	if (!q->account[0]) {
		say(w, 401,
		    "a token (or, where they are asked for, a certificate) of an account here is "
		    "missing, or not in force");
		return;
	}
	if (too_often(w->c, q->now)) {
		say(w, 503, "too many commands a minute");
		return;
	}
	rc = openc2_message_read(q->body, &w->m, &w->e); /* first: the answer has its id */
	type = check_type(w);
	rc = type < 0 ? type : rc;
	if (rc == 0 && w->m.kind != OPENC2_REQUEST_MESSAGE)
		rc = errmsg_set(&w->e, ERR_INVALID, "a response is no command");
	if (rc == 0)
		rc = check_pair(w);
	if (rc < 0)
		refuse(w, rc);
	else if (w->m.command.action == OPENC2_QUERY && q->may_see)
		query_features(w);
	else if (!q->may_order)
		say(w, 403, "this account may not order cuts");
	else
		command(w);
}

static void write_reply(struct work *w, struct openc2_reply *ret)
{
	const char *id = w->m.request_id[0] ? w->m.request_id : w->q->id;
	struct openc2_message m = {.bare = w->m.bare && w->m.kind == OPENC2_REQUEST_MESSAGE,
				   .has_headers = true,
				   .created = w->q->now / NS_PER_MS,
				   .kind = OPENC2_RESPONSE_MESSAGE,
				   .response = w->answer};

	ret->status = w->answer.status;
	ret->type = m.bare ? type_bare : type_message;
	ret->text = NULL;
	snprintf(ret->id, sizeof(ret->id), "%s", id);
	if (w->m.command.response == OPENC2_RESPONSE_NONE)
		return;
	if (w->m.command.response == OPENC2_RESPONSE_ACK && m.response.status == 200)
		m.response = (struct openc2_response){.status = ret->status = 102};
	snprintf(m.request_id, sizeof(m.request_id), "%s", id);
	snprintf(m.from, sizeof(m.from), "%s", w->c->name);
	ret->text = openc2_message_write(&m);
	if (!ret->text)
		ret->status = 500;
}

void openc2_consumer_answer(struct openc2_consumer *c, const struct openc2_asking *q,
			    struct openc2_reply *ret)
{
	struct work w = {.c = c, .q = q};

	snprintf(w.actor, sizeof(w.actor), "openc2 %.50s", q->account);
	work(&w);
	write_reply(&w, ret);
	json_decref(w.answer.results);
	openc2_message_done(&w.m);
}

/* ---- time ---- */

void openc2_consumer_tick(struct openc2_consumer *c, uint64_t now)
{
	for (unsigned i = 0; i < OPENC2_WAITING; i++) {
		struct work w = {.c = c};
		int rc;

		if (ledger_due(c->ledger, now, &w.entry) < 0)
			return;
		snprintf(w.actor, sizeof(w.actor), "%s", w.entry.actor);
		if (w.entry.end && w.entry.end <= now)
			rc = errmsg_set(&w.e, ERR_INVALID,
					"its time was over before it could begin");
		else
			rc = carry_out(&w);
		w.entry.start = 0;
		if (rc < 0) {
			refuse(&w, rc);
			w.entry.status = w.answer.status;
			snprintf(w.entry.text, sizeof(w.entry.text), "%s", w.answer.text);
		} else {
			answer_entry(&w, &w.entry);
		}
		note(&w, rc < 0 ? "openc2 refused" : "openc2");
		json_decref(w.answer.results);
		if (ledger_save(c->ledger, &w.entry, &w.e) < 0)
			return;
	}
}
