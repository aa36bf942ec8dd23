/* IPv6 extension headers (RFC 8200 section 4, RFC 4302, RFC 6275, RFC 7401, RFC 5533). */
#include "dataplane/decode/defrag.h"
#include "dataplane/decode/layer.h"

enum { FRAGMENT_HEADER = 8, SHORTEST_HEADER = 2, AH_HEADER = 12 };

enum ipv6_option {
	OPTION_PAD1 = 0,
	OPTION_PADN = 1,
	OPTION_ROUTER_ALERT = 0x05, /* RFC 2711 */
	OPTION_JUMBO = 0xc2,	    /* RFC 2675 */
	OPTION_HOME_ADDRESS = 0xc9, /* RFC 6275 */
};

struct chain {
	struct walk *w;
	uint8_t next;	      /* type of the header that comes */
	const uint8_t *named; /* where its type stands, NULL before the first extension */
	unsigned dstopts;
	bool hopopts, routing, ah, fragment;
};

/* Takes `length` bytes of the header; its first byte names the next one. */
static bool take(struct chain *x, size_t length, struct slice *ret)
{
	*ret = cursor_take(&x->w->c, length);
	if (x->w->c.bad) {
		walk_invalid(x->w, DECODE_EVENT_IPV6_TRUNC_EXTHDR);
		return false;
	}
	x->next = ret->data[0];
	x->named = ret->data;
	return true;
}

/* Length of a header that counts in units of 8 bytes, the first not counted. */
static size_t length8(const struct walk *w)
{
	return ((size_t)w->c.pos[1] + 1) * 8;
}

/* The shortest body of a known option that is checked. */
static uint8_t option_min(uint8_t type)
{
	switch (type) {
	case OPTION_ROUTER_ALERT:
		return 2;
	case OPTION_JUMBO:
		return 4;
	case OPTION_HOME_ADDRESS:
		return 16;
	default:
		return 0;
	}
}

struct option_counts {
	unsigned padding, other;
};

/* One option other than Pad1; false ends the list. */
static bool option(struct walk *w, struct cursor *c, bool hop, struct option_counts *n)
{
	uint8_t type = cursor_u8(c);
	uint8_t length = cursor_u8(c);

	if (c->bad || cursor_left(c) + 1 < length || length < option_min(type)) {
		walk_invalid(w, DECODE_EVENT_IPV6_EXTHDR_INVALID_OPTLEN);
		return false;
	}
	if (type == OPTION_PADN) {
		n->padding++;
		if (length == 0)
			walk_event(w, DECODE_EVENT_IPV6_ZERO_LEN_PADN);
	} else if (option_min(type) == 0) {
		walk_event(w, hop ? DECODE_EVENT_IPV6_HOPOPTS_UNKNOWN_OPT
				  : DECODE_EVENT_IPV6_DSTOPTS_UNKNOWN_OPT);
		n->other++;
	} else if (type != OPTION_JUMBO) {
		n->other++;
	}
	if (length > cursor_left(c)) /* one byte over the end passes; nothing follows it */
		length = (uint8_t)cursor_left(c);
	cursor_skip(c, length);
	return true;
}

static void options(struct walk *w, struct slice body, bool hop)
{
	struct cursor c = cursor_of(body);
	struct option_counts n = {0, 0};

	while (cursor_left(&c)) {
		if (cursor_peek(&c) == OPTION_PAD1) {
			cursor_skip(&c, 1);
			n.padding++;
		} else if (!option(w, &c, hop, &n)) {
			break;
		}
	}
	if (n.padding && !n.other)
		walk_event(w, hop ? DECODE_EVENT_IPV6_HOPOPTS_ONLY_PADDING
				  : DECODE_EVENT_IPV6_DSTOPTS_ONLY_PADDING);
}

static bool options_header(struct chain *x, bool hop)
{
	struct slice h;

	if (!take(x, length8(x->w), &h))
		return false;
	if (hop ? x->hopopts : x->dstopts == 2) { /* one before and one behind routing */
		walk_event(x->w, hop ? DECODE_EVENT_IPV6_EXTHDR_DUPL_HH
				     : DECODE_EVENT_IPV6_EXTHDR_DUPL_DH);
		return true;
	}
	if (hop)
		x->hopopts = true;
	else
		x->dstopts++;
	options(x->w, slice_sub(h, 2, h.len), hop);
	return true;
}

static bool routing_header(struct chain *x)
{
	struct slice h;

	if (!take(x, length8(x->w), &h))
		return false;
	if (x->routing) {
		walk_event(x->w, DECODE_EVENT_IPV6_EXTHDR_DUPL_RH);
	} else if (h.data[2] == 0) { /* RFC 5095 */
		walk_event(x->w, DECODE_EVENT_IPV6_RH_TYPE_0);
	}
	x->routing = true;
	return true;
}

static bool authentication_header(struct chain *x)
{
	uint8_t words = x->w->c.pos[1]; /* in units of 4 bytes, minus 2 */
	struct slice h;

	if (!take(x, AH_HEADER + (words ? ((size_t)words - 1) * 4 : 0), &h))
		return false;
	if (be16(h.data + 2) != 0)
		walk_event(x->w, DECODE_EVENT_IPV6_EXTHDR_AH_RES_NOT_NULL);
	if (x->ah)
		walk_event(x->w, DECODE_EVENT_IPV6_EXTHDR_DUPL_AH);
	x->ah = true;
	return true;
}

static void defragment(struct chain *x, const uint8_t *named, const uint8_t *header)
{
	struct walk *w = x->w;
	struct packet *p = w->p;
	struct fragment_in in = {
		.header = {p->ip, (size_t)(header - p->ip)},
		.data = cursor_rest(&w->c),
		.offset = (uint32_t)p->frag_offset * 8,
		.more = p->more_fragments,
		.id = be32(header + 4),
		.next_header = header[0],
		.next_header_at = named ? (uint32_t)(named - p->ip) : 6,
	};

	if (!defrag_add(w->d->defrag, p, &in, &w->child.data))
		return;
	w->child.kind = CHILD_DATAGRAM;
	w->child.layer = LAYER_IPV6;
}

/* False ends the packet: the rest is seen when the datagram is whole. */
static bool fragment_header(struct chain *x)
{
	const uint8_t *named = x->named;
	size_t left = cursor_left(&x->w->c);
	struct packet *p = x->w->p;
	struct slice h;
	uint16_t field;

	if (!take(x, FRAGMENT_HEADER, &h))
		return false;
	if (h.data[1] != 0)
		walk_event(x->w, DECODE_EVENT_IPV6_FH_NON_ZERO_RESERVED_FIELD);
	if (x->fragment) {
		walk_event(x->w, DECODE_EVENT_IPV6_EXTHDR_DUPL_FH);
		return true;
	}
	x->fragment = true;
	field = be16(h.data + 2);
	p->frag_offset = field >> 3;
	p->more_fragments = field & 1;
	if (!p->more_fragments && p->frag_offset == 0) { /* RFC 6946 */
		walk_event(x->w, DECODE_EVENT_IPV6_EXTHDR_USELESS_FH);
		return true;
	}
	if (p->more_fragments && left % 8)
		walk_event(x->w, DECODE_EVENT_IPV6_FRAG_INVALID_LENGTH);
	p->flags |= PACKET_FRAGMENT;
	p->ip_proto = IP_PROTO_FRAGMENT;
	defragment(x, named, h.data);
	return false;
}

/* Takes the header at the cursor; false ends the chain, then *ret is the layer that follows. */
static bool extension(struct chain *x, enum layer *ret)
{
	struct slice h;
	uint8_t type = x->next;

	*ret = LAYER_DONE;
	switch (type) {
	case IP_PROTO_HOPOPTS:
	case IP_PROTO_DSTOPTS:
		x->w->p->ip_proto = type;
		return options_header(x, type == IP_PROTO_HOPOPTS);
	case IP_PROTO_ROUTING:
		x->w->p->ip_proto = type;
		return routing_header(x);
	case IP_PROTO_AH:
		x->w->p->ip_proto = type;
		return authentication_header(x);
	case IP_PROTO_FRAGMENT:
		x->w->p->ip_proto = type;
		return fragment_header(x);
	case IP_PROTO_MOBILITY:
	case IP_PROTO_HIP:
	case IP_PROTO_SHIM6:
		return take(x, length8(x->w), &h);
	default:
		*ret = ipv6_upper(x->w, type);
		return false;
	}
}

enum layer ipv6_extensions(struct walk *w, uint8_t proto)
{
	struct chain x = {.w = w, .next = proto};
	enum layer next;

	w->p->ip_proto = 0;
	for (unsigned n = 0; n < LIMIT_IPV6_EXTENSION_HEADERS; n++) {
		if (x.next == IP_PROTO_NONE) {
			if (cursor_left(&w->c))
				walk_event(w, DECODE_EVENT_IPV6_DATA_AFTER_NONE_HEADER);
			return LAYER_DONE;
		}
		if (cursor_left(&w->c) < SHORTEST_HEADER) {
			walk_invalid(w, DECODE_EVENT_IPV6_TRUNC_EXTHDR);
			return LAYER_DONE;
		}
		if (!extension(&x, &next))
			return next;
	}
	walk_count(w, DECODE_IPV6_EXTENSIONS);
	w->p->flags |= PACKET_INVALID;
	return LAYER_DONE;
}
