/* Loading rules for a worker: files -> typed rules -> engine, with what was left out by name. */
#pragma once

#include <stdio.h>

#include "dataplane/base/err.h"
#include "dataplane/detect/detect.h"
#include "dataplane/worker/options.h"
#include "signatures/lang/lang.h"

struct ruleset {
	struct lang_set *set;
	struct detect_engine *engine;	  /* NULL when no rule was loaded */
	unsigned loaded, skipped, failed; /* skipped: by the loader or by the engine */
	uint64_t content;		  /* names the installed set, 0 = none (installed.h) */
	double seconds;
};

/* Reads all of options->rule_files. A file that cannot be read is an error; bad rules are not. */
int ruleset_load(const struct options *options, struct ruleset *ret, struct errmsg *err);
void ruleset_free(struct ruleset *r);
/* Problems by keyword, most frequent first, then one line each (at most `lines`). */
void ruleset_report(const struct ruleset *r, FILE *out, unsigned lines);
