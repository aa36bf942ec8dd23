/* The text that ovs-ofctl and ovs-appctl read and print. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/mitigator/drivers/driver.h"

/* The upper 16 bits say that a flow is ours, the lower 48 are the cut's number. */
#define OVS_COOKIE	0xba4e000000000000ull
#define OVS_COOKIE_MASK 0xffff000000000000ull

enum { OVS_FLOWS_TEXT = 64 * 1024 };

struct ovs_flows {
	char *text;
	size_t cap, len;
	bool full;
	unsigned n; /* flows written */
};

/* The bundle that puts a cut in place of whatever stands for it. port: OpenFlow number, 0 when only
 * the MAC is to be cut. now: ns since 1970, for a lease. ERR_INVALID without an address, ERR_LIMIT
 * when it does not fit. */
int ovs_flows_write(const struct driver_order *o, uint16_t priority, unsigned port, uint64_t now,
		    struct ovs_flows *ret);

/* dump-flows output: adds up each of our cuts. Returns their number, at most max. */
unsigned ovs_flows_read(const char *text, struct driver_held *ret, unsigned max);
/* Flows of one cut in dump-flows output. */
unsigned ovs_flows_count(const char *text, uint64_t cut);

struct ovs_port {
	unsigned number; /* OpenFlow's */
	char name[TARGET_TEXT];
};

/* `ovs-ofctl show` output: the ports, without the bridge's own. Returns their number, at most max.
 */
unsigned ovs_ports_read(const char *show, struct ovs_port *ret, unsigned max);

struct ovs_fdb_entry {
	unsigned port; /* 0: the bridge itself */
	uint16_t vlan;
	struct mac_addr mac;
};

/* fdb/show output. Returns the number of entries, at most max. */
unsigned ovs_fdb_read(const char *text, struct ovs_fdb_entry *ret, unsigned max);
/* fdb/stats-show output: MACs that moved between ports; 0 when it does not say. */
uint64_t ovs_fdb_moves(const char *text);
