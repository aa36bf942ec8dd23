/* Patterns anywhere in a buffer, found by grams: windows of four bytes, letters in lower case.
 * Every pattern gives the four neighbouring grams of its rarest stretch, so a buffer is looked at
 * only at every fourth byte: whatever the pattern's place, one of its grams lies there. A filter of
 * bits (a Bloom filter of one word a gram and the byte behind it, small enough for the nearest
 * caches; 16 grams at a time where the processor has AVX-512) says which bytes cannot be one; the
 * few others are looked up, many at once, and compared. With thousands of patterns that costs a
 * fraction of Hyperscan's search. */
#pragma once

#include "signatures/plan/entry.h"

enum grams_limits {
	GRAMS_STRIDE = 4, /* bytes */
	GRAMS_WIDTH = 4,
	GRAMS_SHORTEST = GRAMS_WIDTH + GRAMS_STRIDE - 1, /* a pattern's least length */
	GRAMS_SEEN = 16384, /* patterns of which each is reported once a scan; others may be
			       reported again */
};

struct grams;

/* Whether a pattern is long enough and no run of the same byte, which padded data would hit. */
bool grams_suit(struct slice pattern);

/* Whether it has a stretch of four grams that traffic seldom holds. */
bool grams_rare(struct slice pattern);

/* Of n entries that suit, which must outlive it. NULL when there are
 * none or there is no memory. */
struct grams *grams_new(struct plan_mem *mem, const struct entry *entries, uint32_t n);
/* For tests: as on a processor without AVX-512. */
void grams_portable(struct grams *g);
void grams_scan(const struct grams *g, struct slice data, struct matcher_hits *hits);
