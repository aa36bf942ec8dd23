/* Shared by the files of the store. */
#pragma once

#include <time.h>

#include "control/centre/store/db.h"
#include "control/centre/store/history.h"
#include "control/centre/store/store.h"
#include "control/wire/room.h"
#include "dataplane/base/clock.h"

enum { STORE_KEPT = 512 }; /* statements */

/* Beyond one machine. */
struct history {
	struct clickhouse *clickhouse;
	struct gathered *rows;	   /* what this transaction gathered: a table, a shard */
	char peer[256], site[256]; /* the last one asked for */
	time_t now;
	unsigned fetched; /* enum history_what */
	bool is_dirty;	  /* the fetched tables hold something */
};

struct store {
	struct db *db;
	struct history *history; /* NULL: its tables are in `db` */
	struct kept {
		const char *sql;
		struct db_stmt *st;
	} kept[STORE_KEPT];
	struct room room;
	struct last_words *words; /* health.c */
	bool in_transaction;
};

/* health.c: what a transaction gathered, written before it commits, or let go. */
int health_flush(struct store *s, struct errmsg *err);
void health_forget(struct store *s, bool for_good);

/* After a write: what was gathered is written at once when no transaction will. Returns `rc`, or
 * what then went wrong. */
int store_settle(struct store *s, int rc, struct errmsg *err);

uint64_t store_hash(const char *text); /* the same everywhere and for ever */

/* Prepares; NULL with a sentence. Then bind_..., db_step as long as it gives rows, column_..., and
 * the statement is given back by store_finish or db_end. */
struct db_stmt *store_prepare(struct store *s, const char *sql, struct errmsg *err);
/* Runs to the end and gives it back; ERR_OK or an error with a sentence. */
int store_finish(struct store *s, struct db_stmt *st, struct errmsg *err);

/* The same for what runs often: a statement that stays prepared, by its literal. */
struct db_stmt *store_kept(struct store *s, const char *sql, struct errmsg *err);
/* Runs it to the end and makes it ready again. */
int store_done(struct store *s, struct db_stmt *st, struct errmsg *err);
/* Rows that the last statement that ran to its end wrote. */
int64_t store_changes(const struct store *s);

/* Beside those of db.h: "" for none. */
void bind_ip(struct db_stmt *st, int at, const struct ip_addr *ip);
void bind_mac(struct db_stmt *st, int at, const struct mac_addr *mac);
void bind_list(struct db_stmt *st, int at, const struct text_list *list);

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

/* Of every sensor that is known, also one that was away: name, packets, lost, seconds up, first
 * slot of all, what it says of itself and of its mirror port. */
#define WATCHED_OF " FROM health_slots x WHERE x.sensor = h.sensor"
#define WATCHED_IN "(SELECT sum("
#define WATCHED_UP ")" WATCHED_OF " AND " IN_PERIOD("x.slot") "), "
#define WATCHED_SUMS                                                                               \
	WATCHED_IN "rx" WATCHED_UP WATCHED_IN "lost" WATCHED_UP WATCHED_IN "up_s" WATCHED_UP
#define WATCHED                                                                                    \
	"SELECT h.sensor, " WATCHED_SUMS "(SELECT min(slot)" WATCHED_OF "), h.problems, h.span "   \
	"FROM health h WHERE h.sensor IN " OUR_PEERS " ORDER BY h.sensor"

/* Prepared with the period bound; NULL with a sentence. */
struct db_stmt *store_ask(struct store *s, const char *sql, const struct period *p,
			  struct errmsg *err);
char *column_copy(struct db_stmt *st, int at);
/* A customer as people know him; what is no customer's id stays as it was asked for. To be freed.
 */
char *store_customer_name(struct store *s, const char *id);
/* Element `at` of a JSON array of strings, "" when there is none; the caller's to free. */
char *text_of_list(const char *list, size_t at);
/* What is not empty of the columns, with commas; the caller's to free. */
char *columns_joined(struct db_stmt *st, int from, int to);

#define SLOT_NS (15 * NS_PER_MIN) /* of tally and health_slots */
