/* Captures without a link header: raw IP (LINKTYPE_RAW), and the BSD loopback's address family in
 * front of it (LINKTYPE_NULL in the byte order of the machine that captured, LINKTYPE_LOOP big
 * endian). */
#include "dataplane/decode/layer.h"

enum {
	IPV4_MIN = 20,
	FAMILY_INET = 2,
	FAMILY_INET6_LINUX = 10,
	FAMILY_INET6_WINDOWS = 23,
	FAMILY_INET6_BSD = 24,
	FAMILY_INET6_SOLARIS = 26,
	FAMILY_INET6_FREEBSD = 28,
	FAMILY_INET6_DARWIN = 30,
};

enum layer raw_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);

	walk_count(w, DECODE_RAW);
	if (all.len < IPV4_MIN)
		return walk_fail_event(w, DECODE_EVENT_IPV4_PKT_TOO_SMALL);
	switch (all.data[0] >> 4) {
	case 4:
		return all.len > UINT16_MAX ? walk_fail(w) : LAYER_IPV4;
	case 6:
		return all.len > UINT16_MAX ? walk_fail(w) : LAYER_IPV6;
	default:
		walk_event(w, DECODE_EVENT_IPRAW_INVALID_IP_VERSION);
		return LAYER_DONE;
	}
}

static enum layer family_layer(struct walk *w, uint32_t family)
{
	if (cursor_left(&w->c) > UINT16_MAX)
		return walk_fail(w);
	switch (family) {
	case FAMILY_INET:
		return LAYER_IPV4;
	case FAMILY_INET6_LINUX:
	case FAMILY_INET6_WINDOWS:
	case FAMILY_INET6_BSD:
	case FAMILY_INET6_SOLARIS:
	case FAMILY_INET6_FREEBSD:
	case FAMILY_INET6_DARWIN:
		return LAYER_IPV6;
	default:
		walk_event(w, DECODE_EVENT_LTNULL_UNSUPPORTED_TYPE);
		return LAYER_DONE;
	}
}

enum layer null_decode(struct walk *w)
{
	uint32_t family = cursor_u32_le(&w->c);

	walk_count(w, DECODE_NULL);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_LTNULL_PKT_TOO_SMALL);
	return family_layer(w, family);
}

enum layer loop_decode(struct walk *w)
{
	uint32_t family = cursor_u32(&w->c);

	walk_count(w, DECODE_NULL);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_LTNULL_PKT_TOO_SMALL);
	return family_layer(w, family);
}
