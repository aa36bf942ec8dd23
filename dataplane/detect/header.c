/* A rule's head against a packet: IP version, ports, addresses. Transport and direction have been
 * decided by the group that led to the rule. */
#include "dataplane/detect/internal.h"

bool header_addr_in(const struct rule_addrs *list, const struct ip_addr *a)
{
	uint32_t low = 0, high = list->count;

	if (list->any)
		return true;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (ip_addr_cmp(&list->ranges[mid].last, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < list->count && ip_addr_cmp(&list->ranges[low].first, a) <= 0;
}

static bool port_in(const struct rule_ports *list, uint16_t port)
{
	if (list->any)
		return true;
	for (uint32_t i = 0; i < list->count; i++) {
		if (port >= list->ranges[i].first && port <= list->ranges[i].last)
			return true;
	}
	return false;
}

static bool has_ports(const struct packet *p)
{
	return p->ip_proto == IP_PROTO_TCP || p->ip_proto == IP_PROTO_UDP ||
	       p->ip_proto == IP_PROTO_SCTP;
}

static bool ports_match(const struct packet *p, const struct plan_rule *rule)
{
	if (!(rule->flags & PLAN_PORTS))
		return true;
	if (!has_ports(p) || (p->flags & PACKET_FRAGMENT))
		return false;
	return port_in(rule->dport, p->dport) && port_in(rule->sport, p->sport);
}

static bool version_match(const struct packet *p, const struct plan_rule *rule)
{
	switch (rule->rule->proto.layer) {
	case RULE_LAYER_IPV4:
	case RULE_LAYER_ICMPV4:
		return p->ip_version == 4;
	case RULE_LAYER_IPV6:
	case RULE_LAYER_ICMPV6:
		return p->ip_version == 6;
	default:
		return true;
	}
}

bool header_match(const struct run *r, const struct plan_rule *rule)
{
	const struct packet *p = r->p;

	if (((rule->flags & PLAN_VERSION) && !version_match(p, rule)) || !ports_match(p, rule))
		return false;
	if (p->ip_version == 0 || !(rule->flags & PLAN_ADDRS))
		return true;
	return header_addr_in(rule->dst, &p->dst) && header_addr_in(rule->src, &p->src);
}

bool header_ip_only(const struct run *r, const struct plan_rule *rule)
{
	if (!(rule->layers & 1 << plan_l4_of(r->p->ip_proto)))
		return false;
	return r->p->ip_version != 0 && header_match(r, rule);
}
