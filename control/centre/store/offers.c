/* What mitigators hand to the centre for safe keeping or for the fleet: entries for known-bad
 * lists, and the ends of their audit logs. */
#include "control/centre/store/private.h"

enum { HEADS_KEPT = 1000 }; /* of each mitigator */

int store_proposal(struct store *s, const char *mitigator, const struct list_proposal *p,
		   struct errmsg *err)
{
	for (size_t i = 0; i < p->entries.n; i++) {
		const struct proposal_entry *e = &p->entries.items[i];
		struct db_stmt *st = store_kept(
			s, "INSERT OR IGNORE INTO proposals VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
			err);

		if (!st)
			return ERR_IO;
		bind_text(st, 1, p->id);
		bind_text(st, 2, e->kind);
		bind_text(st, 3, e->value);
		bind_number(st, 4, p->time);
		bind_text(st, 5, mitigator);
		bind_text(st, 6, p->incident);
		bind_text(st, 7, p->threat_id);
		bind_text(st, 8, p->threat);
		bind_text(st, 9, e->comment);
		if (store_done(s, st, err) != ERR_OK)
			return ERR_IO;
	}
	return ERR_OK;
}

int store_audit_head(struct store *s, const char *mitigator, const struct audit_head_note *h,
		     struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s, "INSERT OR IGNORE INTO audit_heads VALUES(?1,?2,?3,?4,?5)", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, mitigator);
	bind_number(st, 2, h->lines);
	bind_text(st, 3, h->hash);
	bind_number(st, 4, h->time);
	bind_text(st, 5, h->problem);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	st = store_kept(s,
			"DELETE FROM audit_heads WHERE mitigator=?1 AND time<(SELECT time FROM "
			"audit_heads WHERE mitigator=?1 ORDER BY time DESC LIMIT 1 OFFSET ?2)",
			err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, mitigator);
	bind_number(st, 2, HEADS_KEPT);
	return store_done(s, st, err);
}

static json_t *rows(struct store *s, const char *sql, const char *const *keys, unsigned most)
{
	struct errmsg err;
	struct db_stmt *st = store_prepare(s, sql, &err);
	json_t *list = st ? json_array() : NULL;

	if (!list)
		return NULL;
	bind_number(st, 1, most);
	while (db_step(st)) {
		json_t *row = json_object();

		for (int i = 0; keys[i]; i++)
			json_object_set_new(row, keys[i],
					    column_is_number(st, i)
						    ? json_integer(column_int64(st, i))
						    : json_string(column_text(st, i)));
		json_array_append_new(list, row);
	}
	db_end(st);
	return list;
}

json_t *store_proposals(struct store *s, unsigned most)
{
	static const char *const keys[] = {"id",	"kind",	    "value",	 "time",
					   "mitigator", "incident", "threat_id", "threat",
					   "comment",	NULL};

	return rows(s,
		    "SELECT id, kind, value, time, mitigator, incident, threat_id, threat, comment "
		    "FROM proposals ORDER BY time DESC LIMIT ?1",
		    keys, most);
}

json_t *store_audit_heads(struct store *s, unsigned most)
{
	static const char *const keys[] = {"mitigator", "lines", "hash", "time", "problem", NULL};

	return rows(s,
		    "SELECT mitigator, lines, hash, time, problem FROM audit_heads ORDER BY time "
		    "DESC LIMIT ?1",
		    keys, most);
}
