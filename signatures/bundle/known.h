/* Known-bad lists that bundles carry. Private to the folder. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "dataplane/base/err.h"

/* Makes the lists of the set's bundles those of the box: each is "bundle-NAME" in its folder of
 * lists (signatures/lists/book.h), what no bundle has any more goes. Others are left alone. Does
 * nothing when they were settled for the same set before, so it may be called after a kill again.
 */
int known_settle(const char *store, const char *lists, const json_t *set, uint32_t now,
		 struct errmsg *e);
