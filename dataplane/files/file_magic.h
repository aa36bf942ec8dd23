/* The type of a file by its first bytes, in libmagic's words, as rules' filemagic expects them.
 * Slow and not on the path unless a rule asks for it: libmagic allocates as it likes. One per
 * worker. */
#pragma once

#include "dataplane/base/slice.h"

struct file_magic;

/* Loads the system's table, tens of milliseconds. NULL when it cannot be had. */
struct file_magic *file_magic_new(void);
void file_magic_free(struct file_magic *m);
/* Valid until the next call; NULL when libmagic fails. */
const char *file_magic_text(struct file_magic *m, struct slice data);
