/* IPv6 (RFC 8200), fixed header. */
#include "dataplane/decode/layer.h"

enum { IPV6_HEADER = 40, IPV4_HEADER = 20 };

/* A whole packet as payload, when its version is right. */
static enum layer carried(struct walk *w, unsigned version)
{
	struct slice rest = cursor_rest(&w->c);
	bool four = version == 4;

	w->p->l4 = rest.data;
	w->p->l4_len = (uint32_t)rest.len;
	if (rest.len < (four ? IPV4_HEADER : IPV6_HEADER)) {
		walk_invalid(w, four ? DECODE_EVENT_IPV6_IPV4_IN_IPV6_TOO_SMALL
				     : DECODE_EVENT_IPV6_IPV6_IN_IPV6_TOO_SMALL);
		return LAYER_DONE;
	}
	if (rest.data[0] >> 4 != version) {
		walk_event(w, four ? DECODE_EVENT_IPV6_IPV4_IN_IPV6_WRONG_VERSION
				   : DECODE_EVENT_IPV6_IPV6_IN_IPV6_WRONG_VERSION);
		return LAYER_DONE;
	}
	walk_tunnel(w, four ? LAYER_IPV4 : LAYER_IPV6);
	return LAYER_DONE;
}

enum layer ipv6_upper(struct walk *w, uint8_t proto)
{
	struct slice rest = cursor_rest(&w->c);
	struct packet *p = w->p;

	if (proto != IP_PROTO_ICMP)
		p->ip_proto = proto;
	p->l4 = rest.data;
	p->l4_len = (uint32_t)rest.len;
	switch (proto) {
	case IP_PROTO_TCP:
		return LAYER_TCP;
	case IP_PROTO_UDP:
		return LAYER_UDP;
	case IP_PROTO_ICMPV6:
		return LAYER_ICMP6;
	case IP_PROTO_SCTP:
		return LAYER_SCTP;
	case IP_PROTO_ESP:
		return LAYER_ESP;
	case IP_PROTO_IPIP:
		return carried(w, 4);
	case IP_PROTO_ICMP:
		walk_event(w, DECODE_EVENT_IPV6_ICMPV4);
		return LAYER_DONE;
	default:
		walk_event(w, DECODE_EVENT_IPV6_UNKNOWN_NEXT_HEADER);
		return LAYER_DONE;
	}
}

static enum layer first_header(struct walk *w, uint8_t proto)
{
	switch (proto) {
	case IP_PROTO_HOPOPTS:
	case IP_PROTO_ROUTING:
	case IP_PROTO_FRAGMENT:
	case IP_PROTO_ESP:
	case IP_PROTO_AH:
	case IP_PROTO_NONE:
	case IP_PROTO_DSTOPTS:
	case IP_PROTO_MOBILITY:
	case IP_PROTO_HIP:
	case IP_PROTO_SHIM6:
		return ipv6_extensions(w, proto);
	case IP_PROTO_IPV6:
		w->p->ip_proto = proto;
		return carried(w, 6);
	case IP_PROTO_GRE:
		w->p->ip_proto = proto;
		w->p->l4 = w->c.pos;
		w->p->l4_len = (uint32_t)cursor_left(&w->c);
		return LAYER_GRE;
	default:
		return ipv6_upper(w, proto);
	}
}

enum layer ipv6_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	struct packet *p = w->p;
	const uint8_t *h = all.data;
	uint16_t payload;

	walk_count(w, DECODE_IPV6);
	w->stage = STAGE_NETWORK;
	if (!walk_layer(w))
		return LAYER_DONE;
	if (all.len < IPV6_HEADER) /* no event: Suricata 7 has one and never sets it */
		return walk_fail(w);
	if (h[0] >> 4 != 6)
		return walk_fail_event(w, DECODE_EVENT_IPV6_WRONG_IP_VERSION);
	payload = be16(h + 4);
	if (all.len < IPV6_HEADER + (size_t)payload)
		return walk_fail_event(w, DECODE_EVENT_IPV6_TRUNC_PKT);
	p->ip_version = 6;
	p->tos = (uint8_t)(be16(h) >> 4);
	p->ttl = h[7];
	p->src = ip_addr_v6(h + 8);
	p->dst = ip_addr_v6(h + 24);
	p->ip = h;
	p->ip_header_len = IPV6_HEADER;
	p->ip_total_len = IPV6_HEADER + (uint32_t)payload;
	cursor_skip(&w->c, IPV6_HEADER);
	walk_clip(w, payload);
	w->accepted = true;
	return first_header(w, h[6]);
}
