/* One pattern of a group with the rules that share it; private to the matcher's parts. */
#pragma once

#include <assert.h>

#include "signatures/plan/matcher.h"

struct entry {
	struct slice bytes;
	struct plan_list list;
	uint32_t offset;
	bool nocase;
	uint8_t place; /* enum matcher_place */
};

/* `at` has entry.bytes.len bytes. */
static inline bool entry_equal(const struct entry *e, const uint8_t *at)
{
	struct slice s = SLICE(at, e->bytes.len);

	return e->nocase ? slice_eq_nocase(e->bytes, s) : slice_eq(e->bytes, s);
}

/* Whether data has it at `at`, where it may be. */
static inline bool entry_lies(const struct entry *e, struct slice data, size_t at)
{
	size_t end = at + e->bytes.len;

	return end <= data.len && (e->place != MATCHER_HEAD || end <= MATCHER_HEAD_BYTES) &&
	       entry_equal(e, data.data + at);
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* Four bytes, the first one lowest, letters in lower case; what else that makes alike has to be
 * compared. */
#define ENTRY_FOLD 0x20202020

static inline uint32_t entry_gram(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w | ENTRY_FOLD;
}

/* Open hash tables of entries: `mask` + 1 places, at most half full. */
struct entry_place {
	uint64_t hash;
	const struct entry *entry; /* NULL: empty */
};

static inline uint32_t entry_table_mask(uint32_t n)
{
	uint32_t size = 4;

	while (size < 2 * n)
		size *= 2;
	return size - 1;
}

/* Two bits of one word for each hash that occurs, small enough to stay near: nearly all of what is
 * looked up is none of them. `mask` + 1 words, at least sixteen bits an entry. */
struct entry_filter {
	uint32_t mask;
	uint64_t *words;
};

static inline uint64_t entry_filter_bits(uint64_t hash)
{
	return 1ULL << (hash >> 58) | 1ULL << (hash >> 52 & 63);
}

static inline uint32_t entry_filter_words(uint32_t n)
{
	uint32_t words = 1;

	while (words < n / 4)
		words *= 2;
	return words;
}

static inline bool entry_filter_new(struct plan_mem *mem, struct entry_filter *f, uint32_t n)
{
	uint32_t words = entry_filter_words(n);

	f->mask = words - 1;
	f->words = plan_alloc(mem, words * sizeof(*f->words));
	return f->words;
}

static inline void entry_filter_add(struct entry_filter *f, uint64_t hash)
{
	f->words[hash >> 32 & f->mask] |= entry_filter_bits(hash);
}

static inline bool entry_filter_has(const struct entry_filter *f, uint64_t hash)
{
	uint64_t bits = entry_filter_bits(hash);

	return (f->words[hash >> 32 & f->mask] & bits) == bits;
}

static inline void entry_table_add(struct entry_place *table, uint32_t mask, uint64_t hash,
				   const struct entry *e)
{
	uint32_t i = (uint32_t)(hash >> 32) & mask;

	while (table[i].entry)
		i = (i + 1) & mask;
	table[i] = (struct entry_place){hash, e};
}
