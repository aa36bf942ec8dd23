/* The watching itself, scheduled reports and metrics over the API. */
#pragma once

#include "control/centre/api/pages.h"

struct api_table watch_routes(struct centre *c);
