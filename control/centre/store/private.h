/* Shared by the files of the SQLite store. */
#pragma once

#include "control/centre/store/store.h"
#include "control/wire/room.h"
#include "dataplane/base/clock.h"

enum { STORE_KEPT = 64 }; /* statements */

struct store {
	sqlite3 *db;
	struct kept {
		const char *sql;
		sqlite3_stmt *st;
	} kept[STORE_KEPT];
	struct room room;
};

/* Prepares; NULL with a sentence. The statement is the caller's to finalize. */
sqlite3_stmt *store_prepare(struct store *s, const char *sql, struct errmsg *err);
/* Runs to the end and finalizes; ERR_OK or an error with a sentence. */
int store_finish(struct store *s, sqlite3_stmt *st, struct errmsg *err);

/* The same for what runs often: a statement that stays prepared, by its literal. */
sqlite3_stmt *store_kept(struct store *s, const char *sql, struct errmsg *err);
/* Runs it to the end and makes it ready again. */
int store_done(struct store *s, sqlite3_stmt *st, struct errmsg *err);

void bind_text(sqlite3_stmt *st, int at, const char *text);
void bind_number(sqlite3_stmt *st, int at, uint64_t value);
void bind_ip(sqlite3_stmt *st, int at, const struct ip_addr *ip);
void bind_mac(sqlite3_stmt *st, int at, const struct mac_addr *mac);
void bind_list(sqlite3_stmt *st, int at, const struct text_list *list);

const char *column_text(sqlite3_stmt *st, int at); /* never NULL */

/* --- whose, and when: ?1 and ?2 the period, ?3 the customer, ?4 the site; "" = all --- */

struct period {
	const struct store_scope *scope;
	uint64_t from, to;
};

/* For a column that holds a site's name: which sites. */
#define OUR_SITES                                                                                  \
	"(SELECT site FROM sites WHERE (?4 = '' OR site = ?4) AND (?3 = '' OR customer = ?3))"
/* For a column that holds a sensor's or mitigator's. */
#define OUR_PEERS "(SELECT name FROM peers WHERE site IN " OUR_SITES ")"

/* For a column of slots. */
#define IN_PERIOD(slot)                                                                            \
	slot " >= ?1 / 900000000000 AND " slot " < (?2 + 899999999999) / 900000000000"

/* Prepared with the period bound; NULL with a sentence. */
sqlite3_stmt *store_ask(struct store *s, const char *sql, const struct period *p,
			struct errmsg *err);
char *column_copy(sqlite3_stmt *st, int at);
/* Element `at` of a JSON array of strings, "" when there is none; the caller's to free. */
char *text_of_list(const char *list, size_t at);
/* What is not empty of the columns, with commas; the caller's to free. */
char *columns_joined(sqlite3_stmt *st, int from, int to);

#define SLOT_NS (15 * NS_PER_MIN) /* of tally and health_slots */
