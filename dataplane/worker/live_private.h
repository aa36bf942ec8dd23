/* What the files of the live mode share: live.c (start, stop), control.c (main thread's turn),
 * loop.c (a worker), distribute.c (one queue for several workers). */
#pragma once

#include <limits.h>
#include <stdatomic.h>

#include "dataplane/api/mailbox.h"
#include "dataplane/api/ring.h"
#include "dataplane/api/stats.h"
#include "dataplane/api/watch.h"
#include "dataplane/base/notify.h"
#include "dataplane/respond/unreachable.h"
#include "dataplane/rx/port.h"
#include "dataplane/worker/bulk.h"
#include "dataplane/worker/options.h"
#include "dataplane/worker/pipeline.h"
#include "dataplane/worker/ruleset.h"
#include "signatures/lists/table.h"

enum {
	LIVE_WORKERS = 64,
	LIVE_RESETS = 64, /* hosts and connections under reset at a time */
	LIVE_BURST = 32,
	LIVE_WARM = 32 << 20,	/* bytes of memory that a worker makes ready before traffic comes */
	LIVE_QUEUE = 4096,	/* frames between distributor and worker */
	LIVE_WATCH_QUEUE = 512, /* so many wait in it: the distributor reckons who brings them */
	LIVE_SHED_QUEUE = 2048, /* the worker is overloaded, and leaves out bulk */
	LIVE_TIGHT_QUEUE = 2560, /* so does the distributor: what is left is for what is new */
	LIVE_SHED_BURSTS = 128,	 /* so many full bursts in a row say the same of a port */
	LIVE_RESET_QUEUE = 256,	 /* reset frames between a worker and the main thread */
	LIVE_COUNTERS = 1024,
	LIVE_STATS_MS = 200,
	LIVE_READINGS = 5, /* of an estimated loss: what lasts for a second is one */
};

struct rte_ring;

/* One order to end sessions. Read-only for workers. */
struct live_reset {
	struct mailbox_host host; /* n_ips == 0 and no MAC: a single connection */
	struct ip_addr addr[2];
	uint16_t port[2];
	bool one_flow;
	uint64_t until_ns; /* wall clock; then it is taken off the list */
};

struct live_resets {
	unsigned count;
	struct live_reset reset[LIVE_RESETS];
};

/* One frame of the self-test; the worker only reads it. */
struct live_test {
	uint32_t len;
	uint8_t frame[192];
};

struct live;

struct live_worker {
	struct live *live;
	unsigned index;
	struct pipeline *pipeline;
	struct ring *rings[RECORD_LANES];
	struct watch_worker *watch;
	bool watching;
	struct rte_ring *in;	      /* from the distributor; NULL: polls its own queues */
	struct bulk *bulk;	      /* what the distributor leaves out of that; NULL without */
	struct rte_ring *resets;      /* mbufs for the main thread to send */
	struct detect_engine *engine; /* in use */
	uint64_t records_lost;
	uint64_t resets_sent;
	uint64_t unreachables_sent, unreachables_held; /* ICMP errors; those above the rate */
	struct unreachable_rate unreachable_rate;
	unsigned full_bursts;	   /* in a row: more is waiting than is taken */
	uint64_t shed, shed_bytes; /* left out because of that */
	uint64_t frames;	   /* taken from ports or the distributor; numbers packets */
	/* main thread -> worker, taken between bursts */
	_Alignas(64) _Atomic(struct detect_engine *) next_engine;
	_Atomic(const struct live_resets *) next_resets;
	_Atomic(const struct lists *) next_lists;
	_Atomic(struct live_test *) next_test;
	const struct lists *lists;    /* in use */
	const struct live_test *test; /* taken last */
	const struct live_resets *resets_now;
	_Atomic uint64_t
		turns; /* counts bursts and idle turns: a grace period for what was swapped */
	/* worker -> main thread, copied every LIVE_STATS_MS */
	/* distributor's, for this worker */
	_Alignas(64) _Atomic uint64_t distributed, undelivered, bulk_shed, bulk_shed_bytes;
};

struct desk;
struct live_reload;

struct live {
	const struct options *options;
	struct rx rx;
	struct ruleset rules, old_rules;
	struct live_reload *reload; /* being read; NULL: none */
	struct stats *stats;
	struct watch *watch;
	struct mailbox *mailbox;
	struct inspector *inspector; /* who reads files; NULL = nobody */
	struct desk *desk;	     /* NULL: files go to nobody */
	struct keeper *keeper;	     /* NULL: no packets are kept */
	struct live_worker worker[LIVE_WORKERS];
	unsigned workers;
	bool distribute; /* a thread reads all ports and hands frames out */
	struct stats_name names[LIVE_COUNTERS];
	char name_text[LIVE_COUNTERS][STATS_NAME];
	unsigned name_count, pipeline_names; /* the workers' own stand first */
	_Atomic bool stop;
	_Atomic bool distributed; /* the distributor has handed out its last frame */
	uint64_t missed[RX_PORTS][LIVE_READINGS];
	uint64_t reloads, stored_ns;
	struct notify notify; /* the service manager */
	uint64_t alive_turns[LIVE_WORKERS];
	struct lists *lists;
	struct { /* which file that is */
		uint64_t inode;
		int64_t size, seconds, ns;
	} lists_file;
	uint64_t lists_looked_ns, lists_loads, lists_failed;
	uint64_t rules_looked_ns;
	char rules_link[PATH_MAX]; /* the installed set that was read last */
	unsigned cores[LIVE_WORKERS + 2];
};

uint64_t live_now_ns(void);

/* loop.c */
int live_worker_main(void *worker);
/* distribute.c: lcore function for the thread between ports and workers. */
int live_distribute_main(void *live);
/* control.c: one turn of the main thread; sleeps a little when there is nothing to do. */
void live_control_turn(struct live *live);
/* lists.c: takes the compiled lists anew when their file was replaced; seldom more than a stat(2).
 */
void live_lists_look(struct live *live, uint64_t now_ns);
/* Waits until every worker has begun another turn: then none uses what was swapped out. */
void live_grace(struct live *live);
/* reload.c: starts reading the rules again, ERR_AGAIN while that is being done; the order is
 * answered by reload_turn, once they are in use or refused. */
int reload_begin(struct live *live, uint64_t order, struct mailbox_answer *answer);
void reload_turn(struct live *live);
/* Reads them when another set was installed. */
void reload_look(struct live *live, uint64_t now_ns);
/* self_test.c: an order of that kind; the first worker takes the frame between two bursts. */
int self_test_order(struct live *live, const struct mailbox_message *m);
void self_test_take(struct live_worker *w, uint64_t now_ns);
/* Names of the counters a worker stores, in order; fills live->names. */
void live_name_counters(struct live *live);
/* Stores the worker's counters; called by the worker. */
void live_store_counters(struct live_worker *w);
/* privileges.c: becomes `user` without any capability and can never gain one. */
int live_drop_privileges(const char *user, struct errmsg *err);
