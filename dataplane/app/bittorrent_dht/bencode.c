#include "dataplane/app/bittorrent_dht/bittorrent_dht.h"

enum { DIGITS = 19 };

static bool digit(int c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number up to `end`, without leading zeros. */
static bool number(struct cursor *c, uint8_t end, bool may_be_negative, int64_t *ret)
{
	bool negative = may_be_negative && cursor_peek(c) == '-';
	int64_t n = 0;
	unsigned digits = 0;
	int first;

	if (negative)
		cursor_u8(c);
	first = cursor_peek(c);
	while (digit(cursor_peek(c)) && digits < DIGITS) {
		int d = cursor_u8(c) - '0';

		if (n > (INT64_MAX - d) / 10)
			return false;
		n = n * 10 + d;
		digits++;
	}
	if (digits == 0 || cursor_u8(c) != end || c->bad || (first == '0' && digits > 1) ||
	    (negative && first == '0'))
		return false;
	*ret = negative ? -n : n;
	return true;
}

static bool bytes(struct cursor *c, struct slice *ret)
{
	int64_t len;

	if (!number(c, ':', false, &len) || (uint64_t)len > cursor_left(c))
		return false;
	*ret = cursor_take(c, (size_t)len);
	return !c->bad;
}

/* Keys of a dictionary come in order. */
struct level {
	bool is_dictionary, at_value;
	struct slice last_key;
};

static bool key_in_order(struct level *l, struct slice key)
{
	size_t n = key.len < l->last_key.len ? key.len : l->last_key.len;
	int order = l->last_key.data ? memcmp(key.data, l->last_key.data, n) : 1;
	bool later = order > 0 || (order == 0 && key.len > l->last_key.len);

	l->last_key = key;
	return later;
}

/* A value that is no container. */
static bool plain(struct cursor *c, struct bencode *ret)
{
	if (cursor_peek(c) == 'i') {
		cursor_u8(c);
		ret->kind = BENCODE_INTEGER;
		return number(c, 'e', true, &ret->integer);
	}
	ret->kind = BENCODE_BYTES;
	return bytes(c, &ret->bytes);
}

/* What is inside a container whose opening letter was read, up to behind its end. */
static bool inside(struct cursor *c, unsigned depth, bool is_dictionary)
{
	struct level levels[DHT_DEPTH + 1] = {{.is_dictionary = is_dictionary}};
	unsigned at = 0;
	struct bencode value;

	while (!c->bad) {
		struct level *l = &levels[at];
		int next = cursor_peek(c);

		if (next == 'e') {
			cursor_u8(c);
			if (l->at_value)
				return false;
			if (at == 0)
				return true;
			at--;
			continue;
		}
		if (l->is_dictionary && !l->at_value) {
			if (!bytes(c, &value.bytes) || !key_in_order(l, value.bytes))
				return false;
			l->at_value = true;
			continue;
		}
		l->at_value = false;
		if (next == 'd' || next == 'l') {
			cursor_u8(c);
			if (++at >= depth || at > DHT_DEPTH)
				return false;
			levels[at] = (struct level){.is_dictionary = next == 'd'};
		} else if (!plain(c, &value)) {
			return false;
		}
	}
	return false;
}

bool bencode_next(struct cursor *c, unsigned depth, struct bencode *ret)
{
	int first = cursor_peek(c);
	const uint8_t *from;

	*ret = (struct bencode){0};
	if (first != 'd' && first != 'l')
		return plain(c, ret);
	cursor_u8(c);
	from = c->pos;
	if (depth == 0 || !inside(c, depth, first == 'd'))
		return false;
	ret->kind = first == 'd' ? BENCODE_DICTIONARY : BENCODE_LIST;
	ret->bytes = SLICE(from, (size_t)(c->pos - from) - 1);
	return true;
}

bool bencode_pair(struct cursor *c, unsigned depth, struct slice *ret_key, struct bencode *ret)
{
	if (cursor_left(c) == 0)
		return false;
	if (bytes(c, ret_key) && bencode_next(c, depth, ret))
		return true;
	c->bad = true;
	return false;
}
