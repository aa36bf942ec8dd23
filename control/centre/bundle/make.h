/* Bundles made here (E5): custom patterns, rule-sets and the fleet's list, signed with the key that
 * the configuration names and laid down as files that can be rolled out. Loop thread. */
#pragma once

#include "control/centre/centre.h"
#include "signatures/bundle/bundle.h"

struct bundle_made {
	char version[64]; /* as a roll-out names it: NAME-NUMBER */
	uint64_t number;
};

/* `head`: kind, name and note; the number follows the last one of that name. ERR_UNSUPPORTED
 * without a key or in a centre without a fleet. */
int bundle_publish(struct centre *c, const struct bundle *head, struct bundle_source *files,
		   unsigned n, const char *actor, const char *reason, struct bundle_made *ret,
		   struct errmsg *e);
/* A file that was made and signed elsewhere. ERR_INVALID when it is no bundle or has expired. */
int bundle_hand_in(struct centre *c, struct slice bytes, const char *actor, const char *reason,
		   struct bundle_made *ret, struct errmsg *e);
/* The bytes of the newest signature bundle, to be freed with payload_free; ERR_NOTFOUND. */
int bundle_newest(struct centre *c, struct slice *ret, char ret_version[64], struct errmsg *e);
