#include "dataplane/app/text/ber.h"

static enum ber_status read_length(struct cursor *c, size_t *ret)
{
	uint8_t first = cursor_u8(c);
	size_t len = first;

	if (first == 0x80 || first > 0x84)
		return BER_BAD;
	if (first > 0x80) {
		len = 0;
		for (unsigned i = first & 0x7fU; i > 0; i--)
			len = len << 8 | cursor_u8(c);
	}
	*ret = len;
	return c->bad ? BER_SHORT : BER_OK;
}

enum ber_status ber_next(struct cursor *c, struct ber *ret)
{
	enum ber_status status;
	size_t len = 0;

	*ret = (struct ber){0};
	ret->first = cursor_u8(c);
	if (c->bad)
		return BER_SHORT;
	if (ber_tag(*ret) == 31)
		return BER_BAD;
	status = read_length(c, &len);
	if (status != BER_OK)
		return status;
	if (len > cursor_left(c)) {
		ret->value = cursor_take(c, cursor_left(c));
		return BER_SHORT;
	}
	ret->value = cursor_take(c, len);
	return BER_OK;
}

bool ber_take(struct cursor *c, uint8_t identifier, struct cursor *ret)
{
	struct cursor before = *c;
	struct ber b;

	if (ber_next(c, &b) != BER_OK || b.first != identifier) {
		*c = before;
		return false;
	}
	*ret = cursor_of(b.value);
	return true;
}

bool ber_number(struct cursor *c, uint8_t identifier, int64_t *ret)
{
	struct cursor value;
	uint64_t n;

	if (!ber_take(c, identifier, &value))
		return false;
	if (cursor_left(&value) == 0 || cursor_left(&value) > sizeof(n))
		return false;
	n = *value.pos & 0x80 ? UINT64_MAX : 0;
	while (cursor_left(&value) > 0)
		n = n << 8 | cursor_u8(&value);
	*ret = (int64_t)n;
	return true;
}

bool ber_integer(struct cursor *c, int64_t *ret)
{
	return ber_number(c, BER_INTEGER, ret);
}
