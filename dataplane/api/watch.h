/* Watched hosts (Q9): is a host that was cut still answered? control orders a watch by mailbox; the
 * dataplane's main thread puts it into a slot; each worker counts in its own cache lines of
 * RUNDIR/watch what it sees; control reads.
 *
 * A mirror copies a frame before a drop, so that a host's own frames prove nothing but that it
 * tries. An answer is a frame of a peer outside the exemptions that shows that the peer got
 * something the host sent after the watch began: an acknowledgement that moves on (RFC 9293), new
 * data 2 s after the watch began (a sender that hears nothing only repeats), the reply of a UDP or
 * ICMP peer to what was sent since. A reset and an ICMP error are no answer, for enforcers make
 * them; a repetition is none, for the peer cannot know that the host is gone, and neither is a web
 * page with hop limit 255, which the enforcer makes (RFC 5082). Requests for an
 * address (ARP, neighbour solicitation) count as attempts, what comes back not as an answer. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/mailbox.h"
#include "dataplane/base/err.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/packet.h"

enum {
	WATCH_SLOTS = 32,
	WATCH_WORKERS_MAX = 256,
	WATCH_PEERS = 256, /* conversations a worker remembers per slot; the oldest goes */
};

/* What a worker saw; times in ns of the packets' clock, 0: never. */
struct watch_counts {
	uint64_t attempts;	  /* frames from the host to a non-exempt unicast address; ARP */
	uint64_t answers;	  /* as above */
	uint64_t sessions;	  /* TCP conversations with at least one answer */
	uint64_t frames_to;	  /* all frames of non-exempt peers to the host */
	uint64_t exempt_attempts; /* frames to exempt peers */
	uint64_t exempt_answers;  /* frames of exempt peers */
	uint64_t first_attempt, last_attempt;
	uint64_t first_answer, last_answer;
	struct ip_addr last_peer; /* the last non-exempt one that answered */
};

/* ---- dataplane ---- */

struct watch;	     /* the file and the slots' definitions; main thread */
struct watch_worker; /* a worker's scratch; that worker only */

struct watch *watch_create(const char *path, unsigned n_workers, struct errmsg *e);
void watch_close(struct watch *w);
/* Main thread. `now`: packets' clock. ERR_INVALID for a slot or host out of range. */
int watch_start(struct watch *w, const struct mailbox_message *order, uint64_t now);
int watch_stop(struct watch *w, unsigned slot);

/* At start; `index` below n_workers. */
struct watch_worker *watch_worker_new(struct watch *w, unsigned index, struct hash_key key);
void watch_worker_free(struct watch_worker *w);
/* Once a burst: takes changed slots over. True while any slot is in use: only then
 * watch_observe is worth calling. */
bool watch_refresh(struct watch_worker *w);
/* Each decoded packet, those inside tunnels too. `flow_start`: when its flow began (packets'
 * clock), 0 when it has none: an opening packet that is older than the watch proves nothing. */
void watch_observe(struct watch_worker *w, const struct packet *p, uint64_t flow_start);

/* ---- control ---- */

struct watch_reader;

struct watch_reader *watch_reader_open(const char *path, struct errmsg *e);
void watch_reader_close(struct watch_reader *r);
bool watch_replaced(const struct watch_reader *r);
/* Sum over workers of the slot while it carries `watch_id`; false when it does not (yet). */
bool watch_read(const struct watch_reader *r, unsigned slot, uint64_t watch_id,
		struct watch_counts *ret);
