/* What the mitigator would make of a replayed capture's alerts. */
#pragma once

#include <jansson.h>

#include "dataplane/base/err.h"

/* `alerts`, `files`: EVE lines, of type alert and fileinfo; the incidents as story_json has them,
 * in order of their beginning. NULL with a sentence when there is no memory. */
json_t *replay_incidents(const json_t *alerts, const json_t *files, struct errmsg *e);
