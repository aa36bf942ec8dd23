/* TCP: connection tracking and reassembly for one worker. Delivers each direction's bytes in order,
 * once, when the receiver has acknowledged them (so that overlaps can be decided by policy as the
 * receiver does), without copying when segments came in order and are still at hand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/slab.h"
#include "dataplane/flow/flow.h"

enum stream_overlap { /* target-based policies, named as in Suricata's host-os-policy */
		      STREAM_OVERLAP_BSD,
		      STREAM_OVERLAP_LAST,
		      STREAM_OVERLAP_LINUX,
		      STREAM_OVERLAP_OLD_LINUX,
		      STREAM_OVERLAP_SOLARIS,
		      STREAM_OVERLAP_WINDOWS,
		      STREAM_OVERLAP_VISTA,
};

enum stream_data_flag {
	STREAM_DATA_START = 1 << 0, /* first bytes of the direction (offset 0) */
	STREAM_DATA_EOF = 1 << 1,   /* nothing follows: FIN, RST, time-out or depth; len may be 0 */
	STREAM_DATA_DEPTH = 1 << 2, /* with EOF: the reassembly depth was reached */
	STREAM_DATA_GAP = 1 << 3,   /* `len` bytes are missing; data is NULL */
	/* with EOF: bytes behind a hole had come, but nobody acknowledged what is missing; the
	 * application's own end was not reached */
	STREAM_DATA_TORN = 1 << 4,
};

struct stream_chunk {
	const uint8_t *data; /* valid during the call; NULL for a gap */
	uint32_t len;
	uint32_t flags;	 /* enum stream_data_flag */
	uint64_t offset; /* of data[0] since the start of the direction */
};

/* The app layer. When it has let go of a connection (stream_disable, stream_app_disable, no
 * FLOW_WANT_APP) it hears of the end only, at an offset further on. Called in order, per direction;
 * `p` is the packet that made the bytes deliverable (usually the acknowledgement, so of the other
 * direction, or a PACKET_PSEUDO_END). */
struct stream_sink {
	void (*data)(void *ctx, struct flow *f, struct packet *p, enum dir dir,
		     const struct stream_chunk *chunk);
	void *ctx;
};

/* Receivers of a network that overlap differently from the default; the longest prefix wins. */
struct stream_host_policy {
	struct ip_addr prefix;
	uint8_t bits; /* 0-128; an IPv4 /n is 96 + n */
	enum stream_overlap policy;
};

struct stream_config {
	bool midstream;			/* pick up connections without their handshake */
	bool async_oneside;		/* one direction only is expected */
	bool inline_mode;		/* deliver at once, not at the acknowledgement */
	bool drop_bad_checksum;		/* -k: segments with a wrong checksum are not used */
	bool liberal_timestamps;	/* PAWS off by one is forgiven, as Linux does */
	enum stream_overlap overlap;	/* IPv4 */
	enum stream_overlap overlap_v6; /* IPv6: Suricata's default differs */
	const struct stream_host_policy *hosts; /* the caller's, for the worker's life */
	unsigned host_count;
	uint32_t depth;	       /* bytes a direction, 0 = all */
	uint32_t raw_chunk[2]; /* raw inspection granularity (stream.reassembly.toserver-chunk-size)
				*/
	uint32_t raw_overlap;  /* bytes before the uninspected ones that stream_raw_get gives again
				* when they are still there; 0 as Suricata does */
	bool bypass;	/* stream_spent says of a connection that nothing more of it will be used */
	size_t memcap;	/* bytes of segments a worker */
	bool compare;	/* see stream_compare */
	size_t history; /* of those, bytes already delivered that are kept to compare
			 * retransmissions with */
};

extern const struct stream_config stream_config_default;

struct stream_worker;

struct stream_worker *stream_worker_new(const struct stream_config *config,
					struct flow_table *flows, struct slab *slab,
					const struct stream_sink *sink);
void stream_worker_delete(struct stream_worker *w);
/* A receive window of delivered bytes is kept from now on (or no more) to compare retransmissions
 * with: somebody asks for reassembly_overlap_different_data. As in Suricata it is not otherwise. */
void stream_compare(struct stream_worker *w, bool on);

/* Tracks and reassembles; sets the PACKET_STREAM_* flags and stream events on `p`, moves the flow's
 * state, calls the sink. */
void stream_packet(struct stream_worker *w, struct flow *f, struct packet *p);
/* The packet has been looked at by everybody (after detection): lets go of what nobody needs any
 * more. Done before the next packet of that direction otherwise. */
void stream_packet_done(struct stream_worker *w, struct flow *f, const struct packet *p);

/* With stream.bypass: nothing more of the connection is of use to anybody, as its parser is through
 * with it (encrypted) or both directions have reached the depth, and what came was inspected. */
bool stream_spent(const struct stream_worker *w, const struct flow *f);

/* True when the end of the flow has something to tell of that direction, so that a pseudo packet is
 * due: first to the server, then to the client. */
bool stream_flush_needed(const struct flow *f, enum dir dir);
/* Delivers what is left of one direction (acknowledged or not, unless the connection was closed in
 * order) with EOF, and sets the stream flags on `p`, the pseudo packet of the flow's end in that
 * direction. Then stream_free. */
void stream_flush(struct stream_worker *w, struct flow *f, struct packet *p, enum dir dir);
void stream_free(struct stream_worker *w, struct flow *f);
/* Whether the flow's end has anything to flush: bytes not delivered, not inspected, or a session
 * that did not close (Suricata makes its end-of-flow pseudo packets under the same condition). */
bool stream_needs_flush(const struct flow *f);

/* --- Raw inspection: rules on the reassembled bytes themselves (content without a buffer). ---
 * The bytes of `dir` that may be inspected now: those acknowledged and not yet marked done, once
 * raw_chunk bytes are there, or earlier when stream_raw_trigger was called or the direction ended.
 * Contiguous; may begin before the first uninspected byte so that matches across chunks are found.
 * Returns false when there is nothing to inspect now. */
struct stream_raw {
	const uint8_t *data;
	uint32_t len;
	uint64_t offset; /* of data[0] since the start of the direction */
	uint32_t fresh;	 /* the last `fresh` bytes have not been inspected before */
};
bool stream_raw_get(struct stream_worker *w, struct flow *f, const struct packet *p, enum dir dir,
		    struct stream_raw *ret);
void stream_raw_done(struct stream_worker *w, struct flow *f, enum dir dir, uint64_t upto);
/* stream_raw_get said yes, but no rule of this packet's group looks at raw bytes: they count as
 * inspected as far as the app layer is. */
void stream_raw_skip(struct flow *f, enum dir dir);
/* Inspect what is there at the next packet: a request or response is complete. */
void stream_raw_trigger(struct flow *f, enum dir dir);
/* No rule can match the raw bytes of this flow any more: nothing is kept for it. */
void stream_raw_disable(struct flow *f, enum dir dir);
/* Bytes up to now are inspected once more, later ones are not (encryption begins). */
void stream_raw_stop(struct flow *f, enum dir dir);
/* Nothing more is wanted at all (TLS after its handshake): reassembly of the flow ends. */
void stream_disable(struct stream_worker *w, struct flow *f, enum dir dir);
/* The app layer gave up on the flow; raw inspection goes on. */
void stream_app_disable(struct flow *f);
/* The app layer knows the protocol of that direction. Before, a hole behind bytes that it is still
 * puzzling over sets no event and leaves resets strict, as in Suricata. */
void stream_app_identified(struct flow *f, enum dir dir);
/* The protocol wants more than the configured depth: 0 = all; it never shrinks. */
void stream_set_depth(struct flow *f, uint32_t depth);

/* --- Bytes of a direction by their offset, for frames that parsers announce. ---
 * Offset after the last byte that may be looked at now: what the receiver has acknowledged, or all
 * that is there when nothing more will come (then *ret_end). */
uint64_t stream_right_edge(const struct stream_worker *w, const struct flow *f,
			   const struct packet *p, enum dir dir, bool *ret_end);
/* The first bytes of [from, to) that are there, as far as they go on without a hole; at most
 * STREAM_BYTES_MAX. Valid until the next call that gathers. False: none is there. */
enum { STREAM_BYTES_MAX = 1 << 20 };
bool stream_bytes(struct stream_worker *w, const struct flow *f, enum dir dir, uint64_t from,
		  uint64_t to, struct slice *ret, uint64_t *ret_offset);
/* Bytes from that offset on are still wanted, delivered or not; UINT64_MAX: none. Holds until the
 * next call. */
void stream_keep(struct flow *f, enum dir dir, uint64_t from);

/* Client and server were taken for each other (midstream): swaps the connection's sides, after
 * flow_reverse. May be called by the sink while it handles a chunk; what follows of that call is
 * for the other direction. */
void stream_reverse(struct flow *f);

/* For rules: bytes seen per direction by sequence numbers (stream_size); TCP state questions. */
uint64_t stream_size(const struct flow *f, enum dir dir);
bool stream_handshake_complete(const struct flow *f);
/* Next sequence number expected from that side; for resets. 0/false when unknown. */
bool stream_next_seq(const struct flow *f, enum dir dir, uint32_t *ret_seq);

/* "established", "fin_wait1" ... as in EVE tcp.state; "none" without a session. */
const char *stream_state_name(const struct flow *f);
/* Bytes of that direction are missing. */
bool stream_has_gap(const struct flow *f, enum dir dir);

struct counter_set stream_counters(const struct stream_worker *w);
