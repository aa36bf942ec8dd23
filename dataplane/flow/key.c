#include "dataplane/flow/key.h"

#include <string.h>

enum { ICMP_UNREACHABLE = 3, ICMP_NO_ANSWER = 255 };

struct icmp_pair {
	uint8_t ask, answer;
};

/* RFC 792, 950, 1256, 1788: an answer belongs to the flow of its request. Ids and sequence numbers
 * are not part of the tuple, as in Suricata: one pinging pair is one flow. */
static const struct icmp_pair pairs_v4[] = {{8, 0},   {13, 14}, {15, 16},
					    {17, 18}, {10, 9},	{37, 38}};
/* RFC 4443, 2710, 4861, 4620, 6275 */
static const struct icmp_pair pairs_v6[] = {{128, 129}, {135, 136}, {133, 134},
					    {130, 131}, {139, 140}, {144, 145}};

static uint16_t icmp_counterpart(const struct icmp_pair *pairs, size_t n, uint8_t type)
{
	for (size_t i = 0; i < n; i++) {
		if (pairs[i].ask == type)
			return pairs[i].answer;
		if (pairs[i].answer == type)
			return pairs[i].ask;
	}
	return ICMP_NO_ANSWER;
}

bool flow_icmp_is_error(const struct packet *p)
{
	if (p->ip_proto != IP_PROTO_ICMP || p->ip_version != 4)
		return false;
	switch (p->icmp.type) {
	case 3:	 /* destination unreachable */
	case 4:	 /* source quench */
	case 5:	 /* redirect */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		return true;
	default:
		return false;
	}
}

static void key_icmp(const struct packet *p, struct flow_key *k)
{
	if (p->ip_proto == IP_PROTO_ICMP && p->icmp.type == ICMP_UNREACHABLE &&
	    p->icmp.has_embedded) {
		k->addr[0] = p->icmp.embedded_src;
		k->addr[1] = p->icmp.embedded_dst;
		k->port[0] = p->icmp.embedded_sport;
		k->port[1] = p->icmp.embedded_dport;
		k->ip_proto = p->icmp.embedded_proto;
		return;
	}
	k->port[0] = p->icmp.type;
	k->port[1] = p->ip_proto == IP_PROTO_ICMP
			     ? icmp_counterpart(pairs_v4, ARRAY_SIZE(pairs_v4), p->icmp.type)
			     : icmp_counterpart(pairs_v6, ARRAY_SIZE(pairs_v6), p->icmp.type);
}

static void key_esp(const struct packet *p, struct flow_key *k)
{
	if (p->l4_len < 4)
		return;
	k->port[0] = (uint16_t)(p->l4[0] << 8 | p->l4[1]);
	k->port[1] = (uint16_t)(p->l4[2] << 8 | p->l4[3]);
}

bool flow_key_of_packet(const struct packet *p, bool use_vlan, struct flow_key *ret)
{
	if (!(p->flags & PACKET_WANTS_FLOW) || !p->l4)
		return false;
	ret->addr[0] = p->src;
	ret->addr[1] = p->dst;
	ret->port[0] = p->sport;
	ret->port[1] = p->dport;
	for (unsigned i = 0; i < 3; i++)
		ret->vlan[i] = use_vlan && i < p->vlan_count ? p->vlan[i] : 0;
	ret->ip_proto = p->ip_proto;
	ret->tunnel = p->tunnel_depth;
	ret->ip_version = p->ip_version;
	switch (p->ip_proto) {
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		key_icmp(p, ret);
		break;
	case IP_PROTO_ESP:
		key_esp(p, ret);
		break;
	default:
		break;
	}
	return true;
}

bool flow_key_eq(const struct flow_key *flow, const struct flow_key *packet)
{
	if (!flow_key_rest_eq(flow, packet))
		return false;
	if (flow_key_endpoints_eq(flow, packet, 0, 0) && flow_key_endpoints_eq(flow, packet, 1, 1))
		return true;
	return packet->ip_proto != IP_PROTO_ESP && flow_key_endpoints_eq(flow, packet, 0, 1) &&
	       flow_key_endpoints_eq(flow, packet, 1, 0);
}

static inline uint64_t word(const void *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return w;
}

static inline uint64_t end_word(const struct ip_addr *a, uint16_t port,
				const struct hash_key *secret)
{
	uint64_t address = hash_mix(word(a->bytes) ^ secret->k0, word(a->bytes + 8) ^ secret->k1);

	return hash_mix(address ^ secret->k1, port ^ secret->k0);
}

/* Each end by itself, so that neither waits for the other; their sum has no direction. */
uint32_t flow_key_hash(const struct flow_key *k, const struct hash_key *secret)
{
	uint64_t ends = end_word(&k->addr[0], k->port[0], secret) +
			end_word(&k->addr[1], k->port[1], secret);
	uint64_t rest = (uint64_t)k->vlan[0] << 48 | (uint64_t)k->vlan[1] << 32 |
			(uint64_t)k->vlan[2] << 16 | (uint64_t)(k->ip_version == 6) << 15 |
			(uint64_t)(k->tunnel & 0x7f) << 8 | k->ip_proto;

	return (uint32_t)(hash_mix(ends ^ secret->k0, rest ^ secret->k1) >> 16);
}
