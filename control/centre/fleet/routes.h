/* The fleet's part of the centre's HTTP API. */
#pragma once

#include "control/api/server.h"

struct fleet;

/* Its functions' context is the fleet. */
struct api_table fleet_routes(struct fleet *f);
