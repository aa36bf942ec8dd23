#include "dataplane/respond/reset.h"

#include <string.h>

enum { TTL = 64, ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_VLAN = 0x8100 };

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static uint32_t sum(const uint8_t *bytes, size_t n, uint32_t s)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static uint8_t *put_ether(uint8_t *at, const struct packet *p, enum reset_side side,
			  const struct mac_addr *own)
{
	at = put_bytes(at, side == RESET_SENDER ? p->src_mac.bytes : p->dst_mac.bytes, 6);
	at = put_bytes(at, own->bytes, 6);
	for (unsigned i = 0; i < p->vlan_count; i++) {
		at = put16(at, ETHER_VLAN);
		at = put16(at, p->vlan[i]);
	}
	return put16(at, p->ip_version == 4 ? ETHER_IPV4 : ETHER_IPV6);
}

static uint8_t *put_ip(uint8_t *at, const struct packet *p, const struct ip_addr *from,
		       const struct ip_addr *to)
{
	uint8_t *ip = at;

	if (p->ip_version == 6) {
		at = put32(at, 6U << 28);
		at = put16(at, 20);
		*at++ = IP_PROTO_TCP;
		*at++ = TTL;
		at = put_bytes(at, from->bytes, 16);
		return put_bytes(at, to->bytes, 16);
	}
	at = put16(at, 0x4500);
	at = put16(at, 40);
	at = put32(at, 0x00004000); /* id 0, don't fragment */
	*at++ = TTL;
	*at++ = IP_PROTO_TCP;
	at = put16(at, 0);
	at = put_bytes(at, from->bytes + 12, 4);
	at = put_bytes(at, to->bytes + 12, 4);
	put16(ip + 10, fold(sum(ip, 20, 0)));
	return at;
}

/* The sequence number that the reset's receiver expects next, and what it acknowledges. */
static void numbers(const struct packet *p, enum reset_side side, uint32_t *ret_seq,
		    uint32_t *ret_ack)
{
	uint32_t next = p->tcp.seq + p->payload_len + !!(p->tcp.flags & TCP_SYN) +
			!!(p->tcp.flags & TCP_FIN);

	*ret_seq = side == RESET_RECEIVER ? next : (p->tcp.flags & TCP_ACK) ? p->tcp.ack : 0;
	*ret_ack = side == RESET_RECEIVER ? p->tcp.ack : next;
}

static uint32_t pseudo_sum(const struct packet *p, const struct ip_addr *from,
			   const struct ip_addr *to)
{
	size_t skip = p->ip_version == 4 ? 12 : 0;

	return sum(from->bytes + skip, 16 - skip,
		   sum(to->bytes + skip, 16 - skip, IP_PROTO_TCP + 20));
}

size_t reset_build(const struct packet *p, enum reset_side side, const struct mac_addr *own,
		   uint8_t frame[RESET_FRAME_MAX])
{
	const struct ip_addr *from = side == RESET_SENDER ? &p->dst : &p->src;
	const struct ip_addr *to = side == RESET_SENDER ? &p->src : &p->dst;
	uint8_t *at, *tcp;
	uint32_t seq, ack;

	if (!p->has_mac || p->ip_proto != IP_PROTO_TCP || !p->l4 || (p->tcp.flags & TCP_RST) ||
	    p->outer || p->vlan_count > PACKET_VLANS)
		return 0;
	numbers(p, side, &seq, &ack);
	at = put_ether(frame, p, side, own);
	at = tcp = put_ip(at, p, from, to);
	at = put16(at, side == RESET_SENDER ? p->dport : p->sport);
	at = put16(at, side == RESET_SENDER ? p->sport : p->dport);
	at = put32(at, seq);
	at = put32(at, ack);
	at = put16(at, 5 << 12 | TCP_RST | TCP_ACK);
	at = put16(at, 0);
	at = put32(at, 0);
	put16(tcp + 16, fold(sum(tcp, 20, pseudo_sum(p, from, to))));
	return (size_t)(at - frame);
}
