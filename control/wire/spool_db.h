/* The spool's tables and statements. Private to spool*.c. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/wire/spool.h"

enum spool_statement {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_PUT,
	STMT_NEXT,
	STMT_OLDEST, /* key and size of the first row in a range */
	STMT_DELETE, /* one row */
	STMT_ACK_SIZE,
	STMT_ACK,
	STMT_LANE_SAVE,
	STMT_LANE_LOAD,
	STMT_DEST_ADD,
	STMT_DEST_LOAD,
	STMT_SET,
	STMT_GET,
	STMT_COUNT,
};

/* What is known of one destination's lane; the table `lane` has the same. */
struct spool_lane {
	uint64_t next; /* number of the next record, from 1 */
	uint64_t records, bytes;
	uint64_t dropped;
	bool dirty; /* differs from the table */
};

struct spool_dest {
	char name[SPOOL_NAME_MAX];
	struct spool_lane lanes[LANE_COUNT];
};

struct spool {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	struct spool_dest *dests; /* by id - 1 */
	unsigned n_dests, cap_dests;
	uint64_t identity;
	uint64_t bytes[LANE_COUNT]; /* over all destinations */
	uint64_t max_bytes, other_max, ballast_bytes;
	unsigned urgent_percent;
	bool in_transaction, own_transaction, no_sync;
	/* disk */
	bool disk_full, checkpoint_due, damaged;
	uint64_t full_limit; /* payload bytes allowed while the disk is full */
	uint64_t full_since; /* monotonic seconds of the last look */
	struct errmsg full_why;
	char path[4096 - 64];
};

/* Opens the database, makes its tables, prepares, loads. ERR_INVALID: the file is damaged. */
int spool_db_open(struct spool *s, struct errmsg *e);
void spool_db_close(struct spool *s);
/* Reads every destination and lane anew (after a rollback). */
int spool_db_load(struct spool *s, struct errmsg *e);
/* Writes lanes that changed; inside a transaction. */
int spool_db_save(struct spool *s, struct errmsg *e);
/* The destination's index, made when it is new. ERR_LIMIT, ERR_INVALID for a bad name. */
int spool_db_dest(struct spool *s, const char *name, unsigned *ret, struct errmsg *e);
/* ERR_NOTFOUND when it was never written to. */
int spool_db_find(const struct spool *s, const char *name, unsigned *ret);

/* Rows are found by one number: destination, lane, number. */
static inline int64_t spool_key(unsigned dest, enum lane lane, uint64_t number)
{
	return (int64_t)((uint64_t)dest << 47 | (uint64_t)lane << 44 | number);
}
enum { SPOOL_NUMBER_BITS = 44 };

/* Turns SQLite's code into ours, with the sentence; notices a full disk and a damaged file. */
int spool_db_error(struct spool *s, int sqlite_rc, const char *what, struct errmsg *e);
/* Runs a statement that gives no row. */
int spool_db_step(struct spool *s, enum spool_statement which, const char *what, struct errmsg *e);

/* ---- the disk (spool_disk.c) ---- */

/* Takes the ballast's room on the disk if it can. */
void spool_disk_reserve(struct spool *s);
/* The disk refused: gives the ballast up and lowers the limit. */
void spool_disk_refused(struct spool *s, const char *why);
/* Now and then: is there room again? */
void spool_disk_look(struct spool *s);
