#include "control/sensor/retro/segment.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dataplane/base/slice.h"

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000;"
	"CREATE TABLE IF NOT EXISTS rec(id INTEGER PRIMARY KEY, time INTEGER, body TEXT);"
	"CREATE TABLE IF NOT EXISTS term(id INTEGER PRIMARY KEY, kind INTEGER, text TEXT);"
	"CREATE UNIQUE INDEX IF NOT EXISTS term_text ON term(kind, text);"
	"CREATE TABLE IF NOT EXISTS post(term INTEGER, rec INTEGER, PRIMARY KEY(term, rec))"
	" WITHOUT ROWID;";

static uint64_t one_number(struct segment *s, const char *sql)
{
	sqlite3_stmt *st;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return 0;
	if (sqlite3_step(st) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

void segment_measure(struct segment *s)
{
	struct stat st;

	s->bytes = stat(s->path, &st) == 0 ? (uint64_t)st.st_size : 0;
	if (!s->db)
		return;
	s->bytes = one_number(s, "PRAGMA page_count") * one_number(s, "PRAGMA page_size");
	s->terms = one_number(s, "SELECT coalesce(max(id),0) FROM term");
}

int segment_open(struct segment *s, struct errmsg *err)
{
	const struct {
		sqlite3_stmt **to;
		const char *sql;
	} all[] = {
		{&s->put_record, "INSERT OR IGNORE INTO rec VALUES(?,?,?)"},
		{&s->put_term, "INSERT OR IGNORE INTO term(kind, text) VALUES(?,?)"},
		{&s->get_term, "SELECT id FROM term WHERE kind=? AND text=?"},
		{&s->put_post, "INSERT OR IGNORE INTO post VALUES(?,?)"},
	};

	if (s->db)
		return 0;
	if (sqlite3_open(s->path, &s->db) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		goto failed;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (sqlite3_prepare_v2(s->db, all[i].sql, -1, all[i].to, NULL) != SQLITE_OK)
			goto failed;
	}
	s->records = one_number(s, "SELECT count(*) FROM rec");
	s->first = one_number(s, "SELECT coalesce(min(time),0) FROM rec");
	segment_measure(s);
	return 0;
failed:
	errmsg_set(err, ERR_IO, "%s: %s", s->path, s->db ? sqlite3_errmsg(s->db) : "no memory");
	segment_close(s);
	return ERR_IO;
}

void segment_close(struct segment *s)
{
	sqlite3_stmt **all[] = {&s->put_record, &s->put_term, &s->get_term, &s->put_post};

	if (!s->db)
		return;
	segment_commit(s);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		sqlite3_finalize(*all[i]);
		*all[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

static int run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	return rc;
}

static void bind_term(sqlite3_stmt *st, const struct retro_term *t)
{
	sqlite3_bind_int(st, 1, (int)t->kind);
	sqlite3_bind_text(st, 2, t->text, -1, SQLITE_STATIC);
}

static sqlite3_int64 term_id(struct segment *s, const struct retro_term *t)
{
	sqlite3_int64 id = 0;

	bind_term(s->get_term, t);
	if (sqlite3_step(s->get_term) == SQLITE_ROW)
		id = sqlite3_column_int64(s->get_term, 0);
	sqlite3_reset(s->get_term);
	if (id)
		return id;
	bind_term(s->put_term, t);
	if (run(s->put_term) != SQLITE_DONE)
		return 0;
	s->terms++;
	return sqlite3_last_insert_rowid(s->db);
}

int segment_put(struct segment *s, const struct retro_record *rec, const char *body,
		const struct retro_term *terms, unsigned n)
{
	sqlite3_int64 term;

	if (!s->in_batch && sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return ERR_IO;
	s->in_batch = true;
	sqlite3_bind_int64(s->put_record, 1, (sqlite3_int64)rec->id);
	sqlite3_bind_int64(s->put_record, 2, (sqlite3_int64)rec->time);
	sqlite3_bind_text(s->put_record, 3, body, -1, SQLITE_STATIC);
	if (run(s->put_record) != SQLITE_DONE)
		return ERR_IO;
	if (sqlite3_changes(s->db) == 0)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		term = term_id(s, &terms[i]);
		if (!term)
			return ERR_IO;
		sqlite3_bind_int64(s->put_post, 1, term);
		sqlite3_bind_int64(s->put_post, 2, (sqlite3_int64)rec->id);
		if (run(s->put_post) != SQLITE_DONE)
			return ERR_IO;
	}
	s->records++;
	if (!s->first || rec->time < s->first)
		s->first = rec->time;
	return 1;
}

void segment_commit(struct segment *s)
{
	if (s->db && s->in_batch && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->in_batch = false;
}
