/* Link layer discovery (IEEE 802.1AB-2016, clause 8): what a switch, a telephone or a server says
 * of itself on its own wire. Pure; texts point into the frame and are of strangers. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/slice.h"

enum {
	LLDP_ETHER_TYPE = 0x88cc,
	LLDP_TLVS = 64, /* of one frame; more are not looked at */
};

/* 8.5.8.1: bits of `can` and `does`. */
enum lldp_capability {
	LLDP_OTHER = 1 << 0,
	LLDP_REPEATER = 1 << 1,
	LLDP_BRIDGE = 1 << 2,
	LLDP_ACCESS_POINT = 1 << 3,
	LLDP_ROUTER = 1 << 4,
	LLDP_TELEPHONE = 1 << 5,
	LLDP_MODEM = 1 << 6,
	LLDP_STATION = 1 << 7,
};

/* What is meant by the bytes of an identifier. */
enum lldp_id { LLDP_ID_TEXT, LLDP_ID_MAC, LLDP_ID_ADDRESS };

struct lldp {
	enum lldp_id chassis_is, port_is;
	struct slice chassis, port;	      /* without the subtype */
	uint16_t ttl;			      /* s; 0: it leaves */
	struct slice port_text, name, system; /* empty: not said */
	uint16_t can, does;		      /* sets of enum lldp_capability */
	struct ip_addr address;		      /* of its management; zero: not said */
	uint16_t vlan;			      /* of untagged frames, 0: not said */
};

/* `tlvs`: what follows the EtherType. False when it is not whole or not in the standard's order. */
bool lldp_read(struct slice tlvs, struct lldp *ret);
/* An identifier as text, at most 64 bytes of it: a MAC with colons, an address, else the bytes. */
enum { LLDP_ID_TEXT_MAX = 65 };
struct slice lldp_id_text(enum lldp_id is, struct slice id, char room[LLDP_ID_TEXT_MAX]);
