/* Orders of the mitigator, carried out through the dataplane's mailbox: watch a host (Q9), end its
 * sessions (Q10). Each is checked for signature, role and expiry, done once, and answered with a
 * CommandStatus; a running watch is answered every 200 ms. One thread. */
#pragma once

#include <jansson.h>

#include "control/sensor/evidence.h"
#include "control/sensor/health.h"
#include "control/sensor/outbox.h"
#include "control/sensor/sample/sample.h"
#include "control/wire/box.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/tls.h"

struct orders;

struct orders_setup {
	struct loop *loop;
	const struct log *log;
	const char *rundir;
	struct outbox *outbox;
	struct health *health;
	struct tls_keys *keys;
	struct box *box;	 /* takes what the centre sends */
	struct samples *samples; /* NULL: none is handed over */
	struct evidence_setup evidence;
};

/* Stops with a sentence when the mailbox cannot be had. */
struct orders *orders_new(const struct orders_setup *setup, struct errmsg *e);
void orders_free(struct orders *o);

/* For link_ops.store. */
int orders_store(struct orders *o, const struct link_item *items, size_t n, struct errmsg *e);

/* Asks the dataplane to read its rules again; `path` "" = those it has. The outcome appears in
 * orders_json. */
int orders_reload(struct orders *o, const char *path, struct errmsg *e);

/* {"watches": [...], "refused": n, "reload": "..."} */
json_t *orders_json(const struct orders *o);
