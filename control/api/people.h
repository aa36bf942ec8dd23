/* Accounts as the machine's own people make them over the local socket: the first one comes from
 * there, as there is no password to begin with. The program does the auditing. A request's fields:
 * "name", "role", "customer", "password", "disabled", "reset_second_factor". */
#pragma once

#include "control/api/accounts.h"

struct people {
	struct accounts *accounts;
	struct api_customers customers; /* .is NULL: a single site, without the vendor's roles */
	uint64_t now;			/* ns since 1970 */
};

/* Of a changed account the sessions end. */
enum people_act { PEOPLE_ADD, PEOPLE_CHANGE, PEOPLE_REMOVE };
/* For the audit: "added an account", ... */
extern const char *const people_act_words[];
/* Takes some 30 ms where there is a password: a person typed it at the machine. */
int people_act(const struct people *p, enum people_act act, const json_t *request,
	       struct errmsg *e);
/* Name, role, customer of the request, for the audit. */
json_t *people_detail(const json_t *request);
