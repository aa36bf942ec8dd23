/* The signatures' part of the centre's HTTP API: what is in the bundles that can be rolled out. The
 * vendor's people alone; rolling out is the fleet's part. */
#pragma once

#include "control/api/server.h"

struct fleet;

/* Its functions' context is the fleet; NULL: a demonstration. */
struct api_table bundle_routes(struct fleet *f);
