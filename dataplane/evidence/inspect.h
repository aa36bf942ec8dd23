/* What the inspector does with a file: YARA's rules over it, what an archive holds, its members'
 * types. All that reads a stranger's file is started from here. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/err.h"
#include "dataplane/evidence/inspector.h"

struct inspect_config {
	bool archives;
	const char *yara; /* rule file, "" = none */
	/* look and ctx are set here */
	struct inspector_config inspector;
};

/* Reads the rules, which are the operator's own, and starts the process that has them; this one
 * keeps no copy. A sentence when they do not compile. */
int inspect_start(const struct inspect_config *config, struct inspector **ret, struct errmsg *err);
