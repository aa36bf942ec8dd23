/* ERSPAN, what switches mirror over GRE (draft-foschiano-erspan-03): type I is the bare frame, type
 * II has eight bytes, type III twelve and an optional sub-header. Type III is not decoded by
 * Suricata 7; a mirror port that uses it would otherwise be blind. */
#include "dataplane/decode/layer.h"

enum erspan {
	ERSPAN2_HEADER = 8,
	ERSPAN3_HEADER = 12,
	ERSPAN3_SUBHEADER = 8,
	ERSPAN2_VERSION = 1,
	ERSPAN3_VERSION = 2,
	ERSPAN_VLAN = 0x0fff,
	ERSPAN3_HAS_SUBHEADER = 0x0001,
	ERSPAN3_FRAME_TYPE_SHIFT = 10,
	ERSPAN3_FRAME_TYPE = 0x1f,
	ERSPAN3_FRAME_ETHERNET = 0,
	ERSPAN3_FRAME_IP = 2,
};

enum layer erspan1_decode(struct walk *w)
{
	walk_count(w, DECODE_ERSPAN);
	return LAYER_ETHERNET;
}

/* Version and VLAN of both headers. */
static bool first_word(struct walk *w, uint16_t word, uint16_t version)
{
	struct packet *p = w->p;

	if (word >> 12 != version) {
		walk_event(w, DECODE_EVENT_ERSPAN_UNSUPPORTED_VERSION);
		return false;
	}
	if ((word & ERSPAN_VLAN) == 0)
		return true;
	if (p->vlan_count >= w->d->config.vlan_depth) {
		walk_event(w, DECODE_EVENT_ERSPAN_TOO_MANY_VLAN_LAYERS);
		return false;
	}
	p->vlan[p->vlan_count++] = word & ERSPAN_VLAN;
	return true;
}

enum layer erspan2_decode(struct walk *w)
{
	struct slice h;

	walk_count(w, DECODE_ERSPAN);
	h = cursor_take(&w->c, ERSPAN2_HEADER);
	if (w->c.bad) {
		walk_event(w, DECODE_EVENT_ERSPAN_HEADER_TOO_SMALL);
		return walk_fail(w);
	}
	if (!walk_layer(w))
		return LAYER_DONE;
	return first_word(w, be16(h.data), ERSPAN2_VERSION) ? LAYER_ETHERNET : walk_fail(w);
}

enum layer erspan3_decode(struct walk *w)
{
	struct slice h;
	uint16_t last;

	walk_count(w, DECODE_ERSPAN);
	h = cursor_take(&w->c, ERSPAN3_HEADER);
	if (w->c.bad) {
		walk_event(w, DECODE_EVENT_ERSPAN_HEADER_TOO_SMALL);
		return walk_fail(w);
	}
	if (!walk_layer(w) || !first_word(w, be16(h.data), ERSPAN3_VERSION))
		return walk_fail(w);
	last = be16(h.data + 10);
	if ((last & ERSPAN3_HAS_SUBHEADER) && !cursor_skip(&w->c, ERSPAN3_SUBHEADER)) {
		walk_event(w, DECODE_EVENT_ERSPAN_HEADER_TOO_SMALL);
		return walk_fail(w);
	}
	switch (last >> ERSPAN3_FRAME_TYPE_SHIFT & ERSPAN3_FRAME_TYPE) {
	case ERSPAN3_FRAME_ETHERNET:
		return LAYER_ETHERNET;
	case ERSPAN3_FRAME_IP:
		return LAYER_RAW;
	default:
		return walk_fail(w);
	}
}
