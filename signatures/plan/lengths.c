#include "signatures/plan/lengths.h"

#ifdef __x86_64__
#include <emmintrin.h>
#endif

enum { WIDTH = 4, LANES = 16, HITS_MAX = 8 /* places of the length in one buffer */ };

struct lengths {
	uint32_t n;
	const struct entry **entries;
};

struct lengths *lengths_new(struct plan_mem *mem, const struct entry *entries, uint32_t n)
{
	struct lengths *l;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += entries[i].place == MATCHER_LENGTH;
	l = count ? plan_alloc(mem, sizeof(*l)) : NULL;
	if (!l)
		return NULL;
	l->entries = plan_alloc(mem, count * sizeof(*l->entries));
	for (uint32_t i = 0; l->entries && i < n; i++) {
		if (entries[i].place == MATCHER_LENGTH)
			l->entries[l->n++] = &entries[i];
	}
	return l;
}

static bool length_at(struct slice data, size_t at)
{
	uint32_t word;

	memcpy(&word, data.data + at, sizeof(word));
	return word == data.len;
}

/* The next place of the length from `at`; data.len: none. */
static size_t next_length(struct slice data, size_t at)
{
	size_t end = data.len - WIDTH + 1;

#ifdef __x86_64__
	__m128i low = _mm_set1_epi8((char)data.len), high = _mm_set1_epi8((char)(data.len >> 8));

	for (; at + LANES <= end; at += LANES) {
		__m128i a = _mm_loadu_si128((const __m128i *)(data.data + at));
		__m128i b = _mm_loadu_si128((const __m128i *)(data.data + at + 1));
		unsigned found = (unsigned)_mm_movemask_epi8(
			_mm_and_si128(_mm_cmpeq_epi8(a, low), _mm_cmpeq_epi8(b, high)));

		for (; found; found &= found - 1) {
			if (length_at(data, at + (size_t)__builtin_ctz(found)))
				return at + (size_t)__builtin_ctz(found);
		}
	}
#endif
	while (at < end && !length_at(data, at))
		at++;
	return at < end ? at : data.len;
}

static void all_hit(const struct lengths *l, struct matcher_hits *hits)
{
	for (uint32_t i = 0; i < l->n; i++)
		matcher_hits_add(hits, &l->entries[i]->list);
}

void lengths_scan(const struct lengths *l, struct slice data, struct matcher_hits *hits)
{
	size_t at = 0;

	if (data.len < WIDTH)
		return;
	for (unsigned places = 0; (at = next_length(data, at)) < data.len; at++) {
		if (++places > HITS_MAX) {
			all_hit(l, hits);
			return;
		}
		for (uint32_t i = 0; i < l->n; i++) {
			const struct entry *e = l->entries[i];

			if (entry_lies(e, data, at + e->offset))
				matcher_hits_add(hits, &e->list);
		}
	}
}
