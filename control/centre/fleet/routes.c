/* The fleet's part of the centre's HTTP API: each route is a command of the local socket with its
 * arguments checked. What another customer has is answered as what is not there. */
#include <string.h>
#include <unistd.h>

#include "control/api/server.h"
#include "control/centre/fleet/fleet.h"
#include "control/centre/fleet/routes.h"

/* How a route is carried out. */
struct by {
	json_t *(*fn)(void *fleet, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e);
	const char *what;
	int refusal;	  /* what it means when the command says no */
	bool vendor_only; /* a customer's account does not see that it exists */
};

static int by_command(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	const struct by *by = q->route->own;
	struct local_peer peer = {.uid = geteuid(), .account = q->who.name};
	json_t *request, *answer;

	if (!ctx)
		return errmsg_set(e, ERR_UNSUPPORTED, "a demonstration has no boxes");
	if (by->vendor_only && q->who.customer[0])
		return errmsg_set(e, ERR_NOTFOUND, "there is no such thing");
	request = json_copy(q->args);
	json_object_set_new(request, "what", json_string(by->what));
	if (q->who.customer[0])
		json_object_set_new(request, "customer", json_string(q->who.customer));
	answer = by->fn(ctx, &peer, request, e);
	json_decref(request);
	if (!answer)
		return e->text[0] ? by->refusal
				  : errmsg_set(e, ERR_IO, "it failed without a reason");
	json_object_del(answer, "ok");
	ret->json = answer;
	return ERR_OK;
}

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define BY(function, word, no)                                                                     \
	.fn = by_command, .own = &(const struct by)                                                \
	{                                                                                          \
		function, word, no, false                                                          \
	}
#define BY_VENDOR(function, word, no)                                                              \
	.fn = by_command, .own = &(const struct by)                                                \
	{                                                                                          \
		function, word, no, true                                                           \
	}
#define READ   fleet_do_read
#define CHANGE fleet_do_change
#define ENROL  fleet_do_enrol

static const char *const roles[] = {"sensor", "mitigator", "enforcer", NULL};
static const char *const kinds[] = {"config", "bundle", "pattern", "firmware", NULL};
static const char *const steps[] = {"begin", "switch", "finish", NULL};

#define CUSTOMER                                                                                   \
	{                                                                                          \
		"customer", API_IN_QUERY, API_TEXT, false, 0, 63, NULL, "whose; the vendor's only" \
	}
#define REASON                                                                                     \
	{                                                                                          \
		"reason", API_IN_BODY, API_TEXT, true, 3, 120, NULL, "why, for the audit"          \
	}
#define SCOPE(place, required)                                                                     \
	{                                                                                          \
		"scope", place, API_TEXT, required, 1, 78, NULL,                                   \
			"fleet, customer:ID, site:NAME or box:NAME"                                \
	}
#define ID                                                                                         \
	{                                                                                          \
		"id", API_IN_PATH, API_INTEGER, true, 1, INT32_MAX, NULL, "of the roll-out"        \
	}

static const struct api_field list_fields[] = {CUSTOMER};
static const struct api_field code_fields[] = {
	{"site", API_IN_BODY, API_TEXT, true, 1, 63, NULL, "where the box will be"},
	{"role", API_IN_BODY, API_WORD, true, 0, 0, roles, "what it is"},
	{"name", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "of the box; empty: one is made"},
	{"customer", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "whose site it is"},
	{"valid_s", API_IN_BODY, API_INTEGER, false, 60, 2592000, NULL, "seconds it is good"},
};
static const struct api_field revoke_fields[] = {
	{"name", API_IN_PATH, API_TEXT, true, 1, 63, NULL, "of the box"},
	{"reason", API_IN_QUERY, API_TEXT, false, 0, 120, NULL, "why, for the audit"},
};
static const struct api_field rotate_fields[] = {
	{"step", API_IN_BODY, API_WORD, true, 0, 0, steps, "in this order"},
	{"force", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "do not wait for boxes"},
};
static const struct api_field configurations_fields[] = {CUSTOMER, SCOPE(API_IN_QUERY, false)};
static const struct api_field diff_fields[] = {
	CUSTOMER,
	SCOPE(API_IN_QUERY, true),
	{"from", API_IN_QUERY, API_INTEGER, true, 0, INT32_MAX, NULL, "version; 0: nothing"},
	{"to", API_IN_QUERY, API_INTEGER, true, 0, INT32_MAX, NULL, "version"},
};
static const struct api_field write_fields[] = {
	SCOPE(API_IN_BODY, true),
	{"body", API_IN_BODY, API_PROSE, true, 0, 16384, NULL, "lines \"key: value\""},
	REASON,
};
static const struct api_field review_fields[] = {
	SCOPE(API_IN_BODY, true),
	{"version", API_IN_BODY, API_INTEGER, true, 1, INT32_MAX, NULL, "that is judged"},
	{"approve", API_IN_BODY, API_BOOLEAN, true, 0, 0, NULL, "false: refused"},
	{"note", API_IN_BODY, API_TEXT, false, 0, 200, NULL, "for its author"},
};
static const struct api_field rollout_fields[] = {ID};
static const struct api_field order_fields[] = {ID, REASON};
static const struct api_field start_fields[] = {
	{"kind", API_IN_BODY, API_WORD, true, 0, 0, kinds, "what is rolled out"},
	{"version", API_IN_BODY, API_TEXT, true, 1, 63, NULL, "of it"},
	SCOPE(API_IN_BODY, false),
	{"customer", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "its boxes only"},
	{"site", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "its boxes only"},
	{"role", API_IN_BODY, API_WORD, false, 0, 0, roles, "such boxes only"},
	{"group", API_IN_BODY, API_TEXT, false, 0, 63, NULL, "boxes of that group only"},
	{"soak_s", API_IN_BODY, API_INTEGER, false, 0, 2592000, NULL,
	 "seconds that a ring is watched"},
	{"limit", API_IN_BODY, API_INTEGER, false, 1, 99, NULL,
	 "percent of worse boxes that stop it"},
	REASON,
};
static const struct api_field group_fields[] = {
	{"box", API_IN_PATH, API_TEXT, true, 1, 63, NULL, "its name"},
	{"group", API_IN_BODY, API_TEXT, true, 0, 63, NULL, "empty: none"},
};

static const struct api_route routes[] = {
	{"GET", "/api/v1/enrolments", API_MAY_CHANGE,
	 .summary = "codes that were made, newest first; the codes themselves are kept nowhere",
	 .returns = "codes", FIELDS(list_fields), BY(READ, "codes", ERR_IO)},
	{"POST", "/api/v1/enrolments", API_MAY_CHANGE,
	 .summary = "make a code that enrols one box, once",
	 .returns = "code, name, role, site, expires", FIELDS(code_fields),
	 BY_VENDOR(ENROL, "code", ERR_INVALID)},
	{"GET", "/api/v1/certificates", API_MAY_SEE, .summary = "certificates, newest first",
	 .returns = "certificates", FIELDS(list_fields), BY(READ, "certificates", ERR_IO)},
	{"DELETE", "/api/v1/certificates/{name}", API_MAY_CHANGE,
	 .summary = "revoke a box's certificate; its links end at once", FIELDS(revoke_fields),
	 BY(ENROL, "revoke", ERR_NOTFOUND)},
	{"POST", "/api/v1/ca", API_MAY_ADMIN, .summary = "a new CA, a step of it",
	 .returns = "step", FIELDS(rotate_fields), BY_VENDOR(ENROL, "rotate", ERR_EXISTS)},
	{"GET", "/api/v1/boxes", API_MAY_SEE,
	 .summary = "sensors and mitigators with versions and certificates", .returns = "boxes",
	 FIELDS(list_fields), BY(READ, "boxes", ERR_IO)},
	{"GET", "/api/v1/boxes/stale", API_MAY_SEE,
	 .summary = "boxes away for long, with an old version, or whose certificate runs out",
	 .returns = "stale, each with why", FIELDS(list_fields), BY(READ, "stale", ERR_IO)},
	{"PUT", "/api/v1/boxes/{box}/group", API_MAY_CHANGE,
	 .summary = "the group of a box for roll-outs", FIELDS(group_fields),
	 BY_VENDOR(CHANGE, "group", ERR_INVALID)},
	{"GET", "/api/v1/configuration-keys", API_MAY_SEE,
	 .summary = "keys that may be set from the centre", .returns = "keys",
	 BY(READ, "keys", ERR_IO)},
	{"GET", "/api/v1/configurations", API_MAY_SEE,
	 .summary = "versions with author, reason and review", .returns = "configurations",
	 FIELDS(configurations_fields), BY(READ, "configurations", ERR_IO)},
	{"GET", "/api/v1/configurations/diff", API_MAY_SEE,
	 .summary = "what differs between two versions", .returns = "diff: key, from, to",
	 FIELDS(diff_fields), BY(READ, "diff", ERR_NOTFOUND)},
	{"PUT", "/api/v1/configurations", API_MAY_CHANGE,
	 .summary = "write a new version; a second person approves it", .returns = "version",
	 FIELDS(write_fields), BY(CHANGE, "configuration", ERR_INVALID)},
	{"POST", "/api/v1/configurations/review", API_MAY_CHANGE,
	 .summary = "approve or refuse a version", FIELDS(review_fields),
	 BY(CHANGE, "review", ERR_DENIED)},
	{"GET", "/api/v1/fleet-files", API_MAY_SEE,
	 .summary = "bundles, patterns and firmware that can be rolled out", .returns = "files",
	 BY_VENDOR(READ, "files", ERR_IO)},
	{"GET", "/api/v1/rollouts", API_MAY_SEE, .summary = "roll-outs, newest first",
	 .returns = "rollouts with state, ring and counts", BY_VENDOR(READ, "rollouts", ERR_IO)},
	{"GET", "/api/v1/rollouts/{id}", API_MAY_SEE, .summary = "one with every box",
	 .returns = "rollout", FIELDS(rollout_fields), BY_VENDOR(READ, "rollout", ERR_NOTFOUND)},
	{"POST", "/api/v1/rollouts", API_MAY_CHANGE,
	 .summary = "roll out in rings of 1, 10, 50 and 100 percent", .returns = "id, boxes",
	 FIELDS(start_fields), BY_VENDOR(CHANGE, "rollout", ERR_INVALID)},
	{"POST", "/api/v1/rollouts/{id}/pause", API_MAY_CHANGE, .summary = "nobody new for now",
	 FIELDS(order_fields), BY_VENDOR(CHANGE, "pause", ERR_EXISTS)},
	{"POST", "/api/v1/rollouts/{id}/resume", API_MAY_CHANGE, .summary = "go on",
	 FIELDS(order_fields), BY_VENDOR(CHANGE, "resume", ERR_EXISTS)},
	{"POST", "/api/v1/rollouts/{id}/stop", API_MAY_CHANGE,
	 .summary = "nobody new, ever; who has it keeps it", FIELDS(order_fields),
	 BY_VENDOR(CHANGE, "stop", ERR_EXISTS)},
	{"POST", "/api/v1/rollouts/{id}/back", API_MAY_CHANGE,
	 .summary = "whoever got it goes back to what he had", FIELDS(order_fields),
	 BY_VENDOR(CHANGE, "back", ERR_EXISTS)},
};

struct api_table fleet_routes(struct fleet *f)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), f};
}
