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

static sqlite3_stmt *editions(struct mitigator *m, unsigned most, struct errmsg *e)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "%s%u", latest, most);
	return database_prepare(m, sql, e);
}

int edit_start(struct mitigator *m, struct errmsg *e)
{
	return database_do(m, schema, e);
}

/* ---- in force ---- */

static struct policy *parse(sqlite3_stmt *s, struct errmsg *e)
{
	struct errmsg why = {""};
	struct policy *p =
		policy_parse(text_column(s, 6), strlen(text_column(s, 6)), text_column(s, 4), &why);

	if (!p)
		errmsg_set(e, ERR_INVALID,
			   "the policy that %s put in force at the pages is not understood (%s): "
			   "banken policy file goes back to the file",
			   text_column(s, 2), why.text);
	return p;
}

/* The latest edition's text in `ret`, NULL: the file is to hold. ERR_*: it cannot be said. */
static int edited(struct mitigator *m, struct policy **ret, struct errmsg *e)
{
	sqlite3_stmt *s = editions(m, 1, e);
	int rc = s ? sqlite3_step(s) : SQLITE_ERROR;
	bool text = rc == SQLITE_ROW && sqlite3_column_type(s, 6) != SQLITE_NULL;

	*ret = text ? parse(s, e) : NULL;
	if (s && rc != SQLITE_ROW && rc != SQLITE_DONE)
		errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	sqlite3_finalize(s);
	if (text)
		return *ret ? 0 : ERR_INVALID;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : ERR_IO;
}

struct policy *edit_policy(struct mitigator *m, bool *ret_edited, struct errmsg *e)
{
	struct policy *p;
	int rc = edited(m, &p, e);

	*ret_edited = p != NULL;
	if (p || (rc < 0 && m->over.edited) || rc == ERR_IO)
		return p;
	return policy_load(m->settings.policy, e);
}

struct policy *edit_recover(struct mitigator *m)
{
	struct errmsg e = {""};
	struct policy *p;

	if (edited(m, &p, &e) < 0)
		log_error(&m->log, "the policy file holds: %s", e.text);
	return p;
}

/* ---- what people do ---- */

struct edition {
	const struct policy *policy; /* NULL: back to the file */
	const char *name;	     /* of what is to hold */
	const char *version, *actor, *reason;
};

static int store(struct mitigator *m, const void *ctx, struct errmsg *e)
{
	static const char sql[] = "INSERT INTO person_policy(actor, reason, name, version, time, "
				  "text) VALUES(?,?,?,?,?,?)";
	const struct edition *n = ctx;
	const struct policy *p = n->policy;
	const char *const texts[] = {n->actor, n->reason, p ? p->name : "", p ? p->version : "",
				     NULL};
	sqlite3_stmt *s = database_prepare(m, sql, e);
	char old[160];

	database_texts(s, texts);
	if (s) {
		sqlite3_bind_int64(s, 5, (sqlite3_int64)mitigator_now(m).wall);
		sqlite3_bind_text(s, 6, p ? p->yaml : NULL, -1, SQLITE_TRANSIENT);
	}
	if (database_run(m, s, e) < 0)
		return ERR_IO;
	audit_note(m, n->actor, p ? "policy edited" : "policy as in the file",
		   json_pack("{so ss ss so}", "name", local_text(n->name), "from",
			     m->policy->version, "to", n->version, "reason",
			     local_text(n->reason)));
	snprintf(old, sizeof(old),
		 "DELETE FROM person_policy WHERE number<=(SELECT max(number) FROM "
		 "person_policy)-%d",
		 EDITIONS);
	return database_do(m, old, e);
}

/* `p` is adopted, or freed; `edited`: else it is of the file. */
static json_t *put(struct mitigator *m, struct policy *p, bool edited, struct edition *n,
		   struct errmsg *e)
{
	struct adoption a = {
		.actor = n->actor, .policy = p, .edited = edited, .store = store, .ctx = n};
	json_t *answer = json_pack("{sb ss}", "ok", 1, "version", p->version);

	n->policy = edited ? p : NULL;
	n->name = p->name;
	n->version = p->version;
	if (!answer || adopt_policy(m, &a, e) < 0) {
		if (!answer)
			policy_free(p);
		json_decref(answer);
		return NULL;
	}
	log_warn(&m->log, "%s: %s: %s", n->actor,
		 edited ? "put an edited policy in force" : "the policy file holds again",
		 n->reason);
	return answer;
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
	struct edition n = {.actor = actor, .reason = text_member(request, "reason")};
	struct policy *p;

	local_actor(peer, request, actor, sizeof(actor));
	if (check_reason(n.reason, e) < 0)
		return NULL;
	if (base[0] && strcmp(base, m->policy->version) != 0) {
		errmsg_set(e, ERR_EXISTS,
			   "somebody else changed the policy meanwhile: look at it as it is now");
		return NULL;
	}
	p = policy_parse(text, strlen(text), "this policy", e);
	if (!p)
		return NULL;
	if (!policy_lint(p, lints) || json_is_true(json_object_get(request, "accept")))
		return put(m, p, true, &n, e);
	errmsg_set(e, ERR_INVALID,
		   "what is said against it must be accepted first (\"accept\"): %.200s", lints[0]);
	policy_free(p);
	return NULL;
}

json_t *edit_do_back(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e)
{
	struct mitigator *m = ctx;
	char actor[64];
	struct edition n = {.actor = actor, .reason = text_member(request, "reason")};
	struct policy *p;

	local_actor(peer, request, actor, sizeof(actor));
	if (check_reason(n.reason, e) < 0)
		return NULL;
	p = policy_load(m->settings.policy, e);
	return p ? put(m, p, false, &n, e) : NULL;
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
	sqlite3_stmt *s = editions(m, EDITIONS, e);
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
	return json_pack("{sb sb so}", "ok", 1, "edited", (int)m->over.edited, "editions", list);
}
