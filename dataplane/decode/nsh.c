/* Network Service Header (RFC 8300). */
#include "dataplane/decode/layer.h"

enum nsh {
	NSH_BASE = 8,
	NSH_TYPE1_LENGTH = 24,
	NSH_TYPE_RESERVED = 0,
	NSH_TYPE_FIXED = 1,
	NSH_TYPE_VARIABLE = 2,
	NSH_TYPE_EXPERIMENT = 15,
	NSH_NEXT_IPV4 = 1,
	NSH_NEXT_IPV6 = 2,
	NSH_NEXT_ETHERNET = 3,
	NSH_NEXT_MPLS = 5,
};

static enum layer next_layer(struct walk *w, uint8_t next)
{
	size_t left = cursor_left(&w->c);

	switch (next) {
	case NSH_NEXT_IPV4:
		return left > UINT16_MAX ? walk_fail(w) : LAYER_IPV4;
	case NSH_NEXT_IPV6:
		return left > UINT16_MAX ? walk_fail(w) : LAYER_IPV6;
	case NSH_NEXT_ETHERNET:
		return LAYER_ETHERNET;
	case NSH_NEXT_MPLS:
		return LAYER_MPLS;
	default:
		walk_event(w, DECODE_EVENT_NSH_UNKNOWN_PAYLOAD);
		return LAYER_DONE;
	}
}

enum layer nsh_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	uint16_t first, length;
	uint8_t type;

	walk_count(w, DECODE_NSH);
	if (all.len < NSH_BASE)
		return walk_fail_event(w, DECODE_EVENT_NSH_HEADER_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	first = be16(all.data);
	if (first >> 14 != 0) { /* version */
		walk_event(w, DECODE_EVENT_NSH_UNSUPPORTED_VERSION);
		return LAYER_DONE;
	}
	length = (first & 0x3f) * 4;
	if (length >= all.len)
		return walk_fail_event(w, DECODE_EVENT_NSH_BAD_HEADER_LENGTH);
	type = all.data[2];
	if (type == NSH_TYPE_RESERVED || type == NSH_TYPE_EXPERIMENT) {
		walk_event(w, DECODE_EVENT_NSH_RESERVED_TYPE);
		return LAYER_DONE;
	}
	if (type == NSH_TYPE_FIXED && length != NSH_TYPE1_LENGTH)
		return walk_fail_event(w, DECODE_EVENT_NSH_BAD_HEADER_LENGTH);
	if (type > NSH_TYPE_VARIABLE) {
		walk_event(w, DECODE_EVENT_NSH_UNSUPPORTED_TYPE);
		return LAYER_DONE;
	}
	cursor_skip(&w->c, length);
	return next_layer(w, all.data[3]);
}
