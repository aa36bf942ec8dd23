/* What the files of the store about the fleet share. */
#pragma once

#include <jansson.h>

#include "control/centre/store/private.h"

/* Prepared with its values bound: `types` has a letter for each, t (const char *), n (uint64_t),
 * b (struct slice). NULL with a sentence. */
struct db_stmt *fleet_ask(struct store *s, struct errmsg *err, const char *sql, const char *types,
			  ...);
/* The same, run to its end. */
int fleet_run(struct store *s, struct errmsg *err, const char *sql, const char *types, ...);
/* Its rows as objects by the columns' names, and the statement given back; NULL without memory. A
 * column whose name ends in "_is" is true or false, and loses that ending. */
json_t *fleet_rows(struct store *s, struct db_stmt *st, struct errmsg *err);
/* The first column of the first row; 0 for none. */
uint64_t fleet_number(struct store *s, struct db_stmt *st);
void fleet_column(struct db_stmt *st, int at, char *ret, size_t cap);
