/* Shared by the files of the SQLite store. */
#pragma once

#include "control/centre/store/store.h"
#include "control/wire/room.h"

struct store {
	sqlite3 *db;
	struct room room;
};

/* Prepares; NULL with a sentence. The statement is the caller's to finalize. */
sqlite3_stmt *store_prepare(struct store *s, const char *sql, struct errmsg *err);
/* Runs to the end and finalizes; ERR_OK or an error with a sentence. */
int store_finish(struct store *s, sqlite3_stmt *st, struct errmsg *err);

void bind_text(sqlite3_stmt *st, int at, const char *text);
void bind_number(sqlite3_stmt *st, int at, uint64_t value);
void bind_ip(sqlite3_stmt *st, int at, const struct ip_addr *ip);
void bind_mac(sqlite3_stmt *st, int at, const struct mac_addr *mac);
void bind_list(sqlite3_stmt *st, int at, const struct text_list *list);

const char *column_text(sqlite3_stmt *st, int at); /* never NULL */
