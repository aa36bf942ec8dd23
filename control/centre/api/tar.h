/* A few files in one download: POSIX ustar, which every system unpacks. The same files and time
 * give the same bytes. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "dataplane/base/slice.h"

/* Adds a file; `name` has at most 99 bytes. `seconds`: since 1970. */
void tar_add(FILE *out, const char *name, struct slice content, uint64_t seconds);
void tar_end(FILE *out);
