/* Detection: rules over packets, reassembled bytes and transactions. An engine is the compiled,
 * read-only form of a rule set, shared by all workers; a detector is one worker's scratch space and
 * state. Built aside and switched between bursts (detector_switch). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/app.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/err.h"
#include "dataplane/base/packet.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stream/stream.h"
#include "signatures/lang/rule.h"

struct detect_engine;
struct detector;

enum detect_where { DETECT_PACKET, DETECT_STREAM, DETECT_TX };

struct detect_alert {
	const struct rule *rule;
	const struct packet *packet;
	const struct flow *flow; /* NULL for packets without one */
	const struct app_tx *tx; /* NULL unless the rule matched on a transaction */
	enum detect_where where;
	uint8_t action;		 /* what it would have been inline: enum rule_action */
	struct slice matched;	 /* bytes that matched last, for evidence (E2); may be empty */
	uint64_t matched_offset; /* in the buffer or stream */
};

struct detect_sink {
	void (*alert)(void *ctx, const struct detect_alert *alert);
	void *ctx;
};

struct detect_config {
	unsigned threads;	  /* for compilation */
	const char *cache_folder; /* compiled databases; NULL = none */
	bool profile;
};

/* Compiles. Rules that cannot be supported are marked skipped in the set with their keyword. The
 * set must outlive the engine. NULL with a sentence on failure (out of memory, Hyperscan refused).
 */
struct detect_engine *detect_engine_new(struct rule_set *rules, const struct detect_config *config,
					struct errmsg *err);
void detect_engine_delete(struct detect_engine *e);

struct detector *detector_new(struct detect_engine *e, struct slab *slab,
			      struct stream_worker *stream, const struct detect_sink *sink);
void detector_delete(struct detector *d);
/* Takes another engine from the next packet on; flows finish with what they have. */
void detector_switch(struct detector *d, struct detect_engine *e);

/* Runs all rules that can match on this packet: its headers and payload, the raw bytes of its
 * direction that became ready, and the transactions of its flow. Alerts go to the sink, at most
 * LIMIT_ALERTS_PER_PACKET, in Suricata's order. */
void detect_packet(struct detector *d, struct packet *p);

void detect_tx_free(struct detector *d, struct app_tx *tx);
void detect_flow_free(struct detector *d, struct flow *f);
void detect_tick(struct detector *d, uint64_t now_ns); /* thresholds, bits: expiry, bounded work */

struct counter_set detect_counters(const struct detector *d);
