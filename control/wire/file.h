/* Small files written whole: beside, then renamed, so that a reader sees the old or the new. */
#pragma once

#include <sys/types.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

/* Durable when it returns 0. */
int file_write(const char *path, struct slice content, mode_t mode, struct errmsg *e);

/* Makes the folder and those above it; 0 when it is there. */
int file_make_folder(const char *path, mode_t mode, struct errmsg *e);

/* The whole file, at most `max` bytes, NUL behind it; to be freed with payload_free. */
int file_read(const char *path, size_t max, struct slice *ret, struct errmsg *e);
