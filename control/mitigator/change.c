/* What people change while the mitigator runs: exceptions (P9), a scope's mode (P7). Kept beside
 * the policy file, which stays the operator's own, and laid over it whenever it is read. In force
 * within the turn; each with who, when and why. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"
#include "control/mitigator/policy/when.h"
#include "control/mitigator/request.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum { SQL_MAX = 200 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS person_exception(number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" never TEXT, rule TEXT, source TEXT, destination TEXT, sensor TEXT, until INTEGER,"
	" reason TEXT, actor TEXT, time INTEGER);"
	"CREATE TABLE IF NOT EXISTS person_mode(scope TEXT PRIMARY KEY, mode TEXT, reason TEXT,"
	" actor TEXT, time INTEGER) WITHOUT ROWID";

/* ---- laid over the policy ---- */

static void take_exception(struct mitigator *m, struct policy *p, struct policy_over *over,
			   sqlite3_stmt *s)
{
	struct policy_exception *x = &p->exceptions[p->exceptions_n];
	struct errmsg e;

	if (p->exceptions_n == POLICY_EXCEPTIONS) {
		log_warn(&m->log, "exception %lld has no room beside the policy's",
			 sqlite3_column_int64(s, 0));
		return;
	}
	if (policy_exception_make(text_column(s, 2), text_column(s, 3), text_column(s, 4),
				  text_column(s, 5), x, &e) < 0) {
		log_error(&m->log, "exception %lld: %s", sqlite3_column_int64(s, 0), e.text);
		return;
	}
	x->never = strcmp(text_column(s, 1), "alert") == 0 ? NEVER_ALERT : NEVER_BLOCK;
	x->until = (uint64_t)sqlite3_column_int64(s, 6);
	snprintf(x->reason, sizeof(x->reason), "%s", text_column(s, 7));
	over->exceptions[p->exceptions_n++] = sqlite3_column_int64(s, 0);
}

static void take_mode(struct mitigator *m, struct policy *p, struct policy_over *over,
		      sqlite3_stmt *s)
{
	enum policy_mode mode;

	if (policy_mode_parse(text_column(s, 1), &mode) < 0)
		return;
	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (strcmp(p->scopes[i].name, text_column(s, 0)) != 0)
			continue;
		p->scopes[i].mode = mode;
		/* A person's word is not overtaken by a stage that begins later. */
		p->scopes[i].stages_n = 0;
		over->modes |= 1ULL << i;
	}
}

/* What is stored, row by row: all of it or none. */
static int take_all(struct mitigator *m, struct policy *p, struct policy_over *over,
		    const char *sql,
		    void (*take)(struct mitigator *m, struct policy *p, struct policy_over *over,
				 sqlite3_stmt *s),
		    struct errmsg *e)
{
	sqlite3_stmt *s = database_prepare(m, sql, e);
	int rc = s ? SQLITE_ROW : SQLITE_ERROR;

	while (rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW)
			take(m, p, over, s);
		/* A text that there was no memory to read looked like none. */
		if (rc == SQLITE_ROW && sqlite3_errcode(m->db) == SQLITE_NOMEM)
			rc = SQLITE_NOMEM;
	}
	if (s && rc != SQLITE_DONE)
		errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : ERR_IO;
}

int change_apply(struct mitigator *m, struct policy *p, struct policy_over *ret, struct errmsg *e)
{
	static const char exceptions[] =
		"SELECT number, never, rule, source, destination, sensor, until, reason FROM "
		"person_exception ORDER BY number";
	static const char modes[] = "SELECT scope, mode FROM person_mode";
	char sql[SQL_MAX];

	snprintf(sql, sizeof(sql), "DELETE FROM person_exception WHERE until<>0 AND until<%lld",
		 (long long)(mitigator_now(m).wall - 30 * NS_PER_DAY));
	if (database_do(m, sql, e) < 0 || take_all(m, p, ret, exceptions, take_exception, e) < 0)
		return ERR_IO;
	return take_all(m, p, ret, modes, take_mode, e);
}

int change_start(struct mitigator *m, struct errmsg *e)
{
	static_assert(POLICY_SCOPES <= 64, "modes are a set of scopes");
	return database_do(m, schema, e);
}

/* ---- exceptions ---- */

/* The answer, once what it tells is stored; without room for an answer nothing is. */
static json_t *committed(struct mitigator *m, json_t *answer, struct errmsg *e)
{
	if (!answer)
		m->turn_broken = true;
	if (mitigator_commit(m, e) == 0)
		return answer;
	json_decref(answer);
	return NULL;
}

static int store_exception(struct mitigator *m, const json_t *request, const char *actor,
			   struct errmsg *e)
{
	static const char *const keys[] = {"never",  "rule",   "source", "destination",
					   "sensor", "reason", NULL};
	const char *texts[8];
	sqlite3_stmt *s =
		database_prepare(m,
				 "INSERT INTO person_exception(never, rule, source, destination,"
				 " sensor, reason, actor, until, time) VALUES(?,?,?,?,?,?,?,?,?)",
				 e);

	for (size_t i = 0; keys[i]; i++)
		texts[i] = text_member(request, keys[i]);
	texts[6] = actor;
	texts[7] = NULL;
	database_texts(s, texts);
	if (s) {
		sqlite3_bind_int64(s, 8, json_integer_value(json_object_get(request, "until")));
		sqlite3_bind_int64(s, 9, (sqlite3_int64)mitigator_now(m).wall);
	}
	return database_run(m, s, e);
}

static int check_exception(struct mitigator *m, const json_t *request, struct policy_exception *x,
			   struct errmsg *e)
{
	const char *never = text_member(request, "never"), *reason = text_member(request, "reason");
	json_int_t until = json_integer_value(json_object_get(request, "until"));
	int rc = policy_exception_make(text_member(request, "rule"), text_member(request, "source"),
				       text_member(request, "destination"),
				       text_member(request, "sensor"), x, e);

	if (rc < 0)
		return rc;
	if (strcmp(never, "alert") != 0 && strcmp(never, "block") != 0)
		return errmsg_set(e, ERR_INVALID, "\"never\" must be alert or block");
	if (!x->sid && !x->has_source && !x->has_destination)
		return errmsg_set(e, ERR_INVALID,
				  "name a rule, a source or a destination: it would cover all");
	if (strlen(reason) < 3 || strlen(reason) >= POLICY_TEXT)
		return errmsg_set(e, ERR_INVALID, "\"reason\" must have 3 to %d bytes",
				  POLICY_TEXT - 1);
	if (until && (uint64_t)until <= mitigator_now(m).wall)
		return errmsg_set(e, ERR_INVALID, "\"until\" is over already");
	if (m->policy->exceptions_n == POLICY_EXCEPTIONS)
		return errmsg_set(e, ERR_LIMIT, "there are %d exceptions already",
				  POLICY_EXCEPTIONS);
	x->never = strcmp(never, "alert") == 0 ? NEVER_ALERT : NEVER_BLOCK;
	x->until = (uint64_t)until;
	snprintf(x->reason, sizeof(x->reason), "%s", reason);
	return 0;
}

json_t *change_do_except(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct policy_exception x;
	json_int_t number;
	json_t *answer;
	char actor[64];
	unsigned at;

	local_actor(peer, request, actor, sizeof(actor));
	if (check_exception(m, request, &x, e) < 0 || mitigator_begin(m, e) < 0 ||
	    store_exception(m, request, actor, e) < 0)
		return NULL;
	number = sqlite3_last_insert_rowid(m->db);
	audit_note(m, actor, "exception",
		   json_pack("{sI ss so so so so sI so}", "number", number, "never",
			     text_member(request, "never"), "rule",
			     local_text(text_member(request, "rule")), "source",
			     local_text(text_member(request, "source")), "destination",
			     local_text(text_member(request, "destination")), "sensor",
			     local_text(text_member(request, "sensor")), "until",
			     (json_int_t)x.until, "reason", local_text(x.reason)));
	answer = committed(m, json_pack("{sb sI}", "ok", 1, "number", number), e);
	if (!answer)
		return NULL;
	at = m->policy->exceptions_n++;
	m->policy->exceptions[at] = x;
	m->over.exceptions[at] = number;
	m->decide.count.exceptions[at] = 0;
	pages_changed(m, PAGE_STATE | PAGE_AUDIT);
	return answer;
}

static void take_out(struct mitigator *m, unsigned at)
{
	struct policy *p = m->policy;
	unsigned behind = p->exceptions_n - at - 1;
	uint64_t *counts = m->decide.count.exceptions;

	memmove(&p->exceptions[at], &p->exceptions[at + 1], behind * sizeof(p->exceptions[0]));
	memmove(&m->over.exceptions[at], &m->over.exceptions[at + 1],
		behind * sizeof(m->over.exceptions[0]));
	memmove(&counts[at], &counts[at + 1], behind * sizeof(counts[0]));
	p->exceptions_n--;
	m->over.exceptions[p->exceptions_n] = 0;
	counts[p->exceptions_n] = 0;
}

json_t *change_do_except_end(void *ctx, const struct local_peer *peer, const json_t *request,
			     struct errmsg *e)
{
	json_int_t number = json_integer_value(json_object_get(request, "number"));
	struct mitigator *m = ctx;
	char actor[64], sql[SQL_MAX];
	unsigned at = 0;
	json_t *answer;

	local_actor(peer, request, actor, sizeof(actor));
	while (at < m->policy->exceptions_n && (!number || m->over.exceptions[at] != number))
		at++;
	if (at == m->policy->exceptions_n) {
		errmsg_set(e, ERR_NOTFOUND,
			   "there is no exception %lld made here; those of the policy file are "
			   "taken out there",
			   (long long)number);
		return NULL;
	}
	snprintf(sql, sizeof(sql), "DELETE FROM person_exception WHERE number=%lld",
		 (long long)number);
	if (mitigator_begin(m, e) < 0 || database_do(m, sql, e) < 0)
		return NULL;
	audit_note(m, actor, "exception ended",
		   json_pack("{sI so}", "number", number, "reason",
			     local_text(text_member(request, "reason"))));
	answer = committed(m, json_pack("{sb}", "ok", 1), e);
	if (!answer)
		return NULL;
	take_out(m, at);
	pages_changed(m, PAGE_STATE | PAGE_AUDIT);
	return answer;
}

/* ---- modes ---- */

struct new_mode {
	const char *actor;
	const json_t *request;
};

static int store_mode(struct mitigator *m, const void *ctx, struct errmsg *e)
{
	const struct new_mode *n = ctx;
	const char *const texts[] = {text_member(n->request, "scope"),
				     text_member(n->request, "mode"),
				     text_member(n->request, "reason"), n->actor, NULL};
	const char *const only_scope[] = {texts[0], NULL};
	bool back = strcmp(texts[1], "file") == 0;
	sqlite3_stmt *s = database_prepare(
		m,
		back ? "DELETE FROM person_mode WHERE scope=?1"
		     : "INSERT OR REPLACE INTO person_mode(scope, mode, reason, actor, time) "
		       "VALUES(?,?,?,?,?)",
		e);

	database_texts(s, back ? only_scope : texts);
	if (s && !back)
		sqlite3_bind_int64(s, 5, (sqlite3_int64)mitigator_now(m).wall);
	audit_note(m, n->actor, "mode",
		   json_pack("{so so so}", "scope", local_text(texts[0]), "mode",
			     local_text(texts[1]), "reason", local_text(texts[2])));
	return database_run(m, s, e);
}

/* A mode for a scope, or back to what the policy file says of it. */
json_t *change_do_mode(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	const char *scope = text_member(request, "scope"), *word = text_member(request, "mode");
	char actor[64];
	const struct new_mode mode = {actor, request};
	struct adoption a = {.actor = actor, .store = store_mode, .ctx = &mode};
	struct mitigator *m = ctx;
	enum policy_mode as;
	json_t *answer;
	unsigned i = 0;

	local_actor(peer, request, actor, sizeof(actor));
	while (i < m->policy->scopes_n && strcmp(m->policy->scopes[i].name, scope) != 0)
		i++;
	if (i == m->policy->scopes_n) {
		errmsg_set(e, ERR_NOTFOUND, "the policy has no scope \"%.63s\"", scope);
		return NULL;
	}
	if (strcmp(word, "file") != 0 && policy_mode_parse(word, &as) < 0) {
		errmsg_set(e, ERR_INVALID,
			   "\"mode\" must be monitor, notify, approve, automatic "
			   "or file");
		return NULL;
	}
	answer = json_pack("{sb}", "ok", 1);
	a.policy = answer ? edit_policy(m, &a.edited, e) : NULL;
	if (adopt_policy(m, &a, e) < 0) {
		json_decref(answer);
		return NULL;
	}
	log_warn(&m->log, "%s: scope %s is to be %s: %s", actor, scope, word,
		 text_member(request, "reason"));
	return answer;
}

/* Who set it by hand, if somebody did. */
static json_t *by_hand(struct mitigator *m, const char *scope)
{
	sqlite3_stmt *s = database_prepare(
		m, "SELECT mode, reason, actor, time FROM person_mode WHERE scope=?", NULL);
	json_t *o = NULL;

	if (s)
		sqlite3_bind_text(s, 1, scope, -1, SQLITE_STATIC);
	if (s && sqlite3_step(s) == SQLITE_ROW)
		o = json_pack("{so so so sI}", "mode", local_text(text_column(s, 0)), "reason",
			      local_text(text_column(s, 1)), "actor", local_text(text_column(s, 2)),
			      "time", (json_int_t)sqlite3_column_int64(s, 3));
	sqlite3_finalize(s);
	return o;
}

static json_t *stages(const struct policy_scope *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->stages_n; i++)
		json_array_append_new(list,
				      json_pack("{sI ss si}", "from", (json_int_t)s->stages[i].from,
						"mode", policy_mode_text(s->stages[i].mode),
						"share", (int)s->stages[i].share));
	return list;
}

static json_t *networks(const struct policy_scope *s)
{
	json_t *list = json_array();
	char text[IP_PREFIX_TEXT];

	for (unsigned i = 0; i < s->networks_n && i < 64; i++)
		json_array_append_new(list, json_string(ip_prefix_text(&s->networks[i].addr,
								       s->networks[i].bits, text)));
	return list;
}

static json_t *scope_json(struct mitigator *m, const struct policy_scope *s,
			  const unsigned hosts[MODE_COUNT])
{
	json_t *methods = json_array(), *counts = json_object(), *o;

	for (unsigned i = 0; i < s->methods_n; i++)
		json_array_append_new(methods, local_text(s->methods[i]));
	for (unsigned i = 0; i < MODE_COUNT; i++)
		json_object_set_new(counts, policy_mode_text((enum policy_mode)i),
				    json_integer(hosts[i]));
	o = json_pack("{so ss so si ss ss so sb ss si ss so so}", "scope", local_text(s->name),
		      "kind", policy_kind_text(s->kind), "networks", networks(s), "macs",
		      (int)s->macs_n, "mode", policy_mode_text(s->mode), "now",
		      policy_mode_text(policy_mode_of(m->policy, s)), "stages", stages(s), "hours",
		      s->hours_n > 0, "off_hours", policy_mode_text(s->off_hours), "approvals",
		      (int)(s->approvals ? s->approvals : 1), "cut_at", level_text(s->cut_at),
		      "methods", methods, "hosts", counts);
	json_object_set_new(o, "policy", local_text(policy_set_of(m->policy, s)->name));
	json_object_set_new(o, "by_hand", by_hand(m, s->name) ?: json_null());
	return o;
}

/* Every scope with its mode, stages, and how many hosts are in which mode now (P10). */
json_t *change_do_modes(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct mitigator *m = ctx;
	unsigned hosts[POLICY_SCOPES + 1][MODE_COUNT] = {0};
	uint64_t now = mitigator_now(m).wall;
	json_t *list = json_array();

	for (unsigned i = 0; i < hosts_count(m->decide.hosts); i++) {
		const struct host *h = hosts_at(m->decide.hosts, i);
		const struct policy_scope *s = decide_scope_of(&m->decide, h);
		size_t at = s ? (size_t)(s - m->policy->scopes) : POLICY_SCOPES;

		hosts[at][s ? decide_mode(&m->decide, s, h, now) : MODE_MONITOR]++;
	}
	for (unsigned i = 0; i < m->policy->scopes_n; i++)
		json_array_append_new(list, scope_json(m, &m->policy->scopes[i], hosts[i]));
	return json_pack("{sb so sb sb sI}", "ok", 1, "scopes", list, "control",
			 (int)m->policy->control, "cut", (int)m->policy->cut, "hosts_outside",
			 (json_int_t)hosts[POLICY_SCOPES][MODE_MONITOR]);
}
