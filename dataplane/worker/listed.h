/* Traffic against known-bad lists (D4): addresses once a flow, names, URLs and fingerprints once a
 * transaction, digests at a file's end. Hits are alerts of gid 4, signature_id = the list's id. One
 * per worker; takes no lock, allocates nothing. */
#pragma once

#include "dataplane/app/app.h"
#include "dataplane/base/counter.h"
#include "dataplane/event/event.h"
#include "dataplane/flow/flow.h"
#include "signatures/lists/table.h"

enum { LISTED_TOLD = 4096, LISTED_RECHECK = 1024 };

enum listed_counter {
	LISTED_LOOKUPS,
	LISTED_HITS,
	LISTED_REPEATED, /* the same of the same host within repeat_seconds: not told */
	LISTED_COUNTERS,
};

struct listed_buffer;

struct listed {
	const struct lists *lists; /* NULL: none */
	struct event_writer *events;
	uint64_t loaded_ns; /* packet time of the swap: older flows are looked up again */
	uint64_t repeat_ns;
	uint64_t counters[LISTED_COUNTERS];
	struct listed_buffer *buffers; /* by protocol, a fixed number each */
	struct hash_key key;
	struct {
		uint64_t what, until_ns;
	} told[LISTED_TOLD];
};

struct listed *listed_new(struct event_writer *events, unsigned repeat_seconds);
void listed_delete(struct listed *l);
/* Another generation, NULL = none; the caller keeps the old one until no worker uses it. */
void listed_switch(struct listed *l, const struct lists *lists, uint64_t now_ns);
/* APP_FILE_* digests that look-ups need. */
uint8_t listed_digests(const struct listed *l);

void listed_check_flow(struct listed *l, const struct packet *p);
void listed_check_client(struct listed *l, const struct packet *p);
void listed_check_tx(struct listed *l, const struct packet *p, const struct flow *f,
		     const struct app_tx *tx);
void listed_check_file(struct listed *l, const struct packet *p, const struct flow *f,
		       const struct app_tx *tx, const struct app_file *file);

/* Every packet of a flow: its first one, and seldom later ones, as lists change under long flows.
 */
static inline void listed_flow(struct listed *l, const struct packet *p)
{
	const struct flow *f = p->flow;

	if (!l->lists)
		return;
	if ((f->packets[DIR_TS] + f->packets[DIR_TC]) % LISTED_RECHECK == 1)
		listed_check_flow(l, p);
	if (f->flags & FLOW_LIST_CLIENT)
		listed_check_client(l, p);
}

/* A transaction that has just been logged. */
static inline void listed_tx(struct listed *l, const struct packet *p, const struct flow *f,
			     const struct app_tx *tx)
{
	if (l->lists)
		listed_check_tx(l, p, f, tx);
}

/* A file that is over. */
static inline void listed_file(struct listed *l, const struct packet *p, const struct flow *f,
			       const struct app_tx *tx, const struct app_file *file)
{
	if (l->lists)
		listed_check_file(l, p, f, tx, file);
}

struct counter_set listed_counters(const struct listed *l);
