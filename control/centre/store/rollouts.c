#include "control/centre/store/rollouts.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/store/fleet_sql.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS fleet_files(sha256 TEXT PRIMARY KEY, kind TEXT, version TEXT, "
	"size INTEGER, made INTEGER, author TEXT, reason TEXT);"
	"CREATE TABLE IF NOT EXISTS fleet_configs(scope TEXT, version INTEGER, body TEXT, author "
	"TEXT, made INTEGER, reason TEXT, state TEXT, reviewer TEXT, reviewed INTEGER, note TEXT, "
	"PRIMARY KEY(scope, version));"
	"CREATE TABLE IF NOT EXISTS fleet_layers(box TEXT, scope TEXT, version INTEGER, PRIMARY "
	"KEY(box, scope));"
	"CREATE TABLE IF NOT EXISTS fleet_has(box TEXT, kind TEXT, sha256 TEXT, version TEXT, "
	"PRIMARY KEY(box, kind));"
	"CREATE TABLE IF NOT EXISTS rollouts(id INTEGER PRIMARY KEY, kind TEXT, version TEXT, "
	"scope TEXT, sha256 TEXT, author TEXT, reason TEXT, made INTEGER, state INTEGER, ring "
	"INTEGER, ring_since INTEGER, soak INTEGER, worse_most INTEGER, percents TEXT, why TEXT);"
	"CREATE TABLE IF NOT EXISTS rollout_boxes(rollout INTEGER, box TEXT, ring INTEGER, step "
	"INTEGER, offered INTEGER, settled INTEGER, was_known INTEGER, was_loss INTEGER, "
	"was_alerts INTEGER, was_restarts INTEGER, sha256 TEXT, version TEXT, was_sha256 TEXT, "
	"was_version TEXT, was_layer INTEGER, words TEXT, PRIMARY KEY(rollout, box));";

#define COLUMN(at, member) fleet_column(st, at, ret->member, sizeof(ret->member))

int rollout_tables(struct store *s, struct errmsg *err)
{
	return s->db->ops->exec(s->db, schema, err);
}

/* ---- files ---- */

int fleet_file_put(struct store *s, const struct fleet_file *f, struct errmsg *err)
{
	return fleet_run(
		s, err,
		"INSERT INTO fleet_files(sha256, kind, version, size, made, author, "
		"reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(sha256) DO NOTHING",
		"tttnntt", f->sha256, f->kind, f->version, f->size, f->made, f->author, f->reason);
}

int fleet_file_find(struct store *s, const char *sha256, const char *kind, const char *version,
		    struct fleet_file *ret, struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err,
			  "SELECT sha256, kind, version, size, made, author, reason "
			  "FROM fleet_files WHERE (?1 <> '' AND sha256 = ?1) OR (?1 = "
			  "'' AND kind = ?2 AND version = ?3) ORDER BY made DESC LIMIT 1",
			  "ttt", sha256, kind, version);
	int found;

	*ret = (struct fleet_file){.sha256 = ""};
	if (!st)
		return ERR_IO;
	found = db_step(st);
	if (found) {
		COLUMN(0, sha256);
		COLUMN(1, kind);
		COLUMN(2, version);
		ret->size = (uint64_t)column_int64(st, 3);
		ret->made = (uint64_t)column_int64(st, 4);
		COLUMN(5, author);
		COLUMN(6, reason);
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

json_t *fleet_files(struct store *s, struct errmsg *err)
{
	return fleet_rows(
		s,
		fleet_ask(s, err,
			  "SELECT kind, version, size, made, author, reason, sha256 FROM "
			  "fleet_files WHERE kind <> 'config' ORDER BY made DESC LIMIT 1000",
			  ""),
		err);
}

/* ---- configuration ---- */

int64_t config_put(struct store *s, const char *scope, const char *body, const char *author,
		   const char *reason, uint64_t now, struct errmsg *err)
{
	uint64_t version = 1 + fleet_number(s, fleet_ask(s, err,
							 "SELECT coalesce(max(version), 0) FROM "
							 "fleet_configs WHERE scope = ?1",
							 "t", scope));
	int rc = fleet_run(s, err,
			   "INSERT INTO fleet_configs(scope, version, body, author, made, reason, "
			   "state, reviewer, reviewed, note) VALUES(?1, ?2, ?3, ?4, ?5, ?6, "
			   "'draft', '', 0, '')",
			   "tnttnt", scope, version, body, author, now, reason);

	return rc == ERR_OK ? (int64_t)version : rc;
}

int config_find(struct store *s, const char *scope, uint64_t version, struct config_version *ret,
		struct errmsg *err)
{
	struct db_stmt *st = fleet_ask(s, err,
				       "SELECT scope, state, author, reviewer, version, body FROM "
				       "fleet_configs WHERE scope = ?1 AND version = ?2",
				       "tn", scope, version);
	int found;

	*ret = (struct config_version){.scope = ""};
	if (!st)
		return ERR_IO;
	found = db_step(st);
	if (found) {
		COLUMN(0, scope);
		COLUMN(1, state);
		COLUMN(2, author);
		COLUMN(3, reviewer);
		ret->version = (uint64_t)column_int64(st, 4);
		ret->body = strdup(column_text(st, 5));
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

int config_review(struct store *s, const char *scope, uint64_t version, bool approved,
		  const char *reviewer, const char *note, uint64_t now, struct errmsg *err)
{
	return fleet_run(
		s, err,
		"UPDATE fleet_configs SET state = ?3, reviewer = ?4, reviewed = ?5, note = "
		"?6 WHERE scope = ?1 AND version = ?2 AND state = 'draft'",
		"tnttnt", scope, version, approved ? "approved" : "refused", reviewer, now, note);
}

json_t *configs(struct store *s, const char *customer, const char *scope, struct errmsg *err)
{
	return fleet_rows(
		s,
		fleet_ask(
			s, err,
			"SELECT scope, version, state, author, made, reason, reviewer, reviewed, "
			"note, body FROM fleet_configs WHERE (?2 = '' OR scope = ?2) AND (?1 = '' "
			"OR scope = 'customer:' || ?1 OR scope IN (SELECT 'site:' || site FROM "
			"sites WHERE customer = ?1) OR scope IN (SELECT 'box:' || b.name FROM "
			"fleet_boxes b, sites o WHERE o.site = b.site AND o.customer = ?1)) ORDER "
			"BY made DESC LIMIT 1000",
			"tt", customer, scope),
		err);
}

uint64_t config_layer(struct store *s, const char *box, const char *scope, struct errmsg *err)
{
	return fleet_number(s, fleet_ask(s, err,
					 "SELECT version FROM fleet_layers WHERE box = ?1 AND "
					 "scope = ?2",
					 "tt", box, scope));
}

int config_layer_set(struct store *s, const char *box, const char *scope, uint64_t version,
		     struct errmsg *err)
{
	return fleet_run(s, err,
			 "INSERT INTO fleet_layers(box, scope, version) VALUES(?1, ?2, ?3) ON "
			 "CONFLICT(box, scope) DO UPDATE SET version = ?3",
			 "ttn", box, scope, version);
}

/* ---- what boxes have ---- */

int fleet_has_set(struct store *s, const char *box, const char *kind, const char *sha256,
		  const char *version, struct errmsg *err)
{
	return fleet_run(s, err,
			 "INSERT INTO fleet_has(box, kind, sha256, version) VALUES(?1, ?2, ?3, ?4) "
			 "ON CONFLICT(box, kind) DO UPDATE SET sha256 = ?3, version = ?4",
			 "tttt", box, kind, sha256, version);
}

int fleet_has(struct store *s, const char *box, const char *kind, char ret_sha256[FLEET_HEX],
	      char ret_version[64], struct errmsg *err)
{
	struct db_stmt *st = fleet_ask(
		s, err, "SELECT sha256, version FROM fleet_has WHERE box = ?1 AND kind = ?2", "tt",
		box, kind);

	ret_sha256[0] = ret_version[0] = '\0';
	if (!st)
		return ERR_IO;
	if (db_step(st)) {
		fleet_column(st, 0, ret_sha256, FLEET_HEX);
		fleet_column(st, 1, ret_version, 64);
	}
	return store_finish(s, st, err);
}

int fleet_has_nothing(struct store *s, const char *box, struct errmsg *err)
{
	int rc = fleet_run(s, err, "DELETE FROM fleet_has WHERE box = ?1", "t", box);

	return rc == ERR_OK ? fleet_run(s, err, "DELETE FROM fleet_layers WHERE box = ?1", "t", box)
			    : rc;
}

/* ---- roll-outs ---- */

int64_t rollout_new_id(struct store *s, struct errmsg *err)
{
	return 1 + (int64_t)fleet_number(
			   s, fleet_ask(s, err, "SELECT coalesce(max(id), 0) FROM rollouts", ""));
}

int rollout_put(struct store *s, const struct rollout *r, const struct rollout_about *a,
		struct errmsg *err)
{
	char percents[64] = "";
	size_t at = 0;

	for (unsigned i = 0; i < r->n_rings; i++)
		at += (size_t)snprintf(percents + at, sizeof(percents) - at, "%s%u", i ? " " : "",
				       r->percent[i]);
	return fleet_run(
		s, err,
		"INSERT INTO rollouts(id, kind, version, scope, sha256, author, reason, "
		"made, state, ring, ring_since, soak, worse_most, percents, why) VALUES(?1, "
		"?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, '')",
		"nttttttnnnnnnt", r->id, a->kind, a->version, a->scope, a->sha256, a->author,
		a->reason, a->made, (uint64_t)r->state, (uint64_t)r->ring, r->ring_since,
		r->soak_ns, (uint64_t)r->limit, percents);
}

int rollout_keep(struct store *s, const struct rollout *r, struct errmsg *err)
{
	return fleet_run(s, err,
			 "UPDATE rollouts SET state = ?2, ring = ?3, ring_since = ?4, why = ?5 "
			 "WHERE id = ?1",
			 "nnnnt", r->id, (uint64_t)r->state, (uint64_t)r->ring, r->ring_since,
			 r->why);
}

/* Shares as millionths, rates as thousandths. */
int rollout_box_keep(struct store *s, uint64_t id, const struct rollout_box *b,
		     const struct rollout_box_more *m, struct errmsg *err)
{
	return fleet_run(
		s, err,
		"INSERT INTO rollout_boxes(rollout, box, ring, step, offered, settled, was_known, "
		"was_loss, was_alerts, was_restarts, sha256, version, was_sha256, was_version, "
		"was_layer, words) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
		"?14, ?15, ?16) ON CONFLICT(rollout, box) DO UPDATE SET ring = ?3, step = ?4, "
		"offered = ?5, settled = ?6, was_known = ?7, was_loss = ?8, was_alerts = ?9, "
		"was_restarts = ?10, sha256 = ?11, version = ?12, was_sha256 = ?13, was_version = "
		"?14, was_layer = ?15, words = ?16",
		"ntnnnnnnnnttttnt", id, b->name, (uint64_t)b->ring, (uint64_t)b->step, b->offered,
		b->settled, (uint64_t)(b->before.is_up * 2 + b->before.is_known),
		(uint64_t)(b->before.loss * 1e6), (uint64_t)(b->before.alerts * 1e3),
		b->before.restarts, m->sha256, m->version, m->was_sha256, m->was_version,
		m->was_layer, m->text);
}

static void take_box(struct db_stmt *st, struct rollout_box *b, struct rollout_box_more *m)
{
	uint64_t known = (uint64_t)column_int64(st, 5);

	fleet_column(st, 0, b->name, sizeof(b->name));
	b->ring = (unsigned)column_int64(st, 1);
	b->step = (enum rollout_step)column_int64(st, 2);
	b->offered = (uint64_t)column_int64(st, 3);
	b->settled = (uint64_t)column_int64(st, 4);
	b->before = (struct rollout_health){.is_up = known >> 1 & 1,
					    .is_known = known & 1,
					    .loss = (double)column_int64(st, 6) / 1e6,
					    .alerts = (double)column_int64(st, 7) / 1e3,
					    .restarts = (uint64_t)column_int64(st, 8)};
	fleet_column(st, 9, m->sha256, sizeof(m->sha256));
	fleet_column(st, 10, m->version, sizeof(m->version));
	fleet_column(st, 11, m->was_sha256, sizeof(m->was_sha256));
	fleet_column(st, 12, m->was_version, sizeof(m->was_version));
	m->was_layer = (uint64_t)column_int64(st, 13);
	fleet_column(st, 14, m->text, sizeof(m->text));
}

static int load_boxes(struct store *s, struct rollout *r, struct rollout_box_more **ret,
		      struct errmsg *err)
{
	uint64_t n = fleet_number(s, fleet_ask(s, err,
					       "SELECT count(*) FROM rollout_boxes WHERE rollout = "
					       "?1",
					       "n", r->id));
	struct db_stmt *st = fleet_ask(
		s, err,
		"SELECT box, ring, step, offered, settled, was_known, was_loss, was_alerts, "
		"was_restarts, sha256, version, was_sha256, was_version, was_layer, words FROM "
		"rollout_boxes WHERE rollout = ?1 ORDER BY box",
		"n", r->id);

	r->boxes = calloc(n + 1, sizeof(*r->boxes));
	*ret = calloc(n + 1, sizeof(**ret));
	if (!st)
		return ERR_IO;
	while (r->boxes && *ret && r->n < n && db_step(st)) {
		take_box(st, &r->boxes[r->n], &(*ret)[r->n]);
		r->n++;
	}
	return store_finish(s, st, err);
}

static void take_rollout(struct db_stmt *st, struct rollout *r, struct rollout_about *ret)
{
	char percents[64], *p = percents;

	r->id = (uint64_t)column_int64(st, 0);
	COLUMN(1, kind);
	COLUMN(2, version);
	COLUMN(3, scope);
	COLUMN(4, sha256);
	COLUMN(5, author);
	COLUMN(6, reason);
	ret->made = (uint64_t)column_int64(st, 7);
	r->state = (enum rollout_state)column_int64(st, 8);
	r->ring = (unsigned)column_int64(st, 9);
	r->ring_since = (uint64_t)column_int64(st, 10);
	r->soak_ns = (uint64_t)column_int64(st, 11);
	r->limit = (unsigned)column_int64(st, 12);
	fleet_column(st, 13, percents, sizeof(percents));
	fleet_column(st, 14, r->why, sizeof(r->why));
	while (*p && r->n_rings < ROLLOUT_RINGS)
		r->percent[r->n_rings++] = (unsigned)strtoul(p, &p, 10);
}

int rollout_each(struct store *s,
		 int (*take)(void *ctx, struct rollout *r, const struct rollout_about *a,
			     struct rollout_box_more *more),
		 void *ctx, struct errmsg *err)
{
	struct db_stmt *st = fleet_ask(
		s, err,
		"SELECT id, kind, version, scope, sha256, author, reason, made, state, ring, "
		"ring_since, soak, worse_most, percents, why FROM rollouts ORDER BY id",
		"");
	int rc = st ? ERR_OK : ERR_IO;

	while (rc == ERR_OK && db_step(st)) {
		struct rollout *r = calloc(1, sizeof(*r));
		struct rollout_box_more *more = NULL;
		struct rollout_about about;

		if (!r)
			break;
		take_rollout(st, r, &about);
		rc = load_boxes(s, r, &more, err);
		if (rc == ERR_OK)
			rc = take(ctx, r, &about, more);
	}
	return st && store_finish(s, st, err) != ERR_OK ? ERR_IO : rc;
}
