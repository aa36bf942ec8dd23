/* What is: overview, customers, sites, sensors, incidents, hosts, alerts, cuts, emergencies. */
#include <string.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/scope.h"
#include "control/centre/store/emergencies.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { TIMELINE_DAYS = 1, OVERVIEW_MOST = 100, SENSOR_DAYS = 7 };

static int answer(json_t *json, struct api_answer *ret)
{
	ret->json = json;
	return json ? ERR_OK : ERR_IO;
}

static int not_there(const char *what, const char *id, struct errmsg *e)
{
	return errmsg_set(e, ERR_NOTFOUND, "there is no %s %s", what, id);
}

/* --- status and overview --- */

static int status(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	bool sees_all = q->who.may & API_MAY_ALL;
	json_t *o = json_pack("{ss ss ss sI sb}", "program", "banken-centre", "version",
			      BANKEN_VERSION, "zone", c->zone.name, "retention_days",
			      (json_int_t)c->config.retention_days, "is_demo", (int)c->is_demo);

	if (sees_all) /* how the vendor's machine is, is the vendor's business */
		json_object_set_new(o, "disk", store_disk(c->store));
	return answer(o, ret);
}

static json_t *sums(const json_t *customers)
{
	static const char *const keys[] = {"sites",  "sensors", "up",	"open_incidents",
					   "danger", "warning", "cuts", "emergencies"};
	json_t *o = json_object();
	const json_t *row;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		json_int_t n = 0;

		json_array_foreach(customers, i, row) n +=
			json_integer_value(json_object_get(row, keys[k]));
		json_object_set_new(o, keys[k], json_integer(n));
	}
	return o;
}

static int overview(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, TIMELINE_DAYS, &w, e);
	json_t *customers, *needs, *timeline;

	if (rc != ERR_OK)
		return rc;
	customers = store_by_customer(c->store, &w, e);
	needs = customers ? store_needs_action(c->store, &w, e) : NULL;
	timeline = needs ? store_timeline(c->store, &w, e) : NULL;
	if (timeline)
		return answer(json_pack("{so so so so}", "needs_action", needs, "totals",
					sums(customers), "customers", customers, "timeline",
					timeline),
			      ret);
	json_decref(customers);
	json_decref(needs);
	return ERR_IO;
}

/* --- lists that take no filter of their own --- */

struct plain {
	json_t *(*ask)(struct store *s, const struct store_query *q, struct errmsg *err);
};

static int plain_list(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	const struct plain *p = q->route->own;
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(p->ask(c->store, &w, e), ret) : rc;
}

static int alerts(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const struct store_alert_filter f = {.host = api_text(q, "host"),
					     .gid = (uint64_t)api_number(q, "gid", 0),
					     .sid = (uint64_t)api_number(q, "sid", 0),
					     .severity = (uint64_t)api_number(q, "severity", 0)};
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_alert_list(c->store, &w, &f, e), ret) : rc;
}

static bool is_true(const struct api_request *q, const char *name)
{
	return json_is_true(json_object_get(q->args, name));
}

static int incidents(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e)
{
	const struct store_incident_filter f = {.only_open = is_true(q, "open"),
						.host = api_text(q, "host")};
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_incident_list(c->store, &w, &f, e), ret) : rc;
}

static int incident(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);
	json_t *row = rc == ERR_OK ? store_incident(c->store, &w, api_text(q, "id"), e) : NULL;

	if (row && json_object_size(row) == 0) {
		json_decref(row);
		return not_there("incident", api_text(q, "id"), e);
	}
	return rc == ERR_OK ? answer(row, ret) : rc;
}

static int hosts(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	static const char *const words[] = {"safe", "caution", "warning", "danger"};
	struct store_host_filter f = {.search = api_text(q, "search"),
				      .only_cut = is_true(q, "cut")};
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], api_text(q, "level")) == 0)
			f.level = LEVEL_SAFE + i;
	}
	return rc == ERR_OK ? answer(store_host_list(c->store, &w, &f, e), ret) : rc;
}

/* What belongs to a host, each a list: takes the page apart. */
static bool add_list(json_t *row, const char *name, json_t *page)
{
	if (!page)
		return false;
	json_object_set(row, name, json_object_get(page, name));
	json_decref(page);
	return true;
}

static int host(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);
	json_t *row = rc == ERR_OK ? store_host(c->store, &w, api_text(q, "host"), e) : NULL;
	const char *ip, *id;

	if (rc != ERR_OK || !row)
		return rc != ERR_OK ? rc : ERR_IO;
	if (json_object_size(row) == 0) {
		json_decref(row);
		return not_there("host", api_text(q, "host"), e);
	}
	ip = json_string_value(json_object_get(row, "ip"));
	id = json_string_value(json_object_get(row, "id"));
	w.scope.site = json_string_value(json_object_get(row, "site"));
	if (!add_list(row, "incidents",
		      store_incident_list(c->store, &w, &(struct store_incident_filter){.host = id},
					  e)) ||
	    !add_list(row, "quarantines",
		      store_cut_list(c->store, &w, &(struct store_cut_filter){.host = ip, .id = ""},
				     e)) ||
	    !add_list(
		    row, "alerts",
		    store_alert_list(c->store, &w, &(struct store_alert_filter){.host = ip}, e))) {
		json_decref(row);
		return ERR_IO;
	}
	return answer(row, ret);
}

static int quarantines(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	const struct store_cut_filter f = {
		.only_open = is_true(q, "open"), .host = api_text(q, "host"), .id = ""};
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_cut_list(c->store, &w, &f, e), ret) : rc;
}

static int sensor(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, SENSOR_DAYS, &w, e);
	json_t *row = rc == ERR_OK ? store_sensor(c->store, &w, api_text(q, "name"), e) : NULL;

	if (row && json_object_size(row) == 0) {
		json_decref(row);
		return not_there("sensor", api_text(q, "name"), e);
	}
	return rc == ERR_OK ? answer(row, ret) : rc;
}

/* A site whose sensors are all away is seen by nobody, whatever its networks say. */
static int coverage(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);
	json_t *o = rc == ERR_OK ? store_coverage(c->store, &w, q->now, e) : NULL;
	json_t *sites = o ? store_sites(c->store, &w, e) : NULL, *blind, *row;
	size_t i;

	if (!sites) {
		json_decref(o);
		return rc == ERR_OK ? ERR_IO : rc;
	}
	blind = json_array();
	json_array_foreach(json_object_get(sites, "sites"), i, row)
	{
		if (json_integer_value(json_object_get(row, "sensors_up")) == 0)
			json_array_append(blind, row);
	}
	json_decref(sites);
	json_object_set_new(o, "blind_sites", blind);
	return answer(o, ret);
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define LIST(function)                                                                             \
	.fn = plain_list, .own = &(const struct plain)                                             \
	{                                                                                          \
		function                                                                           \
	}

static const char *const levels[] = {"safe", "caution", "warning", "danger", NULL};

#define HOST_QUERY                                                                                 \
	{                                                                                          \
		"host", API_IN_QUERY, API_TEXT, false, 0, 128, NULL, "address, MAC or name"        \
	}
#define OPEN                                                                                       \
	{                                                                                          \
		"open", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "only those not over"        \
	}

static const struct api_field site_fields[] = {SCOPE_SITE_FIELDS};
static const struct api_field period_fields[] = {SCOPE_SITE_FIELDS, SCOPE_PERIOD_FIELDS};
static const struct api_field alert_fields[] = {
	SCOPE_SITE_FIELDS,
	SCOPE_PERIOD_FIELDS,
	SCOPE_PAGE_FIELDS,
	HOST_QUERY,
	{"gid", API_IN_QUERY, API_INTEGER, false, 0, UINT32_MAX, NULL, "of the rule"},
	{"sid", API_IN_QUERY, API_INTEGER, false, 0, UINT32_MAX, NULL, "of the rule"},
	{"severity", API_IN_QUERY, API_INTEGER, false, 0, 4, NULL, "1 high to 4 information"},
};
static const struct api_field incidents_fields[] = {SCOPE_SITE_FIELDS, SCOPE_PERIOD_FIELDS,
						    SCOPE_PAGE_FIELDS, HOST_QUERY, OPEN};
static const struct api_field incident_fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 191, NULL, "of the incident"},
};
static const struct api_field hosts_fields[] = {
	SCOPE_SITE_FIELDS,
	SCOPE_PAGE_FIELDS,
	{"search", API_IN_QUERY, API_TEXT, false, 0, 128, NULL,
	 "a part of its name, address, MAC, user"},
	{"level", API_IN_QUERY, API_WORD, false, 0, 0, levels, "this and above"},
	{"cut", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "only those that are cut"},
};
static const struct api_field host_fields[] = {
	{"site", API_IN_PATH, API_TEXT, true, 1, 127, NULL, "its site"},
	{"host", API_IN_PATH, API_TEXT, true, 1, 128, NULL, "address, MAC, name or id"},
};

static const struct api_field sensor_fields[] = {
	{"name", API_IN_PATH, API_TEXT, true, 1, 127, NULL, "of the sensor or mitigator"},
	SCOPE_PERIOD_FIELDS,
};
static const struct api_field coverage_fields[] = {
	SCOPE_SITE_FIELDS,
	{"most", API_IN_QUERY, API_INTEGER, false, 1, LOOKUP_MOST, NULL, "how many networks"},
};

static const struct api_route routes[] = {
	{"GET", "/api/v1/status", API_MAY_SEE, .summary = "how the centre is",
	 .returns = "version, zone, retention; to the vendor's people its disk", .fn = status},
	{"GET", "/api/v1/overview", API_MAY_SEE, .summary = "everything at one look",
	 .returns = "what needs action, counts by customer, a time line by site",
	 FIELDS(period_fields), .fn = overview},
	{"GET", "/api/v1/customers", API_MAY_SEE, .summary = "customers and their sites",
	 .returns = "the vendor's people: all; others: their own", FIELDS(site_fields),
	 LIST(store_customers)},
	{"GET", "/api/v1/sites", API_MAY_SEE, .summary = "sites with their mitigators",
	 .returns = "sites", FIELDS(site_fields), LIST(store_sites)},
	{"GET", "/api/v1/sensors", API_MAY_SEE, .summary = "sensors and mitigators",
	 .returns = "each with its health, cpu, memory, disk, and its mirror port in sentences",
	 FIELDS(site_fields), LIST(store_sensors)},
	{"GET", "/api/v1/sensors/{name}", API_MAY_SEE,
	 .summary = "one with what it saw, step by step; of 7 days when no time is given",
	 .returns = "health, cpu, memory, disk_free, spool; steps: rx, lost, up_s",
	 FIELDS(sensor_fields), .fn = sensor},
	{"GET", "/api/v1/coverage", API_MAY_SEE,
	 .summary = "networks and hosts that no sensor sees, where a tap would help most first",
	 .returns = "networks with hosts seen, behind_router, silent, and an advice; blind_sites",
	 FIELDS(coverage_fields), .fn = coverage},
	{"GET", "/api/v1/incidents", API_MAY_SEE, .summary = "what happened, newest first",
	 .returns = "a page of incidents with root cause and handling", FIELDS(incidents_fields),
	 .fn = incidents},
	{"GET", "/api/v1/incidents/{id}", API_MAY_SEE, .summary = "one incident",
	 .returns = "with its steps, alerts, notes and verdicts", FIELDS(incident_fields),
	 .fn = incident},
	{"GET", "/api/v1/hosts", API_MAY_SEE, .summary = "hosts, the last seen first",
	 .returns = "a page of hosts with level and cut", FIELDS(hosts_fields), .fn = hosts},
	{"GET", "/api/v1/hosts/{site}/{host}", API_MAY_SEE, .summary = "one host",
	 .returns = "with its incidents, cuts and alerts", FIELDS(host_fields), .fn = host},
	{"GET", "/api/v1/alerts", API_MAY_SEE, .summary = "detections, newest first",
	 .returns = "a page of alerts", FIELDS(alert_fields), .fn = alerts},
	{"GET", "/api/v1/quarantines", API_MAY_SEE, .summary = "cuts, newest first",
	 .returns = "a page of cuts with their state and moments", FIELDS(incidents_fields),
	 .fn = quarantines},
};

struct api_table read_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
