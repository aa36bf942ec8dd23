/* Folders and links of a store, made so that a kill leaves old or new. Private to the folder. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/err.h"
#include "signatures/bundle/bundle.h"

enum { DISK_PATH = 4096 };

/* FOLDER/NAME; ERR_LIMIT. */
int disk_path(char ret[DISK_PATH], struct errmsg *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes the store's lock; -1 with a sentence. close() lets it go. */
int disk_lock(const char *folder, struct errmsg *e);
int disk_sync(const char *folder, struct errmsg *e);
/* A folder with all in it; nothing there is no error. */
void disk_remove(const char *path);
/* Whatever begins with ".new" in the folder: left by a kill. */
void disk_sweep(const char *folder);
/* `from` under its new name, durably; what is there already goes first. */
int disk_move(const char *from, const char *to, struct errmsg *e);
/* LINK points to TARGET from now on, in one step. */
int disk_link(const char *target, const char *link, struct errmsg *e);
/* All files of a folder are there too as hard links (or copies); those that are there already stay.
 */
int disk_share(const char *from, const char *to, struct errmsg *e);
/* Unpacks every file of a bundle below `folder`, which is made. */
int disk_unpack(const struct bundle *b, const char *folder, struct errmsg *e);
