/* What the local socket can do of scheduled reports and of the watching itself; the centre's table
 * names them. */
#pragma once

#include "control/centre/watch/forward.h"
#include "control/centre/watch/looks.h"
#include "control/centre/watch/press.h"
#include "control/centre/watch/selftest.h"
#include "control/wire/local.h"

struct watch_desk {
	struct store *store;
	struct loop *loop;
	struct zone zone;
	struct press *press;
	struct looks *looks;
	struct selftest *selftest;
};

/* For the status: emergencies that are open, what is wrong by kind, messages that wait. */
void watch_figures(struct store *s, json_t *answer);

/* A new version of the final report of that day or month. ERR_NOTFOUND. */
int watch_again(struct watch_desk *d, const char *customer, const char *date, struct errmsg *err);

/* Answers {"do": one of the words}; NULL with a sentence. */
json_t *watch_do(struct watch_desk *d, const struct local_peer *peer, const json_t *request,
		 struct errmsg *err);
