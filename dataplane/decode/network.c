/* From an ether type to the layer that decodes it. */
#include "dataplane/decode/layer.h"

enum ether_type {
	ETHER_IPV4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_VLAN = 0x8100,
	ETHER_IPV6 = 0x86dd,
	ETHER_MPLS_UNICAST = 0x8847,
	ETHER_MPLS_MULTICAST = 0x8848,
	ETHER_PPPOE_DISCOVERY = 0x8863,
	ETHER_PPPOE_SESSION = 0x8864,
	ETHER_8021AD = 0x88a8,
	ETHER_8021AH = 0x88e7,
	ETHER_DCE = 0x8903,
	ETHER_VNTAG = 0x8926,
	ETHER_NSH = 0x894f,
	ETHER_QINQ = 0x9100,
};

static void keep_rest(struct walk *w)
{
	struct slice rest = cursor_rest(&w->c);

	w->p->l3 = rest.data;
	w->p->l3_len = (uint32_t)rest.len;
}

static enum layer vlan_layer(struct walk *w)
{
	if (w->p->vlan_count < w->d->config.vlan_depth)
		return LAYER_VLAN;
	walk_event(w, DECODE_EVENT_VLAN_TOO_MANY_LAYERS);
	return LAYER_DONE;
}

static enum layer other_layer(struct walk *w, uint16_t ether_type)
{
	switch (ether_type) {
	case ETHER_8021AH:
		return LAYER_IEEE8021AH;
	case ETHER_ARP:
		walk_count(w, DECODE_ARP);
		keep_rest(w);
		return LAYER_DONE;
	case ETHER_MPLS_UNICAST:
	case ETHER_MPLS_MULTICAST:
		return LAYER_MPLS;
	case ETHER_DCE:
		return LAYER_DCE;
	case ETHER_VNTAG:
		return LAYER_VNTAG;
	case ETHER_NSH:
		return LAYER_NSH;
	default:
		walk_count(w, DECODE_UNKNOWN_ETHERTYPE);
		keep_rest(w);
		return LAYER_UNKNOWN;
	}
}

enum layer network_layer(struct walk *w, uint16_t ether_type)
{
	w->p->ether_type = ether_type;
	switch (ether_type) {
	case ETHER_IPV4:
		walk_clip(w, UINT16_MAX);
		return LAYER_IPV4;
	case ETHER_IPV6:
		walk_clip(w, UINT16_MAX);
		return LAYER_IPV6;
	case ETHER_PPPOE_SESSION:
		return LAYER_PPPOE_SESSION;
	case ETHER_PPPOE_DISCOVERY:
		return LAYER_PPPOE_DISCOVERY;
	case ETHER_VLAN:
	case ETHER_8021AD:
	case ETHER_QINQ:
		return vlan_layer(w);
	default:
		return other_layer(w, ether_type);
	}
}
