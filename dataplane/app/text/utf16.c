#include "dataplane/app/text/utf16.h"

enum { REPLACEMENT = 0xfffd };

static bool is_high(uint32_t u)
{
	return (u & 0xfc00) == 0xd800;
}

static bool is_low(uint32_t u)
{
	return (u & 0xfc00) == 0xdc00;
}

/* The code point of a unit and, for a pair, of the one behind it. */
static uint32_t point(struct cursor *c, uint32_t unit)
{
	struct cursor ahead = *c;
	uint32_t low;

	if (!is_high(unit))
		return is_low(unit) ? REPLACEMENT : unit;
	low = cursor_u16_le(&ahead);
	if (ahead.bad || !is_low(low))
		return REPLACEMENT;
	*c = ahead;
	return 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff));
}

unsigned utf16_next(struct cursor *c, uint8_t ret[UTF16_POINT])
{
	static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	unsigned len;
	uint32_t p;

	if (cursor_left(c) < 2)
		return 0;
	p = point(c, cursor_u16_le(c));
	len = p < 0x80 ? 1 : p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;
	for (unsigned i = len; i > 1; i--) {
		ret[i - 1] = (uint8_t)(0x80 | (p & 0x3f));
		p >>= 6;
	}
	ret[0] = (uint8_t)(marks[len] | p);
	return len;
}

size_t utf16_text(struct slice raw, uint8_t *ret, size_t cap)
{
	struct cursor c = cursor_of(raw);
	uint8_t utf8[UTF16_POINT];
	size_t at = 0;
	unsigned len;

	while ((len = utf16_next(&c, utf8)) > 0) {
		if (utf8[0] == 0)
			continue;
		if (len > cap - at)
			break;
		memcpy(ret + at, utf8, len);
		at += len;
	}
	return at;
}
