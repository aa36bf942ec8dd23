/* The overview page as HTML, from the store's overview. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "control/report/daily.h"

void page_overview(const json_t *overview, enum report_language language, const struct zone *zone,
		   uint64_t now, FILE *out);
