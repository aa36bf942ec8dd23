/* Counters of banken-dataplane in shared memory (RUNDIR/stats). Each worker has its own cache
 * lines and only ever stores; anybody may read. Also the heartbeat and what the program says about
 * itself in sentences. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"

enum {
	STATS_NAME = 64,
	STATS_COUNTERS_MAX = 4096,
	STATS_WORKERS_MAX = 256,
	STATS_SENTENCES = 32,
	STATS_SENTENCE = 248,
};

enum stats_kind {
	STATS_COUNT, /* only ever grows */
	STATS_DROP,  /* packets not processed further (D10) */
	STATS_DROP_ESTIMATED,
	STATS_GAUGE,
};

struct stats_name {
	const char *name; /* "decode.ipv4_truncated"; longer than STATS_NAME - 1 is cut */
	enum stats_kind kind;
};

/* ---- producer: banken-dataplane ---- */

struct stats;

/* Makes the file anew (readers of the old one see that it was replaced). */
struct stats *stats_create(const char *path, const struct stats_name *names, unsigned n_names,
			   unsigned n_workers, const char *version, struct errmsg *e);
void stats_close(struct stats *s);

/* Stores a value; by that worker only. Packet path. What is stored between begin and end of a
 * worker is read as a whole or not at all (D10: an account adds up at every reading). */
void stats_begin(struct stats *s, unsigned worker);
void stats_set(struct stats *s, unsigned worker, unsigned counter, uint64_t value);
void stats_end(struct stats *s, unsigned worker);
/* Once a second at least, by the main thread; wall clock ns. */
void stats_heartbeat(struct stats *s, uint64_t now);
/* Sentence `slot` ("" = none); by the main thread. */
void stats_say(struct stats *s, unsigned slot, const char *sentence);

/* ---- reader ---- */

struct stats_reader;

/* ERR_NOTFOUND while there is no file, ERR_INVALID when it is not what it should be. */
struct stats_reader *stats_reader_open(const char *path, struct errmsg *e);
void stats_reader_close(struct stats_reader *r);
bool stats_replaced(const struct stats_reader *r);

struct stats_info {
	uint64_t generation; /* of this start of the dataplane */
	uint64_t started, heartbeat;
	unsigned n_counters, n_workers;
	int32_t pid;
	char version[STATS_NAME];
};
void stats_reader_info(const struct stats_reader *r, struct stats_info *ret);
/* Name (valid while the reader is open) and kind of counter i. */
const char *stats_reader_name(const struct stats_reader *r, unsigned i, enum stats_kind *ret_kind);
/* Takes a copy of all counters, each worker's as of one moment; until the next call values come
 * from it. Once done at opening. */
void stats_reader_refresh(struct stats_reader *r);
/* Sum over all workers, or one worker's. */
uint64_t stats_reader_sum(const struct stats_reader *r, unsigned i);
uint64_t stats_reader_value(const struct stats_reader *r, unsigned worker, unsigned i);
/* Sum of the counter of that name, 0 when there is none. */
uint64_t stats_reader_find(const struct stats_reader *r, const char *name);
/* A copy of the sentence; false when the slot is empty. */
bool stats_reader_sentence(const struct stats_reader *r, unsigned slot, char ret[STATS_SENTENCE]);
