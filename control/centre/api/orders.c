/* Orders to sites: approve, refuse, release, exceptions, the mandate, the vendor's cuts. */
#include "control/centre/orders.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/scope.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static int answer(json_t *json, struct api_answer *ret)
{
	ret->json = json;
	return json ? ERR_OK : ERR_IO;
}

/* Whose act it is: the customer's own person's, or the vendor's. */
static int give(struct centre *c, const struct api_request *q, struct store_order *o,
		struct api_answer *ret, struct errmsg *e)
{
	char id[ORDER_ID], owner[64];
	int rc;

	o->account = q->who.name;
	o->customer = q->who.may & API_MAY_ALL ? "" : q->who.customer;
	o->reason = api_text(q, "reason");
	o->subject = o->subject ? o->subject : "";
	o->body = o->body ? o->body : "{}";
	rc = centre_order(c, o, id, e);
	if (rc != ERR_OK)
		return ERR_IO;
	store_site_owner(c->store, o->site, owner);
	pages_changed(c, owner, "orders");
	pages_changed(c, owner, "cuts");
	return answer(json_pack("{ss ss}", "order", id, "state", "sent"), ret);
}

/* --- cuts --- */

static int vendor_does(struct centre *c, const struct api_request *q, json_t *request,
		       struct api_answer *ret, struct errmsg *e)
{
	const struct local_peer peer = {.account = q->who.name};
	json_t *done;

	if (c->is_demo) {
		json_decref(request);
		return errmsg_set(e, ERR_UNSUPPORTED, "the demonstration's sites have no hosts");
	}
	json_object_set(request, "reason", json_object_get(q->args, "reason"));
	done = vendor_do(&c->vendor, &peer, request, e);
	json_decref(request);
	if (!done)
		return ERR_INVALID;
	json_object_del(done, "ok");
	return answer(done, ret);
}

/* The vendor takes back what the vendor ordered, which is in every mandate. */
static int vendor_releases(struct centre *c, const struct api_request *q,
			   const struct store_query *w, const struct store_order *o,
			   struct api_answer *ret, struct errmsg *e)
{
	const struct store_cut_filter f = {.host = "", .id = o->subject};
	struct store_query one = *w;
	json_t *page, *row;
	const char *host;
	json_t *request;

	one.most = 1;
	page = store_cut_list(c->store, &one, &f, e);
	row = json_array_get(json_object_get(page, "quarantines"), 0);
	host = json_string_value(json_object_get(row, "ip"));
	if (!host || !host[0])
		host = json_string_value(json_object_get(row, "mac"));
	request = json_pack("{ss ss ss}", "what", "release", "mitigator", o->mitigator, "host",
			    host ? host : "");
	json_decref(page);
	return vendor_does(c, q, request, ret, e);
}

static int on_cut(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	char mitigator[128], site[128];
	struct store_order o = {.act = q->route->own,
				.subject = api_text(q, "command_id"),
				.mitigator = mitigator,
				.site = site};
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	if (rc != ERR_OK)
		return rc;
	if (!store_cut_place(c->store, &w, o.subject, mitigator, site))
		return errmsg_set(e, ERR_NOTFOUND, "there is no cut %s", o.subject);
	if (strcmp(o.act, "release") == 0 && q->who.may & API_MAY_ALL && !c->is_demo)
		return vendor_releases(c, q, &w, &o, ret, e);
	return give(c, q, &o, ret, e);
}

/* The mitigator of a site that the asker may see. */
static int place_of(struct centre *c, const struct api_request *q, const char *site,
		    char ret_mitigator[128], struct errmsg *e)
{
	struct store_scope scope;
	int rc = scope_of(c->store, q, &scope, e);

	if (rc != ERR_OK)
		return rc;
	scope.site = site;
	return store_has_site(c->store, &scope) &&
			       store_mitigator_of(c->store, &scope, ret_mitigator)
		       ? ERR_OK
		       : errmsg_set(e, ERR_NOTFOUND, "there is no site %s with a mitigator", site);
}

static int vendor_cut(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	struct centre *c = ctx;
	char mitigator[128];
	int rc = place_of(c, q, api_text(q, "site"), mitigator, e);

	if (rc != ERR_OK)
		return rc;
	return vendor_does(c, q,
			   json_pack("{ss ss sO sI}", "what", "cut", "mitigator", mitigator, "host",
				     json_object_get(q->args, "host"), "minutes",
				     (json_int_t)api_number(q, "minutes", 0)),
			   ret, e);
}

/* --- exceptions and the mandate: an order with a body --- */

/* The arguments but those of the order itself. */
static char *body_of(const struct api_request *q)
{
	static const char *const own[] = {"site", "reason", "customer"};
	json_t *o = json_copy(q->args);
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		json_object_del(o, own[i]);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

static int with_body(struct centre *c, const struct api_request *q, const char *act, char *body,
		     struct api_answer *ret, struct errmsg *e)
{
	char mitigator[128];
	struct store_order o = {
		.act = act, .site = api_text(q, "site"), .mitigator = mitigator, .body = body};
	int rc = body ? place_of(c, q, o.site, mitigator, e) : ERR_NOMEM;

	rc = rc == ERR_OK ? give(c, q, &o, ret, e) : rc;
	free(body);
	return rc;
}

static int except(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	if (!api_text(q, "rule")[0] && !api_text(q, "source")[0] && !api_text(q, "destination")[0])
		return errmsg_set(e, ERR_INVALID,
				  "rule, source or destination: an exception from everything is "
				  "none");
	return with_body(ctx, q, "except", body_of(q), ret, e);
}

/* The words of the API as those of the file. */
static char *mandate_of(const struct api_request *q)
{
	static const char *const keys[] = {"vendor", "networks", "hosts",    "hours", "level",
					   "most",   "minutes",	 "approval", "until"};
	json_t *o = json_object();
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (json_object_get(q->args, keys[i]))
			json_object_set(o, keys[i], json_object_get(q->args, keys[i]));
	}
	if (json_object_get(q->args, "file_types"))
		json_object_set(o, "file-types", json_object_get(q->args, "file_types"));
	if (json_object_get(q->args, "per_day"))
		json_object_set(o, "per-day", json_object_get(q->args, "per_day"));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

static int put_mandate(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	if (q->who.may & API_MAY_ALL)
		return errmsg_set(e, ERR_DENIED,
				  "the mandate is the customer's: their administrator writes it");
	return with_body(ctx, q, "mandate", mandate_of(q), ret, e);
}

/* --- policies and samples --- */

static int policy(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return with_body(ctx, q, q->route->own, body_of(q), ret, e);
}

/* A word of a type, as files end: what the site lets leave is its mandate's to say. */
static bool types_ok(const json_t *types)
{
	const json_t *type;
	size_t i;

	json_array_foreach(types, i, type)
	{
		const char *word = json_string_value(type);
		size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789");

		if (n == 0 || n > 15 || word[n])
			return false;
	}
	return true;
}

static int collect(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	if (!types_ok(json_object_get(q->args, "types")))
		return errmsg_set(e, ERR_INVALID, "types: endings of files, such as exe, dll, js");
	if (!api_text(q, "host")[0] == !api_text(q, "sha256")[0])
		return errmsg_set(e, ERR_INVALID,
				  "host: of its incident's recovery; or sha256: of a carved file");
	return with_body(ctx, q, "collect", body_of(q), ret, e);
}

/* --- lists --- */

static int policies(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_policies(c->store, &w, e), ret) : rc;
}

static int orders(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const char *act = q->route->own ? q->route->own : api_text(q, "act");
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_order_list(c->store, &w, act, e), ret) : rc;
}

static int mandates(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_mandates(c->store, &w, e), ret) : rc;
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define REASON                                                                                     \
	{                                                                                          \
		"reason", API_IN_BODY, API_TEXT, true, 3, 200, NULL, "why, for both audits"        \
	}
#define TEXT(name, place, required, most, help)                                                    \
	{                                                                                          \
		name, place, API_TEXT, required, required ? 1 : 0, most, NULL, help                \
	}

static const char *const nevers[] = {"alert", "block", NULL};
static const char *const levels[] = {"safe", "caution", "warning", "danger", NULL};
static const char *const act_words[] = {"approve", "refuse",	 "release", "except",	"mandate",
					"policy",  "policy-try", "collect", "evidence", NULL};

static const struct api_field cut_fields[] = {
	TEXT("command_id", API_IN_PATH, true, 95, "of the cut"),
	REASON,
};
static const struct api_field vendor_fields[] = {
	TEXT("site", API_IN_BODY, true, 127, "where"),
	{"host", API_IN_BODY, API_TEXT, true, 1, 64, NULL, "address or MAC"},
	{"minutes", API_IN_BODY, API_INTEGER, true, 1, 43200, NULL, "it ends by itself then"},
	REASON,
};
static const struct api_field except_fields[] = {
	TEXT("site", API_IN_BODY, true, 127, "where"),
	{"never", API_IN_BODY, API_WORD, true, 0, 0, nevers,
	 "alert: neither told nor cut; block: told, never cut"},
	TEXT("rule", API_IN_BODY, false, 31, "gid:sid, empty: any"),
	TEXT("source", API_IN_BODY, false, 64, "address or prefix, empty: any"),
	TEXT("destination", API_IN_BODY, false, 64, "address or prefix, empty: any"),
	TEXT("sensor", API_IN_BODY, false, 63, "empty: any"),
	{"until", API_IN_BODY, API_TIME, false, 0, 0, NULL, "it ends by itself then"},
	{"reason", API_IN_BODY, API_TEXT, true, 3, 127, NULL, "why, for both audits"},
};
static const struct api_field mandate_fields[] = {
	TEXT("site", API_IN_PATH, true, 127, "where"),
	{"vendor", API_IN_BODY, API_BOOLEAN, true, 0, 0, NULL, "the vendor may cut; off ends all"},
	{"networks", API_IN_BODY, API_LIST, false, 0, 256, NULL, "addresses and prefixes"},
	{"hosts", API_IN_BODY, API_LIST, false, 0, 256, NULL, "MACs, besides"},
	{"hours", API_IN_BODY, API_LIST, false, 0, 16, NULL, "mon-fri 08:00-18:00; none: always"},
	{"level", API_IN_BODY, API_WORD, false, 0, 0, levels, "that the host must have"},
	{"most", API_IN_BODY, API_INTEGER, false, 1, 1000, NULL, "hosts at once"},
	{"per_day", API_IN_BODY, API_INTEGER, false, 1, 10000, NULL, "orders within 24 hours"},
	{"minutes", API_IN_BODY, API_INTEGER, false, 1, 43200, NULL, "longest cut"},
	{"approval", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "a person there says yes first"},
	{"file_types", API_IN_BODY, API_LIST, false, 0, 32, NULL, "that may be collected: exe"},
	TEXT("until", API_IN_BODY, false, 32, "2027-03-31; empty: until it is changed"),
	REASON,
};
#define POLICY_TEXT                                                                                \
	{                                                                                          \
		"text", API_IN_BODY, API_PROSE, true, 10, 48 << 10, NULL, "the policy, YAML"       \
	}
static const struct api_field try_fields[] = {
	TEXT("site", API_IN_PATH, true, 127, "where"),
	POLICY_TEXT,
	{"days", API_IN_BODY, API_INTEGER, false, 1, 365, NULL, "of recorded judgements; 30"},
	REASON,
};
static const struct api_field policy_fields[] = {
	TEXT("site", API_IN_PATH, true, 127, "where"),
	POLICY_TEXT,
	TEXT("base", API_IN_BODY, false, 63, "the version it was edited from"),
	{"accept", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "what lint says is meant so"},
	REASON,
};
static const struct api_field collect_fields[] = {
	TEXT("site", API_IN_BODY, true, 127, "where"),
	TEXT("host", API_IN_BODY, false, 64, "address, MAC or id"),
	TEXT("sha256", API_IN_BODY, false, 64, "of a file that sensors carved"),
	{"types", API_IN_BODY, API_LIST, true, 1, 16, NULL, "of files that may be taken: exe, dll"},
	REASON,
};
static const struct api_field list_fields[] = {SCOPE_SITE_FIELDS, SCOPE_PERIOD_FIELDS,
					       SCOPE_PAGE_FIELDS};
static const struct api_field orders_fields[] = {
	SCOPE_SITE_FIELDS,
	SCOPE_PERIOD_FIELDS,
	SCOPE_PAGE_FIELDS,
	{"act", API_IN_QUERY, API_WORD, false, 0, 0, act_words, "of this kind only"},
};
static const struct api_field site_fields[] = {SCOPE_SITE_FIELDS};

#define SENT .returns = "\"order\": its id; GET /api/v1/orders has the site's answer"

static const struct api_route routes[] = {
	{"POST", "/api/v1/quarantines/{command_id}/approve", API_MAY_APPROVE,
	 .summary = "say yes to a cut that waits, where the site's mandate lets them", SENT,
	 FIELDS(cut_fields), .fn = on_cut, .own = "approve"},
	{"POST", "/api/v1/quarantines/{command_id}/refuse", API_MAY_APPROVE,
	 .summary = "say no to it", SENT, FIELDS(cut_fields), .fn = on_cut, .own = "refuse"},
	{"POST", "/api/v1/quarantines/{command_id}/release", API_MAY_APPROVE,
	 .summary = "let a host back; the vendor's people: what the vendor cut", SENT,
	 FIELDS(cut_fields), .fn = on_cut, .own = "release"},
	{"POST", "/api/v1/vendor-cuts", API_MAY_APPROVE | API_MAY_ALL,
	 .summary = "cut a host off within the customer's mandate",
	 .returns = "\"command_id\" of the order", FIELDS(vendor_fields), .fn = vendor_cut},
	{"GET", "/api/v1/exceptions", API_MAY_SEE, .summary = "exceptions asked for here",
	 .returns = "orders, with the site's answer", FIELDS(list_fields), .fn = orders,
	 .own = "except"},
	{"POST", "/api/v1/exceptions", API_MAY_CHANGE, .summary = "an exception at a site", SENT,
	 FIELDS(except_fields), .fn = except},
	{"GET", "/api/v1/mandates", API_MAY_SEE,
	 .summary = "what each site lets the vendor and its own people do from here",
	 .returns = "by site, with the kill switch", FIELDS(site_fields), .fn = mandates},
	{"PUT", "/api/v1/mandates/{site}", API_MAY_ADMIN,
	 .summary = "the customer's administrator edits a mandate, where the site lets them", SENT,
	 FIELDS(mandate_fields), .fn = put_mandate},
	{"GET", "/api/v1/policies", API_MAY_SEE, .summary = "the policy in force at each site",
	 .returns = "by site: mode, version, text", FIELDS(site_fields), .fn = policies},
	{"POST", "/api/v1/policies/{site}/try", API_MAY_CHANGE,
	 .summary = "have a site try a policy on its recorded judgements; nothing changes",
	 .returns = "\"order\": its id; the site's answer is JSON: judgements, actions, lint",
	 FIELDS(try_fields), .fn = policy, .own = "policy-try"},
	{"POST", "/api/v1/policies/{site}", API_MAY_CHANGE,
	 .summary = "put a policy in force at a site, where its mandate lets them", SENT,
	 FIELDS(policy_fields), .fn = policy, .own = "policy"},
	{"GET", "/api/v1/collections", API_MAY_SEE, .summary = "samples asked for here",
	 .returns = "orders, with the site's answer", FIELDS(list_fields), .fn = orders,
	 .own = "collect"},
	{"POST", "/api/v1/collections", API_MAY_CHANGE,
	 .summary = "have a sample of a host's incident collected, of these types of files only",
	 SENT, FIELDS(collect_fields), .fn = collect},
	{"GET", "/api/v1/orders", API_MAY_SEE, .summary = "what people asked sites to do",
	 .returns = "orders with state sent, done or refused, and the site's answer",
	 FIELDS(orders_fields), .fn = orders},
};

struct api_table order_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
