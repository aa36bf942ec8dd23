/* The tuple of a packet: what the flow table hashes and compares. Both directions of a flow give
 * the same hash. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/hash.h"
#include "dataplane/base/packet.h"
#include "dataplane/flow/flow.h"

/* False when the packet belongs to no flow (decode says: fragments, GRE, unknown, broken). The
 * key is the packet's own direction: addr[0] is its source. For an ICMPv4 destination unreachable
 * that quotes a header, the quoted tuple. */
bool flow_key_of_packet(const struct packet *p, bool use_vlan, struct flow_key *ret);

uint32_t flow_key_hash(const struct flow_key *k, const struct hash_key *secret);

static inline bool flow_key_endpoints_eq(const struct flow_key *a, const struct flow_key *b, int x,
					 int y)
{
	return a->port[x] == b->port[y] && ip_addr_eq(&a->addr[x], &b->addr[y]);
}

static inline bool flow_key_rest_eq(const struct flow_key *a, const struct flow_key *b)
{
	return a->ip_proto == b->ip_proto && a->ip_version == b->ip_version &&
	       a->tunnel == b->tunnel && a->vlan[0] == b->vlan[0] && a->vlan[1] == b->vlan[1] &&
	       a->vlan[2] == b->vlan[2];
}

/* Of the same flow, in either direction (ESP: in this direction only). */
bool flow_key_eq(const struct flow_key *flow, const struct flow_key *packet);

/* True for an ICMPv4 error message: it never opens a flow. */
bool flow_icmp_is_error(const struct packet *p);
