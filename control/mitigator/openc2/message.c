#include "control/mitigator/openc2/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

static const char *const actions[] = {
	[OPENC2_SCAN] = "scan",
	[OPENC2_LOCATE] = "locate",
	[OPENC2_QUERY] = "query",
	[OPENC2_DENY] = "deny",
	[OPENC2_CONTAIN] = "contain",
	[OPENC2_ALLOW] = "allow",
	[OPENC2_START] = "start",
	[OPENC2_STOP] = "stop",
	[OPENC2_RESTART] = "restart",
	[OPENC2_CANCEL] = "cancel",
	[OPENC2_SET] = "set",
	[OPENC2_UPDATE] = "update",
	[OPENC2_REDIRECT] = "redirect",
	[OPENC2_CREATE] = "create",
	[OPENC2_DELETE] = "delete",
	[OPENC2_DETONATE] = "detonate",
	[OPENC2_RESTORE] = "restore",
	[OPENC2_COPY] = "copy",
	[OPENC2_INVESTIGATE] = "investigate",
	[OPENC2_REMEDIATE] = "remediate",
};

/* 3.3.1.2 */
static const struct target_word {
	const char *name;
	enum openc2_target_kind kind;
} targets[] = {
	{"artifact", OPENC2_T_OTHER},
	{"command", OPENC2_T_COMMAND},
	{"device", OPENC2_T_DEVICE},
	{"domain_name", OPENC2_T_OTHER},
	{"email_addr", OPENC2_T_OTHER},
	{"features", OPENC2_T_FEATURES},
	{"file", OPENC2_T_OTHER},
	{"idn_domain_name", OPENC2_T_OTHER},
	{"idn_email_addr", OPENC2_T_OTHER},
	{"ipv4_net", OPENC2_T_IPV4_NET},
	{"ipv6_net", OPENC2_T_IPV6_NET},
	{"ipv4_connection", OPENC2_T_OTHER},
	{"ipv6_connection", OPENC2_T_OTHER},
	{"iri", OPENC2_T_OTHER},
	{"mac_addr", OPENC2_T_MAC},
	{"process", OPENC2_T_OTHER},
	{"properties", OPENC2_T_OTHER},
	{"uri", OPENC2_T_OTHER},
	{"slpf:rule_number", OPENC2_T_RULE},
};

static const char *const features[] = {"versions", "profiles", "pairs", "rate_limit"};
static const char *const responses[] = {NULL, "none", "ack", "status", "complete"};

const char *openc2_action_name(enum openc2_action a)
{
	return (unsigned)a < ARRAY_SIZE(actions) ? actions[a] : NULL;
}

const char *openc2_status_words(unsigned status)
{
	static const struct {
		unsigned status;
		const char *words;
	} list[] = {
		{102, "accepted, not yet completed"},
		{200, "carried out"},
		{400, "the consumer finds a mistake in the command"},
		{401, "the consumer does not know who we are: certificate or token is missing or "
		      "wrong"},
		{403, "the consumer refuses to do it"},
		{404, "the consumer knows nothing of the kind"},
		{500, "the consumer failed"},
		{501, "the consumer does not support it"},
		{503, "the consumer is busy or down for now"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i].status == status)
			return list[i].words;
	}
	return "a status that OpenC2 1.0 does not have";
}

/* ---- reading ---- */

/* Brackets outside of texts; jansson's own limit is far above the stack that is wanted here. */
static bool too_deep(struct slice text)
{
	unsigned depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];

		if (in_text) {
			i += c == '\\';
			in_text = c != '"';
			continue;
		}
		in_text = c == '"';
		if ((c == '{' || c == '[') && ++depth > OPENC2_DEPTH)
			return true;
		depth -= (c == '}' || c == ']') && depth;
	}
	return false;
}

static bool only_member(const json_t *o, const char **ret_name, json_t **ret_value)
{
	void *at = json_object_size(o) == 1 ? json_object_iter((json_t *)(uintptr_t)o) : NULL;

	if (!at)
		return false;
	*ret_name = json_object_iter_key(at);
	*ret_value = json_object_iter_value(at);
	return true;
}

/* A text of at most cap - 1 bytes; absent is "". */
static int take_text(const json_t *o, const char *key, char *ret, size_t cap, struct errmsg *e)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		return 0;
	if (!json_is_string(v) || json_string_length(v) >= cap)
		return errmsg_set(e, ERR_INVALID, "\"%s\" must be a text of at most %zu bytes", key,
				  cap - 1);
	snprintf(ret, cap, "%s", json_string_value(v));
	return 0;
}

/* Command-ID (3.4.2.16): no white space. */
static int check_id(const char *id, struct errmsg *e)
{
	for (; *id; id++) {
		if ((unsigned char)*id <= ' ' || *id == 0x7f)
			return errmsg_set(e, ERR_INVALID, "an id has no white space");
	}
	return 0;
}

static int take_number(const json_t *o, const char *key, uint64_t *ret, bool *ret_has,
		       struct errmsg *e)
{
	const json_t *v = json_object_get(o, key);

	*ret_has = v != NULL;
	if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
		return errmsg_set(e, ERR_INVALID, "\"%s\" must be a number of milliseconds", key);
	*ret = v ? (uint64_t)json_integer_value(v) : 0;
	return 0;
}

static int read_features(const json_t *v, struct openc2_target *t, struct errmsg *e)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(v) || json_array_size(v) > 10)
		return errmsg_set(e, ERR_INVALID, "\"features\" must be a list of at most 10");
	json_array_foreach(v, i, item)
	{
		const char *name = json_string_value(item);
		bool known = false;

		for (size_t k = 0; name && k < ARRAY_SIZE(features); k++) {
			if (strcmp(name, features[k]) == 0) {
				t->features |= 1u << k;
				known = true;
			}
		}
		if (!known)
			return errmsg_set(e, name ? ERR_UNSUPPORTED : ERR_INVALID,
					  "\"features\": %.40s is none", name ? name : "this");
	}
	return 0;
}

static int read_device(const json_t *v, struct openc2_target *t, struct errmsg *e)
{
	if (json_object_get(v, "idn_hostname"))
		return errmsg_set(e, ERR_UNSUPPORTED, "a device's \"idn_hostname\"");
	if (take_text(v, "hostname", t->hostname, sizeof(t->hostname), e) < 0 ||
	    take_text(v, "device_id", t->device_id, sizeof(t->device_id), e) < 0)
		return ERR_INVALID;
	if (json_object_size(v) != (size_t)(!!t->hostname[0] + !!t->device_id[0]) ||
	    (!t->hostname[0] && !t->device_id[0]))
		return errmsg_set(e, ERR_INVALID,
				  "a device has \"hostname\" or \"device_id\", nothing else, and "
				  "not empty");
	return 0;
}

static int read_net(const json_t *v, struct openc2_target *t, struct errmsg *e)
{
	const char *text = json_string_value(v);
	struct ip_addr whole;
	char address[IP_ADDR_TEXT];
	bool v4 = t->kind == OPENC2_T_IPV4_NET;

	if (!text || ip_prefix_parse(text, &t->addr, &t->bits) < 0 ||
	    ip_addr_is_v4(&t->addr) != v4 || (v4 && t->bits < 96))
		return errmsg_set(e, ERR_INVALID, "\"%s\" must be an IPv%u address or range",
				  t->name, v4 ? 4 : 6);
	t->bare = strchr(text, '/') == NULL;
	/* Bits behind the length are an address, not a range. */
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	if (ip_addr_parse(address, &whole) == 0 && !ip_addr_eq(&whole, &t->addr))
		return errmsg_set(e, ERR_INVALID, "\"%s\": bits are set behind the length",
				  t->name);
	return 0;
}

static int read_target_value(json_t *v, struct openc2_target *t, struct errmsg *e)
{
	const char *text = json_string_value(v);

	switch (t->kind) {
	case OPENC2_T_FEATURES:
		return read_features(v, t, e);
	case OPENC2_T_DEVICE:
		return read_device(v, t, e);
	case OPENC2_T_IPV4_NET:
	case OPENC2_T_IPV6_NET:
		return read_net(v, t, e);
	case OPENC2_T_MAC:
		if (!text || strlen(text) != MAC_ADDR_TEXT - 1 || text[2] != ':' ||
		    mac_addr_parse(text, &t->mac) < 0)
			return errmsg_set(
				e, text && strlen(text) == 23 ? ERR_UNSUPPORTED : ERR_INVALID,
				"\"mac_addr\" must be an EUI-48 as xx:xx:xx:xx:xx:xx");
		return 0;
	case OPENC2_T_COMMAND:
		if (!text || !text[0] || strlen(text) >= sizeof(t->command) ||
		    check_id(text, e) < 0)
			return errmsg_set(e, ERR_INVALID, "\"command\" must be a command's id");
		snprintf(t->command, sizeof(t->command), "%s", text);
		return 0;
	case OPENC2_T_RULE:
		if (!json_is_integer(v) || json_integer_value(v) < 0)
			return errmsg_set(e, ERR_INVALID, "\"slpf:rule_number\" must be a number");
		t->rule = (uint64_t)json_integer_value(v);
		return 0;
	case OPENC2_T_OTHER:
		break;
	}
	t->value = json_incref(v);
	return 0;
}

static int read_target(const json_t *o, struct openc2_target *t, struct errmsg *e)
{
	const char *name;
	json_t *v;

	if (!only_member(o, &name, &v) || strlen(name) >= sizeof(t->name))
		return errmsg_set(e, ERR_INVALID, "\"target\" must be an object of one member");
	snprintf(t->name, sizeof(t->name), "%s", name);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		if (strcmp(targets[i].name, name) == 0) {
			t->kind = targets[i].kind;
			return read_target_value(v, t, e);
		}
	}
	/* A profile's own. */
	t->value = json_incref(v);
	return strchr(name, ':')
		       ? 0
		       : errmsg_set(e, ERR_UNSUPPORTED, "there is no target type \"%.40s\"", name);
}

static int read_response_type(const json_t *v, struct openc2_command *c, struct errmsg *e)
{
	const char *word = json_string_value(v);

	for (size_t i = 1; word && i < ARRAY_SIZE(responses); i++) {
		if (strcmp(word, responses[i]) == 0) {
			c->response = (enum openc2_response_type)i;
			return 0;
		}
	}
	return errmsg_set(e, ERR_INVALID,
			  "\"response_requested\" must be none, ack, status or complete");
}

static int check_times(const struct openc2_command *c, struct errmsg *e)
{
	if (c->has_start + c->has_stop + c->has_duration > 2)
		return errmsg_set(e, ERR_INVALID,
				  "at most two of start_time, stop_time and duration");
	if (c->has_start && c->has_stop && c->stop < c->start)
		return errmsg_set(e, ERR_INVALID, "stop_time is before start_time");
	return 0;
}

static int read_more(const char *key, json_t *v, struct openc2_command *c, struct errmsg *e)
{
	static const char *const own[] = {"start_time", "stop_time", "duration",
					  "response_requested"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (strcmp(key, own[i]) == 0)
			return 0;
	}
	/* A namespace's are an object; anything else is an argument that there is not. */
	if (!json_is_object(v) || strlen(key) >= OPENC2_NSID)
		return errmsg_set(e, ERR_UNSUPPORTED, "Option not supported: \"%.40s\"", key);
	if (!c->more_args)
		c->more_args = json_object();
	return json_object_set(c->more_args, key, v) == 0 ? 0 : ERR_NOMEM;
}

static int read_args(json_t *o, struct openc2_command *c, struct errmsg *e)
{
	const char *key;
	json_t *v;

	if (!o)
		return 0;
	if (!json_is_object(o) || json_object_size(o) == 0)
		return errmsg_set(e, ERR_INVALID, "\"args\" must be an object that is not empty");
	c->has_args = true;
	if (take_number(o, "start_time", &c->start, &c->has_start, e) < 0 ||
	    take_number(o, "stop_time", &c->stop, &c->has_stop, e) < 0 ||
	    take_number(o, "duration", &c->duration, &c->has_duration, e) < 0)
		return ERR_INVALID;
	v = json_object_get(o, "response_requested");
	if (v && read_response_type(v, c, e) < 0)
		return ERR_INVALID;
	json_object_foreach(o, key, v)
	{
		int rc = read_more(key, v, c, e);

		if (rc < 0)
			return rc;
	}
	return check_times(c, e);
}

static int read_actuator(const json_t *o, struct openc2_command *c, struct errmsg *e)
{
	const char *name;
	json_t *v;

	if (!o)
		return 0;
	if (!only_member(o, &name, &v) || !name[0] || strlen(name) >= sizeof(c->actuator) ||
	    !json_is_object(v))
		return errmsg_set(e, ERR_INVALID,
				  "\"actuator\" must be an object of one profile's object");
	snprintf(c->actuator, sizeof(c->actuator), "%s", name);
	c->actuator_value = json_incref(v);
	return 0;
}

static int no_strangers(const json_t *o, const char *const *names, size_t n, struct errmsg *e)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known = known || strcmp(key, names[i]) == 0;
		if (!known)
			return errmsg_set(e, ERR_INVALID, "\"%.40s\" does not belong here", key);
	}
	return 0;
}

static enum openc2_action action_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i] && strcmp(actions[i], name) == 0)
			return (enum openc2_action)i;
	}
	return OPENC2_NO_ACTION;
}

static int read_command(const json_t *o, struct openc2_command *c, struct errmsg *e)
{
	static const char *const names[] = {"action", "target", "args", "actuator", "command_id"};
	const char *action = json_string_value(json_object_get(o, "action"));
	int rc;

	if (!json_is_object(o) || !action)
		return errmsg_set(e, ERR_INVALID, "a command must have an \"action\", a text");
	if (take_text(o, "command_id", c->command_id, sizeof(c->command_id), e) < 0 ||
	    check_id(c->command_id, e) < 0 || no_strangers(o, names, ARRAY_SIZE(names), e) < 0)
		return ERR_INVALID;
	c->action = action_named(action);
	if (c->action == OPENC2_NO_ACTION)
		return errmsg_set(e, ERR_UNSUPPORTED, "there is no action \"%.40s\"", action);
	rc = read_target(json_object_get(o, "target"), &c->target, e);
	if (rc == 0)
		rc = read_args(json_object_get(o, "args"), c, e);
	return rc < 0 ? rc : read_actuator(json_object_get(o, "actuator"), c, e);
}

static int read_response(const json_t *o, struct openc2_response *r, struct errmsg *e)
{
	const json_t *status = json_object_get(o, "status");
	json_t *results = json_object_get(o, "results");

	if (!json_is_integer(status) || json_integer_value(status) < 100 ||
	    json_integer_value(status) > 999)
		return errmsg_set(e, ERR_INVALID, "a response must have a \"status\", a number");
	if (results && !json_is_object(results))
		return errmsg_set(e, ERR_INVALID, "\"results\" must be an object");
	r->status = (unsigned)json_integer_value(status);
	r->results = json_incref(results);
	/* For people: a longer one is shortened. */
	if (json_is_string(json_object_get(o, "status_text")))
		snprintf(r->text, sizeof(r->text), "%s",
			 json_string_value(json_object_get(o, "status_text")));
	return 0;
}

static int read_headers(json_t *o, struct openc2_message *m, struct errmsg *e)
{
	json_t *to = json_object_get(o, "to"), *item;
	bool said;
	size_t i;

	if (!o)
		return 0;
	if (!json_is_object(o))
		return errmsg_set(e, ERR_INVALID, "\"headers\" must be an object");
	m->has_headers = true;
	if (take_text(o, "request_id", m->request_id, sizeof(m->request_id), e) < 0 ||
	    check_id(m->request_id, e) < 0 ||
	    take_text(o, "from", m->from, sizeof(m->from), e) < 0 ||
	    take_number(o, "created", &m->created, &said, e) < 0)
		return ERR_INVALID;
	/* One text is as good as a list of one. */
	if (to && !json_is_string(to) && !json_is_array(to))
		return errmsg_set(e, ERR_INVALID, "\"to\" must be a list of texts");
	json_array_foreach(to, i, item)
	{
		if (!json_is_string(item))
			return errmsg_set(e, ERR_INVALID, "\"to\" must be a list of texts");
	}
	m->to = json_incref(to);
	return 0;
}

static int read_body(const json_t *root, struct openc2_message *m, struct errmsg *e)
{
	const json_t *content = json_object_get(json_object_get(root, "body"), "openc2");
	const char *name;
	json_t *v;

	if (!only_member(content, &name, &v))
		return errmsg_set(e, ERR_INVALID,
				  "\"body\" must hold \"openc2\" with one \"request\" or "
				  "\"response\"");
	if (strcmp(name, "request") == 0) {
		m->kind = OPENC2_REQUEST_MESSAGE;
		return read_command(v, &m->command, e);
	}
	if (strcmp(name, "response") == 0) {
		m->kind = OPENC2_RESPONSE_MESSAGE;
		return read_response(v, &m->response, e);
	}
	return errmsg_set(e, strcmp(name, "notification") == 0 ? ERR_UNSUPPORTED : ERR_INVALID,
			  "\"openc2\" must hold a \"request\" or a \"response\"");
}

static int read_root(json_t *root, struct openc2_message *m, struct errmsg *e)
{
	static const char *const names[] = {"headers", "body", "signature"};

	if (!json_is_object(root))
		return errmsg_set(e, ERR_INVALID, "a message must be an object");
	m->bare = !json_object_get(root, "body") && !json_object_get(root, "headers");
	if (m->bare && json_object_get(root, "status")) {
		m->kind = OPENC2_RESPONSE_MESSAGE;
		return read_response(root, &m->response, e);
	}
	if (m->bare) {
		m->kind = OPENC2_REQUEST_MESSAGE;
		return read_command(root, &m->command, e);
	}
	if (read_headers(json_object_get(root, "headers"), m, e) < 0 ||
	    no_strangers(root, names, ARRAY_SIZE(names), e) < 0)
		return ERR_INVALID;
	if (json_object_get(root, "signature"))
		return errmsg_set(e, ERR_UNSUPPORTED,
				  "a message's own \"signature\": the connection proves who it is");
	return read_body(root, m, e);
}

int openc2_message_read(struct slice text, struct openc2_message *ret, struct errmsg *e)
{
	json_error_t why;
	json_t *root;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (text.len > OPENC2_MAX)
		return errmsg_set(e, ERR_INVALID, "a message of more than %d bytes", OPENC2_MAX);
	if (too_deep(text))
		return errmsg_set(e, ERR_INVALID, "nested more than %d deep", OPENC2_DEPTH);
	root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return errmsg_set(e, ERR_INVALID, "no JSON: %.200s", why.text);
	rc = read_root(root, ret, e);
	json_decref(root);
	return rc;
}

void openc2_message_done(struct openc2_message *m)
{
	json_decref(m->to);
	json_decref(m->command.target.value);
	json_decref(m->command.more_args);
	json_decref(m->command.actuator_value);
	json_decref(m->response.results);
	memset(m, 0, sizeof(*m));
}

/* ---- writing ---- */

static json_t *target_value(const struct openc2_target *t)
{
	char text[IP_PREFIX_TEXT];
	json_t *o;

	switch (t->kind) {
	case OPENC2_T_FEATURES:
		o = json_array();
		for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
			if (t->features & 1u << i)
				json_array_append_new(o, json_string(features[i]));
		}
		return o;
	case OPENC2_T_DEVICE:
		o = json_object();
		if (t->hostname[0])
			json_object_set_new(o, "hostname", json_string(t->hostname));
		if (t->device_id[0])
			json_object_set_new(o, "device_id", json_string(t->device_id));
		return o;
	case OPENC2_T_MAC:
		return json_string(mac_addr_text(&t->mac, text));
	case OPENC2_T_IPV4_NET:
	case OPENC2_T_IPV6_NET:
		return json_string(t->bare ? ip_addr_text(&t->addr, text, false)
					   : ip_prefix_text(&t->addr, t->bits, text));
	case OPENC2_T_COMMAND:
		return json_string(t->command);
	case OPENC2_T_RULE:
		return json_integer((json_int_t)t->rule);
	case OPENC2_T_OTHER:
		break;
	}
	return json_incref(t->value);
}

static void put_time(json_t *o, const char *key, bool has, uint64_t ms)
{
	if (has)
		json_object_set_new(o, key, json_integer((json_int_t)ms));
}

static json_t *command_json(const struct openc2_command *c)
{
	json_t *o = json_object(), *target = json_object(), *args = json_object(), *actuator;

	json_object_set_new(o, "action", json_string(openc2_action_name(c->action)));
	json_object_set_new(target, c->target.name, target_value(&c->target));
	json_object_set_new(o, "target", target);
	put_time(args, "start_time", c->has_start, c->start);
	put_time(args, "stop_time", c->has_stop, c->stop);
	put_time(args, "duration", c->has_duration, c->duration);
	if (c->response)
		json_object_set_new(args, "response_requested",
				    json_string(responses[c->response]));
	if (c->more_args)
		json_object_update(args, c->more_args);
	if (json_object_size(args))
		json_object_set(o, "args", args);
	json_decref(args);
	if (c->actuator[0]) {
		actuator = json_object();
		json_object_set(actuator, c->actuator, c->actuator_value);
		json_object_set_new(o, "actuator", actuator);
	}
	if (c->command_id[0])
		json_object_set_new(o, "command_id", json_string(c->command_id));
	return o;
}

static json_t *response_json(const struct openc2_response *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "status", json_integer((json_int_t)r->status));
	/* What was shortened in the midst of a character is left out. */
	if (r->text[0])
		json_object_set_new(o, "status_text", json_string(r->text));
	if (r->results)
		json_object_set(o, "results", r->results);
	return o;
}

static json_t *headers_json(const struct openc2_message *m)
{
	json_t *o = json_object();

	if (m->request_id[0])
		json_object_set_new(o, "request_id", json_string(m->request_id));
	put_time(o, "created", m->created != 0, m->created);
	if (m->from[0])
		json_object_set_new(o, "from", json_string(m->from));
	if (m->to)
		json_object_set(o, "to", m->to);
	return o;
}

char *openc2_message_write(const struct openc2_message *m)
{
	bool request = m->kind == OPENC2_REQUEST_MESSAGE;
	json_t *content = request ? command_json(&m->command) : response_json(&m->response);
	json_t *root = content;
	char *text;

	if (!m->bare) {
		root = json_object();
		if (m->has_headers)
			json_object_set_new(root, "headers", headers_json(m));
		json_object_set_new(
			root, "body",
			json_pack("{s{so}}", "openc2", request ? "request" : "response", content));
	}
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

uint64_t openc2_rule_number(const json_t *results)
{
	const json_t *v = json_object_get(json_object_get(results, "slpf"), "rule_number");
	json_int_t n = json_integer_value(v);

	return n > 0 ? (uint64_t)n : 0;
}

void openc2_uuid(const uint8_t random[16], char ret[OPENC2_ID])
{
	uint8_t b[16];

	memcpy(b, random, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(ret, OPENC2_ID,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
}
