/* New bundles over the HTTP API: handed in, or made and signed here. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/api/pages.h"
#include "control/centre/bundle/make.h"
#include "control/centre/bundle/routes.h"
#include "control/centre/bundle/rules.h"
#include "control/centre/store/detections.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { ALERT_DAYS = 30, UPLOAD_MAX = 16 << 20, RULES_MAX = 48 << 10, FILTER_MAX = 24 << 10 };

/* A customer's account is not told that it is there. */
static int vendor_only(const struct api_request *q, struct errmsg *e)
{
	return q->who.may & API_MAY_ALL ? ERR_OK
					: errmsg_set(e, ERR_NOTFOUND, "there is no such thing");
}

static int made(struct centre *c, const struct api_request *q, const char *what,
		const struct bundle_made *m, struct api_answer *ret, struct errmsg *e)
{
	json_t *detail = json_pack("{ss so}", "version", m->version, "reason",
				   local_text(api_text(q, "reason")));

	if (pages_audit(c, q->who.name, "", what, detail, e) < 0)
		return ERR_IO;
	pages_changed(c, "", "bundles");
	ret->json = json_pack("{ss sI}", "version", m->version, "number", (json_int_t)m->number);
	return ERR_OK;
}

static int hand_in(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct bundle_made m;
	int rc = vendor_only(q, e);

	rc = rc == ERR_OK ? bundle_hand_in(c, q->bytes, q->who.name, api_text(q, "reason"), &m, e)
			  : rc;
	return rc == ERR_OK ? made(c, q, "bundle handed in", &m, ret, e) : rc;
}

/* --- custom patterns --- */

static int pattern_check(void *ctx, const struct api_request *q, struct api_answer *ret,
			 struct errmsg *e)
{
	json_t *figures = NULL;
	int rc = vendor_only(q, e);

	(void)ctx;
	rc = rc == ERR_OK ? rules_check(api_text(q, "rules"), &figures, e) : rc;
	/* What would not load is told, not refused. */
	if (rc == ERR_INVALID && figures)
		rc = ERR_OK;
	ret->json = figures;
	return rc;
}

static int pattern_make(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e)
{
	struct bundle head = {.kind = BUNDLE_PATTERN};
	struct bundle_source file = {.content = SLICE_STR(api_text(q, "rules"))};
	json_t *figures = NULL;
	struct centre *c = ctx;
	struct bundle_made m;
	int rc = vendor_only(q, e);

	if (rc == ERR_OK && !bundle_name_ok(api_text(q, "name")))
		rc = errmsg_set(e, ERR_INVALID, "name: letters, digits, '-', '_', '.'");
	rc = rc == ERR_OK ? rules_check(api_text(q, "rules"), &figures, e) : rc;
	if (rc == ERR_OK && json_array_size(json_object_get(figures, "problems")))
		rc = errmsg_set(
			e, ERR_INVALID, "%.300s",
			json_string_value(json_array_get(json_object_get(figures, "problems"), 0))
				?: "a rule would not load");
	json_decref(figures);
	if (rc != ERR_OK)
		return rc;
	snprintf(head.name, sizeof(head.name), "%s", api_text(q, "name"));
	snprintf(head.note, sizeof(head.note), "%s", api_text(q, "note"));
	snprintf(file.path, sizeof(file.path), "rules/%.60s.rules", head.name);
	rc = bundle_publish(c, &head, &file, 1, q->who.name, api_text(q, "reason"), &m, e);
	return rc == ERR_OK ? made(c, q, "custom pattern made", &m, ret, e) : rc;
}

/* --- rule-sets --- */

static const char *const filter_keys[FILTER_USES] = {
	[FILTER_DISABLE] = "disable",
	[FILTER_ENABLE] = "enable",
	[FILTER_DROP] = "drop",
	[FILTER_MODIFY] = "modify",
};

/* "all", "customer:ID", "site:NAME", "sensor:NAME" and whose alerts tell what it would do; the
 * bundle's name, which the sensor orders the layers by. */
static int scope_read(struct centre *c, const struct api_request *q, struct store_query *w,
		      char ret_name[BUNDLE_NAME], struct errmsg *e)
{
	const char *scope = api_text(q, "scope"), *colon = strchr(scope, ':');

	*w = (struct store_query){.scope = {"", ""}, .to = q->now, .most = LOOKUP_MOST};
	w->from = q->now - ALERT_DAYS * NS_PER_DAY;
	if (strcmp(scope, "all") == 0) {
		snprintf(ret_name, BUNDLE_NAME, "all");
		return ERR_OK;
	}
	if (!colon || !bundle_name_ok(colon + 1) ||
	    (size_t)snprintf(ret_name, BUNDLE_NAME, "%.*s-%s", (int)(colon - scope), scope,
			     colon + 1) >= BUNDLE_NAME)
		return errmsg_set(e, ERR_INVALID,
				  "scope: all, customer:ID, site:NAME or sensor:NAME, of letters, "
				  "digits, '-', '_', '.'");
	if (strncmp(scope, "customer:", 9) == 0) {
		w->scope.customer = colon + 1;
		return store_has_customer(c->store, colon + 1)
			       ? ERR_OK
			       : errmsg_set(e, ERR_NOTFOUND, "there is no customer %s", colon + 1);
	}
	if (strncmp(scope, "site:", 5) == 0) {
		w->scope.site = colon + 1;
		return store_has_site(c->store, &w->scope)
			       ? ERR_OK
			       : errmsg_set(e, ERR_NOTFOUND, "there is no site %s", colon + 1);
	}
	return strncmp(scope, "sensor:", 7) == 0
		       ? ERR_OK
		       : errmsg_set(e, ERR_INVALID,
				    "scope: all, customer:ID, site:NAME or "
				    "sensor:NAME");
}

static struct rule_wishes wishes_of(const struct api_request *q)
{
	struct rule_wishes w;

	for (unsigned u = 0; u < FILTER_USES; u++)
		w.filters[u] = api_text(q, filter_keys[u]);
	return w;
}

/* How often each changed rule spoke within the last 30 days. */
static void add_alerts(struct centre *c, const struct store_query *w, json_t *preview)
{
	struct errmsg e;
	json_t *answer = store_detections(c->store, w, &e), *by = json_object(), *row;
	json_int_t all = 0;
	char key[48];
	size_t i;

	json_array_foreach(json_object_get(answer, "detections"), i, row)
	{
		snprintf(key, sizeof(key), "%lld:%lld",
			 json_integer_value(json_object_get(row, "gid")),
			 json_integer_value(json_object_get(row, "sid")));
		json_object_set(by, key, json_object_get(row, "n"));
		all += json_integer_value(json_object_get(row, "n"));
	}
	json_array_foreach(json_object_get(preview, "changes"), i, row)
	{
		snprintf(key, sizeof(key), "%lld:%lld",
			 json_integer_value(json_object_get(row, "gid")),
			 json_integer_value(json_object_get(row, "sid")));
		json_object_set_new(row, "alerts",
				    json_integer(json_integer_value(json_object_get(by, key))));
	}
	json_object_set_new(preview, "alerts_in_all", json_integer(all));
	json_decref(by);
	json_decref(answer);
}

static int set_preview(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct rule_wishes wishes = wishes_of(q);
	struct centre *c = ctx;
	char name[BUNDLE_NAME];
	struct store_query w;
	int rc = vendor_only(q, e);

	rc = rc == ERR_OK ? scope_read(c, q, &w, name, e) : rc;
	if (rc != ERR_OK)
		return rc;
	ret->json = rules_preview(c, &wishes, e);
	if (!ret->json)
		return c->fleet ? ERR_NOTFOUND : ERR_UNSUPPORTED;
	add_alerts(c, &w, ret->json);
	return ERR_OK;
}

static int set_put(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct bundle head = {.kind = BUNDLE_RULE_SET};
	struct bundle_source files[FILTER_USES + 1];
	struct rule_wishes wishes = wishes_of(q);
	const char *threshold = api_text(q, "threshold");
	struct centre *c = ctx;
	struct bundle_made m;
	struct store_query w;
	unsigned n = 0;
	int rc = vendor_only(q, e);

	rc = rc == ERR_OK ? scope_read(c, q, &w, head.name, e) : rc;
	if (rc != ERR_OK)
		return rc;
	snprintf(head.note, sizeof(head.note), "%s", api_text(q, "note"));
	for (unsigned u = 0; u < FILTER_USES; u++) {
		if (!wishes.filters[u][0])
			continue;
		snprintf(files[n].path, sizeof(files[n].path), "config/%s", filter_files[u]);
		files[n++].content = SLICE_STR(wishes.filters[u]);
	}
	if (threshold[0]) {
		snprintf(files[n].path, sizeof(files[n].path), "config/threshold.config");
		files[n++].content = SLICE_STR(threshold);
	}
	/* An empty one takes back what the scope had. */
	if (n == 0) {
		snprintf(files[n].path, sizeof(files[n].path), "config/%s",
			 filter_files[FILTER_DISABLE]);
		files[n++].content = SLICE_LIT("# nothing\n");
	}
	rc = bundle_publish(c, &head, files, n, q->who.name, api_text(q, "reason"), &m, e);
	return rc == ERR_OK ? made(c, q, "rule-set made", &m, ret, e) : rc;
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define REASON(place)                                                                              \
	{                                                                                          \
		"reason", place, API_TEXT, true, 3, 120, NULL, "why, for the audit"                \
	}
#define NOTE                                                                                       \
	{                                                                                          \
		"note", API_IN_BODY, API_TEXT, false, 0, 200, NULL, "what it is for"               \
	}
#define RULES                                                                                      \
	{                                                                                          \
		"rules", API_IN_BODY, API_PROSE, true, 10, RULES_MAX, NULL,                        \
			"rules in the Suricata language, a line each"                              \
	}
#define FILTER(name, help)                                                                         \
	{                                                                                          \
		name, API_IN_BODY, API_PROSE, false, 0, FILTER_MAX, NULL, help                     \
	}
#define SCOPE                                                                                      \
	{                                                                                          \
		"scope", API_IN_PATH, API_TEXT, true, 3, 78, NULL,                                 \
			"all, customer:ID, site:NAME or sensor:NAME"                               \
	}
#define FILTERS                                                                                    \
	FILTER("disable", "lines as in disable.conf"),                                             \
		FILTER("enable", "lines as in enable.conf"),                                       \
		FILTER("drop", "lines as in drop.conf"),                                           \
		FILTER("modify", "lines as in modify.conf")

static const struct api_field hand_in_fields[] = {REASON(API_IN_QUERY)};
static const struct api_field check_fields[] = {RULES};
static const struct api_field pattern_fields[] = {
	{"name", API_IN_BODY, API_TEXT, true, 1, 40, NULL, "letters, digits, '-', '_', '.'"},
	RULES,
	NOTE,
	REASON(API_IN_BODY),
};
static const struct api_field preview_fields[] = {SCOPE, FILTERS};
static const struct api_field set_fields[] = {
	SCOPE,
	FILTERS,
	FILTER("threshold", "lines as in threshold.config"),
	NOTE,
	REASON(API_IN_BODY),
};

#define MADE .returns = "version: as a roll-out names it"

static const struct api_route routes[] = {
	{"POST", "/api/v1/bundles", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "hand in a bundle that was signed elsewhere", MADE, FIELDS(hand_in_fields),
	 .bytes_max = UPLOAD_MAX, .fn = hand_in},
	{"POST", "/api/v1/custom-patterns/preview", API_MAY_SEE | API_MAY_ALL,
	 .summary = "what of a pattern's rules would load", .returns = "figures, rules, problems",
	 FIELDS(check_fields), .fn = pattern_check},
	{"POST", "/api/v1/custom-patterns", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "make and sign a custom pattern", MADE, FIELDS(pattern_fields),
	 .fn = pattern_make},
	{"POST", "/api/v1/rule-sets/{scope}/preview", API_MAY_SEE | API_MAY_ALL,
	 .summary = "what a scope's filters would change in the newest signature bundle",
	 .returns = "rules that change, each with its alerts of the last 30 days",
	 FIELDS(preview_fields), .fn = set_preview},
	{"PUT", "/api/v1/rule-sets/{scope}", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "make and sign a scope's rule-set", MADE, FIELDS(set_fields), .fn = set_put},
};

struct api_table bundle_make_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
