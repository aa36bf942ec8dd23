/* From options to a file desk and the workers' parts of it. */
#pragma once

#include "dataplane/evidence/desk.h"
#include "dataplane/worker/options.h"

/* Is there anything for a desk to do? */
bool files_desk_wanted(const struct options *o);
/* `folder`: what a relative file-store.dir is relative to. NULL with a sentence. */
struct desk *files_desk_new(const struct options *o, const char *folder, unsigned workers,
			    bool offline, struct errmsg *err);
/* The part of worker `index` in its pipeline's configuration. */
void files_desk_use(const struct options *o, struct desk *d, unsigned index, bool offline,
		    struct pipeline_config *config);

/* The keeper of packets as options say, NULL (and ERR_OK) when none is wanted; `folder` as above.
 */
int files_keeper_new(const struct options *o, const char *folder, unsigned workers, bool offline,
		     uint64_t now_ns, struct keeper **ret, struct errmsg *err);
