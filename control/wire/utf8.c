#include "control/wire/utf8.h"

#include <stdint.h>
#include <string.h>

/* Allowed range of the second byte by first byte; all further ones are 80..BF. */
static size_t lead(uint8_t c, uint8_t *ret_low, uint8_t *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef) {
		if (c == 0xe0)
			*ret_low = 0xa0;
		if (c == 0xed)
			*ret_high = 0x9f;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		if (c == 0xf0)
			*ret_low = 0x90;
		if (c == 0xf4)
			*ret_high = 0x8f;
		return 4;
	}
	return 0;
}

size_t utf8_sequence(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;
	uint8_t low, high;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = lead(p[0], &low, &high);
	if (n == 0 || n > len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(s + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t utf8_mend(const char *s, size_t len, char *ret)
{
	size_t out = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(s + i, len - i);

		if (n == 0) {
			memcpy(ret + out, "\xef\xbf\xbd", 3);
			out += 3;
			i++;
			continue;
		}
		memcpy(ret + out, s + i, n);
		out += n;
		i += n;
	}
	ret[out] = '\0';
	return out;
}
