/* How much the store holds, how far back, and its last back-up (C7): the embedded store and beyond
 * one machine. */
#pragma once

#include "control/centre/store/store.h"

int kept_open(struct store *s, struct errmsg *err);

/* Bytes on disk (beyond one machine: the state and one replica of each shard of the history), and
 * since when there are records, ns since 1970, 0: none. Beyond one machine that is the beginning of
 * its oldest month. */
int kept_measure(struct store *s, uint64_t *ret_bytes, uint64_t *ret_oldest, struct errmsg *err);

/* The size by days, for its growth: the last measure of each day stays. */
struct kept_day {
	uint64_t day, bytes; /* days since 1970 */
};
int kept_note(struct store *s, const struct kept_day *d, struct errmsg *err);
/* The last `most`, oldest first: how many. */
int kept_days(struct store *s, struct kept_day *ret, unsigned most, struct errmsg *err);

struct kept_backup {
	uint64_t time, bytes; /* ns since 1970; bytes 0: not known */
	char place[256];
};
int kept_backup_note(struct store *s, const struct kept_backup *b, struct errmsg *err);
/* The newest: 1, or 0 when there was none. */
int kept_backup_last(struct store *s, struct kept_backup *ret, struct errmsg *err);
