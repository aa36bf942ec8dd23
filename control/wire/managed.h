/* Configuration that the centre may set (C7): the keys of each kind of box on one allow-list, as
 * documents of lines "key: value". Never paths, addresses of peers, users, the policy, its mode,
 * the mandate, what is protected: those are the site's. The same functions check at the centre
 * before a version is kept, and on the box before it is used. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "control/wire/config.h"
#include "control/wire/identity.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	MANAGED_BYTES = 16 << 10, /* of a document */
	MANAGED_LINES = 256,
	MANAGED_KEY = 64,
	MANAGED_VALUE = 1024,
};

struct managed_key {
	const char *name;  /* as in the program's configuration, "behave.learn-days" */
	unsigned roles;	   /* ROLE_SETs */
	char kind;	   /* n number, b truth, w one of `words`, p list of prefixes, v of VLANs */
	double min, max;   /* n */
	const char *words; /* w: with blanks */
	const char *help;
};

extern const struct managed_key managed_keys[];
extern const size_t managed_n_keys;

/* ERR_INVALID with a sentence that names line and key. `roles`: the boxes that it is for; a key of
 * none of them is wrong. */
int managed_check(struct slice text, unsigned roles, struct errmsg *e);

/* The text of `under` with the lines of `over` in place of its own, sorted by key; what is not for
 * `role` is left out. Both were checked. Malloc'ed; NULL without memory. */
char *managed_merge(struct slice under, struct slice over, enum wire_role role);

/* [{"key", "from", "to"}] of what differs; "" for a key that is not there. */
json_t *managed_diff(struct slice from, struct slice to);

/* Sets each line's key in a program's configuration, by config_set: its table checks again. What
 * was set before the error stays set. */
int managed_apply(struct slice text, enum wire_role role, struct config *c,
		  const struct config_key *keys, void *conf, struct errmsg *e);
