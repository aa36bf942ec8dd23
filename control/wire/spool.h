/* What was not acknowledged yet, kept in SQLite (WAL) across every crash. A record belongs to a
 * destination and a lane (frame.h) and has a number that runs up within both; lower lanes go first.
 *
 * Bounded: records and state may fill `max_bytes` less the share reserved for the urgent lane; over
 * that the oldest of LANE_RECORDS go first, then of LANE_STATE, and only when urgent ones alone
 * fill everything their oldest. On a full disk a file kept for this moment is given up, so that
 * urgent records still find room; the rest is refused and counted. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/wire/frame.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct spool;

struct spool_config {
	const char *path;	 /* of the database; its folder must be there and be writable */
	uint64_t max_bytes;	 /* of payload; 0: 1 GiB */
	unsigned urgent_percent; /* reserved for LANE_URGENT; 0: 50 */
	uint64_t ballast_bytes;	 /* disk kept free for urgent records; 0: 8 MiB;
				  * under 4 MiB the log may not find room */
	bool no_sync;		 /* tests: survives kill -9 but not a power cut */
};

enum { SPOOL_DESTINATIONS = 4096, SPOOL_NAME_MAX = 64 };

struct spool_stats {
	uint64_t records, bytes;		/* waiting, all lanes */
	uint64_t oldest;			/* time it was put, 0: nothing waits */
	uint64_t dropped_urgent, dropped_other; /* gone for lack of room since the spool was made */
};

/* Opens or makes it. A file that is damaged is put aside as PATH.damaged-<time> and a new one made;
 * *ret_damaged (may be NULL) says so. */
struct spool *spool_open(const struct spool_config *config, bool *ret_damaged, struct errmsg *e);
void spool_close(struct spool *s);

/* Random, made with the file: receivers tell its numbers from those of another spool by it. */
uint64_t spool_identity(const struct spool *s);

/* Everything between is stored together or not at all. A put outside of begin and commit is a
 * transaction of its own. On an error of spool_commit nothing of it is stored. */
int spool_begin(struct spool *s, struct errmsg *e);
int spool_commit(struct spool *s, struct errmsg *e);
void spool_rollback(struct spool *s);

/* Keeps `payload` (a message) for `destination`. `now`: ns since 1970. ERR_LIMIT when it was not
 * kept because there is no room for this lane (counted); the transaction goes on. ERR_IO with a
 * sentence when the disk refused. */
int spool_put(struct spool *s, const char *destination, enum lane lane, struct slice payload,
	      uint64_t now, struct errmsg *e);

/* The first record of the lane with a number over `after`. The payload is to be freed with
 * payload_free. ERR_NOTFOUND when there is none. */
int spool_next(struct spool *s, const char *destination, enum lane lane, uint64_t after,
	       uint64_t *ret_number, struct slice *ret_payload, struct errmsg *e);

/* All of the lane up to `number` is stored over there. */
int spool_acknowledge(struct spool *s, const char *destination, enum lane lane, uint64_t number,
		      struct errmsg *e);

/* Forgets everything for a destination that will not come back. */
int spool_forget(struct spool *s, const char *destination, struct errmsg *e);

void spool_stats(const struct spool *s, const char *destination, struct spool_stats *ret);
uint64_t spool_limit(const struct spool *s);
/* True while the disk is full; a sentence in `e` (may be NULL). */
bool spool_disk_full(const struct spool *s, struct errmsg *e);

/* Small values that must change together with what is put (a reader's position). */
int spool_set_value(struct spool *s, const char *key, uint64_t value, struct errmsg *e);
uint64_t spool_value(struct spool *s, const char *key); /* 0 when never set */
