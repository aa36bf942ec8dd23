/* Accounts, customers and whose a site is, as the machine's own people make them over the local
 * socket. Their context is the centre. */
#pragma once

#include "control/wire/local.h"

json_t *accounts_do(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e);
/* "customers"; "customer_put": "id", "name", "zone", "language"; "site_put": "site", "customer" */
json_t *people_do_customers(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e);
json_t *people_do_customer(void *ctx, const struct local_peer *peer, const json_t *request,
			   struct errmsg *e);
json_t *people_do_site(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e);
json_t *people_do_audit(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);
