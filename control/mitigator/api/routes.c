/* The one table of what the site's HTTP API has: each route is a command of the local socket with
 * its arguments checked, so that nothing can be done here that cannot be done there, or otherwise.
 */
#include <string.h>
#include <unistd.h>

#include "control/mitigator/api/files.h"
#include "control/mitigator/api/pages.h"
#include "dataplane/base/slice.h"

enum { POLICY_BYTES = 1 << 20, JUDGED_BYTES = 16 << 20, ARCHIVE_BYTES = 16 << 20 };
enum { REASON_MIN = 3, REASON_MAX = 200, MINUTES_MAX = 5 * 365 * 24 * 60 };

/* How a route is carried out. */
struct by {
	const char *command;
	int refusal; /* what it means when the command says no: ERR_NOTFOUND, ERR_EXISTS, ... */
};

static int by_command(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	const struct by *by = q->route->own;
	struct local_peer peer = {.uid = geteuid(), .account = q->who.name};
	struct mitigator *m = ctx;
	uint64_t failures = m->count.failures;
	json_t *request = json_copy(q->args), *answer;

	json_object_set_new(request, "do", json_string(by->command));
	answer = local_do(m, by->command, &peer, request, e);
	json_decref(request);
	if (!answer && !e->text[0])
		return errmsg_set(e, ERR_IO, "it failed without a reason");
	if (!answer)
		return m->count.failures != failures ? ERR_IO : by->refusal;
	json_object_del(answer, "ok");
	ret->json = answer;
	if (strcmp(q->route->method, "GET") != 0)
		pages_changed(m, PAGE_CUTS | PAGE_HOSTS | PAGE_STATE | PAGE_AUDIT);
	return ERR_OK;
}

/* ---- arguments ---- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define REASON                                                                                     \
	{                                                                                          \
		"reason", API_IN_BODY, API_TEXT, true, REASON_MIN, REASON_MAX, NULL,               \
			"why, for the audit"                                                       \
	}
#define CUT                                                                                        \
	{                                                                                          \
		"command_id", API_IN_PATH, API_TEXT, true, 1, 95, NULL, "of the cut"               \
	}
#define QUERY(name, help)                                                                          \
	{                                                                                          \
		name, API_IN_QUERY, API_TEXT, false, 0, 128, NULL, help                            \
	}
#define NUMBER(name, least, most, help)                                                            \
	{                                                                                          \
		name, API_IN_QUERY, API_INTEGER, false, least, most, NULL, help                    \
	}
#define OPEN                                                                                       \
	{                                                                                          \
		"open", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "only those not over"        \
	}

static const char *const actions[] = {"mail",  "message", "deny", "permit",
				      "block", "command", NULL};

static const char *const levels[] = {"safe", "caution", "warning", "danger", NULL};

static const struct api_field hosts_fields[] = {
	QUERY("search", "a part of its name, address, MAC, user"),
	{"level", API_IN_QUERY, API_WORD, false, 0, 0, levels, "this and above"},
	{"cut", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "only those that are cut"},
	NUMBER("from", 0, 1000000, "leave out so many"),
	NUMBER("most", 1, 1000, "how many, 1000 when not given"),
};
static const struct api_field host_fields[] = {
	{"host", API_IN_PATH, API_TEXT, true, 1, 96, NULL, "address, MAC, name or id"},
};
static const struct api_field open_fields[] = {OPEN};
static const struct api_field incident_fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 32, NULL, "incident-000017"},
};
static const struct api_field cut_fields[] = {CUT};
static const struct api_field reason_fields[] = {CUT, REASON};
static const struct api_field order_fields[] = {
	{"host", API_IN_BODY, API_TEXT, true, 1, 96, NULL, "address, MAC or id"},
	REASON,
	{"minutes", API_IN_BODY, API_INTEGER, false, 0, MINUTES_MAX, NULL,
	 "it ends by itself then; 0: when a person releases"},
};
static const struct api_field event_fields[] = {
	NUMBER("most", 1, 1000, "how many, 100 when not given"),
	NUMBER("number", 1188, 1190, "1188 or 1190 only"),
};
static const struct api_field judgement_fields[] = {
	QUERY("host", "an address or a host's id"),
	{"since", API_IN_QUERY, API_TIME, false, 0, 0, NULL, "from this time on"},
	NUMBER("after", 0, INT64_MAX, "\"next\" of the page before"),
};
static const struct api_field judged_fields[] = {
	QUERY("host", "an address or a host's id"),
	{"since", API_IN_QUERY, API_TIME, false, 0, 0, NULL, "from this time on"},
};
static const struct api_field preview_fields[] = {
	QUERY("rule", "gid:sid, empty: any"),
	QUERY("source", "address or prefix, empty: any"),
	QUERY("destination", "address or prefix, empty: any"),
	QUERY("sensor", "empty: any"),
};
static const struct api_field act_fields[] = {
	{"action", API_IN_BODY, API_WORD, true, 0, 0, actions, "what is done"},
	{"hosts", API_IN_BODY, API_LIST, true, 1, 1000, NULL, "addresses, MACs or ids"},
	{"text", API_IN_BODY, API_TEXT, false, 0, 200, NULL, "for who gets it"},
	REASON,
};
static const struct api_field scope_fields[] = {QUERY("scope", "of the policy; empty: all")};
static const struct api_field deferred_fields[] = {
	{"scope", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "of the policy; empty: all"},
	{"deferred", API_IN_BODY, API_BOOLEAN, true, 0, 0, NULL, "true: they are meant"},
	REASON,
};
static const struct api_field only_reason[] = {REASON};
static const struct api_field most_fields[] = {
	NUMBER("most", 1, 999, "how many, 50 when not given"),
};

#define REASON_QUERY                                                                               \
	{                                                                                          \
		"reason", API_IN_QUERY, API_TEXT, true, REASON_MIN, REASON_MAX, NULL,              \
			"why, for the audit"                                                       \
	}

static const char *const nevers[] = {"alert", "block", NULL};
static const char *const modes[] = {"monitor", "notify", "approve", "automatic", "file", NULL};
static const char *const methods[] = {"same-level", "same-or-higher", NULL};
static const char *const forms[] = {"json", "html", NULL};
static const char *const languages[] = {"en", "ja", NULL};

static const struct api_field exception_fields[] = {
	{"never", API_IN_BODY, API_WORD, true, 0, 0, nevers,
	 "alert: neither told nor cut; block: told, never cut"},
	{"rule", API_IN_BODY, API_TEXT, false, 0, 31, NULL, "gid:sid, empty: any"},
	{"source", API_IN_BODY, API_TEXT, false, 0, 64, NULL, "address or prefix, empty: any"},
	{"destination", API_IN_BODY, API_TEXT, false, 0, 64, NULL, "address or prefix, empty: any"},
	{"sensor", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "empty: any"},
	{"until", API_IN_BODY, API_TIME, false, 0, 0, NULL, "it ends by itself then"},
	{"reason", API_IN_BODY, API_TEXT, true, REASON_MIN, 127, NULL, "why, for the audit"},
};
static const struct api_field exception_end_fields[] = {
	{"number", API_IN_PATH, API_INTEGER, true, 1, INT64_MAX, NULL, "of the exception"},
	REASON,
};
static const struct api_field mode_fields[] = {
	{"scope", API_IN_PATH, API_TEXT, true, 1, 63, NULL, "of the policy"},
	{"mode", API_IN_BODY, API_WORD, true, 0, 0, modes, "file: as the policy file says"},
	REASON,
};
static const struct api_field switch_fields[] = {
	{"stop", API_IN_BODY, API_BOOLEAN, true, 0, 0, NULL, "true: nothing is cut automatically"},
	REASON,
};
static const struct api_field threat_fields[] = {QUERY("threat", "its id; empty: all")};
static const struct api_field list_fields[] = {
	{"name", API_IN_PATH, API_TEXT, true, 1, 120, NULL, "<threat>-<YYYYMMDDhhmmss>.csv"},
};
static const struct api_field zip_fields[] = {
	QUERY("threat", "its id; empty: all"),
	{"current", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "who is permitted now instead"},
};
static const struct api_field import_fields[] = {
	{"name", API_IN_QUERY, API_TEXT, true, 1, 120, NULL, "of the file: a list's, or any.zip"},
	REASON_QUERY,
};
static const struct api_field put_fields[] = {
	REASON_QUERY,
	QUERY("base", "version that it was edited from: another in force is a conflict"),
	{"accept", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL,
	 "true: what check says against it is known"},
};
static const struct api_field edition_fields[] = {
	{"number", API_IN_PATH, API_INTEGER, true, 1, INT64_MAX, NULL, "of the edition"},
};
static const struct api_field simulate_fields[] = {
	NUMBER("days", 1, 31, "judgements of so many days, 7 when not given"),
};
static const struct api_field plain_fields[] = {
	{"method", API_IN_QUERY, API_WORD, false, 0, 0, methods, "instead of the policy in force"},
	QUERY("counts", "danger=6,warning=4,caution=2"),
	QUERY("days", "danger=3,warning=7"),
};
static const struct api_field head_fields[] = {
	QUERY("head", "N:HASH noted before: shows a log whose end was cut off"),
};
static const struct api_field report_fields[] = {
	{"form", API_IN_QUERY, API_WORD, false, 0, 0, forms, "json when not given"},
	{"language", API_IN_QUERY, API_WORD, false, 0, 0, languages, "of html; en when not given"},
};

/* ---- the table ---- */

#define BY(name, refused)                                                                          \
	.fn = by_command, .own = &(const struct by)                                                \
	{                                                                                          \
		name, refused                                                                      \
	}

static const struct api_route routes[] = {
	{"GET", "/api/v1/status", API_MAY_SEE, .summary = "counts, mode, kill switch, problems",
	 .returns = "how the mitigator is", BY("status", ERR_IO)},
	{"GET", "/api/v1/hosts", API_MAY_SEE, .summary = "hosts with their level and cut",
	 .returns = "hosts, the highest level first; how many there are in all",
	 FIELDS(hosts_fields), BY("hosts", ERR_IO)},
	{"GET", "/api/v1/hosts/{host}", API_MAY_SEE,
	 .summary = "one host with every fact, its source and age", .returns = "the host",
	 FIELDS(host_fields), BY("host", ERR_NOTFOUND)},
	{"GET", "/api/v1/coverage", API_MAY_SEE,
	 .summary = "which networks and hosts the sensors see, and where a tap would help",
	 .returns = "networks, those with most unseen hosts first", BY("coverage", ERR_IO)},
	{"GET", "/api/v1/incidents", API_MAY_SEE, .summary = "what happened, newest first",
	 .returns = "incidents with root cause, steps and handling", FIELDS(open_fields),
	 BY("incidents", ERR_IO)},
	{"GET", "/api/v1/incidents/{id}", API_MAY_SEE, .summary = "one incident",
	 .returns = "a list with the incident", FIELDS(incident_fields),
	 BY("incidents", ERR_NOTFOUND)},
	{"GET", "/api/v1/quarantines", API_MAY_SEE, .summary = "cuts, newest first",
	 .returns = "cuts with their state and moments", FIELDS(open_fields),
	 BY("quarantines", ERR_IO)},
	{"POST", "/api/v1/quarantines", API_MAY_APPROVE, .summary = "cut a host",
	 .returns = "\"text\": what is to be known", FIELDS(order_fields), BY("cut", ERR_EXISTS)},
	{"GET", "/api/v1/quarantines/{command_id}/history", API_MAY_SEE,
	 .summary = "every change of a cut: when, who, why", .returns = "changes, oldest first",
	 FIELDS(cut_fields), BY("history", ERR_NOTFOUND)},
	{"POST", "/api/v1/quarantines/{command_id}/approve", API_MAY_APPROVE,
	 .summary = "say yes to a cut that waits for a person",
	 .returns = "\"text\": whether a second person must say it, too", FIELDS(reason_fields),
	 BY("approve", ERR_EXISTS)},
	{"POST", "/api/v1/quarantines/{command_id}/refuse", API_MAY_APPROVE,
	 .summary = "say no to it", FIELDS(reason_fields), BY("refuse", ERR_EXISTS)},
	{"POST", "/api/v1/quarantines/{command_id}/release", API_MAY_APPROVE,
	 .summary = "let a host back", FIELDS(reason_fields), BY("release", ERR_EXISTS)},
	{"GET", "/api/v1/detections", API_MAY_SEE,
	 .summary = "events: 1188 threat detected, 1190 host cut; newest first",
	 .returns = "events", FIELDS(event_fields), BY("events", ERR_IO)},
	{"GET", "/api/v1/judgements", API_MAY_SEE, .summary = "every judgement, oldest first",
	 .returns = "a page of them; \"next\" asks for the page after", FIELDS(judgement_fields),
	 BY("judgements", ERR_IO)},
	{"GET", "/api/v1/policy", API_MAY_SEE, .summary = "the policy in force",
	 .returns = "its text, and what in it would not do what it seems to", BY("policy", ERR_IO)},
	{"POST", "/api/v1/policy/reload", API_MAY_CHANGE, .summary = "read the policy file again",
	 FIELDS(only_reason), BY("reload", ERR_EXISTS)},
	{"POST", "/api/v1/policy", API_MAY_CHANGE,
	 .summary = "put a policy in force in place of the policy file", .returns = "its version",
	 FIELDS(put_fields), .bytes_max = POLICY_BYTES, .fn = page_policy_put},
	{"POST", "/api/v1/policy/file", API_MAY_CHANGE, .summary = "back to the policy file",
	 FIELDS(only_reason), BY("policy_back", ERR_EXISTS)},
	{"GET", "/api/v1/policy/editions", API_MAY_SEE,
	 .summary = "policies that people put in force here, newest first",
	 .returns = "who, when, why; whether one is in force", BY("policy_editions", ERR_IO)},
	{"GET", "/api/v1/policy/editions/{number}", API_MAY_SEE, .summary = "one with its text",
	 .returns = "a list with the edition", FIELDS(edition_fields),
	 BY("policy_editions", ERR_NOTFOUND)},
	{"GET", "/metrics", API_MAY_SEE, .summary = "figures for Prometheus (with a token)",
	 .returns = "the text exposition format", .fn = page_metrics},
	{"GET", "/api/v1/protected", API_MAY_SEE, .summary = "what can never be cut",
	 .returns = "the list, with where each entry comes from", BY("protected", ERR_IO)},
	{"GET", "/api/v1/exceptions", API_MAY_SEE,
	 .summary = "exceptions, and how often each had effect", .returns = "exceptions",
	 BY("exceptions", ERR_IO)},
	{"GET", "/api/v1/exceptions/preview", API_MAY_SEE,
	 .summary = "what an exception would have removed of the last 30 days' alerts",
	 .returns = "counts, and the alerts it would remove most often", FIELDS(preview_fields),
	 BY("preview", ERR_INVALID)},
	{"POST", "/api/v1/actions", API_MAY_APPROVE, .summary = "an action for chosen hosts",
	 .returns = "what was done to whom, and why not", FIELDS(act_fields),
	 BY("act", ERR_INVALID)},
	{"GET", "/api/v1/actions/deferred", API_MAY_SEE,
	 .summary = "actions that wait for a person's command", .returns = "hosts with actions",
	 FIELDS(scope_fields), BY("deferred", ERR_IO)},
	{"POST", "/api/v1/actions/deferred", API_MAY_APPROVE, .summary = "do what waits",
	 .returns = "what was done to whom, and why not", FIELDS(deferred_fields),
	 BY("act", ERR_INVALID)},
	{"GET", "/api/v1/judgements.csv", API_MAY_SEE,
	 .summary = "judgements as a list for simulate", .returns = "CSV", FIELDS(judged_fields),
	 .fn = page_judgements_csv},
	{"POST", "/api/v1/policy/check", API_MAY_SEE, .summary = "read a policy without using it",
	 .returns = "what in it would not do what it seems to", .bytes_max = POLICY_BYTES,
	 .fn = page_policy_check},
	{"POST", "/api/v1/policy/simulate", API_MAY_SEE,
	 .summary = "what a policy would have done at the judgements on record",
	 .returns = "counts by action, and the latest judgements with actions",
	 FIELDS(simulate_fields), .bytes_max = POLICY_BYTES, .fn = page_policy_simulate},
	{"POST", "/api/v1/policy/simulate-list", API_MAY_SEE,
	 .summary = "the same for a list: CSV with time, host, level", .returns = "likewise",
	 FIELDS(plain_fields), .bytes_max = JUDGED_BYTES, .fn = page_list_simulate},
	{"POST", "/api/v1/exceptions", API_MAY_CHANGE, .summary = "make an exception",
	 .returns = "its number", FIELDS(exception_fields), BY("except", ERR_INVALID)},
	{"DELETE", "/api/v1/exceptions/{number}", API_MAY_CHANGE, .summary = "end an exception",
	 FIELDS(exception_end_fields), BY("except_end", ERR_NOTFOUND)},
	{"GET", "/api/v1/modes", API_MAY_SEE,
	 .summary = "every scope with its mode and stages, and how many hosts are in which",
	 .returns = "scopes", BY("modes", ERR_IO)},
	{"PUT", "/api/v1/modes/{scope}", API_MAY_CHANGE, .summary = "a mode for a scope",
	 FIELDS(mode_fields), BY("mode", ERR_NOTFOUND)},
	{"PUT", "/api/v1/kill-switch", API_MAY_APPROVE,
	 .summary = "throw the kill switch, or take it back", FIELDS(switch_fields),
	 BY("stop", ERR_EXISTS)},
	{"GET", "/api/v1/peers", API_MAY_SEE,
	 .summary = "sensors, enforcers and drivers with their health; the centre",
	 .returns = "who is connected, and what is wrong", BY("peers", ERR_IO)},
	{"GET", "/api/v1/undo/lists", API_MAY_SEE, .summary = "permission lists kept before cuts",
	 .returns = "their names", FIELDS(threat_fields), BY("undo_lists", ERR_IO)},
	{"GET", "/api/v1/undo/lists/{name}", API_MAY_SEE, .summary = "one of them",
	 .returns = "CSV", FIELDS(list_fields), .fn = page_undo_list},
	{"GET", "/api/v1/undo/export.zip", API_MAY_APPROVE,
	 .summary = "the lists as an archive for mass recovery", .returns = "ZIP",
	 FIELDS(zip_fields), .fn = page_undo_zip},
	{"POST", "/api/v1/undo/import", API_MAY_APPROVE,
	 .summary = "release every host that the lists permit and their threat has cut",
	 .returns = "how many were released", FIELDS(import_fields), .bytes_max = ARCHIVE_BYTES,
	 .fn = page_undo_import},
	{"GET", "/api/v1/report/daily", API_MAY_SEE, .summary = "the day so far",
	 .returns = "threats, hosts that need action, causes, handling, blind spots",
	 FIELDS(report_fields), .fn = page_report},
	{"GET", "/api/v1/audit/verify", API_MAY_SEE,
	 .summary = "whether anybody changed the audit log",
	 .returns = "lines, head, and the first line that is not as it was written",
	 FIELDS(head_fields), .fn = page_audit_verify},
	{"GET", "/api/v1/audit", API_MAY_SEE, .summary = "who did what, newest first",
	 .returns = "records and the head of the chain", FIELDS(most_fields), BY("audit", ERR_IO)},
};

struct api_table page_routes(struct mitigator *m)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), m};
}
