/* One request to a TAXII server. Private to the folder. */
#pragma once

#include "signatures/lists/taxii.h"

struct taxii_answer {
	char *text; /* NUL-terminated; to be freed */
	size_t len;
	long status;
	char last[64];	/* X-TAXII-Date-Added-Last, "" = none */
	char retry[32]; /* Retry-After */
};

/* ERR_OK for a 200 with TAXII's content type; otherwise a sentence, ERR_DENIED for 401 and 403,
 * ERR_NOTFOUND for 404, ERR_AGAIN for 429 and 503. */
int taxii_get(const struct taxii_source *s, const char *url, struct taxii_answer *ret,
	      struct errmsg *e);
/* Text of a URL's query, quoted; to be freed. */
char *taxii_quote(const char *text);
