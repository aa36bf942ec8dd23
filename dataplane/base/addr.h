/* IP and MAC addresses. IPv4 is kept IPv4-mapped (::ffff:a.b.c.d), so one form serves keys, hashes
 * and comparison. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ip_addr {
	_Alignas(8) uint8_t bytes[16]; /* network order */
};

struct mac_addr {
	uint8_t bytes[6];
};

enum {
	IP_ADDR_TEXT = 46,  /* room for any address as text with its NUL */
	MAC_ADDR_TEXT = 18, /* "xx:xx:xx:xx:xx:xx" and NUL */
};

static inline struct ip_addr ip_addr_v4(const uint8_t four[4])
{
	struct ip_addr a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};

	memcpy(a.bytes + 12, four, 4);
	return a;
}

static inline struct ip_addr ip_addr_v6(const uint8_t sixteen[16])
{
	struct ip_addr a;

	memcpy(a.bytes, sixteen, 16);
	return a;
}

static inline bool ip_addr_is_v4(const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(a->bytes, mapped, 12) == 0;
}

/* The four bytes of an IPv4 address in host order. */
static inline uint32_t ip_addr_v4_u32(const struct ip_addr *a)
{
	return (uint32_t)a->bytes[12] << 24 | (uint32_t)a->bytes[13] << 16 |
	       (uint32_t)a->bytes[14] << 8 | a->bytes[15];
}

static inline int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->bytes, b->bytes, 16);
}

static inline bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_addr_cmp(a, b) == 0;
}

/* True when the first `bits` (0-128, an IPv4 /n is 96 + n) of both agree. */
bool ip_addr_in_prefix(const struct ip_addr *a, const struct ip_addr *prefix, unsigned bits);

/* Text form: dotted quad, or full uncompressed IPv6 as Suricata's EVE writes it
 * ("2001:0db8:0000:...") when `eve`, else RFC 5952. Returns `ret`. */
char *ip_addr_text(const struct ip_addr *a, char ret[IP_ADDR_TEXT], bool eve);

/* 0 or ERR_INVALID. Accepts both families; no prefix length. */
int ip_addr_parse(const char *text, struct ip_addr *ret);

char *mac_addr_text(const struct mac_addr *m, char ret[MAC_ADDR_TEXT]);

/* xxxxxxxxxxxx, xx-xx-xx-xx-xx-xx or xx:xx:xx:xx:xx:xx in either case (Q11). 0 or ERR_INVALID. */
int mac_addr_parse(const char *text, struct mac_addr *ret);

static inline bool ip_addr_is_zero(const struct ip_addr *a)
{
	static const struct ip_addr zero;

	return ip_addr_eq(a, &zero);
}

/* An address that one host of a network can have: not unspecified, loopback, multicast, broadcast.
 */
bool ip_addr_is_host(const struct ip_addr *a);

/* "10.0.0.0/8", "10.0.0.5", "2001:db8::/32". `bits` counts the 128; bits behind
 * the length are cleared. 0 or ERR_INVALID. */
int ip_prefix_parse(const char *text, struct ip_addr *ret, uint8_t *ret_bits);

enum { IP_PREFIX_TEXT = IP_ADDR_TEXT + 4 };
/* With its length, "10.0.0.5/32"; returns ret. */
char *ip_prefix_text(const struct ip_addr *a, uint8_t bits, char ret[IP_PREFIX_TEXT]);

static inline bool mac_addr_eq(const struct mac_addr *a, const struct mac_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool mac_addr_is_zero(const struct mac_addr *m)
{
	static const struct mac_addr zero;

	return mac_addr_eq(m, &zero);
}

/* Group addresses and the all-zero one belong to no host. */
static inline bool mac_addr_is_host(const struct mac_addr *m)
{
	return !(m->bytes[0] & 1) && !mac_addr_is_zero(m);
}
