/* What people say and see to: verdicts, notes, advisories, emergencies and who is told of them. */
#include <string.h>

#include "control/centre/api/change.h"
#include "control/centre/api/pages.h"
#include "control/centre/api/scope.h"
#include "control/centre/store/detections.h"
#include "control/centre/store/emergencies.h"
#include "control/centre/store/words.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { PREVIEW_DAYS = 30, TALLY_DAYS = 30, NOTE_MAX = 4000, ADVISORY_MAX = 20000 };

static int answer(json_t *json, struct api_answer *ret)
{
	ret->json = json;
	return json ? ERR_OK : ERR_IO;
}

/* In the audit, and told to whoever looks. `args` stays the caller's. */
static int noted(struct centre *c, const struct api_request *q, const char *customer,
		 const char *what, struct errmsg *e)
{
	json_t *detail = json_copy(q->args);

	json_object_set_new(detail, "from", local_text(q->from));
	return pages_audit(c, q->who.name, customer, what, detail, e) < 0 ? ERR_IO : ERR_OK;
}

/* Whose an incident is, for the audit and the events. */
static void owner_of(struct centre *c, const struct store_query *w, const char *id, char ret[64])
{
	struct errmsg e;
	json_t *row = store_incident(c->store, w, id, &e);

	snprintf(ret, 64, "%s", json_string_value(json_object_get(row, "customer")) ?: "");
	json_decref(row);
}

/* Who may see but nothing else, such as the account of a screen on a wall. */
static int more_than_looks(const struct api_request *q, struct errmsg *e)
{
	return q->who.may == API_MAY_SEE ? errmsg_set(e, ERR_DENIED, "the role %s only looks",
						      api_role_name(q->who.role))
					 : ERR_OK;
}

static int say(struct centre *c, const struct api_request *q, const char *verdict, const char *what,
	       struct errmsg *e)
{
	struct store_query w;
	int rc = more_than_looks(q, e);
	const struct store_word word = {.incident = api_text(q, "id"),
					.who = q->who.name,
					.verdict = verdict,
					.text = api_text(q, "text"),
					.time = q->now};
	char customer[64];

	rc = rc == ERR_OK ? scope_query(c->store, q, 0, &w, e) : rc;
	rc = rc == ERR_OK ? store_say(c->store, &w.scope, &word, e) : rc;
	if (rc != ERR_OK)
		return rc;
	owner_of(c, &w, word.incident, customer);
	pages_changed(c, customer, "incidents");
	return noted(c, q, customer, what, e);
}

static int verdict(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return say(ctx, q, api_text(q, "verdict"), "gave a verdict", e);
}

static int note(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return say(ctx, q, NULL, "wrote a note", e);
}

/* --- advisories --- */

static int advised(struct centre *c, const struct api_request *q, struct store_query *w,
		   uint64_t *ret_month, struct errmsg *e)
{
	int rc = scope_query(c->store, q, 0, w, e);

	if (rc != ERR_OK)
		return rc;
	*ret_month = zone_date(&c->zone, api_text(q, "month"));
	return *ret_month ? ERR_OK : errmsg_set(e, ERR_INVALID, "month: write it as 2026-11");
}

static int advisories(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	uint64_t month;
	int rc = advised(c, q, &w, &month, e);

	return rc == ERR_OK ? answer(store_advisories(c->store, &w, month, e), ret) : rc;
}

static int advise(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct monthly_advisory a = {.time = q->now,
				     .author = (char *)(uintptr_t)q->who.name,
				     .text = {(char *)(uintptr_t)api_text(q, "en"),
					      (char *)(uintptr_t)api_text(q, "ja")}};
	struct store_query w;
	uint64_t month;
	int rc = advised(c, q, &w, &month, e);

	if (rc != ERR_OK)
		return rc;
	if (!w.scope.customer[0])
		return errmsg_set(e, ERR_INVALID, "customer: whose month the advisory is about");
	rc = store_advise(c->store, w.scope.customer, month, &a, e);
	if (rc != ERR_OK)
		return rc;
	pages_changed(c, w.scope.customer, "reports");
	return noted(c, q, w.scope.customer, "wrote an advisory", e);
}

/* --- emergencies --- */

static int emergencies(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	bool only_open = json_is_true(json_object_get(q->args, "open"));
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	return rc == ERR_OK ? answer(store_emergency_list(c->store, &w, only_open, e), ret) : rc;
}

static int acknowledge(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = more_than_looks(q, e);

	rc = rc == ERR_OK ? scope_query(c->store, q, 0, &w, e) : rc;
	rc = rc == ERR_OK ? emergency_acknowledge(c->store, api_number(q, "id", 0),
						  w.scope.customer, q->who.name, q->now, e)
			  : rc;
	if (rc != ERR_OK)
		return rc;
	pages_changed(c, w.scope.customer, "emergencies");
	return noted(c, q, w.scope.customer, "acknowledged an emergency", e);
}

static int recipient(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	struct recipient r;
	int rc = scope_query(c->store, q, 0, &w, e);

	rc = rc == ERR_OK ? recipient_read(q->args, &r, e) : rc;
	if (rc != ERR_OK)
		return rc;
	snprintf(r.customer, sizeof(r.customer), "%s", w.scope.customer);
	rc = recipient_put(c->store, &r, e);
	return rc == ERR_OK ? noted(c, q, r.customer, "put a recipient", e) : rc;
}

static int recipient_gone(void *ctx, const struct api_request *q, struct api_answer *ret,
			  struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	rc = rc == ERR_OK ? store_recipient_remove(c->store, &w.scope, api_number(q, "id", 0), e)
			  : rc;
	return rc == ERR_OK ? noted(c, q, w.scope.customer, "removed a recipient", e) : rc;
}

/* Everybody who is told of the customer's emergencies gets one that says it is a test. */
static int recipient_test(void *ctx, const struct api_request *q, struct api_answer *ret,
			  struct errmsg *e)
{
	struct centre *c = ctx;
	struct emergency x = {.kind = EMERGENCY_TEST, .opened = q->now};
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	if (rc != ERR_OK)
		return rc;
	if (w.scope.site[0] || !w.scope.customer[0])
		snprintf(x.site, sizeof(x.site), "%s", w.scope.site);
	else if (!store_any_site(c->store, &w, x.site))
		return errmsg_set(e, ERR_EXISTS, "customer %s has no site yet", w.scope.customer);
	snprintf(x.key, sizeof(x.key), "test:%llu", (unsigned long long)q->now);
	snprintf(x.title[REPORT_ENGLISH], sizeof(x.title[0]), "This is a test");
	snprintf(x.title[REPORT_JAPANESE], sizeof(x.title[0]), "これは試験です");
	snprintf(x.text[REPORT_ENGLISH], sizeof(x.text[0]),
		 "%s sent it to see whether emergencies arrive. Nothing happened.", q->who.name);
	snprintf(x.text[REPORT_JAPANESE], sizeof(x.text[0]),
		 "緊急連絡が届くかどうかの試験として%sが送信しました。異常はありません。",
		 q->who.name);
	rc = store_begin(c->store, e);
	rc = rc == ERR_OK ? emergency_raise(c->store, &x, e) : rc;
	if (rc < 0) {
		store_rollback(c->store);
		return rc;
	}
	rc = store_commit(c->store, e);
	return rc == ERR_OK ? noted(c, q, w.scope.customer, "tested emergencies", e) : rc;
}

/* --- lists without a filter, and detections --- */

struct plain {
	json_t *(*ask)(struct store *s, const struct store_query *q, struct errmsg *err);
	unsigned days;
};

static int plain_list(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	const struct plain *p = q->route->own;
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, p->days, &w, e);

	return rc == ERR_OK ? answer(p->ask(c->store, &w, e), ret) : rc;
}

static int preview(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const struct store_exception x = {.gid = (uint64_t)api_number(q, "gid", 0),
					  .sid = (uint64_t)api_number(q, "sid", 0),
					  .source = api_text(q, "host"),
					  .destination = api_text(q, "dst"),
					  .sensor = api_text(q, "sensor")};
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, PREVIEW_DAYS, &w, e);

	return rc == ERR_OK ? answer(store_exception_preview(c->store, &w, &x, e), ret) : rc;
}

/* --- customers and sites --- */

static int put_customer(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e)
{
	const struct change_customer k = {api_text(q, "id"), api_text(q, "name"),
					  api_text(q, "zone"), api_text(q, "language")};
	struct centre *c = ctx;
	int rc = change_customer(c, &k, e);

	return rc == ERR_OK ? noted(c, q, k.id, "set up a customer", e) : rc;
}

static int put_site(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	int rc = change_site(c, api_text(q, "name"), api_text(q, "of"), e);

	return rc == ERR_OK ? noted(c, q, api_text(q, "of"), "gave a site to a customer", e) : rc;
}

/* --- audit --- */

/* Lines of the customer's own; the vendor's people see all. */
static bool line_is_theirs(const json_t *line, const char *customer)
{
	const char *of =
		json_string_value(json_object_get(json_object_get(line, "detail"), "customer"));

	return !customer[0] || (of && strcmp(of, customer) == 0);
}

/* Numbers and hashes say how much others do. */
static void take_chain_off(json_t *line)
{
	static const char *const keys[] = {"n", "seq", "prev", "hash"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_object_del(line, keys[i]);
}

enum { AUDIT_SEEN = 5000 };

static int audit_list(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);
	json_t *all, *mine = json_array(), *line;
	struct audit_head head;
	char path[600];
	size_t i;

	snprintf(path, sizeof(path), "%s/audit.log", c->state_folder);
	all = rc == ERR_OK ? audit_latest(path, w.scope.customer[0] ? AUDIT_SEEN : w.most, e)
			   : NULL;
	if (!all) {
		json_decref(mine);
		return rc == ERR_OK ? ERR_IO : rc;
	}
	json_array_foreach(all, i, line)
	{
		if (json_array_size(mine) == w.most || !line_is_theirs(line, w.scope.customer))
			continue;
		if (!(q->who.may & API_MAY_ALL))
			take_chain_off(line);
		json_array_append(mine, line);
	}
	json_decref(all);
	ret->json = json_pack("{so}", "audit", mine);
	if (!(q->who.may & API_MAY_ALL))
		return ERR_OK;
	audit_get_head(c->audit, &head);
	json_object_set_new(ret->json, "lines", json_integer((json_int_t)head.lines));
	json_object_set_new(ret->json, "hash", json_string(head.hash));
	json_object_set_new(ret->json, "problem", local_text(audit_problem(c->audit) ?: ""));
	return ERR_OK;
}

static int audit_check(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct centre *c = ctx;
	const char *want = api_text(q, "head");
	struct errmsg why = {""};
	struct audit_head head;
	char path[600];
	int rc;

	snprintf(path, sizeof(path), "%s/audit.log", c->state_folder);
	rc = audit_verify(path, want[0] ? want : NULL, &head, &why);
	return answer(json_pack("{sb sI ss so}", "right", rc == 0, "lines", (json_int_t)head.lines,
				"hash", head.hash, "problem", local_text(rc < 0 ? why.text : "")),
		      ret);
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define LIST(function, days)                                                                       \
	.fn = plain_list, .own = &(const struct plain)                                             \
	{                                                                                          \
		function, days                                                                     \
	}
#define INCIDENT                                                                                   \
	{                                                                                          \
		"id", API_IN_PATH, API_TEXT, true, 1, 191, NULL, "of the incident"                 \
	}
#define NUMBER(help)                                                                               \
	{                                                                                          \
		"id", API_IN_PATH, API_INTEGER, true, 1, INT64_MAX, NULL, help                     \
	}
#define BODY(name, required, least, most, help)                                                    \
	{                                                                                          \
		name, API_IN_BODY, API_TEXT, required, least, most, NULL, help                     \
	}

static const char *const verdicts[] = {"true-positive", "false-positive", "benign", "unclear",
				       NULL};
static const char *const kinds[] = {"mail", "syslog", "webhook", NULL};
static const char *const languages[] = {"en", "ja", NULL};

static const struct api_field verdict_fields[] = {
	INCIDENT,
	{"verdict", API_IN_BODY, API_WORD, true, 0, 0, verdicts, "what it was"},
	{"text", API_IN_BODY, API_PROSE, false, 0, NOTE_MAX, NULL, "why"},
};
static const struct api_field note_fields[] = {
	INCIDENT,
	{"text", API_IN_BODY, API_PROSE, true, 1, NOTE_MAX, NULL, "the note"},
};
#define MONTH(place)                                                                               \
	{                                                                                          \
		"month", place, API_TEXT, true, 7, 7, NULL, "2026-11"                              \
	}
static const struct api_field advisories_fields[] = {SCOPE_SITE_FIELDS, MONTH(API_IN_QUERY)};
static const struct api_field advise_fields[] = {
	{"customer", API_IN_BODY, API_TEXT, true, 1, 64, NULL, "whose"},
	MONTH(API_IN_BODY),
	{"en", API_IN_BODY, API_PROSE, true, 1, ADVISORY_MAX, NULL, "in English"},
	{"ja", API_IN_BODY, API_PROSE, true, 1, ADVISORY_MAX, NULL, "in Japanese"},
};
static const struct api_field site_fields[] = {SCOPE_SITE_FIELDS};
static const struct api_field page_fields[] = {SCOPE_SITE_FIELDS, SCOPE_PERIOD_FIELDS,
					       SCOPE_PAGE_FIELDS};
static const struct api_field emergencies_fields[] = {
	SCOPE_SITE_FIELDS,
	SCOPE_PERIOD_FIELDS,
	SCOPE_PAGE_FIELDS,
	{"open", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "only those not acknowledged"},
};
static const struct api_field number_fields[] = {NUMBER("its number")};
static const struct api_field recipient_fields[] = {
	{"kind", API_IN_BODY, API_WORD, true, 0, 0, kinds, "how they are told"},
	BODY("address", true, 3, 250, "name@host, tls://HOST:6514, https://HOST/PATH"),
	BODY("customer", false, 0, 64, "the vendor's people: whose emergencies; empty: all"),
	{"language", API_IN_BODY, API_WORD, false, 0, 0, languages, "ja when not given"},
	{"tier", API_IN_BODY, API_INTEGER, false, 1, 9, NULL, "1: at once"},
	BODY("quiet", false, 0, 11, "22:00-07:00"),
};
static const struct api_field test_fields[] = {
	BODY("site", false, 0, 127, "as if it were of this site"),
};
static const struct api_field preview_fields[] = {
	{"gid", API_IN_PATH, API_INTEGER, true, 0, UINT32_MAX, NULL, "of the rule"},
	{"sid", API_IN_PATH, API_INTEGER, true, 0, UINT32_MAX, NULL, "of the rule"},
	SCOPE_SITE_FIELDS,
	SCOPE_PERIOD_FIELDS,
	{"host", API_IN_QUERY, API_ADDRESS, false, 0, 0, NULL, "source; any when not given"},
	{"dst", API_IN_QUERY, API_ADDRESS, false, 0, 0, NULL, "destination; any when not given"},
	{"sensor", API_IN_QUERY, API_TEXT, false, 0, 63, NULL, "any when not given"},
};
static const struct api_field customer_fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 63, NULL, "a-z, 0-9, -"},
	BODY("name", true, 1, 200, "as people call it"),
	BODY("zone", false, 0, 63, "Asia/Tokyo"),
	{"language", API_IN_BODY, API_WORD, false, 0, 0, languages, "of its mails and reports"},
};
static const struct api_field put_site_fields[] = {
	{"name", API_IN_PATH, API_TEXT, true, 1, 127, NULL, "of the site"},
	BODY("of", true, 0, 63, "id of the customer; empty: nobody's"),
};
static const struct api_field audit_fields[] = {
	SCOPE_SITE_FIELDS,
	{"most", API_IN_QUERY, API_INTEGER, false, 1, LOOKUP_MOST, NULL, "how many"},
};
static const struct api_field head_fields[] = {
	{"head", API_IN_QUERY, API_TEXT, false, 0, 128, NULL,
	 "N:HASH noted before: shows a log whose end was cut off"},
};

static const struct api_route routes[] = {
	{"POST", "/api/v1/incidents/{id}/verdict", API_MAY_ANALYSE,
	 .summary = "say what an incident was", FIELDS(verdict_fields), .fn = verdict},
	{"POST", "/api/v1/incidents/{id}/notes", API_MAY_SEE, .summary = "write a note on it",
	 FIELDS(note_fields), .fn = note},
	{"GET", "/api/v1/advisories", API_MAY_SEE, .summary = "the expert's words on a month",
	 .returns = "every version, the latest first", FIELDS(advisories_fields), .fn = advisories},
	{"POST", "/api/v1/advisories", API_MAY_ANALYSE | API_MAY_ALL,
	 .summary = "write a new version of them", FIELDS(advise_fields), .fn = advise},
	{"GET", "/api/v1/emergencies", API_MAY_SEE, .summary = "emergencies, newest first",
	 .returns = "a page of them", FIELDS(emergencies_fields), .fn = emergencies},
	{"POST", "/api/v1/emergencies/{id}/acknowledge", API_MAY_SEE,
	 .summary = "see to one: no more messages about it", FIELDS(number_fields),
	 .fn = acknowledge},
	{"GET", "/api/v1/recipients", API_MAY_SEE, .summary = "who is told of emergencies",
	 .returns = "recipients", FIELDS(site_fields), LIST(store_recipient_list, 0)},
	{"PUT", "/api/v1/recipients", API_MAY_ADMIN, .summary = "tell somebody, or otherwise",
	 FIELDS(recipient_fields), .fn = recipient},
	{"DELETE", "/api/v1/recipients/{id}", API_MAY_ADMIN, .summary = "tell somebody no more",
	 FIELDS(number_fields), .fn = recipient_gone},
	{"POST", "/api/v1/recipients/test", API_MAY_ADMIN,
	 .summary = "an emergency that says it is a test", FIELDS(test_fields),
	 .fn = recipient_test},
	{"GET", "/api/v1/deliveries", API_MAY_SEE, .summary = "messages about emergencies",
	 .returns = "what became of each", FIELDS(page_fields), LIST(store_deliveries, 0)},
	{"GET", "/api/v1/detections", API_MAY_SEE, .summary = "alerts counted by threat",
	 .returns = "threats, the gravest first; of 30 days when no time is given",
	 FIELDS(page_fields), LIST(store_detections, TALLY_DAYS)},
	{"GET", "/api/v1/detections/{gid}/{sid}/preview", API_MAY_SEE,
	 .summary = "what an exception would have removed of the last 30 days' alerts",
	 .returns = "counts, hosts, days", FIELDS(preview_fields), .fn = preview},
	{"GET", "/api/v1/lists", API_MAY_SEE,
	 .summary = "known-bad entries that were found at treated hosts", .returns = "proposals",
	 FIELDS(page_fields), LIST(store_proposal_list, 0)},
	{"PUT", "/api/v1/customers/{id}", API_MAY_ADMIN | API_MAY_ALL,
	 .summary = "make or change a customer", FIELDS(customer_fields), .fn = put_customer},
	{"PUT", "/api/v1/sites/{name}", API_MAY_ADMIN | API_MAY_ALL,
	 .summary = "give a site to a customer; one with a history stays theirs",
	 FIELDS(put_site_fields), .fn = put_site},
	{"GET", "/api/v1/audit", API_MAY_ADMIN, .summary = "who did what, newest first",
	 .returns = "records; the vendor's people: of all, and the head of the chain",
	 FIELDS(audit_fields), .fn = audit_list},
	{"GET", "/api/v1/audit/verify", API_MAY_ADMIN | API_MAY_ALL,
	 .summary = "whether anybody changed the audit log",
	 .returns = "lines, head, and what is not as it was written", FIELDS(head_fields),
	 .fn = audit_check},
};

struct api_table word_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
