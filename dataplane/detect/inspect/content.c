/* Finding one literal in a run of bytes. */
#include "dataplane/detect/inspect/internal.h"

static long find_nocase(const uint8_t *data, uint32_t from, uint32_t to, const uint8_t *needle,
			uint32_t len)
{
	uint8_t low = needle[0], high = low >= 'a' && low <= 'z' ? (uint8_t)(low - 32) : low;

	for (uint32_t at = from; at + len <= to; at++) {
		uint32_t i = 1;

		if (data[at] != low && data[at] != high)
			continue;
		while (i < len && ascii_lower(data[at + i]) == needle[i])
			i++;
		if (i == len)
			return at;
	}
	return -1;
}

long inspect_find(const uint8_t *data, uint32_t from, uint32_t to, const uint8_t *needle,
		  uint32_t len, bool nocase)
{
	const uint8_t *hit;

	if (len == 0 || from > to || to - from < len)
		return -1;
	if (nocase)
		return find_nocase(data, from, to, needle, len);
	if (len == 1)
		hit = memchr(data + from, needle[0], to - from);
	else
		hit = memmem(data + from, to - from, needle, len);
	return hit ? hit - data : -1;
}
