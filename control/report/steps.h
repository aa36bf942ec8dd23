/* Standard handling, for incidents for which correlation has nothing more specific. */
#pragma once

#include "control/report/report.h"

/* Steps for a host in that state of its cut, in order, NULL-terminated. */
const char *const *report_steps(enum report_language language, const char *cut_state);
