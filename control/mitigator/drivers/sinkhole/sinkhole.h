/* Sinkhole: a resolver of the site (unbound by a response policy zone, dnsmasq by a file of hosts)
 * answers the name of a threat with an address of ours, for everybody, as long as a host is cut for
 * it. It cuts nobody: it goes beside the ladder with every cut whose threat names a name, unless a
 * scope names it as a method. Whether the resolver really answers so is asked from the resolver
 * itself. Blocks: for the helper. */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_sinkhole;

int driver_sinkhole_check(const struct driver_config *c, struct errmsg *e);
