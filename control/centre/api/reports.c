/* Daily and monthly reports, of any day and "so far today", in the customer's time zone. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/print.h"
#include "control/centre/api/scope.h"
#include "control/wire/file.h"
#include "control/wire/message.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { DAYS_LISTED = 31, MONTHS_LISTED = 13 };

/* The customer's, where there is one and it has one; else the centre's. */
static struct zone zone_of(const struct centre *c, const struct store_query *w)
{
	struct zone zone = c->zone, own;
	struct errmsg e;
	json_t *all = w->scope.customer[0] ? store_customers(c->store, w, &e) : NULL;
	const char *name = json_string_value(
		json_object_get(json_array_get(json_object_get(all, "customers"), 0), "zone"));

	if (name && name[0] && zone_set(&own, name, &e) == ERR_OK)
		zone = own;
	json_decref(all);
	return zone;
}

/* --- which there are --- */

static json_t *one(const char *date, bool so_far)
{
	return json_pack("{ss sb}", "date", date, "so_far", (int)so_far);
}

static int list(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	json_t *days = json_array(), *months = json_array();
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);
	struct zone zone = rc == ERR_OK ? zone_of(c, &w) : c->zone;
	uint64_t first = rc == ERR_OK ? store_first(c->store, &w) : 0;
	char text[ZONE_TEXT];

	for (int i = 0; i < DAYS_LISTED; i++) {
		if (i == 0 || zone_day(&zone, q->now, 1 - i) > first)
			json_array_append_new(
				days, one(zone_day_text(&zone, zone_day(&zone, q->now, -i), text),
					  i == 0));
	}
	for (int i = 0; i < MONTHS_LISTED; i++) {
		if (i == 0 || zone_month(&zone, q->now, 1 - i) > first)
			json_array_append_new(
				months,
				one(zone_month_text(&zone, zone_month(&zone, q->now, -i), text),
				    i == 0));
	}
	ret->json = json_pack("{so so ss}", "daily", days, "monthly", months, "zone", zone.name);
	return rc;
}

/* --- one --- */

struct asked {
	struct store_query w;
	struct zone zone;
	uint64_t when, now;
	enum report_language language;
	const char *format;
};

static int asked(struct centre *c, const struct api_request *q, struct asked *a, struct errmsg *e)
{
	const char *date = api_text(q, "date"), *month = api_text(q, "month");
	const char *language = api_text(q, "language");
	int rc = scope_query(c->store, q, 0, &a->w, e);

	if (rc != ERR_OK)
		return rc;
	a->zone = zone_of(c, &a->w);
	a->now = q->now;
	a->format = api_text(q, "format");
	a->language = language[0] ? (strcmp(language, "ja") == 0 ? REPORT_JAPANESE : REPORT_ENGLISH)
		      : q->japanese ? REPORT_JAPANESE
				    : REPORT_ENGLISH;
	a->when = date[0]    ? zone_date(&a->zone, date)
		  : month[0] ? zone_date(&a->zone, month)
			     : q->now;
	if (!a->when || a->when > q->now)
		return errmsg_set(e, ERR_INVALID, "%s: no day that has come",
				  date[0] ? "date" : "month");
	return ERR_OK;
}

/* What the forms of a report have in common. */
struct forms {
	int (*html)(const void *report, enum report_language language, FILE *out);
	int (*json)(const void *report, FILE *out);
	int (*csv)(const void *report, FILE *out);
};

static int daily_html(const void *r, enum report_language language, FILE *out)
{
	return report_daily_html(r, language, out);
}

static int daily_json(const void *r, FILE *out)
{
	return report_daily_json(r, out);
}

static int daily_csv(const void *r, FILE *out)
{
	return report_daily_csv(r, out);
}

static int monthly_html(const void *r, enum report_language language, FILE *out)
{
	return report_monthly_html(r, language, out);
}

static int monthly_json(const void *r, FILE *out)
{
	return report_monthly_json(r, out);
}

static int monthly_csv(const void *r, FILE *out)
{
	return report_monthly_csv(r, out);
}

static const struct forms daily_forms = {daily_html, daily_json, daily_csv};
static const struct forms monthly_forms = {monthly_html, monthly_json, monthly_csv};

/* --- PDF: printed by a helper, fetched when it is there (print.h) --- */

static bool is_pdf(const struct asked *a)
{
	return strcmp(a->format, "pdf") == 0;
}

static void print_key(const struct asked *a, const char *stem, char ret[PRINT_KEY])
{
	snprintf(ret, PRINT_KEY, "%s|%.60s|%.127s|%d", stem, a->w.scope.customer, a->w.scope.site,
		 (int)a->language);
}

static void name_pdf(const char *stem, struct api_answer *ret)
{
	if (ret->bytes)
		snprintf(ret->file_name, sizeof(ret->file_name), "%s.pdf", stem);
}

/* ERR_NOTFOUND: it has to be made. */
static int printed(struct centre *c, const struct asked *a, const char *stem,
		   struct api_answer *ret, struct errmsg *e)
{
	char key[PRINT_KEY];
	int rc;

	print_key(a, stem, key);
	rc = print_desk_ask(c->print, key, a->now, ret, e);
	name_pdf(stem, ret);
	return rc;
}

static int print(struct centre *c, const struct forms *f, const void *report, const struct asked *a,
		 const char *stem, struct api_answer *ret, struct errmsg *e)
{
	char key[PRINT_KEY], *html = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&html, &len);
	int rc = out ? f->html(report, a->language, out) : ERR_NOMEM;

	if (out && fclose(out) != 0)
		rc = ERR_NOMEM;
	print_key(a, stem, key);
	rc = rc == ERR_OK
		     ? print_desk_begin(c->print, key, SLICE(html, len), a->now, a->now, ret, e)
		     : errmsg_set(e, rc, "no memory to make it");
	free(html);
	return rc;
}

static int write_form(const struct forms *f, const void *report, const struct asked *a,
		      const char *stem, struct api_answer *ret)
{
	FILE *out = open_memstream(&ret->bytes, &ret->len);
	int rc = out ? ERR_OK : ERR_NOMEM;

	ret->type = "application/json";
	if (rc == ERR_OK && strcmp(a->format, "html") == 0) {
		ret->type = "text/html; charset=utf-8";
		rc = f->html(report, a->language, out);
	} else if (rc == ERR_OK && strcmp(a->format, "csv") == 0) {
		ret->type = "text/csv; charset=utf-8";
		snprintf(ret->file_name, sizeof(ret->file_name), "%s.csv", stem);
		rc = f->csv(report, out);
	} else if (rc == ERR_OK) {
		rc = f->json(report, out);
	}
	return out && fclose(out) != 0 ? ERR_NOMEM : rc;
}

static int daily_now(struct centre *c, const struct asked *a, const char *stem,
		     struct api_answer *ret, struct errmsg *e)
{
	struct report_daily d;
	int rc = store_daily(c->store, &a->w.scope, zone_day(&a->zone, a->when, 0),
			     zone_day(&a->zone, a->when, 1), &d, e);

	if (rc != ERR_OK)
		return rc;
	d.zone = a->zone;
	d.made = a->now;
	rc = is_pdf(a) ? print(c, &daily_forms, &d, a, stem, ret, e)
		       : write_form(&daily_forms, &d, a, stem, ret);
	report_daily_free(&d);
	return rc;
}

static int monthly_now(struct centre *c, const struct asked *a, const char *stem,
		       struct api_answer *ret, struct errmsg *e)
{
	struct report_monthly m;
	int rc = store_monthly(c->store, &a->w.scope, &a->zone, a->when, a->now, &m, e);

	if (rc != ERR_OK)
		return rc;
	rc = is_pdf(a) ? print(c, &monthly_forms, &m, a, stem, ret, e)
		       : write_form(&monthly_forms, &m, a, stem, ret);
	report_monthly_free(&m);
	return rc;
}

/* --- made by a helper, while other requests are answered --- */

static const struct {
	const char *format, *type, *ending; /* ending: NULL, it is shown and not kept */
	unsigned form[REPORT_LANGUAGES];
} kinds[] = {
	{"json", "application/json", NULL, {1, 1}},
	{"html", "text/html; charset=utf-8", NULL, {3, 2}},
	{"csv", "text/csv; charset=utf-8", "csv", {0, 0}},
	{"pdf", NULL, NULL, {3, 2}},
};

struct awaited {
	struct centre *c;
	struct scribe_job job;
	struct api_later *later;
	char stem[64], key[PRINT_KEY]; /* key: of a PDF */
	size_t kind;		       /* in kinds */
	unsigned form;
};

enum { ANSWER_MAX = 256 << 20 };

static void made(struct scribe_job *job, const char *error)
{
	struct awaited *w = job->ctx;
	struct api_answer ret = {.type = kinds[w->kind].type};
	struct slice bytes = {NULL, 0};
	struct errmsg e = {""};
	char path[REPORT_PATH + 32];
	int rc = error[0] ? errmsg_set(&e, ERR_IO, "%s", error) : ERR_OK;

	snprintf(path, sizeof(path), "%s.%s.part", job->order.stem, report_form_ending(w->form));
	if (rc == ERR_OK)
		rc = file_read(path, ANSWER_MAX, &bytes, &e);
	unlink(path);
	if (rc == ERR_OK && !kinds[w->kind].type) {
		rc = print_desk_begin(w->c->print, w->key, bytes, job->order.made, job->order.made,
				      &ret, &e);
		payload_free(&bytes);
	}
	ret.bytes = (char *)(uintptr_t)bytes.data;
	ret.len = bytes.len;
	if (kinds[w->kind].ending)
		snprintf(ret.file_name, sizeof(ret.file_name), "%s.%s", w->stem,
			 kinds[w->kind].ending);
	api_later_answer(w->later, rc, &ret, &e);
	free(w);
}

static int order(struct centre *c, const struct asked *a, enum report_period kind,
		 struct awaited *w, struct errmsg *e)
{
	struct report_order *o = &w->job.order;
	char folder[REPORT_PATH - 64];

	while (w->kind + 1 < ARRAY_SIZE(kinds) &&
	       strcmp(kinds[w->kind].format, a->format[0] ? a->format : "json") != 0)
		w->kind++;
	w->form = kinds[w->kind].form[a->language];
	*o = (struct report_order){.kind = kind,
				   .forms = 1u << w->form,
				   .zone = a->zone,
				   .when = a->when,
				   .made = a->now};
	snprintf(o->customer, sizeof(o->customer), "%s", a->w.scope.customer);
	snprintf(o->site, sizeof(o->site), "%s", a->w.scope.site);
	snprintf(folder, sizeof(folder), "%s/asked", c->config.report_folder);
	snprintf(o->stem, sizeof(o->stem), "%s/%llu", folder, (unsigned long long)++c->asked);
	w->job.desk = SCRIBE_ASKED;
	w->job.done = made;
	w->job.ctx = w;
	return file_make_folder(folder, 0750, e);
}

static int later(struct centre *c, const struct api_request *q, const struct asked *a,
		 enum report_period kind, const char *stem, struct errmsg *e)
{
	struct awaited *w = calloc(1, sizeof(*w));
	int rc = w ? order(c, a, kind, w, e) : ERR_NOMEM;

	rc = rc == ERR_OK ? scribe_do(c->scribe, &w->job, e) : rc;
	if (rc != ERR_OK) {
		free(w);
		return rc;
	}
	w->c = c;
	snprintf(w->stem, sizeof(w->stem), "%s", stem);
	print_key(a, stem, w->key);
	w->later = api_later(q);
	return ERR_OK;
}

static int daily(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct asked a;
	char stem[64], date[ZONE_TEXT];
	int rc = asked(c, q, &a, e);

	if (rc != ERR_OK)
		return rc;
	snprintf(stem, sizeof(stem), "daily-%s", zone_day_text(&a.zone, a.when, date));
	rc = is_pdf(&a) ? printed(c, &a, stem, ret, e) : ERR_NOTFOUND;
	if (rc != ERR_NOTFOUND)
		return rc;
	return c->scribe ? later(c, q, &a, REPORT_OF_DAY, stem, e) : daily_now(c, &a, stem, ret, e);
}

static int monthly(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct asked a;
	char stem[64], date[ZONE_TEXT];
	int rc = asked(c, q, &a, e);

	if (rc != ERR_OK)
		return rc;
	snprintf(stem, sizeof(stem), "monthly-%s", zone_month_text(&a.zone, a.when, date));
	rc = is_pdf(&a) ? printed(c, &a, stem, ret, e) : ERR_NOTFOUND;
	if (rc != ERR_NOTFOUND)
		return rc;
	return c->scribe ? later(c, q, &a, REPORT_OF_MONTH, stem, e)
			 : monthly_now(c, &a, stem, ret, e);
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)

static const char *const formats[] = {"json", "html", "csv", "pdf", NULL};
static const char *const languages[] = {"en", "ja", NULL};

#define FORM                                                                                       \
	{"format", API_IN_QUERY,                                                                   \
	 API_WORD, false,                                                                          \
	 0,	   0,                                                                              \
	 formats,  "json when not given; pdf: 503 with Retry-After while it is printed"},          \
	{                                                                                          \
		"language", API_IN_QUERY, API_WORD, false, 0, 0, languages, "of html and pdf"      \
	}

static const struct api_field list_fields[] = {SCOPE_SITE_FIELDS};
static const struct api_field daily_fields[] = {
	SCOPE_SITE_FIELDS,
	FORM,
	{"date", API_IN_QUERY, API_DATE, false, 0, 0, NULL, "2026-11-21; today when not given"},
};
static const struct api_field monthly_fields[] = {
	SCOPE_SITE_FIELDS,
	FORM,
	{"month", API_IN_QUERY, API_TEXT, false, 7, 7, NULL, "2026-11; this one when not given"},
};

static const struct api_route routes[] = {
	{"GET", "/api/v1/reports", API_MAY_SEE, .summary = "which days and months there are",
	 .returns = "dates, the latest first; \"so_far\": not over yet", FIELDS(list_fields),
	 .fn = list},
	{"GET", "/api/v1/reports/daily", API_MAY_SEE, .summary = "a day's report",
	 .returns = "threats, hosts that need action, causes, handling, blind spots",
	 FIELDS(daily_fields), .fn = daily},
	{"GET", "/api/v1/reports/monthly", API_MAY_SEE, .summary = "a month's report",
	 .returns = "tendency, trend, tallies, times to contain, the expert's advisory",
	 FIELDS(monthly_fields), .fn = monthly},
};

struct api_table report_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
