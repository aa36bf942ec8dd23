/* Event: what happened -> records (api/record.h). One writer a worker; builds in a buffer of its
 * own and hands finished bytes to the sink, which must copy them. Never allocates after
 * event_writer_new. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/record.h"
#include "dataplane/app/app.h"
#include "dataplane/app/local/local.h"
#include "dataplane/base/packet.h"
#include "dataplane/detect/detect.h"
#include "dataplane/flow/flow.h"

enum event_type { /* bits of event_config.types; names as in --set eve.types=alert,dns,... */
		  EVENT_ALERT = 1 << 0,
		  EVENT_FLOW = 1 << 1,
		  EVENT_APP = 1 << 2, /* records of protocols (http, dns, tls, ...) */
		  EVENT_FILEINFO = 1 << 3,
		  EVENT_ANOMALY = 1 << 4,	 /* of the application layer */
		  EVENT_ANOMALY_DECODE = 1 << 5, /* off by default, as in Suricata */
		  EVENT_ANOMALY_STREAM = 1 << 6, /* off by default */
		  EVENT_STATS = 1 << 7,
		  EVENT_DEFAULT = EVENT_ALERT | EVENT_FLOW | EVENT_APP | EVENT_FILEINFO |
				  EVENT_ANOMALY | EVENT_STATS,
};

struct event_config {
	uint32_t types;	     /* enum event_type */
	bool ether;	     /* MAC addresses in records */
	bool packet_numbers; /* pcap_cnt: offline */
	char in_iface[16];   /* "" offline */
};

struct event_sink {
	/* `record` is valid during the call. */
	void (*put)(void *ctx, struct slice record, enum record_lane lane);
	void *ctx;
	/* Sees protocol records, also those that event_config.types leaves out; NULL = nobody.
	 * Asked once a type (EVE's name) whether it wants them: records for nobody are not made. */
	void (*tap)(void *ctx, struct slice record);
	bool (*tap_wants)(void *ctx, const char *type);
	void *tap_ctx;
	/* A file that somebody carries (app_file.carried) is over; `fileinfo` is its record. False:
	 * the file has changed (it is not kept after all), the record is made once more. NULL =
	 * nobody. */
	bool (*file)(void *ctx, struct app_file *file, struct slice fileinfo);
	void *file_ctx;
};

struct event_writer;

/* `first_id`: of its first record; further ones count up by EVENT_ID_STEP, so that the low byte can
 * tell writers apart. The caller makes ids unique over restarts. */
enum { EVENT_ID_STEP = 256 };

struct event_writer *event_writer_new(const struct event_config *config, uint64_t first_id,
				      const struct event_sink *sink);
void event_writer_delete(struct event_writer *w);

void event_alert(struct event_writer *w, const struct detect_alert *alert);
/* A packet of what a rule with `tag` marked: its frame. Goes with alerts. */
void event_tagged(struct event_writer *w, const struct packet *p);
/* The flow has ended. */
void event_flow(struct event_writer *w, const struct flow *f, uint64_t now_ns);
/* A transaction is complete: its record and its anomalies. */
void event_tx(struct event_writer *w, const struct packet *p, const struct flow *f,
	      const struct app_tx *tx);
/* A datagram of a protocol of ours (app/local): its record, or none. */
void event_local(struct event_writer *w, const struct packet *p, enum local_kind kind);
/* ARP and neighbour discovery: who says that it has an address; LLDP: what a device says of itself.
 * Records of ours, once a minute for each pair or device. */
void event_neighbour(struct event_writer *w, const struct packet *p);
/* A file of the transaction in that direction is over. */
void event_file(struct event_writer *w, const struct packet *p, const struct flow *f,
		const struct app_tx *tx, struct app_file *file, enum dir dir);
/* Decode and stream events of a packet, when wanted. */
void event_packet_anomalies(struct event_writer *w, const struct packet *p);
/* Identification's events of a flow. */
void event_flow_anomalies(struct event_writer *w, const struct packet *p, const struct flow *f);

/* Starts a record about a packet or flow (either may be NULL) for others to fill: behaviour hits,
 * statistics. Returns NULL when it does not fit; finish with event_done. */
struct record *event_begin(struct event_writer *w, const char *type, const struct packet *p,
			   const struct flow *f);
void event_done(struct event_writer *w, enum record_lane lane);
/* Hands on a finished record that was made elsewhere, under an id of this writer's; its bytes are
 * changed for that. Alerts when alerts are wanted, the rest when files' records are. */
void event_forward(struct event_writer *w, struct slice record);
bool event_wanted(const struct event_writer *w, uint32_t type);
/* enum event_type: all that are written. */
uint32_t event_types(const struct event_writer *w);
/* The head of the record now being built, to change what event_begin filled. */
struct record_head *event_head(struct event_writer *w);

/* "alert,dns,flow" or "all" -> mask; ERR_INVALID and the first unknown name in `ret_bad`. */
int event_types_parse(const char *text, uint32_t *ret, char *ret_bad, size_t cap);
