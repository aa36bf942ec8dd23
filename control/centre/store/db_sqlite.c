/* SQLite behind db.h. */
#include <stdlib.h>

#include "control/centre/store/db.h"

struct sqlite_db {
	struct db db;
	sqlite3 *handle;
};

struct sqlite_stmt {
	struct db_stmt st;
	sqlite3_stmt *handle;
};

static sqlite3_stmt *handle_of(struct db_stmt *st)
{
	return ((struct sqlite_stmt *)st)->handle;
}

sqlite3 *db_sqlite_handle(struct db *db);

static int error(struct db *db, const char *what, struct errmsg *err)
{
	sqlite3 *handle = db_sqlite_handle(db);

	if (sqlite3_errcode(handle) == SQLITE_FULL)
		return errmsg_set(err, ERR_IO,
				  "%s: the disk of the centre's store is full; free space, nothing "
				  "acknowledged is lost",
				  what);
	return errmsg_set(err, ERR_IO, "%s: %s", what, sqlite3_errmsg(handle));
}

static void close_db(struct db *db)
{
	sqlite3_close(db_sqlite_handle(db));
	free(db);
}

static int exec(struct db *db, const char *sql, struct errmsg *err)
{
	if (sqlite3_exec(db_sqlite_handle(db), sql, NULL, NULL, NULL) == SQLITE_OK)
		return ERR_OK;
	return error(db, "store", err);
}

static struct db_stmt *prepare(struct db *db, const char *sql, bool kept, struct errmsg *err)
{
	struct sqlite_stmt *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(err, ERR_NOMEM, "store: no memory");
		return NULL;
	}
	s->st.db = db;
	if (sqlite3_prepare_v3(db_sqlite_handle(db), sql, -1, kept ? SQLITE_PREPARE_PERSISTENT : 0,
			       &s->handle, NULL) == SQLITE_OK)
		return &s->st;
	error(db, "store", err);
	free(s);
	return NULL;
}

static void free_stmt(struct db_stmt *st)
{
	sqlite3_finalize(handle_of(st));
	free(st);
}

static bool step(struct db_stmt *st)
{
	int code = sqlite3_step(handle_of(st));

	if (code == SQLITE_ROW)
		return true;
	st->failed = code != SQLITE_DONE;
	st->db->changes = sqlite3_changes(db_sqlite_handle(st->db));
	return false;
}

static void reset(struct db_stmt *st)
{
	sqlite3_reset(handle_of(st));
	sqlite3_clear_bindings(handle_of(st));
	st->failed = false;
}

static void null_in(struct db_stmt *st, int at)
{
	sqlite3_bind_null(handle_of(st), at);
}

static void text_in(struct db_stmt *st, int at, struct slice text)
{
	sqlite3_bind_text(handle_of(st), at, text.len ? (const char *)text.data : "", (int)text.len,
			  SQLITE_TRANSIENT);
}

static void int64_in(struct db_stmt *st, int at, int64_t value)
{
	sqlite3_bind_int64(handle_of(st), at, value);
}

static void real_in(struct db_stmt *st, int at, double value)
{
	sqlite3_bind_double(handle_of(st), at, value);
}

static void bytes_in(struct db_stmt *st, int at, struct slice bytes)
{
	sqlite3_bind_blob(handle_of(st), at, bytes.len ? (const void *)bytes.data : "",
			  (int)bytes.len, SQLITE_TRANSIENT);
}

static int columns(struct db_stmt *st)
{
	return sqlite3_column_count(handle_of(st));
}

static const char *name(struct db_stmt *st, int at)
{
	return sqlite3_column_name(handle_of(st), at);
}

static bool is_number(struct db_stmt *st, int at)
{
	return sqlite3_column_type(handle_of(st), at) == SQLITE_INTEGER;
}

static bool is_real(struct db_stmt *st, int at)
{
	return sqlite3_column_type(handle_of(st), at) == SQLITE_FLOAT;
}

static bool is_bytes(struct db_stmt *st, int at)
{
	return sqlite3_column_type(handle_of(st), at) == SQLITE_BLOB;
}

static bool is_null(struct db_stmt *st, int at)
{
	return sqlite3_column_type(handle_of(st), at) == SQLITE_NULL;
}

static const char *text_out(struct db_stmt *st, int at)
{
	const unsigned char *text = sqlite3_column_text(handle_of(st), at);

	return text ? (const char *)text : "";
}

static struct slice bytes_out(struct db_stmt *st, int at)
{
	const void *data = sqlite3_column_blob(handle_of(st), at);

	return SLICE(data, data ? (size_t)sqlite3_column_bytes(handle_of(st), at) : 0);
}

static int64_t int64_out(struct db_stmt *st, int at)
{
	return sqlite3_column_int64(handle_of(st), at);
}

static double real_out(struct db_stmt *st, int at)
{
	return sqlite3_column_double(handle_of(st), at);
}

static const struct db_ops ops = {
	.close = close_db,
	.exec = exec,
	.prepare = prepare,
	.free = free_stmt,
	.step = step,
	.reset = reset,
	.error = error,
	.bind_text = text_in,
	.bind_int64 = int64_in,
	.bind_real = real_in,
	.bind_bytes = bytes_in,
	.bind_null = null_in,
	.columns = columns,
	.name = name,
	.is_number = is_number,
	.is_real = is_real,
	.is_bytes = is_bytes,
	.is_null = is_null,
	.text = text_out,
	.bytes = bytes_out,
	.int64 = int64_out,
	.real = real_out,
};

sqlite3 *db_sqlite_handle(struct db *db)
{
	return db->ops == &ops ? ((struct sqlite_db *)db)->handle : NULL;
}

static const char setup[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;"
	"PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=2000;";

/* Its temporary files are its own; what is on disk for all is only read. */
static const char setup_to_read[] = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-262144;";

struct db *db_sqlite_open_to_read(const char *path, struct errmsg *err)
{
	struct sqlite_db *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(err, ERR_NOMEM, "%s: no memory", path);
		return NULL;
	}
	s->db.ops = &ops;
	if (sqlite3_open_v2(path, &s->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
		    SQLITE_OK &&
	    sqlite3_exec(s->handle, setup_to_read, NULL, NULL, NULL) == SQLITE_OK)
		return &s->db;
	errmsg_set(err, ERR_IO, "%s: %s", path,
		   s->handle ? sqlite3_errmsg(s->handle) : "no memory");
	sqlite3_close(s->handle);
	free(s);
	return NULL;
}

struct db *db_sqlite_open(const char *path, bool *ret_damaged, struct errmsg *err)
{
	struct sqlite_db *s = calloc(1, sizeof(*s));
	int code;

	*ret_damaged = false;
	if (!s) {
		errmsg_set(err, ERR_NOMEM, "%s: no memory", path);
		return NULL;
	}
	s->db.ops = &ops;
	code = sqlite3_open_v2(path, &s->handle,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			       NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->handle, setup, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return &s->db;
	*ret_damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	errmsg_set(err, ERR_IO, "%s: %s", path,
		   s->handle ? sqlite3_errmsg(s->handle) : "no memory");
	sqlite3_close(s->handle);
	free(s);
	return NULL;
}
