/* What a switch's tables say of its ports: who is behind each, which lead to other switches, where
 * a phone is. Filled object by object, so that it is the same for every device. Pure.
 *
 * BRIDGE-MIB (RFC 4188), Q-BRIDGE-MIB (RFC 4363), IF-MIB (RFC 2863), LLDP-MIB (IEEE 802.1AB). */
#pragma once

#include "control/mitigator/drivers/snmp/link.h"
#include "control/mitigator/quarantine/guard.h"

enum {
	TABLE_PORTS = 4096,
	TABLE_MACS = 65536,
	TABLE_NEIGHBOURS = 4096,
};

/* Which objects are read, in this order. */
enum table_part {
	TABLE_IF_NAME,	  /* first: the ports' names */
	TABLE_BASE_PORT,  /* dot1dBasePortIfIndex */
	TABLE_Q_STATUS,	  /* dot1qTpFdbStatus: "self" is the switch's own */
	TABLE_Q_FDB,	  /* dot1qTpFdbPort */
	TABLE_D_FDB,	  /* dot1dTpFdbPort, where the switch knows no VLANs */
	TABLE_LLDP_LOCAL, /* lldpLocPortId: which port a neighbour is at */
	TABLE_LLDP_CAPS,  /* lldpRemSysCapEnabled: what it is */
	TABLE_PARTS
};

struct table_port {
	uint32_t base;	/* dot1dBasePort, 0: none */
	uint32_t index; /* ifIndex */
	char name[TARGET_TEXT];
	bool bridge, phone; /* a neighbour of that kind was heard */
};

struct table_mac {
	struct mac_addr mac;
	uint32_t base;
};

struct table {
	struct table_port ports[TABLE_PORTS];
	unsigned ports_n;
	struct table_mac macs[TABLE_MACS];
	unsigned macs_n;
	struct mac_addr own[TABLE_PORTS]; /* of the switch itself */
	unsigned own_n;
	struct {
		uint32_t number; /* LLDP's of a port */
		char name[TARGET_TEXT];
	} lldp[TABLE_PORTS];
	unsigned lldp_n;
	bool full; /* more than fits: who is behind a port is not known for sure */
};

const struct snmp_name *table_part_name(enum table_part part);
/* One object of a part; what is malformed is left out. */
void table_take(struct table *t, enum table_part part, const struct snmp_cell *cell);

/* The port a MAC is behind; NULL when the switch does not know it. */
const struct table_port *table_find(const struct table *t, const struct mac_addr *mac);
const struct table_port *table_named(const struct table *t, const char *name);
/* For guard_port_text(). `uplinks`: configured names, with or without "device/" in front. */
struct port_facts table_facts(const struct table *t, const struct table_port *p,
			      const struct driver_config *c, const char *device);

/* A port's bit in a PortList (RFC 4363): port 1 is the first byte's highest. */
bool table_bit(const struct snmp_cell *list, uint32_t base);
/* False when the list would grow beyond what fits. */
bool table_set_bit(struct snmp_cell *list, uint32_t base, bool on);
