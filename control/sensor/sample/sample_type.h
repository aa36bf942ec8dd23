/* What a carved file is, by its content: what may leave is decided by this and not by its name
 * (E4). Published magic numbers of the formats; a program is one whatever it is called. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/slice.h"

/* One of sample_types. `name`: as the network called it, may be empty; it only tells kinds of text
 * from one another ("js", "ps1", else "text"), and the documents that are ZIP archives are told by
 * their members. */
const char *sample_type(struct slice content, struct slice name);
/* Every word there is, NULL-ended. */
extern const char *const sample_types[];
bool sample_type_known(const char *word);
