/* The folder of kept files, laid out as Suricata's file-store version 2: DIR/ab/abcd... named by
 * SHA-256, DIR/tmp for what is not complete. A content that is there already is only touched.
 * Space, number, age and free disk are bounded: the oldest go. One thread; never on the packet
 * path. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/counter.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	STORE_PATH = 1024,
	STORE_FILES_MAX = 1 << 20, /* store.removed_number: the oldest goes */
};

struct store_limits {
	uint64_t space;	     /* bytes of all files, 0 = no limit */
	uint64_t file;	     /* bytes of one, 0 = no limit */
	uint64_t age_s;	     /* seconds a content is kept after it was last seen, 0 = for ever */
	uint64_t free_bytes; /* of the disk, left to others */
	uint32_t owner;	     /* user id that the folders are given to; 0 = stay the maker's */
};

enum store_counter {
	STORE_KEPT,	  /* new contents */
	STORE_DOUBLE,	  /* there already */
	STORE_BYTES,	  /* of the new ones */
	STORE_TOO_LARGE,  /* not kept: limits.file */
	STORE_NO_SPACE,	  /* not kept: the disk, or larger than limits.space */
	STORE_FAILED,	  /* not kept: a system call failed (fs_errors) */
	STORE_AGED,	  /* removed: limits.age_s */
	STORE_REMOVED,	  /* removed: limits.space */
	STORE_TOO_MANY,	  /* removed: STORE_FILES_MAX */
	STORE_INFO_FILES, /* fileinfo files written beside contents */
	STORE_COUNTERS,
};

struct store;

/* Makes what is missing of `dir`, removes what a killed process left in tmp, and takes stock.
 * NULL with a sentence. */
struct store *store_open(const char *dir, const struct store_limits *limits, struct errmsg *err);
void store_close(struct store *s);

/* A file on its way: fd of DIR/tmp/file.N, or -1 (counted). */
struct store_temp {
	int fd;
	char path[STORE_PATH];
};
bool store_temp_open(struct store *s, struct store_temp *ret);
void store_temp_drop(struct store *s, struct store_temp *t);
/* Writes all; false (counted) when the disk refuses: drop it then. */
bool store_write(struct store *s, int fd, struct slice bytes);
/* The temporary file, complete and `size` long, becomes the content of that digest. Consumes `t` in
 * any case. True when the content is in the store now. */
bool store_keep(struct store *s, struct store_temp *t, const uint8_t sha256[32], uint64_t size,
		uint64_t now_s);
/* DIR/ab/abcd....SECONDS.ID.json */
void store_info(struct store *s, const uint8_t sha256[32], uint64_t seconds, uint32_t id,
		struct slice json);
/* Would one of that size be kept at all? Counts when not. */
bool store_would_take(struct store *s, uint64_t size);
/* Lets the aged go; seldom (minutes). */
void store_tick(struct store *s, uint64_t now_s);

uint64_t store_space_used(const struct store *s);
struct counter_set store_counters(const struct store *s);
/* The same names over a copy of STORE_COUNTERS values. */
struct counter_set store_counter_set(const uint64_t *values);
