/* Emergencies on the centre's loop: what is due goes to a helper, what it answers into the store.
 */
#pragma once

#include "control/centre/emergency/deliver.h"
#include "control/centre/emergency/text.h"
#include "control/centre/watch/duty.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct emergency_desk;

struct emergency_desk_setup {
	struct loop *loop;
	struct store *store;
	const struct log *log;
	const struct duty *duty; /* NULL: always */
	struct emergency_sender sender;
	struct emergency_rules rules;
	uint64_t
		silent_after; /* ns that a peer may be away before that is an emergency; 0 = ever */
};

/* Helpers are started before rights are given up. NULL with a sentence. */
struct emergency_helpers;
struct emergency_helpers *emergency_helpers_start(const struct delivery_server *server,
						  const char *account, struct errmsg *err);
void emergency_helpers_stop(struct emergency_helpers *h);

/* The helpers stay the caller's. NULL with a sentence. */
struct emergency_desk *emergency_desk_new(const struct emergency_desk_setup *setup,
					  struct emergency_helpers *helpers, struct errmsg *err);
void emergency_desk_delete(struct emergency_desk *d);
