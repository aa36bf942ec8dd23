/* The archive of permission lists (Q11): a ZIP whose members are <threat>-<YYYYMMDDhhmmss>.csv and
 * nothing else. Written and read by libarchive, in memory; read whole or refused whole. */
#pragma once

#include "control/mitigator/undo/list.h"

enum {
	UNDO_ZIP_BYTES = 64 << 20,     /* the archive */
	UNDO_ZIP_MEMBERS = 4096,       /* lists in it */
	UNDO_ZIP_UNPACKED = 256 << 20, /* bytes of all of them */
};

/* Calls fn for each list, after all were read and found right; fn may stop with a negative, which
 * is returned. Another format than ZIP, a folder, a link, an encrypted member, a name that is no
 * list's, a name twice, and whatever is larger than the limits is refused. */
int undo_zip_read(struct slice zip, int (*fn)(void *ctx, const struct undo_list *l), void *ctx,
		  struct errmsg *e);

struct undo_zip;

/* `path` is made anew, 0600; nothing is there before undo_zip_finish. */
struct undo_zip *undo_zip_new(const char *path, struct errmsg *e);
int undo_zip_add(struct undo_zip *z, const char *name, struct slice csv, struct errmsg *e);
/* Ends and frees it; keeps the file when `keep`. */
int undo_zip_finish(struct undo_zip *z, bool keep, struct errmsg *e);
