/* PPP (RFC 1661), with and without HDLC framing (RFC 1662) and with the protocol field compressed
 * to one byte; PPP over Ethernet (RFC 2516). */
#include "dataplane/decode/layer.h"

enum ppp {
	PPP_IP = 0x0021,
	PPP_VJ_UNCOMPRESSED = 0x002f, /* RFC 1144: IP with the protocol replaced */
	PPP_IPV6 = 0x0057,
	PPP_ADDRESS = 0xff, /* of HDLC framing; the protocol then follows two bytes later */
	IPV4_MIN = 20,
	IPV6_MIN = 40,

	PPPOE_SESSION_HEADER = 6,
	PPPOE_DISCOVERY_HEADER = 6,
};

/* Protocols that are known and not decoded (PPP numbers, RFC 3818). */
static bool is_known(uint16_t protocol)
{
	switch (protocol) {
	case 0x0023: /* OSI */
	case 0x0025: /* XNS IDP */
	case 0x0027: /* DECnet IV */
	case 0x0029: /* AppleTalk */
	case 0x002b: /* IPX */
	case 0x002d: /* Van Jacobson compressed */
	case 0x0031: /* bridging */
	case 0x0033: /* ST-II */
	case 0x0035: /* Vines */
	case 0x0201: /* 802.1d hello */
	case 0x0231: /* Luxcom */
	case 0x0233: /* Sigma */
	case 0x0281: /* MPLS unicast */
	case 0x0283: /* MPLS multicast */
	case 0x8021: /* control protocols of the above, LCP, PAP, LQR, CHAP */
	case 0x8023:
	case 0x8025:
	case 0x8027:
	case 0x8029:
	case 0x802b:
	case 0x8033:
	case 0x8035:
	case 0x8057:
	case 0x8281:
	case 0xc021:
	case 0xc023:
	case 0xc025:
	case 0xc223:
		return true;
	default:
		return false;
	}
}

/* Known in PPP itself, wrong in PPPoE according to Suricata 7: compression and callback. */
static bool is_known_in_ppp(uint16_t protocol)
{
	return is_known(protocol) || protocol == 0x00fd || protocol == 0x80fd || protocol == 0xc029;
}

static enum layer vj_uncompressed(struct walk *w, bool compressed_field)
{
	struct slice rest = cursor_rest(&w->c);

	if (rest.len < IPV4_MIN)
		return walk_fail_event(w, DECODE_EVENT_PPP_VJU_PKT_TOO_SMALL);
	if (rest.len > UINT16_MAX || rest.data[0] >> 4 != 4)
		return walk_fail(w);
	w->vj_uncompressed = compressed_field;
	return LAYER_IPV4;
}

static enum layer protocol_layer(struct walk *w, uint16_t protocol, bool known)
{
	size_t left = cursor_left(&w->c);

	switch (protocol) {
	case PPP_VJ_UNCOMPRESSED:
		return vj_uncompressed(w, false);
	case PPP_IP:
		if (left < IPV4_MIN)
			return walk_fail_event(w, DECODE_EVENT_PPP_IP4_PKT_TOO_SMALL);
		return left > UINT16_MAX ? walk_fail(w) : LAYER_IPV4;
	case PPP_IPV6:
		if (left < IPV6_MIN)
			return walk_fail_event(w, DECODE_EVENT_PPP_IP6_PKT_TOO_SMALL);
		return left > UINT16_MAX ? walk_fail(w) : LAYER_IPV6;
	default:
		break;
	}
	w->accepted = true;
	if (known)
		walk_event(w, DECODE_EVENT_PPP_UNSUP_PROTO);
	else
		walk_invalid(w, DECODE_EVENT_PPP_WRONG_TYPE);
	return LAYER_DONE;
}

/* A protocol field of one byte. */
static enum layer compressed_layer(struct walk *w, uint8_t protocol)
{
	switch (protocol) {
	case PPP_IP:
		if (cursor_left(&w->c) < IPV4_MIN)
			return walk_fail_event(w, DECODE_EVENT_PPP_VJU_PKT_TOO_SMALL);
		return LAYER_IPV4;
	case PPP_IPV6:
		if (cursor_left(&w->c) < IPV6_MIN)
			return walk_fail_event(w, DECODE_EVENT_PPP_IP6_PKT_TOO_SMALL);
		return LAYER_IPV6;
	case PPP_VJ_UNCOMPRESSED:
		return vj_uncompressed(w, true);
	default:
		walk_event(w, DECODE_EVENT_PPP_UNSUP_PROTO);
		return LAYER_DONE;
	}
}

enum layer ppp_decode(struct walk *w)
{
	uint16_t protocol;
	bool compressed;

	walk_count(w, DECODE_PPP);
	if (cursor_peek(&w->c) == PPP_ADDRESS)
		cursor_skip(&w->c, 2);
	protocol = cursor_u8(&w->c);
	compressed = protocol & 1;
	if (!compressed)
		protocol = (uint16_t)(protocol << 8 | cursor_u8(&w->c));
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_PPP_PKT_TOO_SMALL);
	if (!walk_layer(w))
		return LAYER_DONE;
	return compressed ? compressed_layer(w, (uint8_t)protocol)
			  : protocol_layer(w, protocol, is_known_in_ppp(protocol));
}

/* RFC 2516 section 4: version, type, code, session, length; then the PPP protocol. */
enum layer pppoe_session_decode(struct walk *w)
{
	uint16_t length, protocol;
	struct slice h;

	walk_count(w, DECODE_PPPOE);
	h = cursor_take(&w->c, PPPOE_SESSION_HEADER);
	if (w->c.bad || cursor_left(&w->c) == 0)
		return walk_fail_event(w, DECODE_EVENT_PPPOE_PKT_TOO_SMALL);
	length = be16(h.data + 4);
	if (length == 0)
		return LAYER_DONE;
	protocol = cursor_u8(&w->c);
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | cursor_u8(&w->c));
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_PPPOE_PKT_TOO_SMALL);
	return protocol_layer(w, protocol, is_known(protocol));
}

enum layer pppoe_discovery_decode(struct walk *w)
{
	struct slice h;

	walk_count(w, DECODE_PPPOE);
	h = cursor_take(&w->c, PPPOE_DISCOVERY_HEADER);
	if (w->c.bad)
		return walk_fail_event(w, DECODE_EVENT_PPPOE_PKT_TOO_SMALL);
	switch (h.data[1]) {
	case 0x07: /* PADO */
	case 0x09: /* PADI */
	case 0x19: /* PADR */
	case 0x65: /* PADS */
	case 0xa7: /* PADT */
		break;
	default:
		walk_invalid(w, DECODE_EVENT_PPPOE_WRONG_CODE);
		return LAYER_DONE;
	}
	if (be16(h.data + 4) > cursor_left(&w->c))
		walk_invalid(w, DECODE_EVENT_PPPOE_MALFORMED_TAGS);
	return LAYER_DONE;
}
