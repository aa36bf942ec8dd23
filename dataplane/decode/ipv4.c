/* IPv4 (RFC 791). */
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/defrag.h"
#include "dataplane/decode/layer.h"

enum ipv4 {
	IPV4_HEADER = 20,
	IPV4_RESERVED = 0x8000,
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET = 0x1fff,
};

/* No network layer after all; the addresses stay, rules on addresses alone may match. */
static enum layer options_refused(struct walk *w)
{
	w->p->ip = NULL;
	w->p->ip_version = 0;
	w->p->ip_proto = 0;
	return walk_fail(w);
}

static void fill(struct packet *p, const uint8_t *h)
{
	uint16_t flags = be16(h + 6);

	p->ip_version = 4;
	p->tos = h[1];
	p->ip_id = be16(h + 4);
	p->reserved_bit = flags & IPV4_RESERVED;
	p->dont_fragment = flags & IPV4_DONT_FRAGMENT;
	p->more_fragments = flags & IPV4_MORE_FRAGMENTS;
	p->frag_offset = flags & IPV4_OFFSET;
	p->ttl = h[8];
	p->ip_proto = h[9];
	p->src = ip_addr_v4(h + 12);
	p->dst = ip_addr_v4(h + 16);
}

/* A fragment has no layer 4; the datagram it completes becomes the child. */
static enum layer fragment(struct walk *w)
{
	struct packet *p = w->p;
	struct fragment_in in = {
		.header = {p->ip, p->ip_header_len},
		.data = cursor_rest(&w->c),
		.offset = (uint32_t)p->frag_offset * 8,
		.more = p->more_fragments,
		.id = p->ip_id,
		.proto = p->ip_proto,
	};

	p->flags |= PACKET_FRAGMENT;
	if (defrag_add(w->d->defrag, p, &in, &w->child.data)) {
		w->child.kind = CHILD_DATAGRAM;
		w->child.layer = LAYER_IPV4;
	}
	return LAYER_DONE;
}

static enum layer upper(struct walk *w)
{
	struct slice rest = cursor_rest(&w->c);
	struct packet *p = w->p;

	p->l4 = rest.data;
	p->l4_len = (uint32_t)rest.len;
	switch (p->ip_proto) {
	case IP_PROTO_TCP:
		return LAYER_TCP;
	case IP_PROTO_UDP:
		return LAYER_UDP;
	case IP_PROTO_ICMP:
		return LAYER_ICMP4;
	case IP_PROTO_GRE:
		return LAYER_GRE;
	case IP_PROTO_SCTP:
		return LAYER_SCTP;
	case IP_PROTO_ESP:
		return LAYER_ESP;
	case IP_PROTO_IPV6:
		p->flags |= PACKET_WANTS_FLOW;
		walk_tunnel(w, LAYER_IPV6);
		return LAYER_DONE;
	case IP_PROTO_IPIP:
		if (w->d->config.ip4_in_ip4)
			walk_tunnel(w, LAYER_IPV4);
		return LAYER_DONE;
	case 0: /* RFC 1144: the protocol field held the connection number */
		return w->vj_uncompressed ? LAYER_TCP : LAYER_DONE;
	case IP_PROTO_ICMPV6:
		walk_invalid(w, DECODE_EVENT_IPV4_ICMPV6);
		return LAYER_DONE;
	default:
		return LAYER_DONE;
	}
}

enum layer ipv4_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	struct packet *p = w->p;
	const uint8_t *h = all.data;
	uint16_t header, total;

	walk_count(w, DECODE_IPV4);
	w->stage = STAGE_NETWORK;
	if (!walk_layer(w))
		return LAYER_DONE;
	if (all.len < IPV4_HEADER)
		return walk_fail_event(w, DECODE_EVENT_IPV4_PKT_TOO_SMALL);
	if (h[0] >> 4 != 4)
		return walk_fail_event(w, DECODE_EVENT_IPV4_WRONG_IP_VERSION);
	header = (h[0] & 0x0f) * 4;
	total = be16(h + 2);
	if (header < IPV4_HEADER)
		return walk_fail_event(w, DECODE_EVENT_IPV4_HLEN_TOO_SMALL);
	if (total < header)
		return walk_fail_event(w, DECODE_EVENT_IPV4_IPLEN_SMALLER_THAN_HLEN);
	if (all.len < total)
		return walk_fail_event(w, DECODE_EVENT_IPV4_TRUNC_PKT);
	fill(p, h);
	p->ip = h;
	p->ip_header_len = header;
	p->ip_total_len = total;
	cursor_skip(&w->c, IPV4_HEADER);
	if (header > IPV4_HEADER &&
	    !ipv4_options(w, cursor_take(&w->c, (size_t)header - IPV4_HEADER)))
		return options_refused(w);
	walk_clip(w, (size_t)total - header);
	w->accepted = true;
	if (be16(h + 6) & (IPV4_OFFSET | IPV4_MORE_FRAGMENTS))
		return fragment(w);
	return upper(w);
}
