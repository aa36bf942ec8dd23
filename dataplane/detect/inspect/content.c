/* Finding one literal in a run of bytes: sixteen places at a time are asked for the literal's first
 * and last byte, and only where both fit is the rest compared. */
#include <emmintrin.h>

#include "dataplane/detect/inspect/internal.h"

static bool same(const uint8_t *at, const uint8_t *needle, uint32_t len, bool nocase)
{
	if (!nocase)
		return memcmp(at, needle, len) == 0;
	for (uint32_t i = 0; i < len; i++) {
		if (ascii_lower(at[i]) != needle[i])
			return false;
	}
	return true;
}

/* What to OR a byte with so that both cases of a letter become the needle's lower case. */
static uint8_t fold_of(uint8_t c, bool nocase)
{
	return nocase && c >= 'a' && c <= 'z' ? 0x20 : 0;
}

static long find_slow(const uint8_t *data, uint32_t from, uint32_t to, const uint8_t *needle,
		      uint32_t len, bool nocase)
{
	uint8_t fold = fold_of(needle[0], nocase);

	for (uint32_t at = from; at + len <= to; at++) {
		if ((data[at] | fold) == needle[0] && same(data + at, needle, len, nocase))
			return at;
	}
	return -1;
}

long inspect_find(const uint8_t *data, uint32_t from, uint32_t to, const uint8_t *needle,
		  uint32_t len, bool nocase)
{
	__m128i first, last, first_fold, last_fold;
	uint32_t at = from;

	if (len == 0 || from > to || to - from < len)
		return -1;
	first = _mm_set1_epi8((char)needle[0]);
	last = _mm_set1_epi8((char)needle[len - 1]);
	first_fold = _mm_set1_epi8((char)fold_of(needle[0], nocase));
	last_fold = _mm_set1_epi8((char)fold_of(needle[len - 1], nocase));
	for (; to - at >= len + 15; at += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(data + at));
		__m128i b = _mm_loadu_si128((const __m128i *)(data + at + len - 1));
		unsigned hits;

		a = _mm_cmpeq_epi8(_mm_or_si128(a, first_fold), first);
		b = _mm_cmpeq_epi8(_mm_or_si128(b, last_fold), last);
		hits = (unsigned)_mm_movemask_epi8(_mm_and_si128(a, b));
		for (; hits; hits &= hits - 1) {
			uint32_t here = at + (uint32_t)__builtin_ctz(hits);

			if (same(data + here, needle, len, nocase))
				return here;
		}
	}
	return find_slow(data, at, to, needle, len, nocase);
}
