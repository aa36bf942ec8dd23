/* The sites of a demonstration: they do what they are told at once, as a mitigator would tell of
 * it. */
#include <string.h>

#include "control/centre/api/pages.h"
#include "control/centre/demo/demo.h"
#include "control/centre/orders.h"
#include "control/centre/store/rows.h"

static int change_cut(struct store *s, const struct store_order *o, const char *sql,
		      struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, sql, err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, o->subject);
	bind_number(st, 2, o->time);
	bind_text(st, 3, o->account);
	return store_finish(s, st, err);
}

static int obey(struct store *s, const struct store_order *o, struct errmsg *err)
{
	if (strcmp(o->act, "approve") == 0)
		return change_cut(s, o,
				  "UPDATE quarantines SET state='verified', acked=?2+60000000, "
				  "verified=?2+740000000, actor=?3 WHERE command_id=?1 AND "
				  "state='held'",
				  err);
	if (strcmp(o->act, "refuse") == 0)
		return change_cut(s, o,
				  "UPDATE quarantines SET state='refused', released=?2, actor=?3 "
				  "WHERE command_id=?1 AND state='held'",
				  err);
	if (strcmp(o->act, "release") == 0)
		return change_cut(s, o,
				  "UPDATE quarantines SET state='released', released=?2, actor=?3 "
				  "WHERE command_id=?1 AND released=0",
				  err);
	return ERR_OK;
}

int demo_obey(struct centre *c, const struct store_order *o, struct errmsg *err)
{
	struct command_status s = {.command_id = o->id,
				   .state = COMMAND_STATE_ACKED,
				   .time = o->time,
				   .reason = "done by the demonstration's site"};
	struct mitigator_state edited = {.time = o->time, .mandate = o->body};
	char file[128];
	int rc = obey(c->store, o, err);

	if (rc == ERR_OK && strcmp(o->act, "mandate") == 0)
		rc = store_mandate(c->store, o->mitigator, &edited, err);
	if (rc == ERR_OK && strcmp(o->act, "evidence") == 0) {
		rc = demo_evidence(c->store, o, file, err);
		s.reason = file;
	}
	if (strcmp(o->act, "collect") == 0)
		s.reason = "task 12, sample";
	if (strcmp(o->act, "policy-try") == 0)
		s.reason = "{\"judgements\":2184,\"hosts\":34,\"with_actions\":61,\"days\":30,"
			   "\"policy\":\"demonstration\",\"actions\":{\"mail\":{\"times\":38,"
			   "\"hosts\":9},"
			   "\"deny\":{\"times\":6,\"hosts\":2}},\"lint\":[]}";
	if (rc == ERR_OK && strcmp(o->act, "policy") == 0) {
		json_t *body = json_loads(o->body, 0, NULL);

		edited.policy_text = json_string_value(json_object_get(body, "text"));
		rc = store_policy(c->store, o->mitigator, &edited, err);
		json_decref(body);
	}
	if (rc == ERR_OK)
		centre_answered(c, o->mitigator, &s);
	pages_changed(c, "", "cuts");
	return rc;
}
