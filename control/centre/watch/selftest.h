/* The daily self-test (C4): each sensor is ordered once a day to put a harmless frame into its
 * dataplane; what comes of it goes by rule, alert, store and mail to a mailbox that is looked into
 * here. Of centres beside each other the one on duty orders and judges, and the one that the sensor
 * is connected to tells it. Late or missing is an emergency, told by every other way. On the
 * centre's loop. */
#pragma once

#include "control/centre/store/selftests.h"
#include "control/centre/watch/duty.h"
#include "control/centre/watch/mailbox.h"
#include "control/wire/link.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/spool.h"
#include "control/wire/tls.h"

struct selftest;

struct selftest_setup {
	struct loop *loop;
	const struct log *log;
	struct store *store;
	struct tls_keys *keys;
	struct spool *spool;
	struct link_server *server;
	const struct duty *duty; /* NULL: alone */
	const char *address;	 /* that its mails go to; "" = a run ends with its alert */
	bool is_daily;		 /* false: only when somebody orders it */
	uint64_t late;		 /* ns after which a run is missed */
};

/* `mailbox`: helper of mailbox.h, NULL without one; stays the caller's. */
struct selftest *selftest_new(const struct selftest_setup *setup, struct helper *mailbox,
			      struct errmsg *err);
void selftest_delete(struct selftest *t);
/* Now; `sensor` "" = whose turn it is. ERR_NOTFOUND with a sentence when it is connected nowhere.
 */
int selftest_run(struct selftest *t, const char *sensor, struct errmsg *err);
