/* Reports on their way: encoded once, numbered, put into the spool for each destination that
 * wants them. Between outbox_begin and outbox_commit everything is stored together or not at all.
 * One thread. */
#pragma once

#include <stdbool.h>

#include "control/wire/link.h"
#include "control/wire/message.h"
#include "control/wire/spool.h"

#define OUTBOX_MITIGATOR "mitigator"
#define OUTBOX_CENTRE	 "centre"

struct outbox {
	struct spool *spool;
	const char *sensor;
	bool to_mitigator, to_centre; /* there is such a peer */
	struct link *mitigator, *centre;
	uint64_t sequence; /* of the last report */
	uint64_t began;	   /* sequence at the begin, for a rollback */
	uint64_t reports, refused, too_large;
	bool news; /* something to wake the links for */
};

enum outbox_for {
	OUTBOX_FOR_MITIGATOR = 1,
	OUTBOX_FOR_CENTRE = 2,
	OUTBOX_FOR_BOTH = 3,
};

void outbox_init(struct outbox *o, struct spool *spool, const char *sensor);

int outbox_begin(struct outbox *o, struct errmsg *e);
/* Sets sequence and sensor. 0 also when it found no room and was counted as lost by the spool;
 * ERR_IO: roll back. `now`: wall clock. */
int outbox_report(struct outbox *o, struct report *r, enum lane lane, unsigned whom, uint64_t now,
		  struct errmsg *e);
int outbox_message(struct outbox *o, const struct message *m, enum lane lane, unsigned whom,
		   uint64_t now, struct errmsg *e);
int outbox_commit(struct outbox *o, struct errmsg *e);
void outbox_rollback(struct outbox *o);

/* One report on its own. */
int outbox_send(struct outbox *o, struct report *r, enum lane lane, unsigned whom, uint64_t now,
		struct errmsg *e);
/* To the mitigator if it is there just now, never kept. */
void outbox_pass(struct outbox *o, struct report *r);
