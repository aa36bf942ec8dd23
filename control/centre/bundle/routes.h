/* The signatures' part of the centre's HTTP API: what is in the bundles that can be rolled out, new
 * ones (E5), and the fleet's list of known-bad entries (Q14). The vendor's people alone; rolling
 * out is the fleet's part. */
#pragma once

#include "control/api/server.h"

struct centre;

struct api_table bundle_routes(struct centre *c);
/* Their functions' context is the centre. */
struct api_table bundle_make_routes(struct centre *c);
struct api_table entry_routes(struct centre *c);
