/* An incident and its story as JSON, the same from the mitigator and from a replayed capture. */
#pragma once

#include <jansson.h>

#include "control/mitigator/incident/story.h"

/* `host`: its name for people. */
json_t *story_json(const struct incident *i, const struct story *s, const char *host);
