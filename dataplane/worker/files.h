/* From options to a file desk and the workers' parts of it. */
#pragma once

#include "dataplane/evidence/desk.h"
#include "dataplane/evidence/inspect.h"
#include "dataplane/worker/options.h"

/* Is there anything for a desk to do? */
bool files_desk_wanted(const struct options *o);
/* Who looks into files, NULL (and ERR_OK) when nobody is wanted. First of all: what it inherits it
 * keeps. `core`: the processor that it keeps to, -1 = any; `enter` gives its rights up. */
int files_inspector_new(const struct options *o, int core,
			int (*enter)(void *options, struct errmsg *err), struct inspector **ret,
			struct errmsg *err);
/* `folder`: what a relative file-store.dir is relative to; `inspector` is the caller's. NULL with a
 * sentence. */
struct desk *files_desk_new(const struct options *o, const char *folder, unsigned workers,
			    bool offline, struct inspector *inspector, struct errmsg *err);
/* The part of worker `index` in its pipeline's configuration. */
void files_desk_use(const struct options *o, struct desk *d, unsigned index, bool offline,
		    struct pipeline_config *config);

/* The keeper of packets as options say, NULL (and ERR_OK) when none is wanted; `folder` as above.
 */
int files_keeper_new(const struct options *o, const char *folder, unsigned workers, bool offline,
		     uint64_t now_ns, struct keeper **ret, struct errmsg *err);
