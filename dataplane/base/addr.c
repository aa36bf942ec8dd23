#include "dataplane/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/base/err.h"
#include "dataplane/base/number.h"

bool ip_addr_in_prefix(const struct ip_addr *a, const struct ip_addr *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (bits > 128)
		return false;
	if (memcmp(a->bytes, prefix->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return ((a->bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest)) == 0;
}

char *ip_addr_text(const struct ip_addr *a, char ret[IP_ADDR_TEXT], bool eve)
{
	const uint8_t *b = a->bytes;

	if (ip_addr_is_v4(a)) {
		*number_put_ip4(ret, b + 12) = '\0';
	} else if (eve) {
		char *at = ret;

		for (int i = 0; i < 16; i++) {
			if (i && i % 2 == 0)
				*at++ = ':';
			at = number_put_hex8(at, b[i]);
		}
		*at = '\0';
	} else {
		inet_ntop(AF_INET6, b, ret, IP_ADDR_TEXT);
	}
	return ret;
}

int ip_addr_parse(const char *text, struct ip_addr *ret)
{
	uint8_t buf[16];

	if (inet_pton(AF_INET, text, buf) == 1) {
		*ret = ip_addr_v4(buf);
		return ERR_OK;
	}
	if (inet_pton(AF_INET6, text, buf) == 1) {
		*ret = ip_addr_v6(buf);
		return ERR_OK;
	}
	return ERR_INVALID;
}

char *mac_addr_text(const struct mac_addr *m, char ret[MAC_ADDR_TEXT])
{
	const uint8_t *b = m->bytes;

	char *at = ret;

	for (int i = 0; i < 6; i++) {
		if (i)
			*at++ = ':';
		at = number_put_hex8(at, b[i]);
	}
	*at = '\0';
	return ret;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_addr_parse(const char *text, struct mac_addr *ret)
{
	char separator = text[0] && text[1] ? text[2] : 0;
	bool bare = hex_digit(separator) >= 0;

	if (!bare && separator != ':' && separator != '-')
		return ERR_INVALID;
	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			return ERR_INVALID;
		ret->bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
		if (!bare && i < 5 && *text++ != separator)
			return ERR_INVALID;
	}
	return *text == 0 ? ERR_OK : ERR_INVALID;
}

bool ip_addr_is_host(const struct ip_addr *a)
{
	static const struct ip_addr loopback6 = {{[15] = 1}};
	uint32_t v4 = ip_addr_v4_u32(a);

	if (ip_addr_is_v4(a))
		return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 14;
	return a->bytes[0] != 0xff && !ip_addr_is_zero(a) && !ip_addr_eq(a, &loopback6);
}

int ip_prefix_parse(const char *text, struct ip_addr *ret, uint8_t *ret_bits)
{
	char addr[IP_ADDR_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits, most;
	char *end;

	if (len >= sizeof(addr))
		return ERR_INVALID;
	memcpy(addr, text, len);
	addr[len] = 0;
	if (ip_addr_parse(addr, ret) < 0)
		return ERR_INVALID;
	most = strchr(addr, ':') ? 128 : 32;
	bits = most;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return ERR_INVALID;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			return ERR_INVALID;
	}
	*ret_bits = (uint8_t)(128 - most + bits);
	for (unsigned i = *ret_bits; i < 128; i++)
		ret->bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return ERR_OK;
}

char *ip_prefix_text(const struct ip_addr *a, uint8_t bits, char ret[IP_PREFIX_TEXT])
{
	bool v4 = ip_addr_is_v4(a) && bits >= 96;
	char addr[IP_ADDR_TEXT];

	snprintf(ret, IP_PREFIX_TEXT, "%s/%u", ip_addr_text(a, addr, false),
		 v4 ? bits - 96u : bits);
	return ret;
}
