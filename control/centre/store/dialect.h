/* The store's SQL, which is written for SQLite, as PostgreSQL understands it. Only for our own
 * literals: values are always parameters. */
#pragma once

#include <stddef.h>

/* ?1 becomes $1, INSERT OR IGNORE and a conflict without a target get theirs, types their names
 * there, `user` its quotes. For INSERT OR REPLACE `replaced` is asked for the list "a=excluded.a,
 * ..." of a table's columns outside of its key (malloc'ed, NULL: refused). The caller's to free;
 * NULL without memory or when `replaced` refused. */
char *dialect_postgres(const char *sql, char *(*replaced)(void *ctx, const char *table), void *ctx);
