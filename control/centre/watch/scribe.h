/* Makes reports in helper processes, so that neither what comes in nor an emergency waits for one:
 * a month of everybody over tens of millions of records takes a minute. A helper has the store for
 * reading only, no keys, and (with the embedded store) no network; its work comes after everybody
 * else's. One helper makes what is owed, the other what people ask for. Loop thread. */
#pragma once

#include "control/centre/report_make.h"
#include "control/helper/helper.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct scribe;
struct scribe_helpers;

enum {
	SCRIBE_WAITING = 64, /* orders at a desk, beside the one under way */
	SCRIBE_EACH = 8,     /* of one customer's */
	SCRIBE_S = 1800,     /* then it is given up */
};

enum scribe_desk { SCRIBE_OWED, SCRIBE_ASKED, SCRIBE_DESKS };

/* The asker's; stays his until `done`. */
struct scribe_job {
	struct report_order order;
	enum scribe_desk desk;
	/* `error`: "" = the files are there, as ORDER.stem.<ending>.part. May give new orders. */
	void (*done)(struct scribe_job *job, const char *error);
	void *ctx;
	/* The scribe's. */
	uint64_t since;
	struct scribe_job *next;
};

/* Before rights are given up. `where` stays the caller's, as long as the program runs. NULL with a
 * sentence. */
struct scribe_helpers *scribe_helpers_start(const struct store_where *where, const char *account,
					    struct errmsg *err);
void scribe_helpers_stop(struct scribe_helpers *h);

struct scribe *scribe_new(struct loop *loop, const struct log *log, struct scribe_helpers *helpers,
			  struct errmsg *err);
/* Who still waits is told so. */
void scribe_delete(struct scribe *s);

/* ERR_LIMIT with a sentence when too many wait; `done` is not called then, and never from within.
 */
int scribe_do(struct scribe *s, struct scribe_job *job, struct errmsg *err);
