/* Care of a store: whole copies, moving it beyond one machine, how fast it grows. */
#pragma once

#include <stdio.h>

#include "control/centre/store/store.h"

/* ERR_OK when the file is a store; changes nothing. */
int keep_check(const char *path, struct errmsg *err);
/* A consistent copy of a store that may be in use; checked before it gets its name. */
int keep_backup(const char *from, const char *to, struct errmsg *err);
/* One was made by other means: is noted in the store. */
int keep_backed_up(const struct store_where *where, const char *place, struct errmsg *err);
/* The copy as a store, where none is yet (ERR_EXISTS). */
int keep_restore(const char *from, const char *to, struct errmsg *err);
/* Gives free pages back to the disk; needs as much room again while it runs. */
int keep_compact(const char *path, struct errmsg *err);

/* All of the embedded store into `to`, or all of `from` into a file. Ended early it goes on from
 * there the next time. Writes one line a table; ERR_INVALID when any row differs at the end. */
int keep_migrate(const char *from, const struct store_where *to, FILE *out, struct errmsg *err);
int keep_migrate_back(const struct store_where *from, const char *to, FILE *out,
		      struct errmsg *err);

/* Bytes of the store now, and bytes a day that it grows by: those of the last seven days with
 * records. Beyond one machine of one replica of the history. */
int keep_size(struct store *s, uint64_t *ret_bytes, uint64_t *ret_day, struct errmsg *err);
int keep_print_size(const struct store_where *where, struct errmsg *err);
