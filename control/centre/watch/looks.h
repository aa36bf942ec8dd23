/* The watchers watched (C4): once a minute the centre looks at itself and its peers; what it finds
 * is a condition (store/conditions.h), told once, over by itself. */
#pragma once

#include "control/centre/store/conditions.h"
#include "control/centre/store/kept.h"
#include "control/wire/link.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/tls.h"

struct looks;

struct looks_setup {
	struct loop *loop;
	const struct log *log;
	struct store *store;
	struct tls_keys *keys;
	const struct link_server *server;
	const char *folder;    /* on the disk that is looked at */
	uint64_t silent_after; /* ns that a mirror port may bring nothing; 0 = ever */
	bool is_far;	       /* the store is on other machines */
	uint64_t retention_days, backup_days; /* backup_days: that may pass without one; 0 = any */
	struct zone zone;
};

struct looks *looks_new(const struct looks_setup *setup, struct errmsg *err);
void looks_delete(struct looks *l);
/* Now; for tests and the command. */
void looks_look(struct looks *l);
/* {"conditions": [...], "disk": {...}, "store": {...}, "backup": {...}} */
json_t *looks_status(struct looks *l, const char *customer);

/* --- parts, for tests: on a clock that is passed in --- */

struct peer_look {
	const char *name, *site;
	int64_t until;		 /* of its certificate, s since 1970; 0 = not known */
	int64_t clock_offset_ms; /* its clock minus ours */
};
int look_at_peers(struct store *s, const struct peer_look *peers, size_t n, int64_t own_until,
		  uint64_t now, struct errmsg *err);
int look_at_rates(struct store *s, uint64_t now, struct errmsg *err);
int look_at_licences(struct store *s, const struct zone *zone, uint64_t now, struct errmsg *err);
int look_at_disk(struct store *s, uint64_t used, uint64_t size, uint64_t now, struct errmsg *err);
/* `days`: that may pass without a back-up; before the first one they count from the first measure
 * of the store. */
int look_at_backups(struct store *s, uint64_t days, uint64_t now, struct errmsg *err);
/* {"bytes", "oldest", "held_days", "retention_days", "bytes_a_day", "bytes_then", "full"}: what the
 * store holds, and with how much at the end of the retention; "full": `room` bytes more are not
 * enough for that. NULL with a sentence. */
json_t *look_at_store(struct store *s, uint64_t retention_days, uint64_t room, uint64_t now,
		      struct errmsg *err);
int look_at_mirrors(struct store *s, uint64_t after, uint64_t now, struct errmsg *err);
int look_at_queues(struct store *s, const struct zone *zone, uint64_t now, struct errmsg *err);
