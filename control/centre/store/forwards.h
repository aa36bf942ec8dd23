/* Alerts on their way to other systems, in the store: a queue that every target reads at its own
 * pace, so that one that is away holds up nobody and gets everything afterwards, up to a limit that
 * is counted. */
#pragma once

#include "control/centre/store/store.h"

enum forward_format { FORWARD_EVE, FORWARD_CEF, FORWARD_LEEF, FORWARD_FORMATS };

struct forward_target {
	char address[256]; /* tls://HOST:6514, tcp://HOST:514 */
	char customer[64]; /* whose alerts; "" = all */
	enum forward_format format;
	uint64_t at;   /* number of the last that it got */
	uint64_t sent; /* how many */
};

struct forward_item {
	uint64_t number, time;
	char sensor[64], site[128], customer[64];
	char *eve; /* one JSON object; the caller's to free */
};

enum { FORWARD_QUEUE_MOST = 1000000 };

extern const char *const forward_format_words[]; /* "eve", "cef", "leef" */

int forwards_open(struct store *s, struct errmsg *err);
/* From now on. ERR_INVALID with a sentence. */
int forward_put(struct store *s, const struct forward_target *t, struct errmsg *err);
int forward_remove(struct store *s, const char *address, struct errmsg *err);
/* {"cef tls://...": {"waiting", "sent", "error", ...}} */
json_t *forward_status(struct store *s);

/* Into the queue if anybody wants it; within the alert's own transaction. */
int forward_note(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err);

int forward_targets(struct store *s, struct forward_target *ret, unsigned most, struct errmsg *err);
/* What is next for it, in order. */
int forward_next(struct store *s, const struct forward_target *t, struct forward_item *ret,
		 unsigned most, struct errmsg *err);
/* It has all up to `at`; or `error`. */
int forward_sent(struct store *s, const struct forward_target *t, uint64_t at, unsigned n,
		 const char *error, struct errmsg *err);
/* What every target has goes; beyond the limit the oldest, counted. */
int forward_trim(struct store *s, struct errmsg *err);
