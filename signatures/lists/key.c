#include "signatures/lists/format.h"

#include "signatures/lists/indicator.h"

static uint64_t word_of(const uint8_t *bytes)
{
	return (uint64_t)bytes[0] << 24 | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 |
	       bytes[3];
}

struct key key_address(const uint64_t base[2], enum list_kind kind, const struct ip_addr *a,
		       unsigned extra)
{
	struct key k = key_begin(kind);

	for (unsigned i = 0; i < 16; i += 4)
		key_feed(&k, base, word_of(a->bytes + i));
	key_feed(&k, base, extra);
	return k;
}

struct key key_bytes(const uint64_t base[2], enum list_kind kind, struct slice bytes)
{
	struct key k = key_begin(kind);

	for (size_t i = 0; i < bytes.len; i += 7) {
		uint64_t word = 0;

		for (size_t n = i; n < i + 7 && n < bytes.len; n++)
			word = word << 8 | bytes.data[n];
		key_feed(&k, base, word);
	}
	key_feed(&k, base, bytes.len);
	return k;
}

struct key key_domain(const uint64_t base[2], struct slice name)
{
	struct key k = key_begin(LIST_DOMAIN);

	for (size_t i = name.len; i > 0; i--)
		key_feed(&k, base, name.data[i - 1]);
	return k;
}

struct key key_indicator(const uint64_t base[2], const struct indicator *i)
{
	switch (i->kind) {
	case LIST_ADDRESS:
		return key_address(base, i->kind, &i->addr, 0);
	case LIST_NETWORK:
		return key_address(base, i->kind, &i->addr, i->bits);
	case LIST_SERVICE:
		return key_address(base, i->kind, &i->addr, i->port);
	case LIST_DOMAIN:
		return key_domain(base, SLICE(i->bytes, i->len));
	default:
		return key_bytes(base, i->kind, SLICE(i->bytes, i->len));
	}
}
