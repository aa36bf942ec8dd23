#include "control/centre/watch/commands.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/emergency/template.h"
#include "control/centre/store/emergencies.h"
#include "control/centre/store/assessments.h"
#include "control/centre/store/schedule.h"
#include "control/centre/store/templates.h"
#include "control/wire/text.h"
#include "dataplane/base/slice.h"

static bool flag_of(const json_t *request, const char *key)
{
	const json_t *value = json_object_get(request, key);

	return !value || json_is_true(value);
}

static json_t *ok(void)
{
	return json_pack("{sb}", "ok", 1);
}

static unsigned most_of(const json_t *request)
{
	json_int_t most = json_integer_value(json_object_get(request, "most"));

	return most > 0 && most < 10000 ? (unsigned)most : 100;
}

void watch_figures(struct store *s, json_t *answer)
{
	struct condition_figures f;
	json_t *kinds = json_object();
	struct errmsg err;

	if (conditions_count(s, &f, &err) == ERR_OK) {
		for (int k = EMERGENCY_MIRROR; k < EMERGENCY_KINDS; k++)
			json_object_set_new(kinds, emergency_kind_words[k],
					    json_integer((json_int_t)f.held[k]));
		json_object_set_new(answer, "emergencies_open",
				    json_integer((json_int_t)f.emergencies));
		json_object_set_new(answer, "messages_waiting",
				    json_integer((json_int_t)f.messages));
		json_object_set(answer, "conditions", kinds);
		json_object_set_new(answer, "forward", forward_status(s));
	}
	json_decref(kinds);
}

/* --- scheduled reports --- */

static json_t *schedules(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const char *customer = text_member(request, "customer");

	return json_pack("{sb so so}", "ok", 1, "schedules", schedule_list(d->store, customer),
			 "recipients", report_recipient_list(d->store, customer));
}

static json_t *put_schedule(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const char *from = text_member(request, "from");
	const json_t *hour = json_object_get(request, "hour");
	struct report_schedule c = {
		.wants = {flag_of(request, "daily"), flag_of(request, "monthly")}};
	json_int_t h = hour ? json_integer_value(hour) : 6;

	snprintf(c.customer, sizeof(c.customer), "%s", text_member(request, "customer"));
	c.hour = h >= 0 && h < 24 ? (unsigned)h : 24;
	if (from[0]) {
		c.since = zone_date(&d->zone, from);
		if (!c.since) {
			errmsg_set(err, ERR_INVALID, "\"%.40s\" is no date; write 2026-11-22",
				   from);
			return NULL;
		}
	}
	if (schedule_put(d->store, &c, loop_wall(d->loop), err) != ERR_OK)
		return NULL;
	press_hurry(d->press);
	return ok();
}

static json_t *put_recipient(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const char *address = text_member(request, "address");
	struct report_recipient r = {
		.language = strcmp(text_member(request, "language"), "en") == 0 ? REPORT_ENGLISH
										: REPORT_JAPANESE,
		.wants = {flag_of(request, "daily"), flag_of(request, "monthly")},
	};

	if (!recipient_is_address(RECIPIENT_MAIL, address)) {
		errmsg_set(err, ERR_INVALID, "\"%.100s\" is no mail address", address);
		return NULL;
	}
	snprintf(r.customer, sizeof(r.customer), "%s", text_member(request, "customer"));
	snprintf(r.address, sizeof(r.address), "%s", address);
	return report_recipient_put(d->store, &r, err) == ERR_OK ? ok() : NULL;
}

static json_t *remove_recipient(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return report_recipient_remove(d->store, text_member(request, "customer"),
				       text_member(request, "address"), err) == ERR_OK
		       ? ok()
		       : NULL;
}

static json_t *finals(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return json_pack(
		"{sb so}", "ok", 1, "reports",
		report_run_list(d->store, text_member(request, "customer"), most_of(request)));
}

/* "date" by the zone of the runs that are there: the one of that date is looked for. */
int watch_again(struct watch_desk *d, const char *customer, const char *date, struct errmsg *err)
{
	enum report_period kind = strlen(date) == 7 ? REPORT_OF_MONTH : REPORT_OF_DAY;
	json_t *list = report_run_list(d->store, customer, 10000), *run;
	json_int_t period = 0;
	size_t i;

	json_array_foreach(list, i, run)
	{
		if (strcmp(text_member(run, "date"), date) == 0 &&
		    strcmp(text_member(run, "customer"), customer) == 0 &&
		    strcmp(text_member(run, "kind"), report_kind_words[kind]) == 0)
			period = json_integer_value(json_object_get(run, "period"));
	}
	json_decref(list);
	return schedule_again(d->store, customer, kind, (uint64_t)period, loop_wall(d->loop), err);
}

static json_t *again(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return watch_again(d, text_member(request, "customer"), text_member(request, "date"),
			   err) == ERR_OK
		       ? ok()
		       : NULL;
}

/* --- the watching itself --- */

static json_t *watched(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	json_t *answer = looks_status(d->looks, text_member(request, "customer"));

	json_object_set_new(answer, "self_tests",
			    self_test_list(d->store, text_member(request, "customer"), 100));
	json_object_set_new(answer, "ok", json_true());
	return answer;
}

static json_t *test_now(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return selftest_run(d->selftest, text_member(request, "sensor"), err) == ERR_OK ? ok()
											: NULL;
}

static json_t *put_licence(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const char *until = text_member(request, "until");
	uint64_t end = until[0] ? zone_date(&d->zone, until) : 0;

	if (until[0] && !end) {
		errmsg_set(err, ERR_INVALID, "\"%.40s\" is no date; write 2027-03-31", until);
		return NULL;
	}
	if (licence_put(d->store, text_member(request, "customer"), end, err) != ERR_OK)
		return NULL;
	looks_look(d->looks);
	return ok();
}

/* --- assessments --- */

static json_t *assessments(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return json_pack("{sb so}", "ok", 1, "assessments",
			 assessment_list(d->store, text_member(request, "customer")));
}

static json_t *begin_assessment(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const json_t *days = json_object_get(request, "days");
	json_int_t n = json_is_integer(days) ? json_integer_value(days) : ASSESSMENT_DAYS;

	return assessment_begin(d->store, text_member(request, "customer"),
				n > 0 && n <= ASSESSMENT_DAYS_MOST ? (unsigned)n : 0,
				text_member(request, "by"), loop_wall(d->loop), err) == ERR_OK
		       ? ok()
		       : NULL;
}

static json_t *end_assessment(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	if (assessment_end(d->store, text_member(request, "customer"), loop_wall(d->loop), err) !=
	    ERR_OK)
		return NULL;
	if (d->press)
		press_hurry(d->press);
	return ok();
}

/* --- templates --- */

static json_t *templates(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return json_pack("{sb so}", "ok", 1, "templates", template_list(d->store));
}

/* "part" and "text" as they may be; "kind" one of the kinds, or none. */
static bool read_template(const json_t *request, enum template_part *ret, struct errmsg *err)
{
	const char *part = text_member(request, "part"), *kind = text_member(request, "kind");
	int p = 0, k = 0;

	while (p < TEMPLATE_PARTS && strcmp(template_part_words[p], part) != 0)
		p++;
	while (k < EMERGENCY_KINDS && strcmp(emergency_kind_words[k], kind) != 0)
		k++;
	if (p == TEMPLATE_PARTS || (kind[0] && k == EMERGENCY_KINDS)) {
		errmsg_set(err, ERR_INVALID,
			   "\"part\" is subject, body or webhook, \"kind\" a kind of emergency or "
			   "none");
		return false;
	}
	*ret = (enum template_part)p;
	return template_check(text_member(request, "text"), *ret, err) == ERR_OK;
}

static const char *language_of(const json_t *request)
{
	return strcmp(text_member(request, "language"), "en") == 0 ? "en" : "ja";
}

static json_t *put_template(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const char *text = text_member(request, "text");
	enum template_part part;

	if (text[0] && !read_template(request, &part, err))
		return NULL;
	return template_put(d->store, text_member(request, "kind"), text_member(request, "part"),
			    language_of(request), text, err) == ERR_OK
		       ? ok()
		       : NULL;
}

static json_t *preview_template(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const struct emergency_sender by = {"", "", "https://centre.example/", d->zone, NULL};
	enum template_part part;
	json_t *answer;
	char *text;

	if (!read_template(request, &part, err))
		return NULL;
	text = template_preview(text_member(request, "text"), part,
				language_of(request)[0] == 'e' ? REPORT_ENGLISH : REPORT_JAPANESE,
				&by);
	answer = json_pack("{sb so}", "ok", 1, "text", local_text(text ? text : ""));
	free(text);
	return answer;
}

/* --- forwarding --- */

static json_t *forwarded(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return json_pack("{sb so}", "ok", 1, "forward", forward_status(d->store));
}

static json_t *put_forward(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	const char *format = text_member(request, "format");
	struct forward_target t = {.format = FORWARD_FORMATS};

	for (int i = 0; i < FORWARD_FORMATS; i++) {
		if (strcmp(forward_format_words[i], format[0] ? format : "eve") == 0)
			t.format = (enum forward_format)i;
	}
	if (t.format == FORWARD_FORMATS) {
		errmsg_set(err, ERR_INVALID, "\"format\" is eve, cef or leef");
		return NULL;
	}
	snprintf(t.address, sizeof(t.address), "%s", text_member(request, "address"));
	snprintf(t.customer, sizeof(t.customer), "%s", text_member(request, "customer"));
	return forward_put(d->store, &t, err) == ERR_OK ? ok() : NULL;
}

static json_t *remove_forward(struct watch_desk *d, const json_t *request, struct errmsg *err)
{
	return forward_remove(d->store, text_member(request, "address"), err) == ERR_OK ? ok()
											: NULL;
}

static const struct {
	const char *word;
	json_t *(*fn)(struct watch_desk *d, const json_t *request, struct errmsg *err);
} commands[] = {
	{"report-schedules", schedules},
	{"report-schedule-put", put_schedule},
	{"report-recipient-put", put_recipient},
	{"report-recipient-remove", remove_recipient},
	{"report-finals", finals},
	{"report-again", again},
	{"watch", watched},
	{"templates", templates},
	{"template-put", put_template},
	{"template-preview", preview_template},
	{"forward", forwarded},
	{"forward-put", put_forward},
	{"forward-remove", remove_forward},
	{"licence-put", put_licence},
	{"self-test", test_now},
	{"assessments", assessments},
	{"assessment-begin", begin_assessment},
	{"assessment-end", end_assessment},
};

json_t *watch_do(struct watch_desk *d, const struct local_peer *peer, const json_t *request,
		 struct errmsg *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].word, text_member(request, "do")) == 0)
			return commands[i].fn(d, request, err);
	}
	errmsg_set(err, ERR_INVALID, "no such command");
	return NULL;
}
