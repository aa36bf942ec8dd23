#include "control/centre/store/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/store/rows.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS evidence(id TEXT PRIMARY KEY, site TEXT, sensor TEXT, file "
	"TEXT, sha256 TEXT, size BIGINT, have BIGINT, proof TEXT)",
	"CREATE TABLE IF NOT EXISTS evidence_parts(id TEXT, at BIGINT, site TEXT, sensor TEXT, "
	"data BLOB, PRIMARY KEY(id, at))",
};

int store_evidence_open(struct store *s, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && rc == ERR_OK; i++) {
		struct db_stmt *st = store_prepare(s, tables[i], err);

		rc = st ? store_finish(s, st, err) : ERR_IO;
	}
	return rc;
}

/* --- what comes in --- */

/* Where the order was for; false: that sensor was asked for no such thing. */
static bool was_asked(struct store *s, const char *sensor, const char *order, char ret_site[128],
		      uint64_t *ret_time)
{
	struct db_stmt *st = store_kept(s,
					"SELECT site, time FROM orders WHERE id = ?1 AND mitigator "
					"= ?2 AND act = 'evidence'",
					NULL);
	bool is;

	if (!st)
		return false;
	bind_text(st, 1, order);
	bind_text(st, 2, sensor);
	is = db_step(st);
	if (is) {
		snprintf(ret_site, 128, "%s", column_text(st, 0));
		*ret_time = (uint64_t)column_int64(st, 1);
	}
	return store_done(s, st, NULL) == ERR_OK && is;
}

static int run_with(struct store *s, const char *sql, const char *id, uint64_t number,
		    struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, sql, err);

	if (!st)
		return ERR_IO;
	if (id)
		bind_text(st, 1, id);
	bind_number(st, 2, number);
	return store_done(s, st, err);
}

/* Pieces that are too old go when a new one comes. */
static int let_go(struct store *s, uint64_t now, struct errmsg *err)
{
	uint64_t before = now > EVIDENCE_DAYS * NS_PER_DAY ? now - EVIDENCE_DAYS * NS_PER_DAY : 0;
	int rc = run_with(s,
			  "DELETE FROM evidence_parts WHERE id IN (SELECT id FROM orders WHERE act "
			  "= ?1 AND time < ?2)",
			  "evidence", before, err);

	return rc == ERR_OK ? run_with(s,
				       "DELETE FROM evidence WHERE id IN (SELECT id FROM orders "
				       "WHERE act = ?1 AND time < ?2)",
				       "evidence", before, err)
			    : rc;
}

static int begin_piece(struct store *s, const char *sensor, const char *site,
		       const struct evidence_part *p, struct errmsg *err)
{
	const char *const texts[] = {p->order, site, sensor, p->file, p->sha256, p->proof};
	struct db_stmt *st = store_kept(s,
					"INSERT INTO evidence(id, site, sensor, file, sha256, "
					"proof, size, have) VALUES(?1,?2,?3,?4,?5,?6,?7,0) ON "
					"CONFLICT DO NOTHING",
					err);

	if (!st)
		return ERR_IO;
	for (int i = 0; i < (int)ARRAY_SIZE(texts); i++)
		bind_text(st, i + 1, texts[i]);
	bind_number(st, 7, p->size);
	return store_done(s, st, err);
}

/* One row when the part is the next. */
static int advance(struct store *s, const struct evidence_part *p, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"UPDATE evidence SET have = ?3 WHERE id = ?1 AND have = ?2 "
					"AND size >= ?3",
					err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, p->order);
	bind_number(st, 2, p->offset);
	bind_number(st, 3, p->offset + p->data.len);
	return store_done(s, st, err);
}

static int keep_part(struct store *s, const char *sensor, const char *site,
		     const struct evidence_part *p, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"INSERT INTO evidence_parts(id, at, site, sensor, data) "
					"VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING",
					err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, p->order);
	bind_number(st, 2, p->offset);
	bind_text(st, 3, site);
	bind_text(st, 4, sensor);
	bind_bytes(st, 5, p->data);
	return store_done(s, st, err);
}

int store_evidence(struct store *s, const char *sensor, const struct evidence_part *p,
		   struct errmsg *err)
{
	char site[128];
	uint64_t asked;
	int rc = ERR_OK;

	if (p->size > EVIDENCE_PIECE_MAX || p->offset > p->size || p->data.len == 0 ||
	    p->data.len > p->size - p->offset || !was_asked(s, sensor, p->order, site, &asked))
		return ERR_OK;
	if (p->offset == 0) {
		rc = let_go(s, asked, err);
		rc = rc == ERR_OK ? begin_piece(s, sensor, site, p, err) : rc;
	}
	rc = rc == ERR_OK ? advance(s, p, err) : rc;
	if (rc != ERR_OK || store_changes(s) == 0)
		return rc;
	return keep_part(s, sensor, site, p, err);
}

/* --- what is asked --- */

json_t *store_evidence_list(struct store *s, const struct store_query *q, const char *id,
			    struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT o.time AS at, o.id, o.time AS time__time, o.site, x.customer, o.customer "
		"AS account_of, o.account, o.mitigator AS sensor, o.subject AS alert, o.reason, "
		"o.state, o.answer, o.answered AS answered__time, e.file, e.sha256, e.size, "
		"e.have FROM orders o JOIN sites x ON x.site = o.site LEFT JOIN evidence e ON e.id "
		"= o.id WHERE o.act = 'evidence' AND o.time >= ?1 AND o.time < ?2 AND o.site "
		"IN " OUR_SITES
		" AND (?5 = 0 OR o.time < ?5 OR (o.time = ?5 AND o.id < ?6)) AND (?8 = '' "
		"OR o.id = ?8) ORDER BY o.time DESC, o.id DESC LIMIT ?7",
		q, err);

	if (st) {
		bind_number(st, 5, q->before.time);
		bind_text(st, 6, q->before.id);
		bind_number(st, 7, q->most + 1ull);
		bind_text(st, 8, id);
	}
	return store_page("evidence", store_rows(s, st, err), q, "at", "id");
}

int store_evidence_bytes(struct store *s, const char *id, char **ret, size_t *ret_len,
			 struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s, "SELECT size FROM evidence WHERE id = ?1 AND have = size", err);
	size_t size = 0, at = 0;

	*ret = NULL;
	if (!st)
		return ERR_IO;
	bind_text(st, 1, id);
	if (db_step(st))
		size = (size_t)column_int64(st, 0);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	if (size == 0 || size > EVIDENCE_PIECE_MAX)
		return errmsg_set(err, ERR_NOTFOUND, "these packets are not here (yet)");
	*ret = malloc(size);
	st = *ret ? store_prepare(s, "SELECT data FROM evidence_parts WHERE id = ?1 ORDER BY at",
				  err)
		  : NULL;
	if (!st) {
		free(*ret);
		*ret = NULL;
		return ERR_NOMEM;
	}
	bind_text(st, 1, id);
	while (db_step(st)) {
		struct slice part = column_bytes(st, 0);

		if (part.len > size - at)
			break;
		memcpy(*ret + at, part.data, part.len);
		at += part.len;
	}
	*ret_len = at;
	if (store_finish(s, st, err) == ERR_OK && at == size)
		return ERR_OK;
	free(*ret);
	*ret = NULL;
	return errmsg_set(err, ERR_IO, "these packets are not whole in the store");
}

char *store_evidence_proof(struct store *s, const char *id)
{
	struct db_stmt *st = store_prepare(s, "SELECT proof FROM evidence WHERE id = ?1", NULL);
	char *proof = NULL;

	if (!st)
		return NULL;
	bind_text(st, 1, id);
	if (db_step(st))
		proof = column_copy(st, 0);
	store_finish(s, st, NULL);
	return proof;
}

bool store_sensor_place(struct store *s, const struct store_query *q, const char *sensor,
			char ret_site[128])
{
	struct db_stmt *st = store_question(s,
					    "SELECT site FROM peers WHERE name = ?5 AND role = "
					    "'sensor' AND site <> '' AND site IN " OUR_SITES,
					    q, NULL);
	json_t *row;
	bool is;

	if (st)
		bind_text(st, 5, sensor);
	row = store_row(s, st, NULL);
	snprintf(ret_site, 128, "%s", json_string_value(json_object_get(row, "site")) ?: "");
	is = ret_site[0];
	json_decref(row);
	return is;
}
