/* Actions by hand, and those that a policy deferred (P11). */
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/request.h"
#include "control/wire/text.h"

enum { WAITING_MAX = 4096, TEXT_MAX = 200 };

/* One that waits, copied out of the table before anything changes. */
struct waiting {
	char host[HOST_TEXT];
	uint32_t actions;
};

/* Those of the scope ("" = all), at most WAITING_MAX. Negative: the database refused. */
static int waiting(struct mitigator *m, const char *scope, struct waiting *ret, struct errmsg *e)
{
	sqlite3_stmt *s;
	int n = 0;

	if (sqlite3_prepare_v2(m->db, "SELECT host, actions FROM deferred ORDER BY time", -1, &s,
			       NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	while (n < WAITING_MAX && sqlite3_step(s) == SQLITE_ROW) {
		const char *id = (const char *)sqlite3_column_text(s, 0);
		struct host *h = id ? hosts_by_id(m->decide.hosts, id) : NULL;
		const struct policy_scope *of = h ? decide_scope_of(&m->decide, h) : NULL;

		if (scope[0] && (!of || strcmp(of->name, scope) != 0))
			continue;
		snprintf(ret[n].host, sizeof(ret[n].host), "%s", id ? id : "");
		ret[n++].actions = (uint32_t)sqlite3_column_int64(s, 1);
	}
	sqlite3_finalize(s);
	return n;
}

static void forget(struct mitigator *m, const char *host)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db, "DELETE FROM deferred WHERE host=?", -1, &s, NULL) !=
	    SQLITE_OK)
		return;
	sqlite3_bind_text(s, 1, host, -1, SQLITE_STATIC);
	sqlite3_step(s);
	sqlite3_finalize(s);
}

/* What was done to whom, and why not. */
static void act_on(struct mitigator *m, const struct decide_order *o, enum policy_action action,
		   const char *text, json_t *done)
{
	struct errmsg e = {""};
	int rc = decide_person_acts(&m->decide, o, action, text, mitigator_now(m), &e);
	json_t *row = json_pack("{so ss sb so}", "host", local_text(o->host), "action",
				policy_action_text(action), "done", rc >= 0, "text",
				local_text(rc < 0 ? e.text : ""));

	audit_note(m, o->actor, "act", json_deep_copy(row));
	json_array_append_new(done, row);
}

static int act_deferred(struct mitigator *m, const char *scope, struct decide_order *o,
			json_t *done, struct errmsg *e)
{
	struct waiting *all = calloc(WAITING_MAX, sizeof(*all));
	int n = all ? waiting(m, scope, all, e) : errmsg_set(e, ERR_NOMEM, "no memory");

	for (int i = 0; i < n; i++) {
		o->host = all[i].host;
		/* Message first, then cut: in the order of the actions. */
		for (unsigned a = 0; a < ACTION_COUNT; a++) {
			if (all[i].actions & ACTION_BIT(a) && a != ACTION_PERMIT)
				act_on(m, o, (enum policy_action)a, o->reason, done);
		}
		forget(m, all[i].host);
	}
	free(all);
	return n < 0 ? n : 0;
}

static int act_chosen(struct mitigator *m, const json_t *request, struct decide_order *o,
		      json_t *done, struct errmsg *e)
{
	const json_t *hosts = json_object_get(request, "hosts"), *host;
	const char *word = text_member(request, "action"), *text = text_member(request, "text");
	enum policy_action action;
	size_t i;

	if (policy_action_parse(word, &action) < 0)
		return errmsg_set(
			e, ERR_INVALID,
			"\"%.40s\" is no action: mail, message, deny, permit, block, command",
			word);
	if (json_array_size(hosts) == 0 || json_array_size(hosts) > WAITING_MAX)
		return errmsg_set(e, ERR_INVALID, "\"hosts\" must name 1 to %d hosts", WAITING_MAX);
	if (strlen(text) > TEXT_MAX)
		return errmsg_set(e, ERR_INVALID, "\"text\" is longer than %d bytes", TEXT_MAX);
	json_array_foreach(hosts, i, host)
	{
		o->host = json_string_value(host);
		if (o->host)
			act_on(m, o, action, text[0] ? text : o->reason, done);
	}
	return 0;
}

json_t *act_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e)
{
	struct mitigator *m = ctx;
	const char *reason = text_member(request, "reason");
	struct decide_order o = {.reason = reason[0] ? reason : "by hand", .mitigator = m->name};
	json_t *done = json_array();
	char actor[64];
	int rc;

	local_actor(peer, request, actor, sizeof(actor));
	o.actor = actor;
	rc = mitigator_begin(m, e);
	if (rc == 0 && json_is_true(json_object_get(request, "deferred")))
		rc = act_deferred(m, text_member(request, "scope"), &o, done, e);
	else if (rc == 0)
		rc = act_chosen(m, request, &o, done, e);
	if (rc == 0)
		rc = mitigator_commit(m, e);
	if (rc == 0)
		return json_pack("{sb so}", "ok", 1, "acted", done);
	json_decref(done);
	return NULL;
}

json_t *act_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct waiting *all = calloc(WAITING_MAX, sizeof(*all));
	int n = all ? waiting(m, text_member(request, "scope"), all, e) : -1;
	json_t *list = json_array();

	for (int i = 0; i < n; i++) {
		json_t *words = json_array();

		for (unsigned a = 0; a < ACTION_COUNT; a++) {
			if (all[i].actions & ACTION_BIT(a))
				json_array_append_new(words, json_string(policy_action_text(
								     (enum policy_action)a)));
		}
		json_array_append_new(list, json_pack("{so so}", "host", local_text(all[i].host),
						      "actions", words));
	}
	free(all);
	return json_pack("{sb so}", "ok", 1, "deferred", list);
}
