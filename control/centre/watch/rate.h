/* Is a count out of the ordinary, by its own past: median and median deviation, which one bad week
 * does not move. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum rate_verdict {
	RATE_UNKNOWN, /* too little past */
	RATE_NORMAL,
	RATE_MANY,
	RATE_FEW,
};

struct rate {
	enum rate_verdict verdict;
	uint64_t now;
	uint64_t median, most, least; /* of the past */
};

enum {
	RATE_PAST_LEAST = 6,  /* samples */
	RATE_MANY_LEAST = 5,  /* fewer than this more than usual is never many */
	RATE_MANY_TIMES = 6,  /* median deviations (scaled to sigma) */
	RATE_FEW_MEDIAN = 20, /* who has so few is never too quiet */
	RATE_FEW_PART = 10,   /* few: less than this part of the median */
};

/* `past` is sorted by this. */
struct rate rate_judge(uint64_t now, uint64_t *past, size_t n);

/* When a disk is full at the pace of its past: days from the last sample on, or negative when it is
 * not growing or too little is known. By Theil and Sen: the median of the slopes of all pairs. */
/* How much more a day, by the same: what shrinks is below 0; 0 when too little is known. */
double rate_of_growth(const uint64_t *days, const uint64_t *used, size_t n);
double rate_days_to_full(const uint64_t *days, const uint64_t *used, size_t n, uint64_t size);
