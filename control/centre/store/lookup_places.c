/* Customers, sites, sensors. */
#include <stdio.h>

#include "control/centre/store/rows.h"

bool store_has_customer(struct store *s, const char *id)
{
	struct db_stmt *st = store_kept(s, "SELECT 1 FROM customers WHERE id=?1", NULL);
	bool found;

	if (!st)
		return false;
	bind_text(st, 1, id);
	found = db_step(st);
	store_done(s, st, NULL);
	return found;
}

bool store_has_site(struct store *s, const struct store_scope *scope)
{
	struct db_stmt *st =
		store_kept(s, "SELECT 1 FROM sites WHERE site=?1 AND (?2='' OR customer=?2)", NULL);
	bool found;

	if (!st)
		return false;
	bind_text(st, 1, scope->site);
	bind_text(st, 2, scope->customer);
	found = db_step(st);
	store_done(s, st, NULL);
	return found;
}

void store_site_owner(struct store *s, const char *site, char ret[64])
{
	struct db_stmt *st = store_kept(s, "SELECT customer FROM sites WHERE site=?1", NULL);

	ret[0] = 0;
	if (!st)
		return;
	bind_text(st, 1, site);
	if (db_step(st))
		snprintf(ret, 64, "%s", column_text(st, 0));
	store_done(s, st, NULL);
}

void store_peer_owner(struct store *s, const char *peer, char ret[64])
{
	struct db_stmt *st = store_kept(s,
					"SELECT x.customer FROM peers p JOIN sites x ON x.site = "
					"p.site WHERE p.name = ?1",
					NULL);

	ret[0] = 0;
	if (!st)
		return;
	bind_text(st, 1, peer);
	if (db_step(st))
		snprintf(ret, 64, "%s", column_text(st, 0));
	store_done(s, st, NULL);
}

bool store_any_site(struct store *s, const struct store_query *q, char ret[128])
{
	json_t *row = store_row(s,
				store_question(s,
					       "SELECT min(site) AS site FROM sites WHERE site <> "
					       "'' AND site IN " OUR_SITES,
					       q, NULL),
				NULL);

	snprintf(ret, 128, "%s", json_string_value(json_object_get(row, "site")) ?: "");
	json_decref(row);
	return ret[0];
}

bool store_site_has_history(struct store *s, const struct store_scope *site)
{
	const struct store_query q = {.scope = *site, .to = INT64_MAX};
	json_t *row;
	bool has;

	if (store_fetch(s, HISTORY_FIRST, &q, NULL) != ERR_OK)
		return true;
	row = store_row(
		s,
		store_question(s,
			       "SELECT 1 AS has FROM sites WHERE site IN " OUR_SITES
			       " AND (EXISTS (SELECT 1 FROM tally t WHERE t.site = sites.site) OR "
			       "EXISTS (SELECT 1 FROM hosts h WHERE h.site = sites.site) OR EXISTS "
			       "(SELECT 1 FROM incidents i WHERE i.site = sites.site) OR EXISTS "
			       "(SELECT 1 FROM quarantines k WHERE k.site = sites.site))",
			       &q, NULL),
		NULL);
	has = !row || json_object_size(row) > 0;

	json_decref(row);
	return has;
}

int store_customer_language(struct store *s, const char *id, const char *language,
			    struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, "UPDATE customers SET language=?2 WHERE id=?1", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, id);
	bind_text(st, 2, language);
	return store_done(s, st, err);
}

/* {NAME: rows} */
static json_t *named(const char *name, json_t *rows)
{
	return rows ? json_pack("{so}", name, rows) : NULL;
}

json_t *store_customers(struct store *s, const struct store_query *q, struct errmsg *err)
{
	json_t *list = store_rows(s,
				  store_question(s,
						 "SELECT id, name, zone, language FROM customers "
						 "WHERE ?3 = '' OR id = ?3 ORDER BY id",
						 q, err),
				  err);
	json_t *sites = list ? store_rows(s,
					  store_question(s,
							 "SELECT customer, site FROM sites WHERE "
							 "site IN " OUR_SITES " ORDER BY site",
							 q, err),
					  err)
			     : NULL;
	json_t *c, *x;
	size_t i, k;

	if (!sites) {
		json_decref(list);
		return NULL;
	}
	json_array_foreach(list, i, c)
	{
		json_t *of = json_array();

		json_array_foreach(sites, k, x)
		{
			if (json_equal(json_object_get(x, "customer"), json_object_get(c, "id")))
				json_array_append(of, json_object_get(x, "site"));
		}
		json_object_set_new(c, "sites", of);
	}
	json_decref(sites);
	return named("customers", list);
}

json_t *store_sites(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT x.site, x.customer, (SELECT count(*) FROM peers p WHERE p.site = x.site "
		"AND p.role = 'sensor') AS sensors, (SELECT count(*) FROM peers p WHERE p.site = "
		"x.site AND p.role = 'sensor' AND p.up = 1) AS sensors_up, m.name AS mitigator, "
		"m.up AS up__bool, m.last_seen AS last_seen__time, t.mode, t.policy, t.problems AS "
		"problems__json, t.time AS told__time, d.kill_switch AS kill_switch__bool FROM "
		"sites x LEFT JOIN peers m ON m.site = x.site AND m.role = 'mitigator' LEFT JOIN "
		"mitigators t ON t.name = m.name LEFT JOIN mandates d ON d.mitigator = m.name "
		"WHERE "
		"x.site <> '' AND x.site IN " OUR_SITES " ORDER BY x.customer, x.site, m.name",
		q, err);

	return named("sites", store_rows(s, st, err));
}

/* One by its name, "": all. */
static json_t *sensors(struct store *s, const struct store_query *q, const char *name,
		       struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT p.name, p.role, p.site, x.customer, p.up AS up__bool, p.since AS "
		"since__time, p.last_seen AS last_seen__time, h.time AS health_time__time, h.rx, "
		"h.processed, h.lost, h.alive AS alive__bool, h.rules, h.problems AS "
		"problems__json, h.span AS mirror__json, m.cpu AS cpu__real, m.memory, "
		"m.disk_free, m.uptime, m.spool, m.spool_limit FROM peers p JOIN sites x ON x.site "
		"= p.site LEFT JOIN health h ON h.sensor = p.name LEFT JOIN machines m ON m.sensor "
		"= p.name WHERE (?5 = '' OR p.name = ?5) AND p.site IN " OUR_SITES
		" ORDER BY x.customer, p.site, p.role, p.name",
		q, err);

	if (st)
		bind_text(st, 5, name);
	return store_rows(s, st, err);
}

json_t *store_sensors(struct store *s, const struct store_query *q, struct errmsg *err)
{
	return named("sensors", sensors(s, q, "", err));
}

/* Quarters of an hour joined to steps; one that is not there was time away. */
static json_t *steps_of(struct store *s, const struct store_query *q, const char *name,
			uint64_t *ret_per, struct errmsg *err)
{
	uint64_t slots = (q->to - q->from) / SLOT_NS + 1;
	struct db_stmt *st;

	*ret_per = (slots + SENSOR_STEPS - 1) / SENSOR_STEPS;
	if (store_fetch(s, HISTORY_HEALTH, q, err) != ERR_OK)
		return NULL;
	st = store_question(
		s,
		"SELECT (h.slot / ?6) * ?6 * 900000000000 AS time__time, sum(h.rx) AS rx, "
		"sum(h.lost) AS lost, sum(h.up_s) AS up_s FROM health_slots h WHERE h.sensor = ?5 "
		"AND h.sensor IN " OUR_PEERS
		" AND " IN_PERIOD("h.slot") " GROUP BY h.slot / ?6 ORDER BY h.slot / ?6",
		q, err);
	if (st) {
		bind_text(st, 5, name);
		bind_number(st, 6, *ret_per);
	}
	return store_rows(s, st, err);
}

json_t *store_sensor(struct store *s, const struct store_query *q, const char *name,
		     struct errmsg *err)
{
	json_t *list = sensors(s, q, name, err), *row = json_incref(json_array_get(list, 0));
	uint64_t per = 1;
	json_t *steps;

	if (!list || !row) {
		json_t *none = list ? json_object() : NULL;

		json_decref(list);
		return none;
	}
	json_decref(list);
	steps = steps_of(s, q, name, &per, err);
	if (!steps) {
		json_decref(row);
		return NULL;
	}
	json_object_set_new(row, "from", store_time(q->from));
	json_object_set_new(row, "to", store_time(q->to));
	json_object_set_new(row, "step_s", json_integer((json_int_t)(per * SLOT_NS / NS_PER_SEC)));
	json_object_set_new(row, "steps", steps);
	return row;
}

uint64_t store_first(struct store *s, const struct store_query *q)
{
	const struct store_query ever = {.scope = q->scope};
	uint64_t slot;
	json_t *row;

	if (store_fetch(s, HISTORY_FIRST, &ever, NULL) != ERR_OK)
		return 0;
	row = store_row(s,
			store_question(s,
				       "SELECT coalesce((SELECT min(t.slot) FROM tally t "
				       "WHERE t.site IN " OUR_SITES "), 0) AS slot",
				       q, NULL),
			NULL);
	slot = (uint64_t)json_integer_value(json_object_get(row, "slot"));

	json_decref(row);
	return slot * SLOT_NS;
}
