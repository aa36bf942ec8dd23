/* The app layer of one worker: identification of protocols whatever their port, calls of parsers,
 * keeping of transactions. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/file.h"
#include "dataplane/app/frame.h"
#include "dataplane/app/parser.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/traffic.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stream/stream.h"

/* All protocols built in, NULL-terminated (app/protocols.c, generated from app/meson.build's list).
 */
extern const struct app_proto *const app_protocols[];

const struct app_proto *app_proto_by_name(struct slice name);

struct app_config {
	/* bit = index in app_protocols (app-layer.protocols.X.enabled=yes|no) */
	uint64_t disabled, enabled; /* enabled: those that are not by default */
	struct app_limits limits;
	bool midstream; /* as stream_config's: patterns of the other direction are tried too */
	bool naming;	/* names for traffic nobody knows, where libndpi is installed; the dataplane
			 * switches it on by default */
	bool naming_late;		/* it is readied when it is first needed (offline) */
	const char *const *naming_only; /* the names that somebody reads; NULL: all */
};

extern const struct app_config app_config_default;

/* Events of the flow, not of a transaction ("applayer_...", app-layer-event without prefix). */
enum app_flow_event {
	APP_EVENT_MISMATCH_PROTOCOL_BOTH_DIRECTIONS,
	APP_EVENT_WRONG_DIRECTION_FIRST_DATA,
	APP_EVENT_DETECT_PROTOCOL_ONLY_ONE_DIRECTION,
	APP_EVENT_PROTO_DETECTION_SKIPPED,
	APP_EVENT_NO_TLS_AFTER_STARTTLS,
	APP_EVENT_UNEXPECTED_PROTOCOL,
	APP_FLOW_EVENTS,
};

/* --- what hangs on flow->app --- */
struct app_flow {
	const struct app_proto *proto;	 /* NULL until known; the one that parses */
	const struct app_proto *seen[2]; /* found per direction; may differ */
	void *state;
	struct app_tx *tx_first, *tx_last; /* alive, by id */
	uint64_t tx_count;		   /* ever made; next id */
	bool failed, done;		   /* parser returned APP_BAD / APP_DONE */
	bool tried[2];			   /* identification of the direction is over; with seen[]
					      NULL it failed */
	bool off;			   /* identification gave up for the whole flow */
	/* Rules and records see `named` (NULL: identification failed) where `proto` reads on
	 * (parser.h: unnamed). */
	bool unnamed;
	const struct app_proto *named;
	bool depth[2]; /* the stream depth was reached: counts as complete for inspection */
	bool eof[2];   /* no more bytes will come */
	/* 1 << dir: something has come since the worker last looked at what there is, with a packet
	 * of that direction. */
	uint8_t news;
	/* Of the packet being processed; cleared by app_tx_release. enum app_flow_event */
	uint8_t event_count;
	uint16_t events[4];
	struct app_side *side[2]; /* kept bytes, private to app.c */
	struct app_tuple tuple;
	bool store[2]; /* a rule wants all files of the direction kept (filestore, scope flow) */
	const struct app_proto *orig;	  /* before a change of protocol; NULL without one */
	const struct app_proto *expected; /* what the change asked for */
	struct app_frames *frames;	  /* [2], by direction; NULL: there never were any */
	struct traffic *traffic; /* what somebody else calls it; NULL: nothing, or not yet */
};

struct app_worker;

struct app_worker *app_worker_new(const struct app_config *config, struct slab *slab,
				  struct stream_worker *stream);
void app_worker_delete(struct app_worker *w);
/* What somebody reads from now on; at first everything. */
void app_worker_demand(struct app_worker *w, const struct app_demand *demand);
/* APP_FILE_* computed for every file from now on: what the configuration and rules want. */
void app_worker_files(struct app_worker *w, uint8_t wanted);
/* Told before a transaction is freed: whoever hung something on tx->detect takes it back. */
struct app_sink {
	void (*tx_end)(void *ctx, struct flow *f, struct app_tx *tx);
	void *ctx;
};
void app_worker_sink(struct app_worker *w, const struct app_sink *sink);

/* Whoever is given the bytes of files as they pass, to keep them or to look into them. */
struct app_carrier {
	/* A number for a file that begins, 0 = not wanted. */
	uint32_t (*begin)(void *ctx);
	/* False: it is given up, the number is void. */
	bool (*bytes)(void *ctx, uint32_t number, struct slice bytes);
	/* The file is freed and nobody ended it: the number is void. */
	void (*drop)(void *ctx, uint32_t number);
	void *ctx;
};
void app_worker_carrier(struct app_worker *w, const struct app_carrier *carrier);

/* The stream's sink. */
void app_stream_data(struct app_worker *w, struct flow *f, struct packet *p, enum dir dir,
		     const struct stream_chunk *chunk);
/* A datagram. */
void app_datagram(struct app_worker *w, struct flow *f, struct packet *p);

/* Called by the worker after detection and logging: frees transactions that are complete, inspected
 * (detect says so by tx->flags) and logged. */
enum app_tx_flag {
	APP_TX_LOGGED = 1 << 0,
	APP_TX_INSPECTED_TS = 1 << 1, /* << dir: detection is through with this direction */
	APP_TX_INSPECTED_TC = 1 << 2,
	APP_TX_QUIET = 1 << 3,	     /* its record is not wanted (config of a rule) */
	APP_TX_FILES = 1 << 6,	     /* its files are not all logged: it stays */
	APP_TX_EVENTS_LOST = 1 << 7, /* more than LIMIT_APP_TX_EVENTS */
};
void app_tx_release(struct app_worker *w, struct flow *f);
/* True when dir of tx is finished: its progress says so, or nothing more will come (end of the
 * direction, parser stopped). */
bool app_tx_complete(const struct app_flow *a, const struct app_tx *tx, enum dir dir);
/* Progress of dir for inspection: the transaction's own, or complete once the depth was reached. */
uint8_t app_tx_progress(const struct app_flow *a, const struct app_tx *tx, enum dir dir);

/* A packet of a flow with FLOW_NAMING that came before this one (what has led to it is shown to the
 * library already). FLOW_NAMED is set when that gives f->app->traffic. */
void app_traffic_packet(struct app_worker *w, struct flow *f, const struct packet *p);
/* A packet of a connection that stream does not follow, as its beginning was not seen:
 * identification never begins, so that this is the first place where it is looked at. */
void app_traffic_untracked(struct app_worker *w, struct flow *f, const struct packet *p);
/* The flow has ended: its name, if it gets one, is decided now. */
void app_traffic_end(struct app_worker *w, struct flow *f);
/* Why flows get no names, a static sentence; NULL when they do. */
const char *app_traffic_off(const struct app_worker *w);

/* The flow has ended: files that are still open end here, truncated. */
void app_flow_files_end(struct app_worker *w, struct flow *f);
void app_flow_free(struct app_worker *w, struct flow *f);

/* A change of protocol was asked for, and transactions of the old one are still there: they are to
 * be inspected in both directions and logged before further bytes come. */
bool app_change_waits(const struct flow *f);

/* The protocol as rules and records see it; NULL = none. */
static inline const struct app_proto *app_shown(const struct app_flow *a)
{
	return a->unnamed ? a->named : a->proto;
}

/* EVE app_proto text: protocol name, "failed" when identification gave up, "unknown" before. */
const char *app_proto_text(const struct flow *f);
/* EVE app_proto_ts/_tc: the direction's own result when it differs from app_proto, else NULL. */
const char *app_proto_side_text(const struct flow *f, enum dir dir);
const char *app_flow_event_name(unsigned event);
bool app_event_name(const struct app_proto *proto, unsigned event, char *ret, size_t cap);

struct counter_set app_counters(const struct app_worker *w);
/* enum naming_counter */
struct counter_set app_traffic_counters(const struct app_worker *w);
