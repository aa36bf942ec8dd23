/* Has the final reports that are owed made, printed and mailed, each by a helper. What is done is
 * in the store (store/schedule.h); killed anywhere, it goes on there, and nothing goes twice
 * (errand.h). */
#pragma once

#include "control/centre/emergency/mail.h"
#include "control/centre/report_file.h"
#include "control/centre/watch/duty.h"
#include "control/centre/watch/errand.h"
#include "control/centre/watch/scribe.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct press;
struct press_helpers;

struct press_setup {
	struct loop *loop;
	const struct log *log;
	struct report_files files;
	struct scribe *scribe;
	const struct duty *duty; /* NULL: always */
	const char *outbox;	 /* folder of mails under way */
	const char *from;	 /* mail address */
	const char *host;	 /* name of this machine */
	unsigned hour;		 /* of who has no schedule of his own yet */
};

/* Before rights are given up. `outbox` is made by press_new. NULL with a sentence. */
struct press_helpers *press_helpers_start(const struct delivery_server *server, const char *outbox,
					  const char *account, struct errmsg *err);
void press_helpers_stop(struct press_helpers *h);

struct press *press_new(const struct press_setup *setup, struct press_helpers *helpers,
			struct errmsg *err);
void press_delete(struct press *p);
/* The schedule was changed: it is looked at with the next turn. */
void press_hurry(struct press *p);

/* A mail of a report as it goes. `text`: the few lines; `pdf`, empty: there is none, `html` goes
 * instead. The caller's to free; NULL without memory. */
char *press_mail(const struct report_mail *m, const struct press_setup *setup, struct slice text,
		 struct slice pdf, struct slice html, uint64_t now, size_t *ret_len);
