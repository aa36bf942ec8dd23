/* Users and capabilities (every program runs as its own user with only what it needs). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "dataplane/base/err.h"
#include "dataplane/base/sandbox.h"

/* Capabilities to keep, as bits of 1ull << CAP_*. */
typedef unsigned long long cap_mask;

/* Becomes `user` (name; "" = stay who we are) with exactly the capabilities in `keep`, inheritable
 * and ambient too when `ambient`, so that programs it starts have them; no_new_privs is set unless
 * ambient needs otherwise; supplementary groups are dropped. Started without root: only checks that
 * nothing more is held than it may. One sentence on failure. */
int privs_become(const char *user, cap_mask keep, bool ambient, struct errmsg *e);

/* Gives a folder that a program started as root keeps its state in to `user`; makes it if missing
 * (0750). No-op when not root or user is "". */
int privs_own_folder(const char *path, const char *user, struct errmsg *e);

/* From here on only the system calls of `list` (sandbox.h). `name` is kept. A kernel without
 * seccomp is told on standard error, and is no failure. */
int privs_confine(enum sandbox_list list, const char *name, struct errmsg *e);
