/* Detectors with hours of memory, fed from the records that banken-control takes: what they find
 * becomes alerts like those of the dataplane, what they know is kept on disk. One thread. */
#pragma once

#include <jansson.h>

#include "control/sensor/hosts.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "dataplane/api/record.h"
#include "dataplane/behave/behave.h"

enum { MEMORY_HITS = 64 }; /* that wait to be sent; more are counted */

struct memory;

struct memory_setup {
	struct loop *loop; /* NULL: memory_save alone writes */
	const struct log *log;
	const char *path; /* of its file */
	struct hosts *hosts;
	struct behave_config config; /* its span is BEHAVE_HOURS whatever it says */
	uint64_t save_seconds;
	/* Offers and verdicts of the site's list (site/site.h); NULL: nobody is asked. */
	void (*offer)(void *ctx, const struct behave_offer *offer);
	enum behave_verdict (*verdict)(void *ctx, enum behave_offer_kind kind,
				       const struct ip_addr *host, const char *what);
	void *ctx;
};

/* Reads its file; one that is damaged is put aside with a sentence in the log. NULL: no memory. */
struct memory *memory_new(const struct memory_setup *setup, struct errmsg *e);
/* Saves. */
void memory_delete(struct memory *m);

/* A checked record other than an alert. NULL `m`: nothing happens. */
void memory_note(struct memory *m, struct slice record);
/* What was found and is not sent yet; it stays until memory_sent, so that a batch that is not
 * stored and comes again loses nothing. */
unsigned memory_hits(const struct memory *m);
/* The i-th of them as a record of type "alert"; valid until the next call. Its id is made of that
 * of the record that led to it: read twice it is the same alert. */
struct slice memory_hit(struct memory *m, unsigned i);
void memory_sent(struct memory *m);
/* The whole file at once. */
int memory_save(struct memory *m, struct errmsg *e);

struct behave *memory_behave(struct memory *m);
json_t *memory_status(const struct memory *m);
