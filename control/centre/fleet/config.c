/* Configuration as versions: written by one person, approved by another, laid over each other by
 * scope for each box. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/fleet/private.h"
#include "control/centre/fleet/rollouts.h"
#include "control/centre/fleet/rollouts_private.h"
#include "control/wire/file.h"
#include "control/wire/managed.h"

enum { LAYERS = 4 };

/* ---- scopes ---- */

static int check_scope(struct fleet *f, const char *scope, const char *customer, struct errmsg *e)
{
	static const char *const begins[] = {"customer:", "site:", "box:"};
	char whose[WIRE_NAME_MAX] = "";
	struct fleet_box box;
	int rc = 0;

	if (strlen(scope) >= WIRE_NAME_MAX + 8)
		return errmsg_set(e, ERR_INVALID, "the scope is too long");
	if (strcmp(scope, "fleet") == 0)
		return customer[0] ? errmsg_set(e, ERR_NOTFOUND, "there is no such scope") : 0;
	if (strncmp(scope, begins[0], 9) == 0)
		snprintf(whose, sizeof(whose), "%s", scope + 9);
	else if (strncmp(scope, begins[1], 5) == 0)
		rc = fleet_site_customer(f->setup.store, scope + 5, whose, e);
	else if (strncmp(scope, begins[2], 4) == 0) {
		rc = fleet_box_find(f->setup.store, scope + 4, &box, e);
		if (rc == 0)
			return errmsg_set(e, ERR_NOTFOUND, "there is no such box");
		snprintf(whose, sizeof(whose), "%s", box.customer);
		rc = rc < 0 ? rc : 0;
	} else {
		return errmsg_set(e, ERR_INVALID,
				  "a scope is fleet, customer:ID, site:NAME or box:NAME");
	}
	if (rc == 0 && customer[0] && strcmp(customer, whose) != 0)
		return errmsg_set(e, ERR_NOTFOUND, "there is no such scope");
	return rc;
}

void config_scopes(const struct fleet_box *b, char ret[CONFIG_SCOPES][CONFIG_SCOPE])
{
	snprintf(ret[0], CONFIG_SCOPE, "fleet");
	snprintf(ret[1], CONFIG_SCOPE, "customer:%s", b->customer);
	snprintf(ret[2], CONFIG_SCOPE, "site:%s", b->site);
	snprintf(ret[3], CONFIG_SCOPE, "box:%s", b->name);
}

/* ---- versions ---- */

json_t *config_write(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e)
{
	const char *scope = fleet_text(request, "scope"), *body = fleet_text(request, "body");
	const char *reason = fleet_text(request, "reason");
	const unsigned all = ROLE_SET(ROLE_SENSOR) | ROLE_SET(ROLE_MITIGATOR);
	int64_t version;

	if (!reason[0]) {
		errmsg_set(e, ERR_INVALID, "\"reason\" is missing: why is it changed?");
		return NULL;
	}
	if (check_scope(f, scope, fleet_text(request, "customer"), e) ||
	    managed_check(SLICE_STR(body), all, e))
		return NULL;
	version =
		config_put(f->setup.store, scope, body, actor, reason, loop_wall(f->setup.loop), e);
	if (version < 0)
		return NULL;
	fleet_audit(f, actor, "configuration written",
		    json_pack("{so sI so}", "scope", local_text(scope), "version",
			      (json_int_t)version, "reason", local_text(reason)));
	return json_pack("{sb sI}", "ok", 1, "version", (json_int_t)version);
}

json_t *config_judge(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e)
{
	const char *scope = fleet_text(request, "scope");
	uint64_t version = (uint64_t)json_integer_value(json_object_get(request, "version"));
	bool approve = json_is_true(json_object_get(request, "approve"));
	struct config_version c;
	int rc = check_scope(f, scope, fleet_text(request, "customer"), e);

	if (rc)
		return NULL;
	rc = config_find(f->setup.store, scope, version, &c, e);
	free(c.body);
	if (rc == 0)
		errmsg_set(e, ERR_NOTFOUND, "there is no version %llu of it",
			   (unsigned long long)version);
	if (rc <= 0)
		return NULL;
	if (strcmp(c.state, "draft") != 0) {
		errmsg_set(e, ERR_EXISTS, "%s has judged it already: %s", c.reviewer, c.state);
		return NULL;
	}
	if (strcmp(c.author, actor) == 0 && approve) {
		errmsg_set(e, ERR_DENIED, "%s wrote it: a second person approves", actor);
		return NULL;
	}
	if (config_review(f->setup.store, scope, version, approve, actor,
			  fleet_text(request, "note"), loop_wall(f->setup.loop), e))
		return NULL;
	fleet_audit(
		f, actor, approve ? "configuration approved" : "configuration refused",
		json_pack("{so sI}", "scope", local_text(scope), "version", (json_int_t)version));
	return json_pack("{sb}", "ok", 1);
}

/* "" for version 0: nothing. */
static char *body_of(struct fleet *f, const char *scope, uint64_t version, struct errmsg *e)
{
	struct config_version c;

	if (version == 0)
		return strdup("");
	if (config_find(f->setup.store, scope, version, &c, e) > 0)
		return c.body;
	if (!e->text[0])
		errmsg_set(e, ERR_NOTFOUND, "there is no version %llu of it",
			   (unsigned long long)version);
	return NULL;
}

json_t *config_compare(struct fleet *f, const json_t *request, struct errmsg *e)
{
	const char *scope = fleet_text(request, "scope");
	uint64_t from = (uint64_t)json_integer_value(json_object_get(request, "from"));
	uint64_t to = (uint64_t)json_integer_value(json_object_get(request, "to"));
	json_t *diff = NULL;
	char *a, *b;

	if (check_scope(f, scope, fleet_text(request, "customer"), e))
		return NULL;
	a = body_of(f, scope, from, e);
	b = a ? body_of(f, scope, to, e) : NULL;
	if (b)
		diff = json_pack("{sb so}", "ok", 1, "diff",
				 managed_diff(SLICE_STR(a), SLICE_STR(b)));
	free(a);
	free(b);
	return diff;
}

/* ---- what a box gets ---- */

int config_document(struct fleet *f, const struct fleet_box *box, const char *scope,
		    uint64_t version, struct fleet_file *ret, struct errmsg *e)
{
	char scopes[CONFIG_SCOPES][CONFIG_SCOPE], path[512], *text = strdup("");
	int rc = text ? 0 : ERR_NOMEM;

	config_scopes(box, scopes);
	for (int i = 0; i < CONFIG_SCOPES && rc == 0; i++) {
		uint64_t v = strcmp(scopes[i], scope) == 0
				     ? version
				     : config_layer(f->setup.store, box->name, scopes[i], e);
		char *body = body_of(f, scopes[i], v, e), *merged;

		merged = body ? managed_merge(SLICE_STR(text), SLICE_STR(body),
					      role_parse(box->role))
			      : NULL;
		rc = merged ? 0 : ERR_IO;
		free(body);
		free(text);
		text = merged;
	}
	if (rc)
		return rc;
	*ret = (struct fleet_file){.kind = "config", .size = strlen(text)};
	fleet_new_path(f, path);
	rc = file_write(path, SLICE_STR(text), 0640, e);
	if (rc == 0)
		rc = artefact_hash_file(path, ret->sha256, &ret->size, e);
	free(text);
	return rc == 0 ? rollouts_keep_file(f, path, ret, e) : rc;
}
