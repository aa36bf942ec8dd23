/* The fleet's own list of known-bad entries (D4, Q14): what people at the vendor accepted of what
 * mitigators offer, or wrote themselves. It travels in a signed bundle. The vendor's own. */
#pragma once

#include "control/centre/store/lookup.h"

enum { ENTRIES_MOST = 100000, ENTRY_VALUE = 1024, ENTRY_COMMENT = 200 };

int store_entries_open(struct store *s, struct errmsg *err);

struct store_entry {
	const char *kind, *value; /* "ip", "domain", "url", "file" */
	const char *comment, *by;
	uint64_t added, until; /* ns since 1970; until 0: for ever */
};
/* Again: comment, until and by are the new ones'. */
int store_entry_put(struct store *s, const struct store_entry *x, struct errmsg *err);
/* ERR_NOTFOUND */
int store_entry_remove(struct store *s, const char *kind, const char *value, struct errmsg *err);
/* Takes over an offer's entries of the scope: those of `kind` and `value` when they are not "".
 * How many; ERR_NOTFOUND when there are none such. */
int store_offer_accept(struct store *s, const struct store_query *q, const char *offer,
		       const struct store_entry *as, struct errmsg *err);
/* {"entries": [{"kind", "value", "comment", "by", "added", "until", "over"}]}, newest first;
 * without those that are over at `now` unless `with_old`. */
json_t *store_entries(struct store *s, bool with_old, uint64_t now, unsigned most,
		      struct errmsg *err);
