/* What the mitigator would make of a replayed capture's alerts. */
#pragma once

#include <jansson.h>

#include "dataplane/base/err.h"

/* `alerts`: EVE lines; the incidents as story_json has them, in order of their beginning. NULL with
 * a sentence when there is no memory. */
json_t *replay_incidents(const json_t *alerts, struct errmsg *e);
