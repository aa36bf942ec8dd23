/* VLAN tags: 802.1Q, 802.1ad and the older QinQ type, and provider backbone bridging (802.1ah). */
#include "dataplane/decode/layer.h"

enum { VLAN_HEADER = 4, VLAN_ID = 0x0fff, IEEE8021AH_HEADER = 18 };

enum layer vlan_decode(struct walk *w)
{
	static const enum decode_counter counters[PACKET_VLANS] = {
		DECODE_VLAN,
		DECODE_VLAN_QINQ,
		DECODE_VLAN_QINQINQ,
	};
	struct packet *p = w->p;
	enum layer next;
	struct slice h;

	if (p->vlan_count < PACKET_VLANS)
		walk_count(w, counters[p->vlan_count]);
	h = cursor_take(&w->c, VLAN_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_VLAN_HEADER_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	if (p->vlan_count >= w->d->config.vlan_depth) {
		walk_event(w, DECODE_EVENT_VLAN_TOO_MANY_LAYERS);
		return walk_fail(w);
	}
	p->vlan[p->vlan_count++] = be16(h.data) & VLAN_ID;
	next = network_layer(w, be16(h.data + 2));
	if (next == LAYER_UNKNOWN)
		return walk_fail_event(w, DECODE_EVENT_VLAN_UNKNOWN_TYPE);
	w->accepted = true;
	return next;
}

enum layer ieee8021ah_decode(struct walk *w)
{
	struct slice h;

	walk_count(w, DECODE_IEEE8021AH);
	h = cursor_take(&w->c, IEEE8021AH_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_IEEE8021AH_HEADER_TOO_SMALL);
	return network_layer(w, be16(h.data + 16));
}
