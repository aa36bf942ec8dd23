/* Tunnels in UDP: VXLAN (RFC 7348), Geneve (RFC 8926), Teredo (RFC 4380). Each is believed only
 * when its header is flawless; otherwise the packet is plain UDP. */
#include "dataplane/decode/layer.h"

enum udp_tunnel {
	ETHER_IPV4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_ETHERNET = 0x6558,
	ETHER_VLAN = 0x8100,
	ETHER_IPV6 = 0x86dd,
	ETHER_8021AD = 0x88a8,
	ETHER_QINQ = 0x9100,

	ETHERNET_HEADER = 14,
	VXLAN_HEADER = 8,
	VXLAN_HAS_ID = 0x08,
	GENEVE_HEADER = 8,
	GENEVE_OPTION = 4,
	GENEVE_OPTION_LENGTH = 0x1f,
	GENEVE_RESERVED = 0x3f,
	IPV6_HEADER = 40,
	TEREDO_ORIGIN = 8,
};

static void found(struct walk *w, enum layer layer, struct slice data)
{
	walk_child(w, CHILD_TUNNEL, layer, data);
}

bool vxlan_found(struct walk *w, struct slice payload)
{
	struct cursor c = cursor_of(payload);
	struct slice vxlan = cursor_take(&c, VXLAN_HEADER);
	struct slice ethernet = cursor_take(&c, ETHERNET_HEADER);

	if (c.bad || !walk_layer(w))
		return false;
	if (!(vxlan.data[0] & VXLAN_HAS_ID) || vxlan.data[7] != 0)
		return false;
	walk_count(w, DECODE_VXLAN);
	switch (be16(ethernet.data + 12)) {
	case ETHER_ARP:
		break;
	case ETHER_IPV4:
		found(w, LAYER_IPV4, cursor_rest(&c));
		break;
	case ETHER_IPV6:
		found(w, LAYER_IPV6, cursor_rest(&c));
		break;
	case ETHER_VLAN:
	case ETHER_8021AD:
	case ETHER_QINQ:
		found(w, LAYER_VLAN, cursor_rest(&c));
		break;
	default:
		walk_invalid(w, DECODE_EVENT_VXLAN_UNKNOWN_PAYLOAD_TYPE);
		break;
	}
	return true;
}

/* RFC 8926 section 3.5: the options fill their length exactly. */
static bool geneve_options(struct cursor c)
{
	while (cursor_left(&c)) {
		struct slice h = cursor_take(&c, GENEVE_OPTION);

		if (c.bad)
			return false;
		cursor_skip(&c, (size_t)(h.data[3] & GENEVE_OPTION_LENGTH) * 4);
	}
	return !c.bad;
}

bool geneve_found(struct walk *w, struct slice payload)
{
	struct cursor c = cursor_of(payload);
	struct slice h = cursor_take(&c, GENEVE_HEADER);
	struct cursor options;

	if (c.bad || !walk_layer(w))
		return false;
	options = cursor_child(&c, (size_t)(h.data[0] & GENEVE_RESERVED) * 4);
	if (c.bad || h.data[0] >> 6 != 0 || h.data[1] & GENEVE_RESERVED || h.data[7] != 0)
		return false;
	if (!geneve_options(options))
		return false;
	walk_count(w, DECODE_GENEVE);
	switch (be16(h.data + 2)) {
	case ETHER_ARP:
		break;
	case ETHER_IPV4:
		found(w, LAYER_IPV4, cursor_rest(&c));
		break;
	case ETHER_IPV6:
		found(w, LAYER_IPV6, cursor_rest(&c));
		break;
	case ETHER_ETHERNET:
		found(w, LAYER_ETHERNET, cursor_rest(&c));
		break;
	default:
		walk_invalid(w, DECODE_EVENT_GENEVE_UNKNOWN_PAYLOAD_TYPE);
		break;
	}
	return true;
}

/* Nothing in the packet says "Teredo": an IPv6 packet that fills the payload, with a hop limit, is
 * taken for it, and given up again when its decoding finds a fault. */
bool teredo_found(struct walk *w, struct slice payload)
{
	struct cursor c = cursor_of(payload);
	struct slice inner, h;

	if (payload.len >= 2 && be16(payload.data) == 0) /* origin indication, section 5.1.1 */
		cursor_skip(&c, TEREDO_ORIGIN);
	inner = cursor_rest(&c);
	h = cursor_take(&c, IPV6_HEADER);
	if (c.bad || h.data[0] >> 4 != 6 || h.data[7] == 0)
		return false;
	if (h.data[6] == IP_PROTO_HOPOPTS && be16(h.data + 4) < 8)
		return false;
	if (cursor_left(&c) != be16(h.data + 4))
		return false;
	return walk_child(w, CHILD_TEREDO, LAYER_IPV6, inner);
}
