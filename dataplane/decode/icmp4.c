/* ICMP (RFC 792, RFC 950, RFC 1256). */
#include "dataplane/decode/layer.h"

enum icmp4 {
	ICMP_HEADER = 8,
	ICMP_TIMESTAMP_BODY = 12,
	IPV4_HEADER = 20,

	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_ROUTER_ADVERTISEMENT = 9,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
	ICMP_ADDRESS_MASK_REPLY = 18, /* 15-18: information and address mask */

	UNREACHABLE_TOO_BIG = 4, /* fragmentation needed, RFC 1191 */
};

/* Source and destination port of the quoted TCP or UDP header, of which eight bytes suffice. */
void icmp_quoted_ports(struct packet_icmp *icmp, struct cursor *c)
{
	if (icmp->embedded_proto != IP_PROTO_TCP && icmp->embedded_proto != IP_PROTO_UDP)
		return;
	icmp->embedded_sport = cursor_u16(c);
	icmp->embedded_dport = cursor_u16(c);
	if (icmp->embedded_proto == IP_PROTO_UDP)
		cursor_skip(c, 4);
	icmp->has_embedded_ports = !c->bad;
}

static void quoted(struct walk *w, struct slice body)
{
	struct packet_icmp *icmp = &w->p->icmp;
	struct cursor c = cursor_of(body);
	struct slice h = cursor_take(&c, IPV4_HEADER);

	if (c.bad) {
		walk_invalid(w, DECODE_EVENT_ICMPV4_IPV4_TRUNC_PKT);
		return;
	}
	if (h.data[0] >> 4 != 4) {
		walk_invalid(w, DECODE_EVENT_ICMPV4_IPV4_UNKNOWN_VER);
		return;
	}
	icmp->has_embedded = true;
	icmp->embedded_proto = h.data[9];
	icmp->embedded_src = ip_addr_v4(h.data + 12);
	icmp->embedded_dst = ip_addr_v4(h.data + 16);
	if ((h.data[0] & 0x0f) * 4 > IPV4_HEADER)
		cursor_skip(&c, (size_t)(h.data[0] & 0x0f) * 4 - IPV4_HEADER);
	icmp_quoted_ports(icmp, &c);
}

/* An error message: its highest code, and the packet that it quotes. */
static void error(struct walk *w, uint8_t code_max, struct slice all)
{
	struct packet_icmp *icmp = &w->p->icmp;

	if (icmp->code > code_max) {
		walk_event(w, DECODE_EVENT_ICMPV4_UNKNOWN_CODE);
		return;
	}
	if (icmp->type == ICMP_UNREACHABLE && icmp->code == UNREACHABLE_TOO_BIG)
		icmp->mtu = be16(all.data + 6);
	/* an empty quotation is allowed, except in the old source quench */
	if (all.len > ICMP_HEADER || icmp->type == ICMP_SOURCE_QUENCH)
		quoted(w, slice_sub(all, ICMP_HEADER, all.len));
}

/* Returns the length of the header that belongs to a query or reply. */
static uint32_t query(struct walk *w, struct slice all)
{
	struct packet_icmp *icmp = &w->p->icmp;

	icmp->has_id = true;
	icmp->id = be16(all.data + 4);
	icmp->seq = be16(all.data + 6);
	if (icmp->code != 0)
		walk_event(w, DECODE_EVENT_ICMPV4_UNKNOWN_CODE);
	if (icmp->type != ICMP_TIMESTAMP && icmp->type != ICMP_TIMESTAMP_REPLY)
		return ICMP_HEADER;
	if (all.len >= ICMP_HEADER + ICMP_TIMESTAMP_BODY)
		return ICMP_HEADER + ICMP_TIMESTAMP_BODY;
	walk_event(w, DECODE_EVENT_ICMPV4_IPV4_TRUNC_PKT);
	return ICMP_HEADER;
}

/* RFC 1256: number of addresses and their size in words. */
static uint32_t router_advertisement(struct walk *w, struct slice all)
{
	uint32_t length = (uint32_t)all.data[4] * all.data[5] * 4;

	if (all.len >= ICMP_HEADER + (size_t)length)
		return ICMP_HEADER + length;
	walk_event(w, DECODE_EVENT_ICMPV4_IPV4_TRUNC_PKT);
	return ICMP_HEADER;
}

/* Returns the header's length. */
static uint32_t by_type(struct walk *w, struct slice all)
{
	uint8_t type = all.data[0];

	switch (type) {
	case ICMP_UNREACHABLE:
		error(w, 15, all);
		break;
	case ICMP_REDIRECT:
		error(w, 3, all);
		break;
	case ICMP_TIME_EXCEEDED:
		error(w, 1, all);
		break;
	case ICMP_SOURCE_QUENCH:
	case ICMP_PARAMETER_PROBLEM:
		error(w, 0, all);
		break;
	case ICMP_ROUTER_ADVERTISEMENT:
		return router_advertisement(w, all);
	default:
		if (type == ICMP_ECHO_REPLY || type == ICMP_ECHO ||
		    (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESS_MASK_REPLY))
			return query(w, all);
		walk_event(w, DECODE_EVENT_ICMPV4_UNKNOWN_TYPE);
		break;
	}
	return ICMP_HEADER;
}

enum layer icmp4_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	struct packet *p = w->p;
	uint32_t header;

	walk_count(w, DECODE_ICMPV4);
	w->stage = STAGE_TRANSPORT;
	if (all.len < ICMP_HEADER) {
		p->l4 = NULL;
		p->l4_len = 0;
		walk_invalid(w, DECODE_EVENT_ICMPV4_PKT_TOO_SMALL);
		return LAYER_DONE;
	}
	p->icmp = (struct packet_icmp){.type = all.data[0], .code = all.data[1]};
	header = by_type(w, all);
	p->payload = all.data + header;
	p->payload_len = (uint32_t)all.len - header;
	p->flags |= PACKET_WANTS_FLOW;
	return LAYER_DONE;
}
