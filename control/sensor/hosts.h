/* Which MAC an inside address has (E3, minimal): learnt from the records' frames, bounded. A MAC
 * that carries outside addresses or many inside ones is a router's and says nothing of the hosts
 * behind it. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"

enum {
	HOSTS_MAX = 65536, /* addresses; over that the one seen longest ago goes */
	HOSTS_ZONES = 256,
	HOSTS_ROUTER_BEYOND = 8, /* outside addresses, one after the other, of a gateway's MAC */
	HOSTS_ROUTER_IPS = 16,	 /* inside addresses of one MAC that make it a router's */
};

struct hosts;

/* `networks`: prefixes that are inside ("10.0.0.0/8"); each was checked by conf.c. */
struct hosts *hosts_new(const char *const *networks, size_t n);
void hosts_free(struct hosts *h);

bool hosts_inside(const struct hosts *h, const struct ip_addr *a);

enum hosts_zone { HOSTS_ZONE_NONE, HOSTS_ZONE_INSIDE, HOSTS_ZONE_OUTSIDE };

/* A person said of a network (`bits` of 128) whether it is inside: goes before the prefixes of the
 * configuration. HOSTS_ZONE_NONE takes it back. False: there are HOSTS_ZONES of them. */
bool hosts_zone(struct hosts *h, const struct ip_addr *network, unsigned bits,
		enum hosts_zone zone);

enum hosts_news { HOSTS_OLD, HOSTS_NEW, HOSTS_CHANGED };

/* A frame from `ip` with source MAC `mac` was seen. What is new about it, for a report. */
enum hosts_news hosts_learn(struct hosts *h, const struct ip_addr *ip, const struct mac_addr *mac,
			    uint16_t vlan, uint64_t now);

struct host_entry {
	struct ip_addr ip;
	struct mac_addr mac; /* zero: not known, or a router's */
	uint16_t vlan;
	uint64_t first, last; /* seen, ns */
	uint64_t reported;    /* when the last report of it was made; the caller's */
};

/* NULL when it was never seen. Valid until the next hosts_learn. */
struct host_entry *hosts_find(struct hosts *h, const struct ip_addr *ip);
/* The MAC carried several outside addresses, or many inside ones: a gateway's. */
bool hosts_is_router(struct hosts *h, const struct mac_addr *mac);
unsigned hosts_count(const struct hosts *h);
