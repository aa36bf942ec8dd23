/* Emergencies and their messages in the store (C3). An emergency is raised once for its key; while
 * nobody acknowledges it, messages to its customer's recipients fall due in waves. What falls due,
 * and what was sent, is on disk before and after: a centre that was away goes on where it was.
 * Times are ns since 1970. */
#pragma once

#include "control/centre/store/store.h"

enum emergency_kind {
	EMERGENCY_INCIDENT, /* a dangerous one, on a host */
	EMERGENCY_CUT,	    /* a cut that waits, failed or has no effect */
	EMERGENCY_SILENT,   /* a sensor or mitigator has not been heard of */
	EMERGENCY_TEST,
	/* Of the watching itself (conditions.h). */
	EMERGENCY_MIRROR,      /* a mirror port brings no frames any more */
	EMERGENCY_RATE,	       /* far more, or far fewer, than a customer ever had */
	EMERGENCY_CERTIFICATE, /* ends soon */
	EMERGENCY_LICENCE,
	EMERGENCY_DISK,
	EMERGENCY_REPORT, /* was not made */
	EMERGENCY_MAIL,	  /* messages that nobody takes */
	EMERGENCY_CLOCK,
	EMERGENCY_SELF_TEST, /* late or lost on its way */
	EMERGENCY_BACKUP,    /* the last one is too long ago */
	EMERGENCY_KINDS,
};
extern const char *const emergency_kind_words[EMERGENCY_KINDS]; /* "incident" */

struct emergency {
	int64_t id;
	char key[160]; /* the same thing is raised once */
	enum emergency_kind kind;
	char customer[64]; /* "" = whose the site is */
	char site[128], host[160];
	char title[REPORT_LANGUAGES][256], text[REPORT_LANGUAGES][1200];
	uint64_t opened, acknowledged;
	char by[64];
};

enum recipient_kind { RECIPIENT_MAIL, RECIPIENT_SYSLOG, RECIPIENT_WEBHOOK };

struct recipient {
	int64_t id;
	char customer[64]; /* "" = of the vendor: every customer's */
	enum recipient_kind kind;
	char address[256];	       /* mail address; tls://host:port or tcp://; https://... */
	enum report_language language; /* of mails */
	unsigned tier;		       /* 1 at once; 2, 3 when nobody has acknowledged */
	unsigned quiet_from, quiet_to; /* minutes after local midnight; equal = never quiet */
};

struct emergency_rules {
	bool is_off;	     /* nothing is sent; emergencies are still kept */
	uint64_t repeat;     /* to all again, until acknowledged */
	uint64_t escalate;   /* one tier more */
	unsigned waves;	     /* at most */
	unsigned brake_most; /* messages to one recipient within ... */
	uint64_t brake_time; /* ... this; then those that wait go as one */
	struct zone zone;    /* of quiet hours */
};
extern const struct emergency_rules emergency_rules_default;

/* Within store_begin and store_commit; a key that is there changes nothing. 1 when it is new. */
int emergency_raise(struct store *s, const struct emergency *e, struct errmsg *err);
/* For each peer that went more than `after` ago and has not come back. */
int emergency_raise_silent(struct store *s, uint64_t after, uint64_t now, struct errmsg *err);
/* ERR_NOTFOUND with a sentence when there is none, or it is another customer's ("" = any). */
int emergency_acknowledge(struct store *s, int64_t id, const char *customer, const char *by,
			  uint64_t now, struct errmsg *err);
/* Newest first; [{"id", "title", "title_ja", ..., "messages": [...]}]. */
json_t *emergency_list(struct store *s, const char *customer, unsigned most);

/* One for each customer, kind and address; `id` is not looked at. */
int recipient_put(struct store *s, const struct recipient *r, struct errmsg *err);
/* From {"kind": "mail", "address": ..., "customer", "language": "ja", "tier": 1, "quiet":
 * "22:00-07:00"}; a sentence for what is wrong. */
int recipient_read(const json_t *from, struct recipient *ret, struct errmsg *err);
/* Nothing in it can end a header or a line. */
bool recipient_is_address(enum recipient_kind kind, const char *text);
int recipient_remove(struct store *s, int64_t id, struct errmsg *err);
json_t *recipient_list(struct store *s, const char *customer);

/* --- sending: each call is a transaction of its own --- */

enum { MESSAGE_MOST = 50 }; /* emergencies in one message */

struct emergency_message {
	struct recipient to;
	struct emergency about[MESSAGE_MOST];
	unsigned n, more; /* `more`: beyond these, counted only */
	int64_t delivery; /* number of the first, for the mail's own number */
	bool is_repeat;
};

/* Lays down which messages are due by now. */
int emergency_plan(struct store *s, const struct emergency_rules *rules, uint64_t now,
		   struct errmsg *err);
/* The next message to send, marked as under way: 1, or 0 when there is none now. */
int emergency_next(struct store *s, const struct emergency_rules *rules, uint64_t now,
		   struct emergency_message *ret, struct errmsg *err);
/* It went, or `error` says why not: then it is due again, later each time. */
int emergency_sent(struct store *s, const struct emergency_message *m, const char *error,
		   uint64_t now, struct errmsg *err);
/* At the start: what was under way is due. */
int emergency_recover(struct store *s, struct errmsg *err);
