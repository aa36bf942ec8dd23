/* What banken-centre's local socket can do. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/people.h"
#include "control/centre/centre.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

struct report_files centre_report_files(const struct centre *c)
{
	return (struct report_files){c->store, c->config.report_folder, c->zone, c->keys};
}

/* --- local socket --- */

json_t *centre_status(struct centre *c)
{
	json_t *disk = store_disk(c->store), *answer;

	answer = json_pack("{sb ss si sI sI sI sI sI}", "ok", 1, "program", "banken-centre",
			   "peers", (int)link_server_peers(c->server), "alerts",
			   (json_int_t)store_count(c->store, "alerts"), "records",
			   (json_int_t)store_count(c->store, "records"), "events",
			   (json_int_t)store_count(c->store, "events"), "malformed",
			   (json_int_t)c->ingest.malformed, "page_port", (json_int_t)pages_port(c));
	json_object_update(answer, disk);
	json_decref(disk);
	watch_figures(c->store, answer);
	if (c->looks) {
		json_t *watched = looks_status(c->looks, "");

		json_object_set(answer, "disk", json_object_get(watched, "disk"));
		json_object_set(answer, "store", json_object_get(watched, "store"));
		json_object_set(answer, "backup", json_object_get(watched, "backup"));
		json_decref(watched);
	}
	/* Of several centres beside each other one is. */
	json_object_set_new(answer, "on_duty", json_boolean(duty_is_ours(c->duty)));
	json_object_set_new(answer, "retention_days",
			    json_integer((json_int_t)c->config.retention_days));
	return answer;
}

static json_t *do_status(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *err)
{
	return centre_status(ctx);
}

static json_t *do_overview(void *ctx, const struct local_peer *peer, const json_t *request,
			   struct errmsg *err)
{
	struct centre *c = ctx;
	json_t *o = store_overview(c->store, 1000);

	(void)peer;
	(void)request;
	(void)err;
	json_object_set_new(o, "ok", json_true());
	return o;
}

static json_t *do_alerts(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *err)
{
	struct centre *c = ctx;
	json_int_t most = json_integer_value(json_object_get(request, "most"));

	(void)peer;
	(void)err;
	return json_pack("{sb so}", "ok", 1, "alerts",
			 store_alerts(c->store, most > 0 && most < 100000 ? (unsigned)most : 100));
}

/* Somebody waits for it at the socket. */
struct wanted_report {
	struct centre *c;
	struct scribe_job job;
	struct local_later *later;
};

static void report_made(struct scribe_job *job, const char *error)
{
	struct wanted_report *w = job->ctx;
	const struct report_files files = centre_report_files(w->c);
	const struct report_order *o = &job->order;
	struct errmsg err = {""};
	char path[REPORT_PATH + 16];
	json_t *answer = NULL;

	snprintf(path, sizeof(path), "%s.en.html", o->stem);
	if (error[0])
		errmsg_set(&err, ERR_IO, "%s", error);
	else if (report_file_adopt_all(&files, o, &err) == ERR_OK)
		answer = json_pack("{sb ss sI}", "ok", 1, "path", path, "period",
				   (json_int_t)(zone_day(&o->zone, o->when, 0) / NS_PER_SEC));
	local_answer(w->later, answer, &err);
	free(w);
}

/* "date": 2026-11-22 or 2026-11, today without; "customer", "site": whose. */
static int order_report(struct centre *c, const json_t *request, enum report_period kind,
			struct report_order *ret, struct errmsg *err)
{
	const char *site = json_string_value(json_object_get(request, "site"));
	const char *customer = json_string_value(json_object_get(request, "customer"));
	const char *date = json_string_value(json_object_get(request, "date"));
	const struct store_scope scope = {customer ? customer : "", site ? site : ""};
	const struct report_files files = centre_report_files(c);
	uint64_t now = loop_wall(c->loop), when = date ? zone_date(&c->zone, date) : now;

	if (!when)
		return errmsg_set(err, ERR_INVALID,
				  "\"%s\" is no date; write it as 2026-11-22 or 2026-11", date);
	return report_file_order(&files, kind, &scope, when, now, ret, err);
}

static json_t *make_report(struct centre *c, const struct local_peer *peer, const json_t *request,
			   enum report_period kind, struct errmsg *err)
{
	struct wanted_report *w = calloc(1, sizeof(*w));
	int rc = w ? order_report(c, request, kind, &w->job.order, err) : ERR_NOMEM;

	if (rc == ERR_OK) {
		w->c = c;
		w->job.desk = SCRIBE_ASKED;
		w->job.done = report_made;
		w->job.ctx = w;
		rc = scribe_do(c->scribe, &w->job, err);
	}
	if (rc == ERR_OK)
		w->later = local_later(peer);
	else
		free(w);
	return NULL;
}

static json_t *do_daily(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *err)
{
	return make_report(ctx, peer, request, REPORT_OF_DAY, err);
}

static json_t *do_monthly(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *err)
{
	return make_report(ctx, peer, request, REPORT_OF_MONTH, err);
}

/* --- emergencies --- */

static json_t *do_emergencies(void *ctx, const struct local_peer *peer, const json_t *request,
			      struct errmsg *err)
{
	struct centre *c = ctx;
	json_int_t most = json_integer_value(json_object_get(request, "most"));

	return json_pack("{sb so}", "ok", 1, "emergencies",
			 emergency_list(c->store, text_member(request, "customer"),
					most > 0 && most < 100000 ? (unsigned)most : 50));
}

static void actor_of(const struct local_peer *peer, char ret[64])
{
	struct passwd *who = peer->account ? NULL : getpwuid(peer->uid);

	snprintf(ret, 64, "%s", peer->account ? peer->account : who ? who->pw_name : "?");
}

static json_t *do_seen(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *err)
{
	struct centre *c = ctx;
	char by[64];

	actor_of(peer, by);
	if (emergency_acknowledge(c->store, json_integer_value(json_object_get(request, "id")), "",
				  by, loop_wall(c->loop), err) != ERR_OK)
		return NULL;
	return json_pack("{sb}", "ok", 1);
}

static json_t *do_test(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *err)
{
	struct centre *c = ctx;
	struct emergency e = {.kind = EMERGENCY_TEST, .opened = loop_wall(c->loop)};
	char by[64];
	int rc;

	actor_of(peer, by);
	snprintf(e.key, sizeof(e.key), "test:%llu", (unsigned long long)e.opened);
	snprintf(e.site, sizeof(e.site), "%s", text_member(request, "site"));
	snprintf(e.title[REPORT_ENGLISH], sizeof(e.title[0]), "This is a test");
	snprintf(e.title[REPORT_JAPANESE], sizeof(e.title[1]), "これは試験です");
	snprintf(e.text[REPORT_ENGLISH], sizeof(e.text[0]),
		 "%s sent it to see whether emergencies arrive. Nothing happened.", by);
	snprintf(e.text[REPORT_JAPANESE], sizeof(e.text[1]),
		 "緊急連絡が届くかどうかの試験として%sが送信しました。異常はありません。", by);
	rc = store_begin(c->store, err);
	rc = rc == ERR_OK ? emergency_raise(c->store, &e, err) : rc;
	rc = rc >= 0 ? store_commit(c->store, err) : rc;
	return rc == ERR_OK ? json_pack("{sb}", "ok", 1) : NULL;
}

static json_t *do_recipients(void *ctx, const struct local_peer *peer, const json_t *request,
			     struct errmsg *err)
{
	struct centre *c = ctx;

	return json_pack("{sb so}", "ok", 1, "recipients",
			 recipient_list(c->store, text_member(request, "customer")));
}

static json_t *do_recipient_put(void *ctx, const struct local_peer *peer, const json_t *request,
				struct errmsg *err)
{
	struct centre *c = ctx;
	struct recipient r;

	if (recipient_read(request, &r, err) != ERR_OK ||
	    recipient_put(c->store, &r, err) != ERR_OK)
		return NULL;
	return json_pack("{sb}", "ok", 1);
}

static json_t *do_recipient_remove(void *ctx, const struct local_peer *peer, const json_t *request,
				   struct errmsg *err)
{
	struct centre *c = ctx;

	if (recipient_remove(c->store, json_integer_value(json_object_get(request, "id")), err) !=
	    ERR_OK)
		return NULL;
	return json_pack("{sb}", "ok", 1);
}

static json_t *do_vendor(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *err)
{
	struct centre *c = ctx;

	return vendor_do(&c->vendor, peer, request, err);
}

static json_t *do_proposals(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *err)
{
	struct centre *c = ctx;

	return json_pack("{sb so}", "ok", 1, "proposals", store_proposals(c->store, 1000));
}

static json_t *do_audit_heads(void *ctx, const struct local_peer *peer, const json_t *request,
			      struct errmsg *err)
{
	struct centre *c = ctx;

	return json_pack("{sb so}", "ok", 1, "audit_heads", store_audit_heads(c->store, 1000));
}

static json_t *do_watch(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *err)
{
	struct centre *c = ctx;

	return watch_do(&c->watch, peer, request, err);
}

static json_t *do_enrol(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *err)
{
	struct centre *c = ctx;

	return fleet_do_enrol(c->fleet, peer, request, err);
}

static json_t *do_fleet(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *err)
{
	struct centre *c = ctx;

	return fleet_do_read(c->fleet, peer, request, err);
}

static json_t *do_fleet_change(void *ctx, const struct local_peer *peer, const json_t *request,
			       struct errmsg *err)
{
	struct centre *c = ctx;

	return fleet_do_change(c->fleet, peer, request, err);
}

const struct local_command centre_commands[] = {
	{"fleet-change",
	 "\"what\": configuration, review, file, rollout, pause, resume, stop, back, group",
	 do_fleet_change, true},
	{"enrol",
	 "\"what\": code (\"site\", \"role\", \"name\", \"customer\", \"valid_s\"), revoke "
	 "(\"name\", \"reason\"), rotate (\"step\": begin, switch, finish; \"force\")",
	 do_enrol, true},
	{"fleet",
	 "\"what\": boxes, stale, codes, certificates, configurations, diff, keys, files, "
	 "rollouts, rollout; \"customer\"",
	 do_fleet, false},
	{"accounts", "who may log in; \"customer\"", accounts_do, false},
	{"account_add", "\"name\", \"role\", \"customer\", \"password\"", accounts_do, true},
	{"account_change",
	 "\"name\"; \"role\", \"password\", \"disabled\", \"reset_second_factor\"", accounts_do,
	 true},
	{"account_remove", "\"name\", with its sessions and tokens", accounts_do, true},
	{"customers", "customers and sites", people_do_customers, false},
	{"customer_put", "\"id\", \"name\", \"zone\", \"language\"", people_do_customer, true},
	{"site_put", "\"site\", \"customer\"", people_do_site, true},
	{"audit", "who did what, newest first; \"most\"", people_do_audit, false},
	{"status", "counts and connected peers", do_status, false},
	{"overview", "hosts, quarantines, alerts, sites", do_overview, false},
	{"alerts", "latest alerts; \"most\": how many", do_alerts, false},
	{"daily", "writes a day's report and names the file; \"date\", \"site\", \"customer\"",
	 do_daily, false},
	{"monthly", "the same of a month", do_monthly, false},
	{"emergencies", "latest emergencies; \"most\", \"customer\"", do_emergencies, false},
	{"emergency-seen", "somebody sees to emergency \"id\"", do_seen, true},
	{"emergency-test", "raises one that says it is a test; \"site\"", do_test, true},
	{"recipients", "who is told; \"customer\"", do_recipients, false},
	{"recipient-put", "\"kind\", \"address\", \"customer\", \"language\", \"tier\", \"quiet\"",
	 do_recipient_put, true},
	{"recipient-remove", "\"id\"", do_recipient_remove, true},
	{"vendor",
	 "orders a cut within the site's mandate; \"what\": cut or release, \"mitigator\", "
	 "\"host\", \"minutes\", \"reason\"",
	 do_vendor, true},
	{"report-schedules", "when reports are made, and who is mailed; \"customer\"", do_watch,
	 false},
	{"report-schedule-put",
	 "\"customer\", \"hour\", \"daily\", \"monthly\", \"from\": date from which on reports are "
	 "owed",
	 do_watch, true},
	{"report-recipient-put", "\"customer\", \"address\", \"language\", \"daily\", \"monthly\"",
	 do_watch, true},
	{"report-recipient-remove", "\"customer\", \"address\"", do_watch, true},
	{"report-finals", "final reports and their mails; \"customer\", \"most\"", do_watch, false},
	{"report-again", "a new version of a final report; \"customer\", \"date\"", do_watch, true},
	{"watch", "what is wrong with the watching itself; \"customer\"", do_watch, false},
	{"templates", "texts of messages that are not the built-in ones", do_watch, false},
	{"template-put",
	 "\"kind\", \"part\": subject, body or webhook, \"language\", \"text\": none = built in",
	 do_watch, true},
	{"template-preview", "the same, as it would look; nothing is kept", do_watch, false},
	{"forward", "alerts on their way to other systems", do_watch, false},
	{"forward-put", "\"address\": tls://HOST:6514, \"format\": eve, cef or leef, \"customer\"",
	 do_watch, true},
	{"forward-remove", "\"address\"", do_watch, true},
	{"self-test", "tries the way from a sensor to the mailbox now; \"sensor\"", do_watch, true},
	{"licence-put", "\"customer\", \"until\": date, none = without end", do_watch, true},
	{"assessments", "customers who are watched only, for a time; \"customer\"", do_watch,
	 false},
	{"assessment-begin", "\"customer\", \"days\", \"by\"", do_watch, true},
	{"assessment-end", "before its time; \"customer\"", do_watch, true},
	{"proposals", "known-bad entries that mitigators offer", do_proposals, false},
	{"audit_heads", "the ends of mitigators' audit logs", do_audit_heads, false},
};

const size_t centre_command_count = ARRAY_SIZE(centre_commands);
