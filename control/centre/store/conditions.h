/* What is wrong with the watching itself (C4), while it lasts: each thing is an emergency once,
 * ends by itself when it is over, and what comes and goes within an hour is one thing. With it what
 * the looks need to remember: licences, the disk's past, when a mirror port last brought frames.
 * Times are ns since 1970. Each call is a transaction of its own. */
#pragma once

#include "control/centre/store/emergencies.h"

/* Makes the tables; once, at the start. */
int conditions_open(struct store *s, struct errmsg *err);

/* It holds: `e` with a key that names kind and subject ("clock:sensor-7"), told when it is new. 1
 * when it was told now. */
int condition_holds(struct store *s, const struct emergency *e, uint64_t now, struct errmsg *err);
/* Those of `kind` that hold no more: they have not been said to hold since `since`. How many. */
int conditions_end(struct store *s, enum emergency_kind kind, uint64_t since, uint64_t now,
		   struct errmsg *err);
/* Silent peers that are back. */
int conditions_end_silent(struct store *s, uint64_t now, struct errmsg *err);
/* [{"key", "kind", "customer", "site", "since", "title", "title_ja", "text", "text_ja"}] */
json_t *conditions_list(struct store *s, const char *customer);

struct condition_figures {
	uint64_t held[EMERGENCY_KINDS];
	uint64_t emergencies; /* that nobody has acknowledged */
	uint64_t messages;    /* that were not taken yet */
};
int conditions_count(struct store *s, struct condition_figures *ret, struct errmsg *err);

/* --- licences (C6): they warn and never blind --- */
struct licence {
	char customer[64], name[128];
	uint64_t until; /* 0 = without end */
};
int licence_put(struct store *s, const char *customer, uint64_t until, struct errmsg *err);
uint64_t licence_until(struct store *s, const char *customer);
/* Which end before `before`; at most `most`. Negative on error. */
int licences_ending(struct store *s, uint64_t before, struct licence *ret, unsigned most,
		    struct errmsg *err);

/* --- the disk's past: a figure a day, the last of the day --- */
struct disk_day {
	uint64_t day; /* since 1970, UTC */
	uint64_t used, size;
};
int disk_note(struct store *s, const struct disk_day *d, struct errmsg *err);
/* Oldest first, of the last `most` days. */
int disk_days(struct store *s, struct disk_day *ret, unsigned most, struct errmsg *err);

/* --- mirror ports --- */
struct mute_sensor {
	char name[64], site[128];
	uint64_t since; /* without a frame */
};
/* Sensors that are here, had frames within a week and have had none for `after`. */
int mirrors_gone(struct store *s, uint64_t after, uint64_t now, struct mute_sensor *ret,
		 unsigned most, struct errmsg *err);

/* --- incidents and alerts of a customer, counted by time --- */
struct customer_name {
	char id[64], name[128];
};
/* The vendor's own, "", first. */
int customers_all(struct store *s, struct customer_name *ret, unsigned most, struct errmsg *err);
/* Incidents that were opened in each of the `n` hours before `now`; [0] is the latest. */
int incidents_by_hour(struct store *s, const char *customer, uint64_t now, unsigned *ret,
		      unsigned n, struct errmsg *err);
/* Alerts in [from, to), which are quarters of an hour. */
int alerts_between(struct store *s, const char *customer, uint64_t from, uint64_t to, uint64_t *ret,
		   struct errmsg *err);
/* When the first alert of the customer was counted; 0 = never. */
uint64_t first_alert(struct store *s, const char *customer);

/* --- reports and messages that do not get on --- */
struct stuck {
	unsigned n;
	uint64_t since;
	char what[256], error[256]; /* the oldest */
};
int reports_stuck(struct store *s, uint64_t before, struct stuck *ret, struct errmsg *err);
int messages_stuck(struct store *s, uint64_t before, struct stuck *ret, struct errmsg *err);
