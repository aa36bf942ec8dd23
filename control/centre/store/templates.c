#include "control/centre/store/templates.h"

#include <string.h>

#include "control/centre/store/rows.h"

int templates_open(struct store *s, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		"CREATE TABLE IF NOT EXISTS message_templates(kind TEXT, part TEXT, language TEXT, "
		"text TEXT, PRIMARY KEY(kind, part, language))",
		err);

	return st ? store_finish(s, st, err) : ERR_IO;
}

int template_put(struct store *s, const char *kind, const char *part, const char *language,
		 const char *text, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		s,
		text[0] ? "INSERT INTO message_templates VALUES(?1,?2,?3,?4) ON CONFLICT(kind, "
			  "part, language) DO UPDATE SET text=?4"
			: "DELETE FROM message_templates WHERE kind=?1 AND part=?2 AND language=?3",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, kind);
	bind_text(st, 2, part);
	bind_text(st, 3, language);
	if (text[0])
		bind_text(st, 4, text);
	return store_finish(s, st, err);
}

char *template_get(struct store *s, const char *kind, const char *part, const char *language)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT text FROM message_templates WHERE kind IN (?1, '') AND part=?2 AND "
		"language=?3 ORDER BY kind DESC LIMIT 1",
		NULL);
	char *ret = NULL;

	if (!st)
		return NULL;
	bind_text(st, 1, kind);
	bind_text(st, 2, part);
	bind_text(st, 3, language);
	if (db_step(st))
		ret = strdup(column_text(st, 0));
	store_done(s, st, NULL);
	return ret;
}

json_t *template_list(struct store *s)
{
	return store_list(s, store_prepare(s,
					   "SELECT kind, part, language, text FROM "
					   "message_templates ORDER BY kind, part, language",
					   NULL));
}
