/* The policy as people edit it at the pages: it holds in place of the policy file, which stays the
 * operator's own, until somebody goes back to the file. Every version that was put in force is kept
 * with who, when and why. */
#include <string.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum {
	EDITIONS = 100, /* kept */
	REASON_LEAST = 3,
};

/* An edition without a text went back to the file. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS person_policy(number INTEGER PRIMARY KEY AUTOINCREMENT, time "
	"INTEGER, actor TEXT, reason TEXT, name TEXT, version TEXT, text TEXT)";

static const char latest[] =
	"SELECT number, time, actor, reason, name, version, text FROM person_policy "
	"ORDER BY number DESC LIMIT ";

static sqlite3_stmt *editions(struct mitigator *m, unsigned most)
{
	sqlite3_stmt *s = NULL;
	char sql[200];

	snprintf(sql, sizeof(sql), "%s%u", latest, most);
	if (sqlite3_prepare_v2(m->db, sql, -1, &s, NULL) != SQLITE_OK)
		log_error(&m->log, "the database: %s", sqlite3_errmsg(m->db));
	return s;
}

int edit_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	return 0;
}

/* ---- in force ---- */

/* The latest edition's text; NULL: the file holds. */
static struct policy *edited(struct mitigator *m)
{
	sqlite3_stmt *s = editions(m, 1);
	struct policy *p = NULL;
	struct errmsg e = {""};

	if (s && sqlite3_step(s) == SQLITE_ROW && text_column(s, 6)[0]) {
		p = policy_parse(text_column(s, 6), strlen(text_column(s, 6)), text_column(s, 4),
				 &e);
		if (!p)
			log_error(&m->log,
				  "the policy that %s put in force is not understood (%s): the "
				  "policy file holds",
				  text_column(s, 2), e.text);
	}
	sqlite3_finalize(s);
	return p;
}

struct policy *edit_policy(struct mitigator *m, struct errmsg *e)
{
	struct policy *p = edited(m);

	m->policy_edited = p != NULL;
	return p ? p : policy_load(m->settings.policy, e);
}

void edit_recover(struct mitigator *m)
{
	struct policy *p = edited(m);

	if (!p)
		return;
	policy_free(m->policy);
	m->policy = p;
	m->policy_edited = true;
}

/* ---- what people do ---- */

static int store(struct mitigator *m, const struct policy *p, const char *actor, const char *reason,
		 struct errmsg *e)
{
	static const char sql[] = "INSERT INTO person_policy(time, actor, reason, name, version, "
				  "text) VALUES(?,?,?,?,?,?)";
	const char *texts[] = {actor, reason, p ? p->name : "", p ? p->version : "",
			       p ? p->yaml : NULL};
	sqlite3_stmt *s;
	char old[160];

	if (sqlite3_prepare_v2(m->db, sql, -1, &s, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	sqlite3_bind_int64(s, 1, (sqlite3_int64)mitigator_now(m).wall);
	for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
		sqlite3_bind_text(s, i + 2, texts[i], -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE) {
		sqlite3_finalize(s);
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	}
	sqlite3_finalize(s);
	snprintf(old, sizeof(old),
		 "DELETE FROM person_policy WHERE number<=(SELECT max(number) FROM "
		 "person_policy)-%d",
		 EDITIONS);
	sqlite3_exec(m->db, old, NULL, NULL, NULL);
	return 0;
}

/* Stored, read again and audited in one turn; p NULL: back to the file. */
static json_t *hold(struct mitigator *m, const struct policy *p, const char *actor,
		    const char *reason, struct errmsg *e)
{
	char from[65];

	snprintf(from, sizeof(from), "%s", m->policy->version);
	if (mitigator_begin(m, e) < 0 || store(m, p, actor, reason, e) < 0 ||
	    mitigator_reload(m, actor, e) < 0)
		return NULL;
	audit_note(m, actor, p ? "policy edited" : "policy as in the file",
		   json_pack("{so ss ss so}", "name", local_text(m->policy->name), "from", from,
			     "to", m->policy->version, "reason", local_text(reason)));
	if (mitigator_commit(m, e) < 0)
		return NULL;
	log_warn(&m->log, "%s: %s: %s", actor,
		 p ? "put an edited policy in force" : "the policy file holds again", reason);
	pages_changed(m, PAGE_STATE | PAGE_AUDIT);
	return json_pack("{sb ss}", "ok", 1, "version", m->policy->version);
}

static int check_reason(const char *reason, struct errmsg *e)
{
	if (strlen(reason) >= REASON_LEAST)
		return 0;
	return errmsg_set(e, ERR_INVALID, "\"reason\" must say why");
}

/* Whoever edited from another text than the one in force would undo what somebody else did. */
json_t *edit_do_put(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e)
{
	const char *text = text_member(request, "text"), *base = text_member(request, "base");
	struct mitigator *m = ctx;
	char lints[POLICY_LINTS][256], actor[64];
	struct policy *p;
	json_t *answer = NULL;

	local_actor(peer, request, actor, sizeof(actor));
	if (check_reason(text_member(request, "reason"), e) < 0)
		return NULL;
	if (base[0] && strcmp(base, m->policy->version) != 0) {
		errmsg_set(e, ERR_EXISTS,
			   "somebody else changed the policy meanwhile: look at it as it is now");
		return NULL;
	}
	p = policy_parse(text, strlen(text), "this policy", e);
	if (!p)
		return NULL;
	if (policy_lint(p, lints) && !json_is_true(json_object_get(request, "accept")))
		errmsg_set(e, ERR_INVALID,
			   "what is said against it must be accepted first (\"accept\"): %.200s",
			   lints[0]);
	else
		answer = hold(m, p, actor, text_member(request, "reason"), e);
	policy_free(p);
	return answer;
}

json_t *edit_do_back(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct policy *p;
	char actor[64];

	local_actor(peer, request, actor, sizeof(actor));
	if (check_reason(text_member(request, "reason"), e) < 0)
		return NULL;
	/* Read again below: nothing is stored if it cannot be. */
	p = policy_load(m->settings.policy, e);
	if (!p)
		return NULL;
	policy_free(p);
	return hold(m, NULL, actor, text_member(request, "reason"), e);
}

static json_t *edition_json(sqlite3_stmt *s)
{
	return json_pack("{sI sI so so so so so}", "number", (json_int_t)sqlite3_column_int64(s, 0),
			 "time", (json_int_t)sqlite3_column_int64(s, 1), "actor",
			 local_text(text_column(s, 2)), "reason", local_text(text_column(s, 3)),
			 "name", local_text(text_column(s, 4)), "version",
			 local_text(text_column(s, 5)), "text", local_text(text_column(s, 6)));
}

json_t *edit_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t only = json_integer_value(json_object_get(request, "number"));
	sqlite3_stmt *s = editions(m, EDITIONS);
	json_t *list = json_array();

	while (s && sqlite3_step(s) == SQLITE_ROW) {
		json_t *o = edition_json(s);

		if (only && json_integer_value(json_object_get(o, "number")) != only) {
			json_decref(o);
			continue;
		}
		/* Texts one at a time: a hundred of them are too much for an answer. */
		if (!only)
			json_object_del(o, "text");
		json_array_append_new(list, o);
	}
	sqlite3_finalize(s);
	return json_pack("{sb sb so}", "ok", 1, "edited", (int)m->policy_edited, "editions", list);
}
