/* A ring of records in a mapped file, one per worker and lane, from banken-dataplane to
 * banken-control: different processes, different users, either may be killed at any moment.
 *
 * Producer (one worker): no system call, no lock, never waits; a record that does not fit is lost
 * and counted. Consumer: reads ahead of the shared cursor with its own, and moves the shared one
 * (ring_release) only after it has stored what it read; a consumer killed before finds the same
 * records again and tells doubles by ring_position. A restarted producer goes on in the same file
 * (new generation), so what its predecessor left is still read.
 *
 * Both sides treat the other's numbers as hostile: every size and cursor is checked against what
 * is mapped, and the consumer copies a record out before anybody looks at it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/record.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	RING_SIZE_MIN = 1 << 17, /* bytes; two of the largest records */
	RING_SIZE_MAX = 1 << 30,
};

/* ---- producer: at start and end only ---- */

struct ring;

/* Makes the file (mode 0660) or goes on in the one there. `size`: bytes, rounded up to a power of
 * two within the limits; while an existing ring holds unread records its own size stays.
 * ERR_EXISTS when another process produces into it. */
struct ring *ring_create(const char *path, uint64_t size, struct errmsg *e);
/* The file stays: it may hold unread records. */
void ring_close(struct ring *r);

/* ---- producer: packet path ---- */

/* Room for a record of up to `max` bytes, 8-aligned, or NULL when there is none (counted). Nothing
 * is visible before ring_commit. */
void *ring_reserve(struct ring *r, uint32_t max);
/* The first `used` bytes of the reservation are the record; 0: forget it. */
void ring_commit(struct ring *r, uint32_t used);
/* Copies a finished record in; false and counted when there is no room. */
bool ring_put(struct ring *r, struct slice record);

/* ---- consumer ---- */

struct ring_reader;

/* ERR_NOTFOUND while there is no such file, ERR_INVALID when it is not a ring. */
struct ring_reader *ring_reader_open(const char *path, struct errmsg *e);
void ring_reader_close(struct ring_reader *r);

/* Copies the next record into `buf` (RECORD_MAX bytes). Its length, 0 when there is none now,
 * ERR_INVALID when the ring's content makes no sense: everything up to the producer's cursor was
 * skipped and counted as damaged. The caller still has to record_check it. */
long ring_next(struct ring_reader *r, void *buf, struct errmsg *e);

/* Where the consumer's own cursor is: bytes since the file was made. Together with ring_birth it
 * names a place for ever. */
uint64_t ring_position(const struct ring_reader *r);
uint64_t ring_birth(const struct ring_reader *r);
/* After a restart: what is before `position` was stored already. Ignored when it lies outside of
 * what the ring holds. */
void ring_skip_to(struct ring_reader *r, uint64_t position);
/* Everything read so far is stored: gives its room back. */
void ring_release(struct ring_reader *r);
/* It could not be stored: the next record is again the first one not released. */
void ring_rewind(struct ring_reader *r);

/* True when the file at the path is another one by now: drain this, then open again. */
bool ring_replaced(const struct ring_reader *r);

struct ring_info {
	uint64_t generation;	/* of the producer */
	uint64_t written, lost; /* records, since the file was made */
	uint64_t damaged;	/* times the consumer had to skip */
	uint64_t fill, size;	/* bytes */
};
void ring_reader_info(const struct ring_reader *r, struct ring_info *ret);
