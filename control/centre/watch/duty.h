/* Of several centres beside each other one is on duty: it makes what is owed, mails it, tells of
 * emergencies and forwards alerts; all of them take in, show, and look at what is connected to
 * them. There is no leader that somebody names: whoever holds the lease in the store is, and when
 * he is gone, another. A centre with a store of its own is always on duty. Loop thread. */
#pragma once

#include "control/centre/store/store.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct duty;

enum {
	DUTY_LEASE_S = 15,
	DUTY_RENEW_S = 3,
	DUTY_MARGIN_S = 5, /* stops that long before its lease is over by its own clock */
};

struct duty_setup {
	struct loop *loop;
	const struct log *log;
	struct store *store;
	const char *name; /* of this centre */
	bool is_alone;
};

struct duty *duty_new(const struct duty_setup *setup, struct errmsg *err);
/* Gives the lease back. */
void duty_delete(struct duty *d);
/* NULL is on duty, too. A centre that was halted is not, before it has asked again. */
bool duty_is_ours(const struct duty *d);
/* NULL is alone, too. */
bool duty_is_alone(const struct duty *d);
/* Who this centre is among those beside it: another one after each start. */
const char *duty_holder(const struct duty *d);
/* True once each time that duty began: `seen` is the caller's, 0 at first. */
bool duty_has_begun(const struct duty *d, uint64_t *seen);
