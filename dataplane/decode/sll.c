/* Linux cooked captures, version 1 and 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2), and Cisco HDLC:
 * a header that holds an ether type. */
#include "dataplane/decode/layer.h"

enum { SLL_HEADER = 16, SLL2_HEADER = 20, CHDLC_HEADER = 4 };

enum layer sll_decode(struct walk *w)
{
	struct slice h;

	walk_count(w, DECODE_SLL);
	h = cursor_take(&w->c, SLL_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_SLL_PKT_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	return network_layer(w, be16(h.data + 14));
}

enum layer sll2_decode(struct walk *w)
{
	struct slice h;

	walk_count(w, DECODE_SLL);
	h = cursor_take(&w->c, SLL2_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_SLL_PKT_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	return network_layer(w, be16(h.data));
}

enum layer chdlc_decode(struct walk *w)
{
	struct slice h;

	walk_count(w, DECODE_CHDLC);
	h = cursor_take(&w->c, CHDLC_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_CHDLC_PKT_TOO_SMALL);
	if (cursor_left(&w->c) > UINT16_MAX)
		return walk_fail(w);
	if (!walk_layer(w))
		return LAYER_DONE;
	return network_layer(w, be16(h.data + 2));
}
