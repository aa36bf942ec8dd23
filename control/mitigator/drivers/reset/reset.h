/* TCP reset and, for UDP, ICMP errors from the sensors' response port: ends sessions, and new ones
 * while it lasts. Needs no device in the path; stops no datagram of a program that ignores errors.
 */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_reset;
