/* Whose data a request is about. The one place that turns an account and the arguments of a request
 * into what the store is asked with: nothing else of the API makes a scope. The vendor's people see
 * every customer, or the one they name. Everybody else sees their own: another one, or a site that
 * is not theirs, is answered as if it were not there. */
#pragma once

#include "control/api/route.h"
#include "control/centre/store/lookup.h"

/* ERR_NOTFOUND, ERR_DENIED with a sentence. Texts point into the request. */
int scope_of(struct store *s, const struct api_request *q, struct store_scope *ret,
	     struct errmsg *e);
/* With the arguments from, to, most and before; `days`: how far back without them. ERR_INVALID. */
int scope_query(struct store *s, const struct api_request *q, unsigned days,
		struct store_query *ret, struct errmsg *e);

#define SCOPE_SITE_FIELDS                                                                          \
	{"customer", API_IN_QUERY, API_TEXT, false,                                                \
	 0,	     64,	   NULL,     "the vendor's people: one customer's only"},          \
	{                                                                                          \
		"site", API_IN_QUERY, API_TEXT, false, 0, 127, NULL, "one site's only"             \
	}
#define SCOPE_PERIOD_FIELDS                                                                        \
	{"from", API_IN_QUERY, API_TIME, false, 0, 0, NULL, "from this time on"},                  \
	{                                                                                          \
		"to", API_IN_QUERY, API_TIME, false, 0, 0, NULL, "before this time"                \
	}
#define SCOPE_PAGE_FIELDS                                                                          \
	{"most", API_IN_QUERY, API_INTEGER, false,                                                 \
	 1,	 LOOKUP_MOST,  NULL,	    "how many, 100 when not given"},                       \
	{                                                                                          \
		"before", API_IN_QUERY, API_TEXT, false, 0, 223, NULL,                             \
			"\"next\" of the page before"                                              \
	}
