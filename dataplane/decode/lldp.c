#include "dataplane/decode/lldp.h"

#include <string.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/packet.h"

enum tlv {
	TLV_END,
	TLV_CHASSIS,
	TLV_PORT,
	TLV_TTL,
	TLV_PORT_TEXT,
	TLV_NAME,
	TLV_SYSTEM,
	TLV_CAPABILITIES,
	TLV_ADDRESS,
	TLV_OF_OTHERS = 127,
	FIRST_OPTIONAL = TLV_PORT_TEXT,
};

/* Address families (IANA), as in network addresses and the management address. */
enum { FAMILY_IP4 = 1, FAMILY_IP6 = 2 };

enum { PORT_VLAN = 0x0080c201 }; /* 802.1's OUI and subtype 1 */

static struct ip_addr address_of(struct slice s, uint8_t family)
{
	struct ip_addr a = {0};

	if (family == FAMILY_IP4 && s.len >= 4)
		return ip_addr_v4(s.data);
	if (family == FAMILY_IP6 && s.len >= 16)
		memcpy(a.bytes, s.data, 16);
	return a;
}

/* Subtypes of a chassis: 8.5.2.2, of a port: 8.5.3.2. */
static enum lldp_id id_kind(uint8_t subtype, enum tlv tlv)
{
	if (subtype == (tlv == TLV_CHASSIS ? 4 : 3))
		return LLDP_ID_MAC;
	return subtype == (tlv == TLV_CHASSIS ? 5 : 4) ? LLDP_ID_ADDRESS : LLDP_ID_TEXT;
}

static bool read_id(struct cursor *c, enum tlv tlv, enum lldp_id *ret_is, struct slice *ret)
{
	uint8_t subtype = cursor_u8(c);

	*ret_is = id_kind(subtype, tlv);
	*ret = cursor_rest(c);
	return !c->bad && ret->len > 0 && (*ret_is != LLDP_ID_MAC || ret->len == 6);
}

static void read_optional(struct cursor *c, unsigned tlv, struct lldp *l)
{
	uint8_t len, family;

	switch (tlv) {
	case TLV_PORT_TEXT:
		l->port_text = cursor_rest(c);
		break;
	case TLV_NAME:
		l->name = cursor_rest(c);
		break;
	case TLV_SYSTEM:
		l->system = cursor_rest(c);
		break;
	case TLV_CAPABILITIES:
		l->can = cursor_u16(c);
		l->does = cursor_u16(c) & l->can;
		break;
	case TLV_ADDRESS:
		len = cursor_u8(c);
		family = cursor_u8(c);
		/* The first of several is the one that it prefers. */
		if (len > 1 && ip_addr_is_zero(&l->address))
			l->address = address_of(cursor_take(c, len - 1u), family);
		break;
	case TLV_OF_OTHERS:
		if (cursor_u32(c) == PORT_VLAN)
			l->vlan = cursor_u16(c) & 0xfff;
		break;
	default:
		break;
	}
}

/* The next one; false at the end or where the frame ends too early (then `c` is bad). */
static bool next(struct cursor *c, unsigned *ret_tlv, struct cursor *ret)
{
	uint16_t head = cursor_u16(c);

	*ret_tlv = head >> 9;
	*ret = cursor_of(cursor_take(c, head & 0x1ff));
	return !c->bad && *ret_tlv != TLV_END;
}

bool lldp_read(struct slice tlvs, struct lldp *ret)
{
	struct cursor c = cursor_of(tlvs), value;
	unsigned tlv;

	*ret = (struct lldp){0};
	if (!next(&c, &tlv, &value) || tlv != TLV_CHASSIS ||
	    !read_id(&value, TLV_CHASSIS, &ret->chassis_is, &ret->chassis) ||
	    !next(&c, &tlv, &value) || tlv != TLV_PORT ||
	    !read_id(&value, TLV_PORT, &ret->port_is, &ret->port) || !next(&c, &tlv, &value) ||
	    tlv != TLV_TTL || cursor_left(&value) < 2)
		return false;
	ret->ttl = cursor_u16(&value);
	for (unsigned i = 0; i < LLDP_TLVS && next(&c, &tlv, &value); i++)
		read_optional(&value, tlv, ret);
	return !c.bad;
}

struct slice lldp_id_text(enum lldp_id is, struct slice id, char room[LLDP_ID_TEXT_MAX])
{
	struct mac_addr mac;
	struct ip_addr a = {0};

	if (is == LLDP_ID_MAC && id.len == 6) {
		memcpy(mac.bytes, id.data, 6);
		mac_addr_text(&mac, room);
		return SLICE((const uint8_t *)room, strlen(room));
	}
	if (is == LLDP_ID_ADDRESS && id.len > 1)
		a = address_of(slice_sub(id, 1, id.len), id.data[0]);
	if (!ip_addr_is_zero(&a)) {
		ip_addr_text(&a, room, false);
		return SLICE((const uint8_t *)room, strlen(room));
	}
	return slice_sub(id, 0, LLDP_ID_TEXT_MAX - 1);
}
