/* ICMPv6 (RFC 4443) and what else uses it.
 *
 * The payload begins behind eight bytes in error and echo messages with a known code and behind
 * four in all others, which is where Suricata lets rules look. */
#include "dataplane/decode/layer.h"

enum icmp6 {
	ICMP6_HEADER = 8,
	ICMP6_SHORT_HEADER = 4,
	IPV6_HEADER = 40,
	TCP_HEADER = 20,

	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_MLD_QUERY = 130,
	ICMP6_MLD_DONE = 132,
	ICMP6_RENUMBERING = 138, /* RFC 2894 */
	ICMP6_NODE_QUERY = 139,	 /* RFC 4620 */
	ICMP6_NODE_REPLY = 140,
	ICMP6_MOBILE_EXPERIMENT = 150, /* 150-153: no code is wrong */
	ICMP6_ROUTER_TERMINATION = 153,
	ICMP6_RPL = 155, /* RFC 6550 */
	ICMP6_LAST = 159,
};

static void quoted(struct walk *w, struct slice body)
{
	struct packet_icmp *icmp = &w->p->icmp;
	struct cursor c = cursor_of(body);
	struct slice h = cursor_take(&c, IPV6_HEADER);

	if (c.bad) {
		walk_invalid(w, DECODE_EVENT_ICMPV6_IPV6_TRUNC_PKT);
		return;
	}
	if (h.data[0] >> 4 != 6) {
		walk_invalid(w, DECODE_EVENT_ICMPV6_IPV6_UNKNOWN_VERSION);
		return;
	}
	icmp->has_embedded = true;
	icmp->embedded_proto = h.data[6];
	icmp->embedded_src = ip_addr_v6(h.data + 8);
	icmp->embedded_dst = ip_addr_v6(h.data + 24);
	if (icmp->embedded_proto != IP_PROTO_TCP || cursor_left(&c) >= TCP_HEADER)
		icmp_quoted_ports(icmp, &c);
}

/* An error message; false when its code is unknown. */
static bool error(struct walk *w, uint8_t code_max, struct slice all)
{
	struct packet_icmp *icmp = &w->p->icmp;

	if (icmp->code > code_max) {
		walk_event(w, DECODE_EVENT_ICMPV6_UNKNOWN_CODE);
		return false;
	}
	if (icmp->type == ICMP6_TOO_BIG)
		icmp->mtu = be32(all.data + 4);
	quoted(w, slice_sub(all, ICMP6_HEADER, all.len));
	return true;
}

static bool echo(struct walk *w, struct slice all)
{
	struct packet_icmp *icmp = &w->p->icmp;

	if (icmp->code != 0) {
		walk_event(w, DECODE_EVENT_ICMPV6_UNKNOWN_CODE);
		return false;
	}
	icmp->has_id = true;
	icmp->id = be16(all.data + 4);
	icmp->seq = be16(all.data + 6);
	return true;
}

static bool code_known(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP6_RENUMBERING:
		return code <= 2 || code == 255;
	case ICMP6_NODE_QUERY:
	case ICMP6_NODE_REPLY:
		return code <= 2;
	case ICMP6_RPL:
		return code <= 3 || (code >= 128 && code <= 132);
	default:
		return code == 0 ||
		       (type >= ICMP6_MOBILE_EXPERIMENT && type <= ICMP6_ROUTER_TERMINATION);
	}
}

static void informational(struct walk *w, uint8_t type, uint8_t code)
{
	if (!code_known(type, code))
		walk_event(w, DECODE_EVENT_ICMPV6_UNKNOWN_CODE);
	/* RFC 2710 section 3: multicast listener discovery stays on the link */
	if (type >= ICMP6_MLD_QUERY && type <= ICMP6_MLD_DONE && w->p->ttl != 1)
		walk_event(w, DECODE_EVENT_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL);
}

/* Types that are not assigned (IANA icmpv6-parameters). */
static enum decode_event unassigned(uint8_t type)
{
	if (type == 100 || type == 101 || type == 200 || type == 201)
		return DECODE_EVENT_ICMPV6_EXPERIMENTATION_TYPE;
	if ((type > ICMP6_PARAMETER_PROBLEM && type < 127) || type > ICMP6_LAST)
		return DECODE_EVENT_ICMPV6_UNASSIGNED_TYPE;
	return DECODE_EVENT_ICMPV6_UNKNOWN_TYPE;
}

/* True: the header has eight bytes. */
static bool by_type(struct walk *w, struct slice all)
{
	uint8_t type = all.data[0];

	switch (type) {
	case ICMP6_UNREACHABLE:
		return error(w, 6, all);
	case ICMP6_TOO_BIG:
		return error(w, 0, all);
	case ICMP6_TIME_EXCEEDED:
		return error(w, 1, all);
	case ICMP6_PARAMETER_PROBLEM:
		return error(w, 2, all);
	case ICMP6_ECHO:
	case ICMP6_ECHO_REPLY:
		return echo(w, all);
	default:
		break;
	}
	if (type >= ICMP6_MLD_QUERY && type <= ICMP6_LAST)
		informational(w, type, all.data[1]);
	else
		walk_event(w, unassigned(type));
	return false;
}

enum layer icmp6_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	struct packet *p = w->p;

	walk_count(w, DECODE_ICMPV6);
	w->stage = STAGE_TRANSPORT;
	if (all.len < ICMP6_HEADER) {
		p->l4 = NULL;
		p->l4_len = 0;
		walk_invalid(w, DECODE_EVENT_ICMPV6_PKT_TOO_SMALL);
		return LAYER_DONE;
	}
	p->icmp = (struct packet_icmp){.type = all.data[0], .code = all.data[1]};
	if (by_type(w, all)) {
		p->payload = all.data + ICMP6_HEADER;
		p->payload_len = (uint32_t)all.len - ICMP6_HEADER;
	} else if (all.len >= ICMP6_HEADER + ICMP6_SHORT_HEADER) {
		/* from byte four on, but four bytes less than there are */
		p->payload = all.data + ICMP6_SHORT_HEADER;
		p->payload_len = (uint32_t)all.len - ICMP6_HEADER - ICMP6_SHORT_HEADER;
	}
	p->flags |= PACKET_WANTS_FLOW;
	return LAYER_DONE;
}
