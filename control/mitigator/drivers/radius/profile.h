/* What an order looks like for each maker's devices: the code, and the attributes that say what is
 * to be done. Attributes that name the session are the driver's. */
#pragma once

#include "control/mitigator/drivers/radius/packet.h"

enum radius_order {
	RADIUS_ORDER_DISCONNECT,     /* ends the session; the host authenticates anew */
	RADIUS_ORDER_VLAN,	     /* moves the session to a VLAN */
	RADIUS_ORDER_BOUNCE,	     /* takes the port's link down for a moment */
	RADIUS_ORDER_REAUTHENTICATE, /* the device asks the host anew */
	RADIUS_ORDERS
};

struct radius_profile;

/* By its vendor ("rfc", "cisco", "aruba", "hp", "juniper"); NULL when there is none. */
const struct radius_profile *radius_profile_find(const char *vendor);
/* RADIUS_ORDERS when there is no such word. */
enum radius_order radius_order_find(const char *word);
const char *radius_order_text(enum radius_order o);
/* All the vendors that know the order: "cisco, aruba". */
void radius_order_vendors(enum radius_order o, char *ret, size_t cap);
bool radius_profile_has(const struct radius_profile *p, enum radius_order o);
enum radius_code radius_profile_code(const struct radius_profile *p, enum radius_order o);
/* What is to be done, at the packet's end. vlan: of RADIUS_ORDER_VLAN. */
void radius_profile_add(const struct radius_profile *p, enum radius_order o, uint16_t vlan,
			struct radius_packet *to);

/* Calling-Station-Id as the device writes it: twelve x or X for the digits, anything else between
 * them. False when it is no such form. */
bool radius_mac_write(const char *format, const uint8_t mac[6], char *ret, size_t cap);
