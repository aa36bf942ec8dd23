/* Where a test's store is: in memory, or, when BANKEN_TEST_STATE and BANKEN_TEST_HISTORY say so,
 * beyond one machine; there each has a schema and a database of its own. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/centre/store/db.h"
#include "control/centre/store/store.h"

static inline bool test_schema(const char *state, const char *name, struct errmsg *err)
{
	struct db *db = db_postgres_open(state, NULL, NULL, err);
	char sql[80];
	int rc;

	if (!db)
		return false;
	snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", name);
	rc = db->ops->exec(db, sql, err);
	db->ops->close(db);
	return rc == ERR_OK;
}

/* `with_history`: the history is apart from that of this process' other stores, too. NULL with a
 * sentence. */
static inline struct store *test_store(bool with_history, struct errmsg *err)
{
	static unsigned stores;
	const char *state = getenv("BANKEN_TEST_STATE"), *history = getenv("BANKEN_TEST_HISTORY");
	char where[800] = "", database[40];
	const struct store_where at = {.path = ":memory:",
				       .state = where,
				       .history = history,
				       .history_database = database};
	struct errmsg note;

	snprintf(database, sizeof(database), "test_%d_%u", getpid(), ++stores);
	if (state && !test_schema(state, database, err))
		return NULL;
	if (state)
		snprintf(where, sizeof(where), "%s&options=-csearch_path%%3D%s", state, database);
	if (!with_history)
		snprintf(database, sizeof(database), "test_%d", getpid());
	return store_open_at(&at, &note, err);
}
