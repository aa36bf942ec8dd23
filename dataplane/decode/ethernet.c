/* Ethernet II (IEEE 802.3) and Cisco DCE, which is Ethernet in Ethernet behind two bytes. */
#include "dataplane/decode/layer.h"

enum { ETHERNET_HEADER = 14, DCE_HEADER = 2 };

enum layer ethernet_decode(struct walk *w)
{
	struct packet *p = w->p;
	struct slice h;

	walk_count(w, DECODE_ETHERNET);
	h = cursor_take(&w->c, ETHERNET_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_ETHERNET_PKT_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	memcpy(p->dst_mac.bytes, h.data, 6);
	memcpy(p->src_mac.bytes, h.data + 6, 6);
	p->has_mac = true;
	w->accepted = true;
	return network_layer(w, be16(h.data + 12));
}

enum layer dce_decode(struct walk *w)
{
	if (cursor_left(&w->c) < ETHERNET_HEADER + DCE_HEADER)
		return walk_fail_event(w, DECODE_EVENT_DCE_PKT_TOO_SMALL);
	cursor_skip(&w->c, DCE_HEADER);
	return LAYER_ETHERNET;
}
