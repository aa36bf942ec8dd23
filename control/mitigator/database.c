#include "control/mitigator/mitigator.h"

static int failed(struct mitigator *m, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
}

sqlite3_stmt *database_prepare(struct mitigator *m, const char *sql, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(m->db, sql, -1, &s, NULL) != SQLITE_OK)
		failed(m, e);
	return s;
}

void database_texts(sqlite3_stmt *s, const char *const *texts)
{
	for (int i = 0; s && texts[i]; i++)
		sqlite3_bind_text(s, i + 1, texts[i], -1, SQLITE_TRANSIENT);
}

int database_run(struct mitigator *m, sqlite3_stmt *s, struct errmsg *e)
{
	int rc = 0;

	if (!s)
		return ERR_IO;
	if (sqlite3_step(s) != SQLITE_DONE)
		rc = failed(m, e);
	sqlite3_finalize(s);
	return rc;
}

int database_do(struct mitigator *m, const char *sql, struct errmsg *e)
{
	return sqlite3_exec(m->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(m, e);
}
