#include "control/centre/store/words.h"

#include "control/centre/store/rows.h"
#include "dataplane/base/slice.h"

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS incident_words(incident TEXT, n BIGINT, time BIGINT, who TEXT, "
	"verdict TEXT, text TEXT, PRIMARY KEY(incident, n))",
};

int store_words_open(struct store *s, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && rc == ERR_OK; i++) {
		struct db_stmt *st = store_prepare(s, tables[i], err);

		rc = st ? store_finish(s, st, err) : ERR_IO;
	}
	return rc;
}

int store_say(struct store *s, const struct store_scope *scope, const struct store_word *w,
	      struct errmsg *err)
{
	const struct store_query q = {.scope = *scope};
	struct db_stmt *st = store_question(
		s,
		"INSERT INTO incident_words(incident, n, time, who, verdict, text) SELECT i.id, "
		"(SELECT coalesce(max(w.n), 0) + 1 FROM incident_words w WHERE w.incident = i.id), "
		"?5, ?6, ?7, ?8 FROM incidents i WHERE i.id = ?9 AND i.state <> 'merged' AND "
		"i.site IN " OUR_SITES,
		&q, err);

	if (!st)
		return ERR_IO;
	bind_number(st, 5, w->time);
	bind_text(st, 6, w->who);
	bind_text(st, 7, w->verdict ? w->verdict : "");
	bind_text(st, 8, w->text);
	bind_text(st, 9, w->incident);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) > 0
		       ? ERR_OK
		       : errmsg_set(err, ERR_NOTFOUND, "there is no incident %s", w->incident);
}

int store_said(struct store *s, const struct store_query *q, json_t *incident, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT w.time AS time__time, w.who, w.verdict, w.text FROM incident_words w JOIN "
		"incidents i ON i.id = w.incident WHERE w.incident = ?5 AND i.site IN " OUR_SITES
		" ORDER BY w.n DESC LIMIT 1000",
		q, err);
	json_t *notes = json_array(), *verdicts = json_array(), *all, *row;
	size_t i;

	if (st)
		bind_text(st, 5, json_string_value(json_object_get(incident, "id")));
	all = store_rows(s, st, err);
	json_array_foreach(all, i, row)
	{
		bool is_note = !json_string_length(json_object_get(row, "verdict"));

		if (is_note)
			json_object_del(row, "verdict");
		json_array_append(is_note ? notes : verdicts, row);
	}
	json_object_set_new(incident, "notes", notes);
	json_object_set_new(incident, "verdicts", verdicts);
	json_decref(all);
	return all ? ERR_OK : ERR_IO;
}

static json_t *named(const char *name, json_t *rows)
{
	return rows ? json_pack("{so}", name, rows) : NULL;
}

json_t *store_advisories(struct store *s, const struct store_query *q, uint64_t month,
			 struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT a.customer, a.version, a.time AS time__time, a.author, a.text_en AS "
		"text__en, a.text_ja AS text__ja FROM advisories a WHERE (?3 = '' OR a.customer = "
		"?3) AND a.month = ?5 ORDER BY a.customer, a.version DESC",
		q, err);

	if (st)
		bind_number(st, 5, month);
	return named("advisories", store_rows(s, st, err));
}

/* --- emergencies --- */

json_t *store_emergency_list(struct store *s, const struct store_query *q, bool only_open,
			     struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT e.opened AS at, CAST(e.id AS TEXT) AS key, e.id, e.kind, e.customer, "
		"e.site, e.host, e.title_en AS title__en, e.title_ja AS title__ja, e.text_en AS "
		"text__en, e.text_ja AS text__ja, e.opened AS opened__time, e.acknowledged AS "
		"acknowledged__time, e.by, (SELECT count(*) FROM deliveries d WHERE d.emergency = "
		"e.id AND d.sent > 0) AS messages_sent, (SELECT count(*) FROM deliveries d WHERE "
		"d.emergency = e.id AND d.sent = 0) AS messages_waiting FROM emergencies e WHERE "
		"e.opened >= ?1 AND e.opened < ?2 AND (?3 = '' OR e.customer = ?3) AND (?4 = '' OR "
		"e.site = ?4) AND (?5 = 0 OR e.opened < ?5 OR (e.opened = ?5 AND CAST(e.id AS "
		"TEXT) < ?6)) AND (?8 = 0 OR e.acknowledged = 0) ORDER BY e.opened DESC, CAST(e.id "
		"AS TEXT) DESC LIMIT ?7",
		q, err);
	json_t *page, *row;
	size_t i;

	if (st) {
		bind_number(st, 5, q->before.time);
		bind_text(st, 6, q->before.id);
		bind_number(st, 7, q->most + 1ull);
		bind_number(st, 8, only_open);
	}
	page = store_page("emergencies", store_rows(s, st, err), q, "at", "key");
	json_array_foreach(json_object_get(page, "emergencies"), i, row)
		json_object_del(row, "key");
	return page;
}

json_t *store_deliveries(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT d.id, d.emergency, e.customer, e.site, e.title_en AS title__en, e.title_ja "
		"AS title__ja, CASE WHEN ?3 = '' OR r.customer = ?3 THEN r.address ELSE '' END AS "
		"address, r.kind, d.wave, d.due AS due__time, d.sent AS sent__time, d.tries, "
		"d.error FROM deliveries d JOIN emergencies e ON e.id = d.emergency LEFT JOIN "
		"recipients r ON r.id = d.recipient WHERE (?3 = '' OR (e.customer = ?3 AND "
		"r.customer = ?3)) AND (?4 = '' OR e.site = ?4) AND e.opened >= ?1 AND e.opened < "
		"?2 ORDER BY d.id DESC LIMIT ?5",
		q, err);

	if (st)
		bind_number(st, 5, q->most);
	return named("deliveries", store_rows(s, st, err));
}

json_t *store_recipient_list(struct store *s, const struct store_query *q, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT r.id, r.customer, r.kind, r.address, r.language, r.tier, r.quiet_from, "
		"r.quiet_to FROM recipients r WHERE ?3 = '' OR r.customer = ?3 ORDER BY "
		"r.customer, r.tier, r.id",
		q, err);

	return named("recipients", store_rows(s, st, err));
}

int store_recipient_remove(struct store *s, const struct store_scope *scope, int64_t id,
			   struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s, "DELETE FROM recipients WHERE id = ?1 AND (?2 = '' OR customer = ?2)", err);

	if (!st)
		return ERR_IO;
	bind_int64(st, 1, id);
	bind_text(st, 2, scope->customer);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) > 0
		       ? ERR_OK
		       : errmsg_set(err, ERR_NOTFOUND, "there is no recipient %lld", (long long)id);
}
