#include "control/mitigator/drivers/sinkhole/query.h"

#include <string.h>

#include "dataplane/base/cursor.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1, HEADER = 12, RECORDS_MAX = 64 };

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

size_t query_write(const char *name, bool v4, uint16_t id, uint8_t ret[QUERY_MAX])
{
	size_t at = HEADER;

	memset(ret, 0, HEADER);
	put16(ret, id);
	put16(ret + 2, 0x0100); /* recursion desired */
	put16(ret + 4, 1);
	while (*name) {
		size_t n = strcspn(name, ".");

		if (n == 0 || n > 63 || at + n + 6 > QUERY_MAX)
			return 0;
		ret[at++] = (uint8_t)n;
		memcpy(ret + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	ret[at++] = 0;
	put16(ret + at, v4 ? TYPE_A : TYPE_AAAA);
	put16(ret + at + 2, CLASS_IN);
	return at + 4;
}

/* Labels up to the root or a pointer, which need not be followed. */
static bool skip_name(struct cursor *c)
{
	while (cursor_left(c)) {
		uint8_t n = cursor_u8(c);

		if (n == 0)
			return true;
		if ((n & 0xc0) == 0xc0)
			return cursor_skip(c, 1);
		if (n & 0xc0 || !cursor_skip(c, n))
			return false;
	}
	return false;
}

int query_read(struct slice message, uint16_t id, struct ip_addr *ret, unsigned max)
{
	struct cursor c = cursor_of(message);
	uint16_t got = cursor_u16(&c), flags = cursor_u16(&c), questions = cursor_u16(&c);
	uint16_t answers = cursor_u16(&c);
	unsigned n = 0;

	cursor_skip(&c, 4);
	if (c.bad || got != id || !(flags & 0x8000) || questions > 1)
		return ERR_INVALID;
	if (questions && (!skip_name(&c) || !cursor_skip(&c, 4)))
		return ERR_INVALID;
	for (unsigned i = 0; i < answers && i < RECORDS_MAX && n < max; i++) {
		uint16_t type;
		struct slice data;

		if (!skip_name(&c))
			return ERR_INVALID;
		type = cursor_u16(&c);
		cursor_skip(&c, 6);
		data = cursor_take(&c, cursor_u16(&c));
		if (c.bad)
			return ERR_INVALID;
		if (type == TYPE_A && data.len == 4)
			ret[n++] = ip_addr_v4(data.data);
		else if (type == TYPE_AAAA && data.len == 16)
			ret[n++] = ip_addr_v6(data.data);
	}
	return (int)n;
}
