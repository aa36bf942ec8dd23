/* banken-enforcer on a Linux gateway or bridge, ordered over the link by signed commands. */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_enforcer;
