/* VN-Tag (IEEE 802.1Qbh). */
#include "dataplane/decode/layer.h"

enum { VNTAG_HEADER = 6 };

enum layer vntag_decode(struct walk *w)
{
	enum layer next;
	struct slice h;

	walk_count(w, DECODE_VNTAG);
	h = cursor_take(&w->c, VNTAG_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_VNTAG_HEADER_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	next = network_layer(w, be16(h.data + 4));
	if (next == LAYER_UNKNOWN)
		return walk_fail_event(w, DECODE_EVENT_VNTAG_UNKNOWN_TYPE);
	return next;
}
