/* Alerts counted by what they are about, and what an exception would take away of them (P9). */
#pragma once

#include "control/centre/store/lookup.h"

/* {"detections": [{"gid", "sid", "msg", ..., "n", "hosts", "sites", "first", "last", "days"}]};
 * "days": a count for each 24 h from q->from on, not of more than a hundred. */
json_t *store_detections(struct store *s, const struct store_query *q, struct errmsg *err);

struct store_exception {
	uint64_t gid, sid;
	const char *source, *destination, *sensor; /* "": any; addresses, not prefixes */
};
/* {"of": alerts in the period, "removed": n, "hosts": [...], "days": [...], "examples": [...]} */
json_t *store_exception_preview(struct store *s, const struct store_query *q,
				const struct store_exception *x, struct errmsg *err);
/* {"proposals": [...]} known-bad entries that the scope's mitigators offer. */
json_t *store_proposal_list(struct store *s, const struct store_query *q, struct errmsg *err);
