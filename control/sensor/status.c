/* What the local socket answers. */
#include <stdlib.h>
#include <string.h>

#include "control/sensor/control.h"
#include "control/sensor/memory/memory.h"
#include "control/sensor/retro/search.h"
#include "control/sensor/site/site.h"

enum { ALERTS_DEFAULT = 20, ALERTS_MAX = 200 };

static json_t *status(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct control *c = ctx;
	json_t *o = health_json(c->health, loop_wall(c->loop));

	(void)peer;
	(void)request;
	(void)e;
	json_object_set_new(o, "orders", orders_json(c->orders));
	json_object_set_new(o, "hosts_known", json_integer(hosts_count(c->hosts)));
	json_object_set_new(o, "search", search_status(c->search));
	json_object_set_new(o, "steered", box_json(steer_box(c->steer)));
	json_object_set_new(o, "behaviour", memory_status(c->memory));
	if (c->samples)
		json_object_set_new(o, "samples", samples_json(c->samples));
	json_object_set_new(o, "forward", forward_status(c->forward));
	return o;
}

static json_t *alerts(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct control *c = ctx;
	json_t *n = json_object_get(request, "count");

	(void)peer;
	if (n && (!json_is_integer(n) || json_integer_value(n) < 1 ||
		  json_integer_value(n) > ALERTS_MAX)) {
		errmsg_set(e, ERR_INVALID, "count must be a whole number from 1 to %d", ALERTS_MAX);
		return NULL;
	}
	return json_pack(
		"{s:o}", "alerts",
		recent_json(c->recent, n ? (unsigned)json_integer_value(n) : ALERTS_DEFAULT));
}

static json_t *config(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct control *c = ctx;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *o;

	(void)peer;
	(void)request;
	if (!out || config_print(conf_keys, c->conf, false, out)) {
		errmsg_set(e, ERR_NOMEM, "no memory to print the configuration");
		if (out)
			fclose(out);
		free(text);
		return NULL;
	}
	fclose(out);
	o = json_pack("{s:s}", "yaml", text);
	free(text);
	return o;
}

static json_t *search(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct control *c = ctx;
	const char *indicator = json_string_value(json_object_get(request, "indicator"));
	json_int_t most = json_integer_value(json_object_get(request, "most"));

	(void)peer;
	if (!indicator) {
		errmsg_set(e, ERR_INVALID, "\"indicator\" is missing");
		return NULL;
	}
	return search_find(c->search, indicator, most > 0 ? (unsigned)most : 50, e);
}

static json_t *learnt(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct control *c = ctx;

	(void)peer;
	if (!c->site) {
		errmsg_set(e, ERR_NOTFOUND, "nothing is learnt: there was no memory for it");
		return NULL;
	}
	return site_json(c->site, json_is_true(json_object_get(request, "all")));
}

static json_t *decide(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct control *c = ctx;
	const char *id = json_string_value(json_object_get(request, "id"));
	const char *why = json_string_value(json_object_get(request, "why"));
	const json_t *accept = json_object_get(request, "accept");
	char by[64];
	int n;

	if (!c->site || !id || !json_is_boolean(accept)) {
		errmsg_set(e, ERR_INVALID, "\"id\" and \"accept\" are wanted");
		return NULL;
	}
	if (peer->account)
		snprintf(by, sizeof(by), "%.60s", peer->account);
	else
		snprintf(by, sizeof(by), "uid %u", (unsigned)peer->uid);
	n = site_decide(c->site, id, json_is_true(accept), by, why ? why : "", e);
	return n < 0 ? NULL : json_pack("{si}", "decided", n);
}

static json_t *reload_rules(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e)
{
	struct control *c = ctx;
	const char *path = json_string_value(json_object_get(request, "path"));

	(void)peer;
	if (orders_reload(c->orders, path ? path : "", e))
		return NULL;
	return json_pack("{s:s}", "text",
			 "ordered; 'status' shows the outcome under orders.reload");
}

const struct local_command control_commands[] = {
	{"status", "counters, rings, spool, links, problems", status, false},
	{"alerts", "the last alerts, newest first; \"count\": 1 to 200", alerts, false},
	{"config", "the running configuration as YAML", config, false},
	{"search", "kept records that name an \"indicator\"; \"most\": 50 unless said", search,
	 false},
	{"learnt",
	 "what was learnt of the site and waits for a person; \"all\": also what was decided",
	 learnt, false},
	{"decide",
	 "accepts or rejects an \"id\" or \"all\" of it; \"accept\": true or false; \"why\"",
	 decide, true},
	{"reload-rules", "the dataplane reads its rules again; \"path\" for another file",
	 reload_rules, true},
};
const size_t control_n_commands = ARRAY_SIZE(control_commands);
