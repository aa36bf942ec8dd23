/* GRE: version 0 (RFC 1701, RFC 2784, RFC 2890) and PPTP's version 1 (RFC 2637). */
#include "dataplane/decode/layer.h"

enum gre {
	GRE_HEADER = 4,
	GRE_FIELD = 4, /* checksum and offset, key, sequence, acknowledgement: each */
	GRE_SOURCE_ROUTE = 4,

	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_STRICT = 0x0800,
	GRE_RECURSION = 0x0700,
	GRE_ACKNOWLEDGE = 0x0080, /* version 1 */
	GRE_FLAGS = 0x0078,
	GRE_VERSION = 0x0007,

	GRE_PPP = 0x880b,
	GRE_IPV4 = 0x0800,
	GRE_IPV6 = 0x86dd,
	GRE_VLAN = 0x8100,
	GRE_ERSPAN = 0x88be,
	GRE_ERSPAN3 = 0x22eb,
	GRE_ETHERNET = 0x6558,
};

/* RFC 1701: entries of address family, offset and length up to an empty one. */
static bool skip_source_routes(struct cursor *c)
{
	for (;;) {
		struct slice h = cursor_take(c, GRE_SOURCE_ROUTE);

		if (c->bad)
			return false;
		if (be16(h.data) == 0 && h.data[3] == 0)
			return true;
		if (!cursor_skip(c, h.data[3]))
			return false;
	}
}

/* Both return DECODE_EVENT_COUNT when the header is good; the cursor is then behind it. */
static enum decode_event version0(struct cursor *c, uint16_t flags)
{
	size_t fields = 0;

	if (flags & GRE_RECURSION)
		return DECODE_EVENT_GRE_VERSION0_RECUR;
	if (flags & GRE_FLAGS)
		return DECODE_EVENT_GRE_VERSION0_FLAGS;
	if (flags & GRE_KEY)
		fields++;
	if (flags & GRE_SEQUENCE)
		fields++;
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		fields++;
	if (!cursor_skip(c, fields * GRE_FIELD))
		return DECODE_EVENT_GRE_VERSION0_HDR_TOO_BIG;
	if ((flags & GRE_ROUTING) && !skip_source_routes(c))
		return DECODE_EVENT_GRE_VERSION0_MALFORMED_SRE_HDR;
	return DECODE_EVENT_COUNT;
}

static enum decode_event version1(struct cursor *c, uint16_t flags, uint16_t protocol)
{
	size_t fields = 1;

	if (flags & GRE_CHECKSUM)
		return DECODE_EVENT_GRE_VERSION1_CHKSUM;
	if (flags & GRE_ROUTING)
		return DECODE_EVENT_GRE_VERSION1_ROUTE;
	if (flags & GRE_STRICT)
		return DECODE_EVENT_GRE_VERSION1_SSR;
	if (flags & GRE_RECURSION)
		return DECODE_EVENT_GRE_VERSION1_RECUR;
	if (flags & GRE_FLAGS)
		return DECODE_EVENT_GRE_VERSION1_FLAGS;
	if (protocol != GRE_PPP)
		return DECODE_EVENT_GRE_VERSION1_WRONG_PROTOCOL;
	if (!(flags & GRE_KEY))
		return DECODE_EVENT_GRE_VERSION1_NO_KEY;
	if (flags & GRE_SEQUENCE)
		fields++;
	if (flags & GRE_ACKNOWLEDGE)
		fields++;
	if (!cursor_skip(c, fields * GRE_FIELD))
		return DECODE_EVENT_GRE_VERSION1_HDR_TOO_BIG;
	return DECODE_EVENT_COUNT;
}

/* Where a tunnel carries ERSPAN, its sequence number tells type II from type I. */
static void erspan_child(struct walk *w, uint16_t flags)
{
	if (flags & GRE_SEQUENCE)
		walk_tunnel(w, LAYER_ERSPAN2);
	else if (w->d->config.erspan1)
		walk_tunnel(w, LAYER_ERSPAN1);
}

static void payload_child(struct walk *w, uint16_t flags, uint16_t protocol)
{
	switch (protocol) {
	case GRE_IPV4:
		walk_tunnel(w, LAYER_IPV4);
		break;
	case GRE_IPV6:
		walk_tunnel(w, LAYER_IPV6);
		break;
	case GRE_PPP:
		walk_tunnel(w, LAYER_PPP);
		break;
	case GRE_VLAN:
		walk_tunnel(w, LAYER_VLAN);
		break;
	case GRE_ETHERNET:
		walk_tunnel(w, LAYER_ETHERNET);
		break;
	case GRE_ERSPAN:
		erspan_child(w, flags);
		break;
	case GRE_ERSPAN3:
		walk_tunnel(w, LAYER_ERSPAN3);
		break;
	default:
		break;
	}
}

enum layer gre_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	enum decode_event wrong = DECODE_EVENT_GRE_WRONG_VERSION;
	uint16_t flags, protocol, version;

	walk_count(w, DECODE_GRE);
	w->stage = STAGE_TRANSPORT;
	if (all.len < GRE_HEADER) {
		walk_invalid(w, DECODE_EVENT_GRE_PKT_TOO_SMALL);
		return LAYER_DONE;
	}
	if (!walk_layer(w))
		return LAYER_DONE;
	cursor_skip(&w->c, GRE_HEADER);
	flags = be16(all.data);
	protocol = be16(all.data + 2);
	version = flags & GRE_VERSION;
	if (version == 0)
		wrong = version0(&w->c, flags);
	else if (version == 1)
		wrong = version1(&w->c, flags, protocol);
	if (wrong != DECODE_EVENT_COUNT) {
		walk_invalid(w, wrong);
		return LAYER_DONE;
	}
	if (version == 1 && be16(all.data + 4) == 0) /* an acknowledgement without payload */
		return LAYER_DONE;
	payload_child(w, flags, protocol);
	return LAYER_DONE;
}
