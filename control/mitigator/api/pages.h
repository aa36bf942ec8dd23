/* The pages of a site and the HTTP API under them: control/api with the mitigator's route table.
 * Whatever a route changes goes through the command of the local socket (local_do), so that pages,
 * API and `banken` are one way to do a thing, audited alike. */
#pragma once

#include "control/api/certificate.h"
#include "control/api/server.h"
#include "control/mitigator/mitigator.h"

struct pages {
	struct mitigator *m;
	struct accounts *accounts;
	struct certificate *certificate;
	char *client_ca;	   /* PEM; NULL: none */
	struct api_server *server; /* NULL: accounts only, no address is configured */
	uint64_t told;		   /* monotonic */
	unsigned changed;	   /* set of enum page_part */
};

/* What of the pages is to be read anew. */
enum page_part {
	PAGE_CUTS = 1,
	PAGE_HOSTS = 2,
	PAGE_INCIDENTS = 4,
	PAGE_STATE = 8, /* kill switch, policy, exceptions, modes, sensors */
	PAGE_AUDIT = 16,
};

/* 0, also when no address is configured. Errors: the accounts' file is damaged; the address is
 * taken; the certificate is unusable. */
int pages_start(struct mitigator *m, struct errmsg *e);
void pages_stop(struct mitigator *m);
/* Something changed: whoever has a page open is told within a fraction of a second. */
void pages_changed(struct mitigator *m, unsigned parts);
/* Tells it, at most a few times a second. */
void pages_tick(struct mitigator *m);

/* routes.c */
struct api_table page_routes(struct mitigator *m);
