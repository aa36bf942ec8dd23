#include "control/centre/watch/routes.h"

#include <string.h>

#include "control/api/metrics.h"
#include "control/centre/api/scope.h"
#include "control/centre/emergency/template.h"
#include "control/centre/store/assessments.h"
#include "control/centre/store/schedule.h"
#include "control/centre/store/templates.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { RUNS_MOST = 400 };

static int answer(json_t *json, struct api_answer *ret)
{
	ret->json = json;
	return json ? ERR_OK : ERR_IO;
}

/* In a demonstration there is nothing to watch. */
static int is_real(const struct centre *c, struct errmsg *e)
{
	return c->watch.store ? ERR_OK : errmsg_set(e, ERR_UNSUPPORTED, "not in a demonstration");
}

static int noted(struct centre *c, const struct api_request *q, const char *customer,
		 const char *what, struct errmsg *e)
{
	return pages_audit(c, q->who.name, customer, what, json_copy(q->args), e) < 0 ? ERR_IO
										      : ERR_OK;
}

/* --- what is wrong with the watching --- */

static int watched(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_scope scope;
	json_t *o;
	int rc = scope_of(c->store, q, &scope, e);

	if (rc != ERR_OK)
		return rc;
	if (!c->watch.store)
		return answer(json_pack("{s[] sn sn sn s[]}", "conditions", "disk", "store",
					"backup", "self_tests"),
			      ret);
	o = looks_status(c->looks, scope.customer);
	json_object_set_new(o, "self_tests", self_test_list(c->store, scope.customer, 100));
	json_object_set_new(o, "licence_until",
			    json_integer((json_int_t)licence_until(c->store, scope.customer)));
	json_object_set_new(o, "retention_days",
			    json_integer((json_int_t)c->config.retention_days));
	return answer(o, ret);
}

static int test_now(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	int rc = is_real(c, e);

	rc = rc == ERR_OK ? selftest_run(c->selftest, api_text(q, "sensor"), e) : rc;
	return rc == ERR_OK ? noted(c, q, "", "ordered a self-test", e) : rc;
}

static int put_licence(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct centre *c = ctx;
	const char *customer = api_text(q, "id"), *until = api_text(q, "until");
	uint64_t end = until[0] ? zone_date(&c->zone, until) : 0;
	int rc = is_real(c, e);

	if (rc == ERR_OK && !store_has_customer(c->store, customer))
		rc = errmsg_set(e, ERR_NOTFOUND, "there is no customer %s", customer);
	if (rc == ERR_OK && until[0] && !end)
		rc = errmsg_set(e, ERR_INVALID, "until: there is no such date");
	rc = rc == ERR_OK ? licence_put(c->store, customer, end, e) : rc;
	return rc == ERR_OK ? noted(c, q, customer, "noted a licence", e) : rc;
}

/* --- reports that come by themselves --- */

static int finals(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_scope scope;
	int rc = scope_of(c->store, q, &scope, e);

	if (rc != ERR_OK)
		return rc;
	if (!c->watch.store)
		return answer(json_pack("{s[] s[] s[]}", "reports", "schedules", "recipients"),
			      ret);
	return answer(json_pack("{so so so}", "reports",
				report_run_list(c->store, scope.customer, RUNS_MOST), "schedules",
				schedule_list(c->store, scope.customer), "recipients",
				report_recipient_list(c->store, scope.customer)),
		      ret);
}

/* Whose: the account's own customer; the vendor's people name one, or none for their own. */
static int whose(struct centre *c, const struct api_request *q, struct store_scope *ret,
		 struct errmsg *e)
{
	int rc = is_real(c, e);

	return rc == ERR_OK ? scope_of(c->store, q, ret, e) : rc;
}

static bool wants(const struct api_request *q, const char *name)
{
	const json_t *v = json_object_get(q->args, name);

	return !v || json_is_true(v);
}

static int put_schedule(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e)
{
	struct centre *c = ctx;
	struct report_schedule s = {.hour = (unsigned)api_number(q, "hour", 6),
				    .wants = {wants(q, "daily"), wants(q, "monthly")}};
	struct store_scope scope;
	int rc = whose(c, q, &scope, e);

	if (rc != ERR_OK)
		return rc;
	snprintf(s.customer, sizeof(s.customer), "%s", scope.customer);
	rc = schedule_put(c->store, &s, q->now, e);
	if (rc == ERR_OK)
		press_hurry(c->press);
	return rc == ERR_OK ? noted(c, q, scope.customer, "set when reports come", e) : rc;
}

static int put_recipient(void *ctx, const struct api_request *q, struct api_answer *ret,
			 struct errmsg *e)
{
	struct centre *c = ctx;
	struct report_recipient r = {.language = strcmp(api_text(q, "language"), "en") == 0
							 ? REPORT_ENGLISH
							 : REPORT_JAPANESE,
				     .wants = {wants(q, "daily"), wants(q, "monthly")}};
	struct store_scope scope;
	int rc = whose(c, q, &scope, e);

	if (rc == ERR_OK && !recipient_is_address(RECIPIENT_MAIL, api_text(q, "address")))
		rc = errmsg_set(e, ERR_INVALID, "address: no mail address");
	if (rc != ERR_OK)
		return rc;
	snprintf(r.customer, sizeof(r.customer), "%s", scope.customer);
	snprintf(r.address, sizeof(r.address), "%s", api_text(q, "address"));
	rc = report_recipient_put(c->store, &r, e);
	return rc == ERR_OK ? noted(c, q, scope.customer, "has reports mailed", e) : rc;
}

static int recipient_gone(void *ctx, const struct api_request *q, struct api_answer *ret,
			  struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_scope scope;
	int rc = whose(c, q, &scope, e);

	rc = rc == ERR_OK
		     ? report_recipient_remove(c->store, scope.customer, api_text(q, "address"), e)
		     : rc;
	return rc == ERR_OK ? noted(c, q, scope.customer, "has reports mailed no more", e) : rc;
}

static int once_more(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e)
{
	struct centre *c = ctx;
	const char *date = api_text(q, "date");
	struct store_scope scope;
	int rc = whose(c, q, &scope, e);

	rc = rc == ERR_OK ? watch_again(&c->watch, scope.customer, date, e) : rc;
	return rc == ERR_OK ? noted(c, q, scope.customer, "had a report made again", e) : rc;
}

/* --- what the local socket does in the same words, a demonstration too --- */

static int do_as(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e,
		 const char *what)
{
	struct centre *c = ctx;
	struct watch_desk made_up = {.store = c->store, .loop = c->loop, .zone = c->zone};
	json_t *request = json_copy(q->args), *done;

	json_object_set_new(request, "do", json_string(what));
	json_object_set_new(request, "by", local_text(q->who.name));
	done = watch_do(c->watch.store ? &c->watch : &made_up, NULL, request, e);
	json_decref(request);
	if (!done)
		return ERR_INVALID;
	json_object_del(done, "ok");
	ret->json = done;
	return ERR_OK;
}

/* --- templates --- */

static int templates(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e)
{
	struct centre *c = ctx;

	return answer(json_pack("{so}", "templates", template_list(c->store)), ret);
}

static int put_template(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e)
{
	int rc = do_as(ctx, q, ret, e, "template-put");

	return rc == ERR_OK ? noted(ctx, q, "", "changed a template of messages", e) : rc;
}

static int preview(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return do_as(ctx, q, ret, e, "template-preview");
}

/* --- assessments --- */

/* What removes everything of a customer, the centre's own machine being where it is typed. */
static json_t *wipe_words(const struct centre *c, const struct api_request *q)
{
	if (!(q->who.may & API_MAY_ALL))
		return json_null();
	return json_sprintf("banken-store wipe %s %s", c->config.state_folder,
			    c->config.report_folder);
}

static int assessments(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_scope scope;
	int rc = scope_of(c->store, q, &scope, e);

	if (rc != ERR_OK)
		return rc;
	return answer(json_pack("{so so}", "assessments", assessment_list(c->store, scope.customer),
				"wipe", wipe_words(c, q)),
		      ret);
}

static int assess(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e,
		  const char *what, const char *told)
{
	struct centre *c = ctx;
	const char *customer = api_text(q, "customer");
	int rc;

	if (!store_has_customer(c->store, customer))
		return errmsg_set(e, ERR_NOTFOUND, "there is no customer %s", customer);
	rc = do_as(ctx, q, ret, e, what);
	if (rc == ERR_OK)
		pages_changed(c, customer, "state");
	return rc == ERR_OK ? noted(c, q, customer, told, e) : rc;
}

static int begin(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return assess(ctx, q, ret, e, "assessment-begin", "began an assessment");
}

static int end(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return assess(ctx, q, ret, e, "assessment-end", "ended an assessment");
}

/* --- metrics --- */

static int metrics(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	return api_metrics("banken-centre", centre_status(ctx), ret);
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define WHOSE                                                                                      \
	{                                                                                          \
		"customer", API_IN_BODY, API_TEXT, false, 0, 64, NULL,                             \
			"the vendor's people: whose; none: their own, of all sites"                \
	}
#define WANTS                                                                                      \
	{"daily", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "true when not given"},             \
	{                                                                                          \
		"monthly", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "true when not given"      \
	}

static const char *const languages[] = {"en", "ja", NULL};
static const struct api_field scope_fields[] = {SCOPE_SITE_FIELDS};
static const struct api_field sensor_fields[] = {
	{"sensor", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "whose turn it is when not given"}};
static const struct api_field licence_fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 63, NULL, "of the customer"},
	{"until", API_IN_BODY, API_TEXT, false, 0, 10, NULL, "2027-03-31; none: without end"}};
static const struct api_field schedule_fields[] = {
	WHOSE,
	{"hour", API_IN_BODY, API_INTEGER, false, 0, 23, NULL, "of the day after, by the zone"},
	WANTS};
static const struct api_field recipient_fields[] = {
	WHOSE,
	{"address", API_IN_BODY, API_TEXT, true, 3, 250, NULL, "name@host"},
	{"language", API_IN_BODY, API_WORD, false, 0, 0, languages, "ja when not given"},
	WANTS};
static const struct api_field gone_fields[] = {
	{"address", API_IN_PATH, API_TEXT, true, 3, 250, NULL, "name@host"}, SCOPE_SITE_FIELDS};
static const struct api_field again_fields[] = {
	WHOSE, {"date", API_IN_BODY, API_TEXT, true, 7, 10, NULL, "2026-11-21, or 2026-11"}};

static const char *const parts[] = {"subject", "body", "webhook", NULL};
#define TEMPLATE                                                                                   \
	{"part", API_IN_PATH, API_WORD, true, 0, 0, parts, "of a message"},                        \
		{"kind", API_IN_BODY, API_TEXT, false,                                             \
		 0,	 20,	      NULL,	"of emergency; every kind without"},               \
		{"language", API_IN_BODY, API_WORD, false, 0, 0, languages, "ja when not given"},  \
	{                                                                                          \
		"text", API_IN_BODY, API_PROSE, false, 0, TEMPLATE_MAX, NULL,                      \
			"with tokens such as {{title}}; none: the built-in one"                    \
	}
static const struct api_field template_fields[] = {TEMPLATE};

static const struct api_field begin_fields[] = {
	{"customer", API_IN_BODY, API_TEXT, true, 1, 63, NULL, "whose"},
	{"days", API_IN_BODY, API_INTEGER, false, 1, ASSESSMENT_DAYS_MOST, NULL, "30"}};
static const struct api_field end_fields[] = {
	{"customer", API_IN_PATH, API_TEXT, true, 1, 63, NULL, "whose"}};

static const struct api_route routes[] = {
	{"GET", "/api/v1/watch", API_MAY_SEE, .summary = "what is wrong with the watching itself",
	 .returns = "conditions that hold, self-tests; for the vendor: the disk, what the store "
		    "holds and its forecast, the last back-up",
	 FIELDS(scope_fields), .fn = watched},
	{"POST", "/api/v1/self-test", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "try the way from a sensor to the mailbox now", FIELDS(sensor_fields),
	 .fn = test_now},
	{"PUT", "/api/v1/licences/{id}", API_MAY_ADMIN | API_MAY_ALL,
	 .summary = "note when a customer's licence ends: it warns and never blinds",
	 FIELDS(licence_fields), .fn = put_licence},
	{"GET", "/api/v1/final-reports", API_MAY_SEE,
	 .summary = "reports of days and months that are over, and their mails",
	 .returns = "versions with state and mails, schedules, recipients", FIELDS(scope_fields),
	 .fn = finals},
	{"PUT", "/api/v1/final-reports/schedule", API_MAY_ADMIN, .summary = "when they are made",
	 FIELDS(schedule_fields), .fn = put_schedule},
	{"PUT", "/api/v1/final-reports/recipients", API_MAY_ADMIN,
	 .summary = "who gets them by mail", FIELDS(recipient_fields), .fn = put_recipient},
	{"DELETE", "/api/v1/final-reports/recipients/{address}", API_MAY_ADMIN,
	 .summary = "who gets them no more", FIELDS(gone_fields), .fn = recipient_gone},
	{"POST", "/api/v1/final-reports/again", API_MAY_ANALYSE | API_MAY_ALL,
	 .summary = "make a new version, and mail it", FIELDS(again_fields), .fn = once_more},
	{"GET", "/api/v1/templates", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "texts of messages that are not the built-in ones", .returns = "templates",
	 .fn = templates},
	{"PUT", "/api/v1/templates/{part}", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "another text for messages", FIELDS(template_fields), .fn = put_template},
	{"POST", "/api/v1/templates/{part}/preview", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "how it would look", .returns = "the text", FIELDS(template_fields),
	 .fn = preview},
	{"GET", "/api/v1/assessments", API_MAY_SEE,
	 .summary = "customers who are watched only, for a time (C8)",
	 .returns = "since, until, state, reports that have not gone; for the vendor: what wipes "
		    "afterwards",
	 FIELDS(scope_fields), .fn = assessments},
	{"POST", "/api/v1/assessments", API_MAY_ADMIN | API_MAY_ALL,
	 .summary = "begin one: from now on nothing of the customer's is cut", FIELDS(begin_fields),
	 .fn = begin},
	{"POST", "/api/v1/assessments/{customer}/end", API_MAY_ADMIN | API_MAY_ALL,
	 .summary = "end one before its time: its report is made at once", FIELDS(end_fields),
	 .fn = end},
	{"GET", "/metrics", API_MAY_SEE | API_MAY_ALL,
	 .summary = "the centre's figures for Prometheus (with a token)",
	 .returns = "the text exposition format", .fn = metrics},
};

struct api_table watch_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
