/* The rule set that a signature bundle put in force on this box (signatures/bundle/store.h):
 * FOLDER/current leads to a folder with effective.rules and threshold.config. At load time, off the
 * packet path. */
#pragma once

#include <limits.h>
#include <stdint.h>

#include "signatures/lang/lang.h"

struct installed {
	char folder[PATH_MAX]; /* of the set, "" = nothing is installed */
	/* The first 63 bits of SHA-256 over the rules' bytes as they were read, a zero byte and the
	 * thresholds'; 0 = nothing is installed. What was installed says the same of itself. */
	uint64_t content;
};

/* FOLDER of the options: "none" is NULL, "" the live default, NULL offline. */
const char *installed_folder(const char *option, bool live);
/* The set that is in force there now: the link's own text; false when nothing is. One system call.
 */
bool installed_link(const char *folder, char ret[PATH_MAX]);
/* Adds its rules and thresholds to `set`. That nothing is installed is no error. ERR_IO, ERR_NOMEM.
 */
int installed_load(const char *folder, const struct lang_vars *vars, const struct lang_opts *opts,
		   struct lang_set *set, struct installed *ret, struct errmsg *err);
/* Its compiled databases: signed with the rules, in a folder that only the installer writes to.
 * NULL when it has none. */
const char *installed_cache(const struct installed *i, char ret[PATH_MAX]);
