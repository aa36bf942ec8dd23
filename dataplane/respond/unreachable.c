#include "dataplane/respond/unreachable.h"

#include "dataplane/base/clock.h"
#include "dataplane/respond/frame.h"

enum { HEADER = 8, TYPE4 = 3, CODE4 = 3, TYPE6 = 1, CODE6 = 4 };

/* Errors never answer what went to many, or came from none (RFC 1122 3.2.2, RFC 4443 2.4 e). */
static bool may_answer(const struct packet *p)
{
	return p->has_mac && p->ip && p->l4 && p->ip_proto == IP_PROTO_UDP && !p->outer &&
	       !(p->flags & (PACKET_FRAGMENT | PACKET_REASSEMBLED)) && !p->frag_offset &&
	       !p->more_fragments && p->vlan_count <= PACKET_VLANS && !(p->dst_mac.bytes[0] & 1) &&
	       mac_addr_is_host(&p->src_mac) && ip_addr_is_host(&p->src) &&
	       ip_addr_is_host(&p->dst);
}

size_t unreachable_build(const struct packet *p, const struct mac_addr *own,
			 uint8_t frame[UNREACHABLE_FRAME_MAX])
{
	bool v4 = p->ip_version == 4;
	uint8_t *at, *icmp;
	unsigned quote;

	if (!may_answer(p))
		return 0;
	quote = p->ip_total_len < UNREACHABLE_QUOTE ? p->ip_total_len : UNREACHABLE_QUOTE;
	at = frame_put_link(frame, p, &p->src_mac, own);
	at = icmp = frame_put_ip(at, p, v4 ? IP_PROTO_ICMP : IP_PROTO_ICMPV6, HEADER + quote,
				 &p->dst, &p->src);
	*at++ = v4 ? TYPE4 : TYPE6;
	*at++ = v4 ? CODE4 : CODE6;
	at = frame_put16(at, 0);
	at = frame_put32(at, 0);
	at = frame_put_bytes(at, p->ip, quote);
	/* An odd byte is summed with a zero behind it. */
	if (quote % 2)
		*at = 0;
	frame_put16(icmp + 2,
		    frame_fold(frame_sum(icmp, HEADER + quote + quote % 2,
					 v4 ? 0
					    : frame_pseudo_sum(p, IP_PROTO_ICMPV6, HEADER + quote,
							       &p->dst, &p->src))));
	return (size_t)(at - frame);
}

bool unreachable_allows(struct unreachable_rate *r, uint64_t now_ns)
{
	uint64_t every = UNREACHABLE_EVERY_MS * NS_PER_MS;
	uint64_t earned = now_ns > r->since_ns ? (now_ns - r->since_ns) / every : 0;

	/* The first time, a pause, or a clock that was set. */
	if (r->since_ns == 0 || now_ns < r->since_ns || earned > UNREACHABLE_BURST) {
		r->ready = UNREACHABLE_BURST;
		r->since_ns = now_ns;
	} else if (earned) {
		r->ready += (uint32_t)earned;
		if (r->ready > UNREACHABLE_BURST)
			r->ready = UNREACHABLE_BURST;
		r->since_ns += earned * every;
	}
	if (r->ready == 0)
		return false;
	r->ready--;
	return true;
}
