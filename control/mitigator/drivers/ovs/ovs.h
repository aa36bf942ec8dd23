/* Open vSwitch: drops a host's frames in both directions by OpenFlow flows on its bridge, except to
 * and from exempt addresses. Where nobody else is behind the host's port the whole port is dropped,
 * so that a changed MAC does not help. Flows carry a cookie with the cut's number, which is how
 * they are found again after any restart. */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_ovs;
