/* Shared by accounts.c and sessions.c. */
#pragma once

#include <sqlite3.h>

#include "control/api/accounts.h"

struct accounts {
	sqlite3 *db;
};

enum { ACCOUNT_COLUMNS = 9 };
#define ACCOUNT_SELECT                                                                             \
	"account.name, account.customer, account.role, account.hash, account.totp, "               \
	"account.totp_on, account.totp_step, account.disabled, account.created"

/* NULL when it does not compile, which tests would show. */
sqlite3_stmt *accounts_sql(struct accounts *a, const char *sql);
/* Binds texts from 1 on; NULL ends them. */
void accounts_bind(sqlite3_stmt *st, const char *const *texts);
/* Runs to its end and finalizes. ERR_OK, ERR_EXISTS, ERR_IO with the database's sentence. */
int accounts_run(struct accounts *a, sqlite3_stmt *st, struct errmsg *e);
/* Columns 0 to 8 as ACCOUNT_SELECT has them. */
void accounts_row(sqlite3_stmt *st, struct account *ret);
