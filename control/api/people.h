/* Accounts as the machine's own people make them over the local socket: the first one comes from
 * there, as there is no password to begin with. The program does the auditing. A request's fields:
 * "name", "role", "customer", "password", "disabled", "reset_second_factor". */
#pragma once

#include "control/api/accounts.h"
#include "control/wire/local.h"

struct people {
	struct accounts *accounts;
	struct api_customers customers; /* .is NULL: a single site, without the vendor's roles */
	uint64_t now;			/* ns since 1970 */
	/* Keeps in the program's audit that `what` was done. */
	int (*note)(void *ctx, const struct local_peer *peer, const json_t *request,
		    const char *what, json_t *detail, struct errmsg *e);
	void *ctx;
};

/* Any of the four commands; NULL with a sentence. Of a changed account the sessions end. Takes some
 * 30 ms where there is a password: a person typed it at the machine. */
json_t *people_do(const struct people *p, const struct local_peer *peer, const json_t *request,
		  struct errmsg *e);
