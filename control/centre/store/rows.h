/* Rows of an answer as JSON. A column's name is the field's; its end says what it holds:
 *   opened__time     ns since 1970: RFC 3339 in UTC, null for 0
 *   up__bool         0 or 1
 *   risk__real       with a fraction
 *   steps__json      JSON as text
 *   level__level     a number of enum level: its word; severity__severity likewise
 *   title__en, title__ja   "title": {"en", "ja"}
 * Private to store/. */
#pragma once

#include "control/centre/store/lookup.h"
#include "control/centre/store/private.h"

/* Steps through the statement and finalizes it; an array, NULL with a sentence. st NULL: NULL. */
json_t *store_rows(struct store *s, struct db_stmt *st, struct errmsg *err);
/* The same for what is only shown: an empty array where nothing can be read. */
json_t *store_list(struct store *s, struct db_stmt *st);
/* The first row, an empty object when there is none. */
json_t *store_row(struct store *s, struct db_stmt *st, struct errmsg *err);
/* Asks with the query's scope and period as ?1 to ?4 (store_ask). */
struct db_stmt *store_question(struct store *s, const char *sql, const struct store_query *q,
			       struct errmsg *err);
/* Before it, when it names tables of the history (history.h): `what` of the query's scope and
 * period. */
int store_fetch(struct store *s, unsigned what, const struct store_query *q, struct errmsg *err);
/* {NAME: rows, "next": ...}: at most q->most rows; one more was asked for, and shows that there is
 * a next page: its cursor is "at" and "id" of the last row. Takes `rows`. */
json_t *store_page(const char *name, json_t *rows, const struct store_query *q, const char *at,
		   const char *id);
json_t *store_time(uint64_t ns);
