/* Turns a driver_order into what wire sends. Shared by the LINK drivers. */
#pragma once

#include "control/mitigator/drivers/driver.h"

/* What the host is called on the wire; points into `o`. */
struct host_ident letter_host(const struct driver_order *o);
/* The exemptions as text; points into `l`. */
struct text_list letter_exempt(const struct driver_order *o, struct driver_letter *l);
