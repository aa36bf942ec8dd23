/* Cuts and their history in the mitigator's database. Everything is stored before it acts; the
 * caller owns the transaction. */
#pragma once

#include <sqlite3.h>

#include "control/mitigator/quarantine/cut.h"

struct cut_store;

/* Makes the tables when they are missing. `methods` names the masks' bits. The database stays the
 * caller's and must outlive the store. */
struct cut_store *cut_store_new(sqlite3 *db, const struct cut_method *methods, unsigned methods_n,
				struct errmsg *e);
void cut_store_free(struct cut_store *s);

/* The number of the next cut; numbers are never used twice. */
int cut_store_next(struct cut_store *s, uint64_t *ret, struct errmsg *e);
/* Numbers up to `id` are taken, by a database that is lost. */
int cut_store_skip(struct cut_store *s, uint64_t id, struct errmsg *e);
int cut_store_save(struct cut_store *s, const struct cut *c, struct errmsg *e);

struct cut_change {
	uint64_t time; /* wall */
	enum cut_state from, to;
	enum cut_event event;
	const char *actor, *reason, *method; /* method "" when it does not matter */
};

int cut_store_note(struct cut_store *s, uint64_t cut, const struct cut_change *ch,
		   struct errmsg *e);

/* Calls fn for each cut, newest first; `open_only` leaves out final states. fn may stop with
 * false. */
int cut_store_each(struct cut_store *s, bool open_only, unsigned limit,
		   bool (*fn)(void *ctx, const struct cut *c), void *ctx, struct errmsg *e);
/* ERR_NOTFOUND when there is none of that number. */
int cut_store_find(struct cut_store *s, uint64_t id, struct cut *ret, struct errmsg *e);
/* The history of one cut, oldest first. */
int cut_store_history(struct cut_store *s, uint64_t cut,
		      bool (*fn)(void *ctx, const struct cut_change *ch), void *ctx,
		      struct errmsg *e);
/* The wall clock was set: the fuse's window keeps its length. */
int cut_store_clock(struct cut_store *s, int64_t delta, struct errmsg *e);
/* Calls fn for each cut that the fuse counted since `since`, open or not. */
int cut_store_counted(struct cut_store *s, uint64_t since,
		      void (*fn)(void *ctx, const char *host_id, uint64_t fused), void *ctx,
		      struct errmsg *e);
/* How often the host was cut for a threat since `since` (repeat offenders, Q8). */
unsigned cut_store_repeats(struct cut_store *s, const char *host_id, uint64_t since);
