/* The store at work in banken-control (D8): records go in with each batch, a list that was changed
 * is searched at once in small steps, what is found is reported as an alert about that time, and
 * `banken search` asks for one indicator. One thread. */
#pragma once

#include "control/sensor/convert.h"
#include "control/sensor/outbox.h"
#include "control/sensor/retro/retro.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct search;

struct search_setup {
	struct loop *loop;
	const struct log *log;
	struct outbox *outbox;
	struct convert *convert;
	const char *folder;    /* of the segments */
	const char *lists;     /* compiled known-bad lists */
	uint64_t max_mb;       /* 0: nothing is kept */
	unsigned disk_percent; /* nor more than this share of the folder's disk */
};

/* NULL with a sentence; also when max_mb is 0 (then without one). */
struct search *search_new(const struct search_setup *setup, struct errmsg *e);
void search_free(struct search *s);
/* A record of the ring; `s` may be NULL. */
void search_note(struct search *s, const struct record_head *h);
/* The batch is stored. */
void search_commit(struct search *s);
/* {"records": ..., "days": ..., ...} */
json_t *search_status(const struct search *s);
/* {"hits": [...], "since": ns}; NULL with a sentence. */
json_t *search_find(struct search *s, const char *indicator, unsigned most, struct errmsg *e);
