/* Shared by migrate.c and migrate_history.c: a move of a store between its two places. */
#pragma once

#include <stdio.h>

#include "control/centre/store/private.h"

/* Of a set of rows in any order: how many, and the sum of their hashes. Texts as ClickHouse keeps
 * them: what is no UTF-8 is replaced. */
struct rowsum {
	uint64_t n, low, high;
};
void rowsum_add(struct rowsum *s, const struct slice *columns, size_t n);
/* A row of a statement, its columns from `first` on, as they stand; or all of them by their names.
 */
void rowsum_add_row(struct rowsum *s, struct db_stmt *row, int first);
void rowsum_add_named(struct rowsum *s, struct db_stmt *row);
bool rowsum_eq(const struct rowsum *a, const struct rowsum *b);

struct moving {
	struct store *from, *to;
	FILE *out;
	struct errmsg *err;
	bool differs;
};

void migrate_tell(struct moving *m, const char *table, const struct rowsum *from,
		  const struct rowsum *to);
int migrate_history(struct moving *m);
int migrate_history_back(struct moving *m);
