/* Incidents as people read them, with what the mitigator knows of hosts and cuts. */
#pragma once

#include "control/mitigator/incident/story.h"
#include "control/mitigator/mitigator.h"

/* Why the host can never be cut, or might be proposed for it; NULL: it can be cut. */
const struct protect_entry *host_protection(struct mitigator *m, const struct host *h);
/* To be freed with story_free; NULL: no memory. */
struct story *narrate(struct mitigator *m, const struct incident *i);
/* One incident as an object, with its steps, cause and handling. */
json_t *narrate_json(struct mitigator *m, const struct incident *i);
