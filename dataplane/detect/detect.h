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
#include "signatures/lang/lang.h"
#include "signatures/lang/rule.h"

struct detect_engine;
struct detector;

enum detect_where { DETECT_PACKET, DETECT_STREAM, DETECT_TX, DETECT_FRAME };

struct detect_alert {
	const struct rule *rule;
	const struct packet *packet;
	const struct flow *flow; /* NULL for packets without one */
	const struct app_tx *tx; /* NULL unless the rule matched on a transaction */
	enum detect_where where;
	uint8_t action;		 /* what it would have been inline: enum rule_action */
	struct slice matched;	 /* bytes that matched last, for evidence (E2); may be empty */
	uint64_t matched_offset; /* in the buffer or stream */
	const struct detect_frame *frame; /* NULL unless it matched on one */
};

/* The frame a rule matched on, for its record. */
struct detect_frame {
	const char *type;
	uint64_t id, offset; /* offset: in the direction's stream; 0 in a datagram */
	uint64_t len;
	bool complete;	    /* all of its bytes were seen */
	struct slice bytes; /* its first DETECT_FRAME_BYTES, "[n bytes missing]" where bytes are */
};

struct detect_sink {
	void (*alert)(void *ctx, const struct detect_alert *alert);
	void *ctx;
	/* A rule with `bypass` matched: nothing more is wanted of the flow. NULL: not told. */
	void (*bypass)(void *ctx, struct flow *f);
	/* The packet belongs to what a rule with `tag` marked. NULL: not told. */
	void (*tagged)(void *ctx, const struct packet *p);
};

struct detect_config {
	unsigned threads;	  /* for compilation */
	const char *cache_folder; /* compiled databases; NULL = none */
	const char *data_folder;  /* datasets' kept state; NULL = none is kept */
	/* iprep: categories' file and files of addresses (reputation.h); NULL = none. */
	const char *reputation_categories, *reputation_folder, *reputation_files;
	const char *geoip_database; /* NULL = none */
	uint32_t alerts_per_packet; /* 0: LIMIT_ALERTS_PER_PACKET */
	bool profile;
};

/* A rule of the set that the engine leaves out. */
struct detect_skip {
	const struct rule *rule;
	const char *keyword; /* what nothing here can evaluate; "" for the rule as a whole */
	const char *reason;  /* a sentence without a full stop */
};

/* Compiles. Rules that cannot be evaluated are left out and listed (detect_skips). The set must
 * outlive the engine. NULL with a sentence on failure (out of memory, Hyperscan refused). */
struct detect_engine *detect_engine_new(const struct lang_set *rules,
					const struct detect_config *config, struct errmsg *err);
void detect_engine_delete(struct detect_engine *e);
/* Writes the datasets that rules want kept into data_folder. Not on a worker. */
int detect_engine_save(struct detect_engine *e, struct errmsg *err);
/* `*ret`: array of that many, the engine's. */
uint32_t detect_skips(const struct detect_engine *e, const struct detect_skip **ret);
/* Statements of threshold files about rules that are not there. */
uint32_t detect_unused_filters(const struct detect_engine *e,
			       const struct lang_filter *const **ret);
/* Rules that are evaluated. */
uint32_t detect_rules(const struct detect_engine *e);
/* 1 << type by index of app_protocols: frames that some rule looks at, for app_worker_frames. */
const uint32_t *detect_frames_wanted(const struct detect_engine *e);
/* APP_FILE_* that some rule needs of files, for app_limits.file_wanted. */
uint8_t detect_file_wanted(const struct detect_engine *e);
/* Some rule asks whether a retransmission brought other bytes, for stream_compare. */
bool detect_compare_wanted(const struct detect_engine *e);

struct detector *detector_new(struct detect_engine *e, struct slab *slab,
			      struct stream_worker *stream, const struct detect_sink *sink);
void detector_delete(struct detector *d);
/* Who makes frames (app/frame.h) and is told which are wanted; without it rules on frames never
 * match. */
void detector_frames(struct detector *d, struct app_worker *app);
/* Takes another engine from the next packet on; flows finish with what they have. NULL d is not
 * allowed; ERR_NOMEM leaves the old one in place. */
int detector_switch(struct detector *d, struct detect_engine *e);

/* Runs all rules that can match on this packet: its headers and payload, the raw bytes of its
 * direction that became ready, and the transactions of its flow. Alerts go to the sink, at most
 * alerts_per_packet, in Suricata's order. False: nothing has come to the flow's transactions since
 * the direction's last packet, so that they were not looked at. */
bool detect_packet(struct detector *d, struct packet *p);

/* Instead of detect_packet where there are no rules: what rules would have looked at may go. */
void detect_nothing(struct packet *p);

/* To be called before a transaction or flow is freed. */
void detect_tx_free(struct detector *d, struct app_tx *tx);
void detect_flow_free(struct detector *d, struct flow *f);
void detect_tick(struct detector *d, uint64_t now_ns); /* thresholds, bits: expiry, bounded work */

struct counter_set detect_counters(const struct detector *d);

/* --profile: one line a group or rule, dearest first. */
struct detect_profile {
	const char *name; /* "http.uri to_server" or NULL when it is a rule */
	uint32_t sid;
	uint64_t cycles, runs, hits, bytes;
};
/* Fills at most `cap` entries; returns how many. */
uint32_t detect_profile(const struct detector *d, struct detect_profile *ret, uint32_t cap);
