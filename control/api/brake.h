/* Slows down whoever asks too often: buckets of tokens by key, in a table that does not grow. A
 * stranger who fills the table with keys of his own makes others' buckets full again, never
 * emptier. */
#pragma once

#include <stdint.h>

struct brake;

/* NULL without memory. */
struct brake *brake_new(void);
void brake_delete(struct brake *b);

/* A bucket holds `burst` and gains one each `every` ns. */
struct brake_rate {
	uint32_t burst;
	uint64_t every;
};

/* Takes one from the bucket of `key`; 0, or the seconds to wait (and nothing is taken). */
unsigned brake_take(struct brake *b, const char *key, struct brake_rate rate, uint64_t now);
/* The bucket is full again. */
void brake_forgive(struct brake *b, const char *key);
