#include "control/centre/store/orders.h"

#include <stdio.h>
#include <string.h>

#include "control/centre/store/rows.h"
#include "dataplane/base/slice.h"

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS orders(id TEXT PRIMARY KEY, time BIGINT, site TEXT, mitigator "
	"TEXT, customer TEXT, account TEXT, act TEXT, subject TEXT, body TEXT, reason TEXT, state "
	"TEXT, answer TEXT, answered BIGINT)",
	"CREATE INDEX IF NOT EXISTS orders_site ON orders(site, time)",
	"CREATE TABLE IF NOT EXISTS mandates(mitigator TEXT PRIMARY KEY, time BIGINT, kill_switch "
	"BIGINT, mandate_json TEXT)",
	"CREATE TABLE IF NOT EXISTS site_policies(mitigator TEXT PRIMARY KEY, time BIGINT, text "
	"TEXT)",
};

int store_orders_open(struct store *s, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && rc == ERR_OK; i++) {
		struct db_stmt *st = store_prepare(s, tables[i], err);

		rc = st ? store_finish(s, st, err) : ERR_IO;
	}
	return rc;
}

int store_order_put(struct store *s, const struct store_order *o, struct errmsg *err)
{
	const char *const texts[] = {o->id,  o->site,	 o->mitigator, o->customer, o->account,
				     o->act, o->subject, o->body,      o->reason};
	struct db_stmt *st =
		store_kept(s,
			   "INSERT INTO orders(id, site, mitigator, customer, account, act, "
			   "subject, body, reason, time, state, answer, answered) "
			   "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,'sent','',0)",
			   err);

	if (!st)
		return ERR_IO;
	for (int i = 0; i < (int)ARRAY_SIZE(texts); i++)
		bind_text(st, i + 1, texts[i]);
	bind_number(st, 10, o->time);
	return store_done(s, st, err);
}

int store_order_answered(struct store *s, const char *mitigator, const struct command_status *c,
			 char ret_customer[64], struct errmsg *err)
{
	bool refused = c->state == COMMAND_STATE_REFUSED || c->state == COMMAND_STATE_FAILED;
	struct db_stmt *st = store_kept(s,
					"UPDATE orders SET state=?1, answer=?2, answered=?3 WHERE "
					"id=?4 AND mitigator=?5",
					err);

	ret_customer[0] = 0;
	if (!st)
		return ERR_IO;
	bind_text(st, 1, refused ? "refused" : "done");
	bind_text(st, 2, c->reason);
	bind_number(st, 3, c->time);
	bind_text(st, 4, c->command_id);
	bind_text(st, 5, mitigator);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	if (store_changes(s) == 0)
		return 0;
	st = store_kept(s,
			"SELECT x.customer FROM orders o JOIN sites x ON x.site = o.site WHERE "
			"o.id=?1",
			err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, c->command_id);
	if (db_step(st))
		snprintf(ret_customer, 64, "%s", column_text(st, 0));
	return store_done(s, st, err) == ERR_OK ? 1 : ERR_IO;
}

json_t *store_order_list(struct store *s, const struct store_query *q, const char *act,
			 struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT o.time AS at, o.id, o.time AS time__time, o.site, x.customer, o.customer "
		"AS account_of, o.account, o.act, o.subject, o.body AS body__json, o.reason, "
		"o.state, o.answer, o.answered AS answered__time FROM orders o JOIN sites x ON "
		"x.site = o.site WHERE o.time >= ?1 AND o.time < ?2 AND o.site IN " OUR_SITES
		" AND (?5 = 0 OR o.time < ?5 OR (o.time = ?5 AND o.id < ?6)) AND (?8 = '' OR o.act "
		"= ?8) ORDER BY o.time DESC, o.id DESC LIMIT ?7",
		q, err);

	if (st) {
		bind_number(st, 5, q->before.time);
		bind_text(st, 6, q->before.id);
		bind_number(st, 7, q->most + 1ull);
		bind_text(st, 8, act);
	}
	return store_page("orders", store_rows(s, st, err), q, "at", "id");
}

/* --- mandates --- */

int store_mandate(struct store *s, const char *mitigator, const struct mitigator_state *m,
		  struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO mandates(mitigator, time, kill_switch, mandate_json) "
		"VALUES(?1,?2,?3,?4) ON CONFLICT(mitigator) DO UPDATE SET time=?2, kill_switch=?3, "
		"mandate_json=?4",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, mitigator);
	bind_number(st, 2, m->time);
	bind_number(st, 3, m->kill_switch);
	bind_text(st, 4, m->mandate ? m->mandate : "");
	return store_done(s, st, err);
}

int store_policy(struct store *s, const char *mitigator, const struct mitigator_state *m,
		 struct errmsg *err)
{
	struct db_stmt *st;

	if (!m->policy_text || !m->policy_text[0])
		return ERR_OK; /* as it was told before */
	st = store_kept(s,
			"INSERT INTO site_policies(mitigator, time, text) VALUES(?1,?2,?3) ON "
			"CONFLICT(mitigator) DO UPDATE SET time=?2, text=?3",
			err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, mitigator);
	bind_number(st, 2, m->time);
	bind_text(st, 3, m->policy_text);
	return store_done(s, st, err);
}

json_t *store_policies(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT p.site, x.customer, p.name AS mitigator, t.mode, t.policy AS version, "
		"l.text, l.time AS told__time FROM peers p JOIN sites x ON x.site = p.site LEFT "
		"JOIN mitigators t ON t.name = p.name LEFT JOIN site_policies l ON l.mitigator = "
		"p.name WHERE p.role = 'mitigator' AND p.site IN " OUR_SITES
		" ORDER BY x.customer, p.site, p.name",
		q, err);
	json_t *rows = store_rows(s, st, err);

	return rows ? json_pack("{so}", "policies", rows) : NULL;
}

json_t *store_mandates(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT p.site, x.customer, p.name AS mitigator, d.kill_switch AS "
		"kill_switch__bool, d.mandate_json AS mandate__json, d.time AS told__time FROM "
		"peers p JOIN sites x ON x.site = p.site LEFT JOIN mandates d ON d.mitigator = "
		"p.name WHERE p.role = 'mitigator' AND p.site IN " OUR_SITES
		" ORDER BY x.customer, p.site, p.name",
		q, err);
	json_t *rows = store_rows(s, st, err);

	return rows ? json_pack("{so}", "mandates", rows) : NULL;
}

/* --- which mitigator --- */

static bool take_place(struct store *s, struct db_stmt *st, char ret_mitigator[128],
		       char ret_site[128])
{
	json_t *row = store_row(s, st, NULL);

	snprintf(ret_mitigator, 128, "%s",
		 json_string_value(json_object_get(row, "mitigator")) ?: "");
	snprintf(ret_site, 128, "%s", json_string_value(json_object_get(row, "site")) ?: "");
	json_decref(row);
	return ret_mitigator[0];
}

bool store_mitigator_of(struct store *s, const struct store_scope *scope, char ret[128])
{
	const struct store_query q = {.scope = *scope};
	char site[128];

	return take_place(s,
			  store_question(s,
					 "SELECT name AS mitigator, site FROM peers WHERE role = "
					 "'mitigator' AND site <> '' AND site IN " OUR_SITES
					 " ORDER BY up DESC, name LIMIT 1",
					 &q, NULL),
			  ret, site);
}

bool store_cut_place(struct store *s, const struct store_query *q, const char *command_id,
		     char ret_mitigator[128], char ret_site[128])
{
	struct db_stmt *st = store_question(s,
					    "SELECT mitigator, site FROM quarantines WHERE "
					    "command_id = ?5 AND site IN " OUR_SITES,
					    q, NULL);

	if (st)
		bind_text(st, 5, command_id);
	return take_place(s, st, ret_mitigator, ret_site);
}
