/* One port of a switch: reading how it is set, setting it, reading it back. */
#pragma once

#include "control/mitigator/drivers/snmp/link.h"
#include "control/mitigator/drivers/snmp/table.h"

/* A port in a VLAN's lists of ports (RFC 4363): whether it gets the VLAN's frames at all, and
 * whether without a tag. */
struct port_member {
	bool egress, untagged;
};

/* How a port is set. */
struct port_setting {
	uint32_t vlan;		       /* dot1qPvid; 0: the device does not say */
	uint32_t admin;		       /* ifAdminStatus */
	bool lists;		       /* the device has lists of ports for both VLANs */
	struct port_member own, other; /* in its own VLAN, in the one asked for */
};

enum { PORT_UP = 1, PORT_DOWN = 2 };

/* Whether the device still calls the port of p->index and p->base `name`: 0, ERR_NOTFOUND. */
int port_confirm(struct snmp_link *l, const struct table_port *p, const char *name,
		 struct errmsg *e);
/* other: a VLAN whose lists are read as well, 0: none. */
int port_read(struct snmp_link *l, const struct table_port *p, uint32_t other,
	      struct port_setting *ret, struct errmsg *e);

struct port_move {
	uint32_t from, to;
	struct port_member then_from, then_to; /* what the port is in each afterwards */
	const char *lists;		       /* auto, always, never */
};

/* Sets dot1qPvid and, where there are any, the lists, in one request, and reads back. ERR_DENIED:
 * the device says no, nothing changed. ERR_INVALID: it said yes, and it is not so. */
int port_move(struct snmp_link *l, const struct table_port *p, const struct port_move *m,
	      struct errmsg *e);
/* The same for ifAdminStatus. */
int port_admin(struct snmp_link *l, const struct table_port *p, uint32_t admin, struct errmsg *e);
