/* What has been, and only grows: alerts, other records, events, what sensors saw in each slot. In
 * the embedded store these are tables beside the others. Beyond one machine they are in ClickHouse.
 * There a row is gathered until the store commits, and what a question needs is fetched before it,
 * without doubles, into tables of the same names that this connection alone sees: every question is
 * the same SQL for both. */
#pragma once

#include "control/centre/store/clickhouse.h"
#include "control/centre/store/db.h"
#include "control/centre/store/store.h"

struct history;

/* --- before a question that names one of these tables; nothing happens in the embedded store ---
 */

enum history_what {
	HISTORY_TALLY = 1,    /* tally and threats; by slots, as IN_PERIOD has them */
	HISTORY_HEALTH = 2,   /* health_slots */
	HISTORY_ALERTS = 4,   /* alerts */
	HISTORY_SIGNS = 8,    /* alerts: of each host the one that explains most, no `eve` */
	HISTORY_RECORDS = 16, /* records */
	HISTORY_EVENTS = 32,  /* events */
	HISTORY_FIRST = 64,   /* tally: one row a site, its first slot of all */
};

enum { HISTORY_MOST = 100000 };

struct history_want {
	unsigned what;
	const struct store_scope *scope; /* NULL: all. Records and events: by their senders */
	uint64_t from, to;		 /* [from, to); 0, 0: ever */
	/* NULL: any. `sender`: a sensor or mitigator. `has`: a text in `eve`, as it is written
	 * there */
	const char *id, *ip, *sender, *has, *peer_ip;
	const char *host;	     /* of alerts: address, name or MAC */
	uint64_t gid, sid, severity; /* of alerts; 0: any */
	unsigned most;		     /* the newest; 0: HISTORY_MOST */
};

/* ERR_OK, or negative with a sentence. The tables hold what the last call fetched. */
int history_fetch(struct store *s, const struct history_want *w, struct errmsg *err);

/* --- for the store itself --- */

/* NULL with a sentence. */
struct history *history_open(const struct clickhouse_setup *setup, struct errmsg *err);
void history_close(struct history *h);
/* On each new connection of the state database. */
void history_greet(struct history *h, struct db *db);
/* True: `sql` names a table that was not fetched; with a sentence. */
bool history_is_missing(const struct history *h, const char *sql, struct errmsg *err);

int history_alert(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err);
int history_record(struct store *s, const char *sensor, const struct flow_summary *f,
		   struct errmsg *err);
int history_event(struct store *s, const char *mitigator, const struct event *e,
		  struct errmsg *err);
/* What a sensor saw between two messages, in the slot of `time`. */
int history_health(struct store *s, const char *sensor, uint64_t time, uint64_t rx, uint64_t lost,
		   uint64_t up_s, struct errmsg *err);
/* Lets what was gathered go, or sends it off: ERR_OK when it is safe. */
void history_forget(struct history *h);
int history_flush(struct history *h, struct errmsg *err);
/* A row of the embedded store: time, id, then its columns in the order of `table`'s. */
int history_copy(struct history *h, const char *table, struct db_stmt *row, struct errmsg *err);
/* Its rows without doubles, an hour after the other: the hours that have some, from `after` on, in
 * order; to be freed. */
int history_hours(struct history *h, const char *table, int64_t after, int64_t **ret, size_t *ret_n,
		  struct errmsg *err);
/* The next rows of an hour behind (time, id) in that order, `most` of them; of health all that
 * there are. Columns as the embedded store's statements of migrate_history.c have them. */
struct history_place {
	int64_t hour, time;
	const char *id; /* NULL: from the beginning */
};
int history_rows(struct history *h, const char *table, const char *columns,
		 const struct history_place *from, unsigned most, struct clickhouse_answer *ret,
		 struct errmsg *err);
/* Rows of a table that fulfil `condition` go: each month that has some is written beside without
 * them and put in its place, on every replica; nobody may write meanwhile. Ended early it goes on.
 * The old files are deleted by ClickHouse (`old_parts_lifetime`, eight minutes). */
int history_remove(struct history *h, const char *table, const char *condition, struct errmsg *err);
/* How many do; negative with a sentence. */
int64_t history_matching(struct history *h, const char *table, const char *condition,
			 struct errmsg *err);
/* What a table is sorted by. */
const char *history_order(const char *table);
/* Different rows of it; -1 when it fails. */
int64_t history_exact(struct history *h, const char *table, struct errmsg *err);

/* Rows of alerts, records or events; exact up to 65,536, within a percent above. */
uint64_t history_count(struct history *h, const char *table);
/* Lets whole months of `table` go that end before `before`; how many partitions, or negative. */
long history_expire(struct history *h, const char *table, uint64_t before);
/* Bytes on disk of one replica of each shard, and added a day by the last week's rows. */
int history_size(struct history *h, uint64_t *ret_bytes, uint64_t *ret_day, struct errmsg *err);
/* The oldest month that has rows, as 202611; 0: none. */
int history_oldest(struct history *h, uint64_t *ret_month, struct errmsg *err);
