#include "control/centre/store/entries.h"

#include "control/centre/store/rows.h"

int store_entries_open(struct store *s, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"CREATE TABLE IF NOT EXISTS fleet_entries(kind TEXT, value TEXT, comment TEXT, "
		"added BIGINT, until BIGINT, by TEXT, PRIMARY KEY(kind, value))",
		err);

	return st ? store_finish(s, st, err) : ERR_IO;
}

int store_entry_put(struct store *s, const struct store_entry *x, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"INSERT INTO fleet_entries(kind, value, comment, added, until, by) VALUES(?1, ?2, "
		"?3, ?4, ?5, ?6) ON CONFLICT(kind, value) DO UPDATE SET comment = ?3, until = ?5, "
		"by = ?6",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, x->kind);
	bind_text(st, 2, x->value);
	bind_text(st, 3, x->comment);
	bind_number(st, 4, x->added);
	bind_number(st, 5, x->until);
	bind_text(st, 6, x->by);
	return store_finish(s, st, err);
}

int store_entry_remove(struct store *s, const char *kind, const char *value, struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s, "DELETE FROM fleet_entries WHERE kind = ?1 AND value = ?2", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, kind);
	bind_text(st, 2, value);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) > 0 ? ERR_OK
				    : errmsg_set(err, ERR_NOTFOUND, "%s is not on the list", value);
}

static json_t *offered(struct store *s, const struct store_query *q, const char *offer,
		       const struct store_entry *as, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT p.kind, p.value, p.threat, p.comment FROM proposals p JOIN peers m ON "
		"m.name = p.mitigator WHERE p.id = ?5 AND (?6 = '' OR p.kind = ?6) AND (?7 = '' OR "
		"p.value = ?7) AND m.site IN " OUR_SITES " LIMIT 1000",
		q, err);

	if (st) {
		bind_text(st, 5, offer);
		bind_text(st, 6, as->kind);
		bind_text(st, 7, as->value);
	}
	return store_rows(s, st, err);
}

int store_offer_accept(struct store *s, const struct store_query *q, const char *offer,
		       const struct store_entry *as, struct errmsg *err)
{
	json_t *rows = offered(s, q, offer, as, err), *row;
	size_t i, n = json_array_size(rows);
	int rc = rows ? store_begin(s, err) : ERR_IO;

	json_array_foreach(rows, i, row)
	{
		const char *threat = json_string_value(json_object_get(row, "threat"));
		const char *comment = json_string_value(json_object_get(row, "comment"));
		struct store_entry x = *as;
		char text[ENTRY_COMMENT];

		snprintf(text, sizeof(text), "%.90s%s%.90s", threat ? threat : "",
			 threat && comment && threat[0] && comment[0] ? ": " : "",
			 comment ? comment : "");
		x.kind = json_string_value(json_object_get(row, "kind"));
		x.value = json_string_value(json_object_get(row, "value"));
		x.comment = as->comment[0] ? as->comment : text;
		rc = rc == ERR_OK ? store_entry_put(s, &x, err) : rc;
	}
	json_decref(rows);
	if (rc != ERR_OK) {
		store_rollback(s);
		return rc;
	}
	rc = store_commit(s, err);
	if (rc == ERR_OK && n == 0)
		return errmsg_set(err, ERR_NOTFOUND, "there is no such offer");
	return rc == ERR_OK ? (int)n : rc;
}

json_t *store_entries(struct store *s, bool with_old, uint64_t now, unsigned most,
		      struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT kind, value, comment, by, added AS added__time, until AS until__time, CASE "
		"WHEN until > 0 AND until <= ?1 THEN 1 ELSE 0 END AS over__bool FROM fleet_entries "
		"WHERE ?2 = 1 OR until = 0 OR until > ?1 ORDER BY added DESC, kind, value LIMIT ?3",
		err);
	json_t *rows;

	if (st) {
		bind_number(st, 1, now);
		bind_number(st, 2, with_old);
		bind_number(st, 3, most);
	}
	rows = store_rows(s, st, err);
	return rows ? json_pack("{so}", "entries", rows) : NULL;
}
