/* Customers, and whose a site is: what pages and console change alike. */
#pragma once

#include "control/centre/centre.h"

struct change_customer {
	const char *id, *name, *zone, *language; /* "": as it was, or the centre's */
};

/* Makes or changes one. ERR_INVALID with a sentence. */
int change_customer(struct centre *c, const struct change_customer *k, struct errmsg *e);
/* ERR_NOTFOUND: no such customer. ERR_EXISTS: the site has another customer's history, which would
 * pass to the new one. */
int change_site(struct centre *c, const char *site, const char *customer, struct errmsg *e);
