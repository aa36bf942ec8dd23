/* SNMP: finds the port that a host is behind and moves it to the quarantine's VLAN, or shuts it.
 * What was there before is written down first and restored by the release. A port is never cut when
 * it is an uplink, when more than the host is behind it, or when a phone is there (Q6). */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_snmp;

enum { SNMP_PORT = 161 };

/* check() of the descriptor. */
int snmp_check(const struct driver_config *c, struct errmsg *e);
