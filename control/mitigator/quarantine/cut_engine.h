/* What cut.c and cut_time.c share. Private to this folder. */
#pragma once

#include "control/mitigator/quarantine/cut.h"

struct cuts {
	struct cuts_setup s;
	struct cut *open[CUTS_MAX];
	unsigned n, watching;
	uint64_t refused;
	bool stopped; /* the kill switch stands */
	bool failed;  /* the store refused: the transaction must be rolled back */
	struct errmsg e;
};
