/* The app layer of one worker: identification of protocols whatever their port, calls of parsers,
 * keeping of transactions. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/file.h"
#include "dataplane/app/parser.h"
#include "dataplane/base/counter.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stream/stream.h"

/* All protocols built in, NULL-terminated (app/protocols.c, generated from app/meson.build's list).
 */
extern const struct app_proto *const app_protocols[];

const struct app_proto *app_proto_by_name(struct slice name);

struct app_config {
	uint64_t disabled; /* bit = index in app_protocols (app-layer.protocols.X.enabled=no) */
	uint32_t http_request_body_limit, http_response_body_limit; /* bytes, 0 = no limit */
	uint8_t file_wanted; /* APP_FILE_* computed for every file; rules add more */
};

extern const struct app_config app_config_default;

/* --- what hangs on flow->app --- */
struct app_flow {
	const struct app_proto *proto;	 /* NULL until known; the one that parses */
	const struct app_proto *seen[2]; /* found per direction; may differ */
	void *state;
	struct app_tx *tx_first, *tx_last; /* alive, by id */
	uint64_t tx_count;		   /* ever made; next id */
	bool failed, done;		   /* parser returned APP_BAD / APP_DONE */
	bool tried[2];			   /* identification of the direction is over */
	bool reversed;			   /* worker has to flow_reverse: handled inside app */
	uint8_t event_count; /* of the flow: applayer_mismatch_protocol_both_directions ... */
	uint16_t events[4];
	struct app_side *side[2]; /* kept bytes, private to app.c */
	struct app_tuple tuple;
};

struct app_worker;

struct app_worker *app_worker_new(const struct app_config *config, struct slab *slab,
				  struct stream_worker *stream);
void app_worker_delete(struct app_worker *w);

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
};
void app_tx_release(struct app_worker *w, struct flow *f);
/* True when dir of tx is finished (progress or nothing will come). `flow_ended`: whatever is there
 * counts as finished. */
bool app_tx_complete(const struct app_flow *a, const struct app_tx *tx, enum dir dir);

void app_flow_free(struct app_worker *w, struct flow *f);

/* EVE app_proto text: protocol name, "failed" when identification gave up, "unknown" before. */
const char *app_proto_text(const struct flow *f);
bool app_event_name(const struct app_proto *proto, unsigned event, char *ret, size_t cap);

struct counter_set app_counters(const struct app_worker *w);
