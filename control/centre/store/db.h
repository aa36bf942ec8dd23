/* A thin layer over a database that speaks SQL: one connection, its prepared statements. Drivers:
 * SQLite (db_sqlite.c) and PostgreSQL (db_postgres.c). SQL is written once, for both (dialect.h
 * turns it): placeholders ?1, ?2, ...; in DO UPDATE SET a column of the row that is there has its
 * table's name before it; every derived table has a name; no bare columns beside GROUP BY; an alias
 * of a SELECT is not used in its WHERE. One thread a connection. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct db_ops;

struct db {
	const struct db_ops *ops;
	int64_t changes; /* rows that the last statement that ended wrote */
};

/* A driver's statement begins with it. */
struct db_stmt {
	struct db *db;
	bool failed; /* a step did; the sentence is the connection's */
};

struct db_ops {
	void (*close)(struct db *db);
	/* SQL without parameters, several statements too. */
	int (*exec)(struct db *db, const char *sql, struct errmsg *err);
	/* `kept`: it will run often. */
	struct db_stmt *(*prepare)(struct db *db, const char *sql, bool kept, struct errmsg *err);
	void (*free)(struct db_stmt *st);
	bool (*step)(struct db_stmt *st);  /* true: a row is there */
	void (*reset)(struct db_stmt *st); /* as if just prepared */
	int (*error)(struct db *db, const char *what, struct errmsg *err);
	void (*bind_text)(struct db_stmt *st, int at, struct slice text);
	void (*bind_int64)(struct db_stmt *st, int at, int64_t value);
	void (*bind_real)(struct db_stmt *st, int at, double value);
	void (*bind_bytes)(struct db_stmt *st, int at, struct slice bytes);
	void (*bind_null)(struct db_stmt *st, int at);
	int (*columns)(struct db_stmt *st);
	const char *(*name)(struct db_stmt *st, int at);
	bool (*is_number)(struct db_stmt *st, int at);
	bool (*is_real)(struct db_stmt *st, int at);
	bool (*is_bytes)(struct db_stmt *st, int at);
	bool (*is_null)(struct db_stmt *st, int at);
	const char *(*text)(struct db_stmt *st, int at);
	struct slice (*bytes)(struct db_stmt *st, int at);
	int64_t (*int64)(struct db_stmt *st, int at);
	double (*real)(struct db_stmt *st, int at);
};

/* ":memory:" or a file. NULL with a sentence; `ret_damaged`: the file is there and is broken. */
struct db *db_sqlite_open(const char *path, bool *ret_damaged, struct errmsg *err);
/* One that is there, to read what it holds while somebody else writes. */
struct db *db_sqlite_open_to_read(const char *path, struct errmsg *err);
/* For what only SQLite has; NULL for another driver's. */
sqlite3 *db_sqlite_handle(struct db *db);

/* `where`: a connection string of libpq, several hosts too. `greet` is called on each new
 * connection before anything else. NULL with a sentence. */
struct db *db_postgres_open(const char *where, void (*greet)(void *ctx, struct db *db), void *ctx,
			    struct errmsg *err);
bool db_is_postgres(const struct db *db);
/* "COPY table FROM STDIN" with these lines of text. */
int db_postgres_copy(struct db *db, const char *sql, struct slice rows, struct errmsg *err);

/* --- a statement's values, from ?1 on; copied --- */
void bind_text(struct db_stmt *st, int at, const char *text); /* NULL: "" */
void bind_text_of(struct db_stmt *st, int at, struct slice text);
void bind_number(struct db_stmt *st, int at, uint64_t value);
void bind_int64(struct db_stmt *st, int at, int64_t value);
void bind_real(struct db_stmt *st, int at, double value);
void bind_bytes(struct db_stmt *st, int at, struct slice bytes);
void bind_null(struct db_stmt *st, int at);

/* --- a row's columns, from 0 on; valid until the next step --- */
bool db_step(struct db_stmt *st); /* true: a row is there */
int column_count(struct db_stmt *st);
const char *column_name(struct db_stmt *st, int at);
bool column_is_number(struct db_stmt *st, int at); /* an integer */
bool column_is_real(struct db_stmt *st, int at);
bool column_is_bytes(struct db_stmt *st, int at);
bool column_is_null(struct db_stmt *st, int at);
const char *column_text(struct db_stmt *st, int at); /* never NULL */
struct slice column_bytes(struct db_stmt *st, int at);
int64_t column_int64(struct db_stmt *st, int at);
int column_int(struct db_stmt *st, int at);
double column_real(struct db_stmt *st, int at);
/* Gives the statement back. */
void db_end(struct db_stmt *st);
