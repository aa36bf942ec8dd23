/* RADIUS dynamic authorization (RFC 5176): ends or moves a host's 802.1X or MAC session at its
 * switch or access point by Disconnect- and CoA-Requests. What the session becomes at the next
 * authentication is the RADIUS server's to say: it asks the driver's list (view `quarantine` of its
 * book: mac, vlan). Undo: off the list, then the session is moved back or authenticates anew.
 *
 * This side is the client (the "dynamic authorization client"); the server is the switch. */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_radius;

enum { RADIUS_PORT = 3799, RADIUS_VLAN_MAX = 4094 };

/* check() of the descriptor. */
int radius_check(const struct driver_config *c, struct errmsg *e);
