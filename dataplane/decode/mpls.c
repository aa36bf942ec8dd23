/* MPLS (RFC 3032): the labels are skipped; what follows is told by the last label or guessed from
 * its first bits (RFC 4385 for the pseudo-wire control word). */
#include "dataplane/decode/layer.h"

enum mpls {
	MPLS_BOTTOM = 0x100,
	MPLS_LABEL_SHIFT = 12,
	MPLS_IPV4_NULL = 0,
	MPLS_ROUTER_ALERT = 1,
	MPLS_IPV6_NULL = 2,
	MPLS_IMPLICIT_NULL = 3,
	MPLS_RESERVED = 15, /* labels below are reserved */
	MPLS_CONTROL_WORD = 4,
};

/* Whether the payload is longer than IP can be. */
static bool oversized(const struct walk *w)
{
	return cursor_left(&w->c) > UINT16_MAX;
}

static enum layer payload_guessed(struct walk *w)
{
	struct slice rest = cursor_rest(&w->c);

	if (rest.len < MPLS_CONTROL_WORD)
		return walk_fail_event(w, DECODE_EVENT_MPLS_PKT_TOO_SMALL);
	w->accepted = true;
	switch (rest.data[0] >> 4) {
	case 0:
		cursor_skip(&w->c, MPLS_CONTROL_WORD);
		return LAYER_ETHERNET;
	case 4:
		return oversized(w) ? walk_fail(w) : LAYER_IPV4;
	case 6:
		return oversized(w) ? walk_fail(w) : LAYER_IPV6;
	default:
		walk_invalid(w, DECODE_EVENT_MPLS_UNKNOWN_PAYLOAD_TYPE);
		return LAYER_DONE;
	}
}

static enum layer payload_by_label(struct walk *w, uint32_t label)
{
	switch (label) {
	case MPLS_IPV4_NULL:
		return oversized(w) ? walk_fail(w) : LAYER_IPV4;
	case MPLS_IPV6_NULL:
		return oversized(w) ? walk_fail(w) : LAYER_IPV6;
	case MPLS_ROUTER_ALERT: /* not allowed at the bottom of the stack */
		walk_event(w, DECODE_EVENT_MPLS_BAD_LABEL_ROUTER_ALERT);
		return LAYER_DONE;
	case MPLS_IMPLICIT_NULL: /* never on the wire */
		walk_event(w, DECODE_EVENT_MPLS_BAD_LABEL_IMPLICIT_NULL);
		return LAYER_DONE;
	default:
		break;
	}
	if (label < MPLS_RESERVED) {
		walk_event(w, DECODE_EVENT_MPLS_BAD_LABEL_RESERVED);
		return LAYER_DONE;
	}
	return payload_guessed(w);
}

enum layer mpls_decode(struct walk *w)
{
	unsigned labels = 0;
	uint32_t shim;

	walk_count(w, DECODE_MPLS);
	if (!walk_layer(w))
		return LAYER_DONE;
	do {
		if (++labels > LIMIT_MPLS_LABELS) {
			walk_count(w, DECODE_MPLS_LABELS);
			return walk_fail(w);
		}
		shim = cursor_u32(&w->c);
		if (w->c.bad)
			return walk_fail_event(w, DECODE_EVENT_MPLS_HEADER_TOO_SMALL);
	} while (!(shim & MPLS_BOTTOM));
	return payload_by_label(w, shim >> MPLS_LABEL_SHIFT);
}
