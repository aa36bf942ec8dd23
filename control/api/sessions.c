/* Sessions of people and tokens of programs. */
#include <string.h>

#include "control/api/accounts_private.h"
#include "dataplane/base/clock.h"

enum { NOTE_USE_S = 60 }; /* use is written at most this often */

static const uint64_t idle = API_SESSION_IDLE_MIN * NS_PER_MIN;
static const uint64_t longest = API_SESSION_HOURS * NS_PER_HOUR;

static void bind_time(sqlite3_stmt *st, int at, uint64_t ns)
{
	sqlite3_bind_int64(st, at, (sqlite3_int64)ns);
}

int api_session_begin(struct accounts *a, const char *name, uint64_t now, struct session *ret,
		      struct errmsg *e)
{
	char hash[SECRET_HASH];
	sqlite3_stmt *st;

	secret_new(ret->id);
	secret_new(ret->csrf);
	if (!ret->id[0] || !ret->csrf[0])
		return errmsg_set(e, ERR_IO, "the system has no random bytes");
	secret_hash(ret->id, hash);
	st = accounts_sql(a, "INSERT INTO session VALUES(?1,?2,?3,?4,?4)");
	accounts_bind(st, (const char *const[]){hash, name, ret->csrf, NULL});
	bind_time(st, 4, now);
	return accounts_run(a, st, e);
}

static void note_use(struct accounts *a, const char *sql, const char *hash, uint64_t now)
{
	sqlite3_stmt *st = accounts_sql(a, sql);

	accounts_bind(st, (const char *const[]){hash, NULL});
	bind_time(st, 2, now);
	(void)accounts_run(a, st, NULL);
}

int api_session_find(struct accounts *a, const char *id, uint64_t now, struct account *ret,
		     char ret_csrf[SECRET_TEXT])
{
	sqlite3_stmt *st = accounts_sql(a, "SELECT " ACCOUNT_SELECT ", session.csrf, session.used"
					   " FROM session JOIN account USING(name) WHERE id = ?1"
					   " AND session.created > ?2 AND session.used > ?3 AND"
					   " disabled = 0");
	char hash[SECRET_HASH];
	uint64_t used = 0;
	int rc = ERR_NOTFOUND;

	secret_hash(id, hash);
	accounts_bind(st, (const char *const[]){hash, NULL});
	bind_time(st, 2, now > longest ? now - longest : 0);
	bind_time(st, 3, now > idle ? now - idle : 0);
	if (sqlite3_step(st) == SQLITE_ROW) {
		accounts_row(st, ret);
		snprintf(ret_csrf, SECRET_TEXT, "%s",
			 (const char *)sqlite3_column_text(st, ACCOUNT_COLUMNS));
		used = (uint64_t)sqlite3_column_int64(st, ACCOUNT_COLUMNS + 1);
		rc = ERR_OK;
	}
	sqlite3_finalize(st);
	if (rc == ERR_OK && now > used + NOTE_USE_S * NS_PER_SEC)
		note_use(a, "UPDATE session SET used = ?2 WHERE id = ?1", hash, now);
	return rc;
}

void api_session_end(struct accounts *a, const char *id)
{
	sqlite3_stmt *st = accounts_sql(a, "DELETE FROM session WHERE id = ?");
	char hash[SECRET_HASH];

	secret_hash(id, hash);
	accounts_bind(st, (const char *const[]){hash, NULL});
	(void)accounts_run(a, st, NULL);
}

void api_sessions_end(struct accounts *a, const char *name, const char *but)
{
	sqlite3_stmt *st = accounts_sql(a, "DELETE FROM session WHERE name = ? AND id <> ?");
	char hash[SECRET_HASH];

	secret_hash(but, hash);
	accounts_bind(st, (const char *const[]){name, hash, NULL});
	(void)accounts_run(a, st, NULL);
}

/* --- tokens --- */

int token_add(struct accounts *a, const struct token *t, uint64_t now, char ret[SECRET_TEXT],
	      int64_t *ret_number, struct errmsg *e)
{
	char hash[SECRET_HASH];
	sqlite3_stmt *st;
	int rc;

	secret_new(ret);
	if (!ret[0])
		return errmsg_set(e, ERR_IO, "the system has no random bytes");
	secret_hash(ret, hash);
	st = accounts_sql(a, "INSERT INTO token(id,name,label,role,created,expires,used)"
			     " VALUES(?,?,?,?,?,?,0)");
	accounts_bind(st,
		      (const char *const[]){hash, t->name, t->label, api_role_name(t->role), NULL});
	bind_time(st, 5, now);
	bind_time(st, 6, t->expires);
	rc = accounts_run(a, st, e);
	*ret_number = sqlite3_last_insert_rowid(a->db);
	return rc;
}

int token_find(struct accounts *a, const char *text, uint64_t now, struct account *ret,
	       enum api_role *ret_role)
{
	sqlite3_stmt *st = accounts_sql(a, "SELECT " ACCOUNT_SELECT ", token.role, token.used FROM"
					   " token JOIN account USING(name) WHERE id = ?1 AND"
					   " expires > ?2 AND disabled = 0");
	char hash[SECRET_HASH];
	uint64_t used = 0;
	int rc = ERR_NOTFOUND;

	secret_hash(text, hash);
	accounts_bind(st, (const char *const[]){hash, NULL});
	bind_time(st, 2, now);
	if (sqlite3_step(st) == SQLITE_ROW) {
		accounts_row(st, ret);
		*ret_role = api_role_parse((const char *)sqlite3_column_text(st, ACCOUNT_COLUMNS));
		used = (uint64_t)sqlite3_column_int64(st, ACCOUNT_COLUMNS + 1);
		rc = ERR_OK;
	}
	sqlite3_finalize(st);
	if (rc == ERR_OK && now > used + NOTE_USE_S * NS_PER_SEC)
		note_use(a, "UPDATE token SET used = ?2 WHERE id = ?1", hash, now);
	return rc;
}

json_t *token_list(struct accounts *a, const char *name)
{
	sqlite3_stmt *st = accounts_sql(a, "SELECT number, label, role, created, expires, used FROM"
					   " token WHERE name = ? ORDER BY number");
	json_t *list = json_array();

	accounts_bind(st, (const char *const[]){name, NULL});
	while (sqlite3_step(st) == SQLITE_ROW)
		json_array_append_new(list,
				      json_pack("{sI ss ss sI sI sI}", "number",
						(json_int_t)sqlite3_column_int64(st, 0), "label",
						(const char *)sqlite3_column_text(st, 1), "role",
						(const char *)sqlite3_column_text(st, 2), "created",
						(json_int_t)sqlite3_column_int64(st, 3), "expires",
						(json_int_t)sqlite3_column_int64(st, 4), "used",
						(json_int_t)sqlite3_column_int64(st, 5)));
	sqlite3_finalize(st);
	return list;
}

int token_remove(struct accounts *a, const char *name, int64_t number)
{
	sqlite3_stmt *st = accounts_sql(a, "DELETE FROM token WHERE name = ?1 AND number = ?2");

	accounts_bind(st, (const char *const[]){name, NULL});
	sqlite3_bind_int64(st, 2, number);
	if (accounts_run(a, st, NULL) != ERR_OK)
		return ERR_IO;
	return sqlite3_changes(a->db) ? ERR_OK : ERR_NOTFOUND;
}

void accounts_expire(struct accounts *a, uint64_t now)
{
	sqlite3_stmt *st = accounts_sql(a, "DELETE FROM session WHERE created <= ?1 OR used <= ?2");

	bind_time(st, 1, now > longest ? now - longest : 0);
	bind_time(st, 2, now > idle ? now - idle : 0);
	(void)accounts_run(a, st, NULL);
	st = accounts_sql(a, "DELETE FROM token WHERE expires <= ?1");
	bind_time(st, 1, now);
	(void)accounts_run(a, st, NULL);
}
