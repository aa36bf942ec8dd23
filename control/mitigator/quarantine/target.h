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

/* Adds an address once; false when there is no room or it belongs to no host. */
bool target_add_ip(struct cut_target *t, const struct ip_addr *ip);
bool target_has_ip(const struct cut_target *t, const struct ip_addr *ip);
/* "10.0.0.5 (52:54:00:00:00:05)" into ret; returns ret. */
enum { TARGET_NAME = IP_ADDR_TEXT + MAC_ADDR_TEXT + 4 };
char *target_text(const struct cut_target *t, char ret[TARGET_NAME]);
