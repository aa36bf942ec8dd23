/* Final reports that are owed, in the store: of which period, made or not, and to whom each was
 * mailed. What is owed follows from the schedule alone, so that a centre that was away makes up for
 * what it missed; every step is on disk before and after. Times are ns since 1970. Each call is a
 * transaction of its own. */
#pragma once

#include "control/centre/store/store.h"

enum report_period { REPORT_OF_DAY, REPORT_OF_MONTH, REPORT_PERIODS };

/* When a customer gets his reports. */
struct report_schedule {
	char customer[64]; /* "" = the vendor's, of all sites */
	struct zone zone;  /* of his days */
	unsigned hour;	   /* of the day after, local time, 0 to 23 */
	bool wants[REPORT_PERIODS];
	uint64_t since; /* nothing is owed of periods that began before */
};

/* Who gets one by mail; one for each customer and address. */
struct report_recipient {
	char customer[64], address[256];
	enum report_language language;
	bool wants[REPORT_PERIODS];
};

enum run_state {
	RUN_DUE,     /* to be made */
	RUN_WRITTEN, /* all but the PDFs */
	RUN_READY,   /* whole; its mails are laid down */
};

/* One version of one report. */
struct report_run {
	char customer[64];
	enum report_period kind;
	uint64_t period; /* begins then */
	unsigned version;
	enum run_state state;
	uint64_t due;	/* when it was to be made */
	unsigned tries; /* that failed in this state */
	struct zone zone;
	char name[128]; /* of the customer */
};

struct report_mail {
	struct report_run run;
	char address[256];
	enum report_language language;
	unsigned tries;
};

extern const char *const report_kind_words[]; /* "daily" */

/* Makes the tables; once, at the start. What was under way is due again. */
int schedule_open(struct store *s, struct errmsg *err);

/* `hour`, `wants` and `since` (0 = stays, else now) of a customer; his zone is the customer's own.
 */
int schedule_put(struct store *s, const struct report_schedule *c, uint64_t now,
		 struct errmsg *err);
/* Every customer has one from when he is first seen. [{"customer", "name", "zone", "hour", ...}] */
json_t *schedule_list(struct store *s, const char *customer);

int report_recipient_put(struct store *s, const struct report_recipient *r, struct errmsg *err);
/* ERR_NOTFOUND with a sentence. */
int report_recipient_remove(struct store *s, const char *customer, const char *address,
			    struct errmsg *err);
json_t *report_recipient_list(struct store *s, const char *customer);

/* Lays down what is owed by now. `ours`: zone of the vendor, and of who has none. `hour`: of who
 * has no schedule yet. */
int schedule_plan(struct store *s, const struct zone *ours, unsigned hour, uint64_t now,
		  struct errmsg *err);
/* Once more, as a new version: "2026-11-21" or "2026-11". ERR_NOTFOUND when none was made. */
int schedule_again(struct store *s, const char *customer, enum report_period kind, uint64_t period,
		   uint64_t now, struct errmsg *err);

/* The report of a period that is not over, as of `r->due`, as a version of its own; within a
 * transaction. `version` is not looked at. */
int schedule_owe_now(struct store *s, const struct report_run *r, struct errmsg *err);

/* The run to go on with: 1, or 0 when there is none now. */
int report_run_next(struct store *s, uint64_t now, struct report_run *ret, struct errmsg *err);
/* It is `state` now; RUN_READY lays its mails down. `error`: "" or what is missing in it. */
int report_run_moved(struct store *s, const struct report_run *r, enum run_state state,
		     const char *error, uint64_t now, struct errmsg *err);
/* Tried again, later each time. */
int report_run_failed(struct store *s, const struct report_run *r, const char *error, uint64_t now,
		      struct errmsg *err);
/* Newest first: [{"customer", "kind", "date", "version", "state", "mails": [...]}]. */
json_t *report_run_list(struct store *s, const char *customer, unsigned most);

int report_mail_next(struct store *s, uint64_t now, struct report_mail *ret, struct errmsg *err);
/* `error`: "" = the server took it. */
int report_mail_sent(struct store *s, const struct report_mail *m, const char *error, uint64_t now,
		     struct errmsg *err);

/* Periods: what ended last before `now` and was due by then has been planned. Midnight plus `hour`
 * by the wall clock of the day after the period. */
uint64_t report_due(const struct zone *zone, enum report_period kind, uint64_t period,
		    unsigned hour);
uint64_t report_period_end(const struct zone *zone, enum report_period kind, uint64_t period);
