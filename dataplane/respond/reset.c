#include "dataplane/respond/reset.h"

#include "dataplane/respond/frame.h"

enum { TCP_LEN = 20 };

/* The sequence number that the reset's receiver expects next, and what it acknowledges. */
static void numbers(const struct packet *p, enum reset_side side, uint32_t *ret_seq,
		    uint32_t *ret_ack)
{
	uint32_t next = p->tcp.seq + p->payload_len + !!(p->tcp.flags & TCP_SYN) +
			!!(p->tcp.flags & TCP_FIN);

	*ret_seq = side == RESET_RECEIVER ? next : (p->tcp.flags & TCP_ACK) ? p->tcp.ack : 0;
	*ret_ack = side == RESET_RECEIVER ? p->tcp.ack : next;
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
	at = frame_put_link(frame, p, side == RESET_SENDER ? &p->src_mac : &p->dst_mac, own);
	at = tcp = frame_put_ip(at, p, IP_PROTO_TCP, TCP_LEN, from, to);
	at = frame_put16(at, side == RESET_SENDER ? p->dport : p->sport);
	at = frame_put16(at, side == RESET_SENDER ? p->sport : p->dport);
	at = frame_put32(at, seq);
	at = frame_put32(at, ack);
	at = frame_put16(at, 5 << 12 | TCP_RST | TCP_ACK);
	at = frame_put16(at, 0);
	at = frame_put32(at, 0);
	frame_put16(tcp + 16,
		    frame_fold(frame_sum(tcp, TCP_LEN,
					 frame_pseudo_sum(p, IP_PROTO_TCP, TCP_LEN, from, to))));
	return (size_t)(at - frame);
}
