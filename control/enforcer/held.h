/* What this enforcer holds cut and which orders it has had, in SQLite and in memory. Changed only
 * inside a transaction; after a failed one held_reload brings memory back to what is stored. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/enforcer/accept.h"

enum { HELD_MAX = 4096 };

struct held_cut {
	char id[ACCEPT_ID_MAX]; /* of the command that holds it */
	struct nft_host host;
	uint64_t lease_expires;	 /* ns since 1970, 0: until released */
	uint64_t deadline;	 /* the same on the monotonic clock, ns */
	uint64_t drops;		 /* of the host's frames so far */
	uint64_t drops_before;	 /* ... counted by tables that are gone */
	uint64_t drops_told;	 /* ... as the mitigator knows */
	uint64_t told_at, since; /* monotonic */
	bool confirmed;		 /* the firewall has it, and the mitigator was told */
};

/* How an order ended. */
struct held_answer {
	enum command_state state; /* SENT: under way, what it did is stored but not confirmed */
	bool release;		  /* the order was one */
	char reason[256];
};

struct held;

struct held *held_open(const char *path, struct errmsg *e);
void held_close(struct held *h);
sqlite3 *held_db(struct held *h); /* for seen.h */

int held_begin(struct held *h, struct errmsg *e);
int held_commit(struct held *h, struct errmsg *e);
void held_rollback(struct held *h);
/* `now`: since 1970 and monotonic, ns. */
int held_reload(struct held *h, uint64_t wall, uint64_t mono, struct errmsg *e);

/* True when the order was had before; then *ret is how it ended. */
bool held_known(struct held *h, const char *id, struct held_answer *ret);
/* Remembers an order until `keep_until` (ns since 1970): until then it could be replayed. */
int held_remember(struct held *h, const char *id, const struct held_answer *a, uint64_t keep_until,
		  struct errmsg *e);
/* Calls fn for each order under way. */
int held_under_way(struct held *h, void (*fn)(void *ctx, const char *id, bool release), void *ctx,
		   struct errmsg *e);
/* Forgets orders that can no longer be replayed. */
void held_forget_old(struct held *h, uint64_t now);

/* Stores a cut with the message that ordered it. ERR_LIMIT at HELD_MAX. */
int held_add(struct held *h, const struct held_cut *cut, struct slice payload, struct errmsg *e);
int held_remove(struct held *h, const char *id, struct errmsg *e);

size_t held_count(const struct held *h);
struct held_cut *held_at(struct held *h, size_t i);
struct held_cut *held_find(struct held *h, const char *id);
/* The next cut from *i on that shares an address with the host; moves *i behind it. */
struct held_cut *held_sharing(struct held *h, const struct nft_host *host, size_t *i);
