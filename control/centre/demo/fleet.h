/* The demonstration's fleet: the real one, with keys made for the occasion and boxes that are made
 * up. They say every few seconds that they are well, and put in force whatever they are offered. */
#pragma once

#include "control/centre/centre.h"

struct demo_fleet;

/* Opens the centre's fleet, link and keys in its state folder and fills it: bundles, a
 * configuration, a roll-out that is done. NULL with a sentence. */
struct demo_fleet *demo_fleet_start(struct centre *c, struct errmsg *err);
void demo_fleet_stop(struct demo_fleet *d);
