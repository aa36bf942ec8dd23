#include "control/mitigator/drivers/radius/profile.h"

#include <stdio.h>
#include <string.h>

/* RFC 3580 3.31, with the tag 0 in front of the integers (RFC 2868 3.1). */
enum { TUNNEL_VLAN = 13, TUNNEL_802 = 6 };
enum { BOUNCE_SECONDS = 5 }; /* the link is down for so long, where the device wants to be told */

enum how { NONE, BARE, TUNNEL, TEXT, NUMBER };

/* One order of one vendor: the code and one attribute of its own. */
struct action {
	enum how how;
	enum radius_code code;
	uint32_t vendor; /* private enterprise number */
	uint8_t type;
	const char *text;  /* TEXT */
	const char *text2; /* TEXT, a second one */
};

struct radius_profile {
	const char *name;
	struct action actions[RADIUS_ORDERS];
};

/* Sources: FreeRADIUS's dictionaries for numbers; Cisco "RADIUS Change of Authorization", Aruba
 * "RADIUS dynamic authorization", Juniper "Understanding CoA" for words. Disable-host-port of
 * Cisco is left out on purpose: no order brings such a port back, so it cannot be undone. */
#define DISCONNECT                                                                                 \
	{                                                                                          \
		BARE, RADIUS_DISCONNECT_REQUEST                                                    \
	}
#define MOVE                                                                                       \
	{                                                                                          \
		TUNNEL, RADIUS_COA_REQUEST                                                         \
	}

static const struct radius_profile profiles[] = {
	{"rfc", {[RADIUS_ORDER_DISCONNECT] = DISCONNECT, [RADIUS_ORDER_VLAN] = MOVE}},
	{"cisco",
	 {[RADIUS_ORDER_DISCONNECT] = DISCONNECT,
	  [RADIUS_ORDER_BOUNCE] = {TEXT, RADIUS_COA_REQUEST, 9, 1,
				   "subscriber:command=bounce-host-port", NULL},
	  [RADIUS_ORDER_REAUTHENTICATE] = {TEXT, RADIUS_COA_REQUEST, 9, 1,
					   "subscriber:command=reauthenticate",
					   "subscriber:reauthenticate-type=rerun"}}},
	{"aruba",
	 {[RADIUS_ORDER_DISCONNECT] = DISCONNECT,
	  [RADIUS_ORDER_VLAN] = MOVE,
	  [RADIUS_ORDER_BOUNCE] = {NUMBER, RADIUS_COA_REQUEST, 14823, 40, NULL, NULL}}},
	{"hp",
	 {[RADIUS_ORDER_DISCONNECT] = DISCONNECT,
	  [RADIUS_ORDER_VLAN] = MOVE,
	  [RADIUS_ORDER_BOUNCE] = {NUMBER, RADIUS_COA_REQUEST, 11, 23, NULL, NULL}}},
	{"juniper",
	 {[RADIUS_ORDER_DISCONNECT] = DISCONNECT,
	  [RADIUS_ORDER_VLAN] = MOVE,
	  [RADIUS_ORDER_BOUNCE] = {TEXT, RADIUS_COA_REQUEST, 2636, 52, "Port-Bounce", NULL}}},
};

static const char *const orders[RADIUS_ORDERS] = {
	[RADIUS_ORDER_DISCONNECT] = "disconnect",
	[RADIUS_ORDER_VLAN] = "vlan",
	[RADIUS_ORDER_BOUNCE] = "bounce",
	[RADIUS_ORDER_REAUTHENTICATE] = "reauthenticate",
};

const struct radius_profile *radius_profile_find(const char *vendor)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (strcmp(profiles[i].name, vendor) == 0)
			return &profiles[i];
	}
	return NULL;
}

enum radius_order radius_order_find(const char *word)
{
	unsigned i = 0;

	while (i < RADIUS_ORDERS && strcmp(orders[i], word) != 0)
		i++;
	return (enum radius_order)i;
}

const char *radius_order_text(enum radius_order o)
{
	return o < RADIUS_ORDERS ? orders[o] : "unknown";
}

bool radius_profile_has(const struct radius_profile *p, enum radius_order o)
{
	return o < RADIUS_ORDERS && p->actions[o].how != NONE;
}

void radius_order_vendors(enum radius_order o, char *ret, size_t cap)
{
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(profiles) && n < cap; i++) {
		if (radius_profile_has(&profiles[i], o))
			n += (size_t)snprintf(ret + n, cap - n, "%s%s", n ? ", " : "",
					      profiles[i].name);
	}
}

enum radius_code radius_profile_code(const struct radius_profile *p, enum radius_order o)
{
	return p->actions[o].code;
}

static void add_vlan(struct radius_packet *to, uint16_t vlan)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", vlan);
	radius_add_u32(to, RADIUS_TUNNEL_TYPE, TUNNEL_VLAN);
	radius_add_u32(to, RADIUS_TUNNEL_MEDIUM_TYPE, TUNNEL_802);
	radius_add_text(to, RADIUS_TUNNEL_PRIVATE_GROUP_ID, text);
}

void radius_profile_add(const struct radius_profile *p, enum radius_order o, uint16_t vlan,
			struct radius_packet *to)
{
	static const uint8_t seconds[4] = {0, 0, 0, BOUNCE_SECONDS};
	const struct action *a = &p->actions[o];

	switch (a->how) {
	case TUNNEL:
		add_vlan(to, vlan);
		break;
	case TEXT:
		radius_add_vendor(to, a->vendor, a->type, a->text, strlen(a->text));
		if (a->text2)
			radius_add_vendor(to, a->vendor, a->type, a->text2, strlen(a->text2));
		break;
	case NUMBER:
		radius_add_vendor(to, a->vendor, a->type, seconds, sizeof(seconds));
		break;
	case NONE:
	case BARE:
		break;
	}
}

bool radius_mac_write(const char *format, const uint8_t mac[6], char *ret, size_t cap)
{
	unsigned digits = 0;
	size_t n = 0;

	for (; *format && n + 1 < cap; format++) {
		static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
		unsigned nibble;

		if (*format != 'x' && *format != 'X') {
			ret[n++] = *format;
			continue;
		}
		if (digits == 12)
			return false;
		nibble = mac[digits / 2] >> (digits % 2 ? 0 : 4) & 15;
		ret[n++] = *format == 'X' ? upper[nibble] : lower[nibble];
		digits++;
	}
	ret[n] = 0;
	return digits == 12 && *format == 0;
}
