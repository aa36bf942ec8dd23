/* What a cut is laid on: the addresses of one host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"

enum {
	TARGET_IPS = 16,  /* addresses of one host that are cut by address */
	TARGET_TEXT = 64, /* a switch's or port's name */
};

struct cut_target {
	struct mac_addr mac; /* all zero: not known */
	struct ip_addr ips[TARGET_IPS];
	uint8_t ips_n;
	uint32_t vlan;						 /* 0: untagged */
	char switch_name[TARGET_TEXT], switch_port[TARGET_TEXT]; /* "" not known */
};

static inline bool mac_addr_is_zero(const struct mac_addr *m)
{
	static const struct mac_addr zero;

	return memcmp(m, &zero, sizeof(zero)) == 0;
}

static inline bool ip_addr_is_zero(const struct ip_addr *a)
{
	static const struct ip_addr zero;

	return ip_addr_eq(a, &zero);
}

static inline bool mac_addr_eq(const struct mac_addr *a, const struct mac_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Group addresses and the all-zero ones belong to no host. */
static inline bool mac_addr_is_host(const struct mac_addr *m)
{
	return !(m->bytes[0] & 1) && !mac_addr_is_zero(m);
}

/* An address that one host can have: not unspecified, loopback, multicast or broadcast. */
bool ip_addr_is_host(const struct ip_addr *a);
/* Adds an address once; false when there is no room or it belongs to no host. */
bool target_add_ip(struct cut_target *t, const struct ip_addr *ip);
bool target_has_ip(const struct cut_target *t, const struct ip_addr *ip);
/* "10.0.0.5 (52:54:00:00:00:05)" into ret; returns ret. */
enum { TARGET_NAME = IP_ADDR_TEXT + MAC_ADDR_TEXT + 4 };
char *target_text(const struct cut_target *t, char ret[TARGET_NAME]);
/* "10.0.0.0/8", "10.0.0.5", "2001:db8::/32". `bits` counts the 128. 0 or ERR_INVALID. */
int prefix_parse(const char *text, struct ip_addr *ret, uint8_t *ret_bits);
