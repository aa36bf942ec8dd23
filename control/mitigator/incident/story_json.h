/* An incident and its story as JSON, the same from the mitigator and from a replayed capture. */
#pragma once

#include <jansson.h>

#include "control/mitigator/incident/story.h"

/* Name, hash and URL of a whole file out of its EVE line ("fileinfo"); false when it is none that
 * matters. */
bool incident_file_of(const json_t *line, struct incident_file *ret);
/* `host`: its name for people. */
json_t *story_json(const struct incident *i, const struct story *s, const char *host);
