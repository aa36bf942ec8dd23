/* Flow table of one worker: bounded, keyed hash, one cache line of hot state a flow. A flow is both
 * directions of a 5-tuple (with VLAN ids unless switched off). Owner: the worker; not thread-safe.
 *
 * DIR_TS is the direction of the packet that opened the flow, unless stream or app proves the
 * opposite (flow_reverse). */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/packet.h"

enum flow_state {
	FLOW_NEW,	  /* one direction seen */
	FLOW_ESTABLISHED, /* both (TCP: handshake completed) */
	FLOW_CLOSED,	  /* TCP closed or reset */
	FLOW_BYPASSED,	  /* nothing is wanted any more: packets cost the look-up */
};

enum flow_end_reason {
	FLOW_END_TIMEOUT,
	FLOW_END_FORCED, /* table full */
	FLOW_END_SHUTDOWN,
	FLOW_END_CLOSED, /* TCP: reused tuple or closed time-out */
};

/* What some stage still wants from the flow's packets. Empty = a packet costs the look-up only. */
enum flow_want {
	FLOW_WANT_STREAM = 1 << 0, /* reassembly */
	FLOW_WANT_APP = 1 << 1,	   /* a parser is at work or identification is */
	FLOW_WANT_RAW_TS = 1 << 2, /* raw payload rules, to server */
	FLOW_WANT_RAW_TC = 1 << 3,
	FLOW_WANT_PACKET = 1 << 4, /* rules on single packets */
	FLOW_WANT_EVIDENCE = 1 << 5,
	FLOW_WANT_ALL = (1 << 6) - 1,
};

enum flow_flag {
	FLOW_TS_SEEN = 1 << 0,
	FLOW_TC_SEEN = 1 << 1,
	FLOW_HANDSHAKE = 1 << 2, /* three-way handshake seen whole (Q8) */
	FLOW_MIDSTREAM = 1 << 3,
	FLOW_REVERSED = 1 << 4,
	FLOW_ALERTED = 1 << 5,
	FLOW_APP_FAILED_TS = 1 << 6, /* identification gave up */
	FLOW_APP_FAILED_TC = 1 << 7,
	FLOW_WATCHED = 1 << 8,	 /* an address of the flow has a watch slot (Q9) */
	FLOW_ENCRYPTED = 1 << 9, /* its packets' payload is not for rules: PACKET_NO_PAYLOAD */
	FLOW_OBSERVED = 1 << 10, /* behaviour knows that it was answered */
	FLOW_QUIET = 1 << 11,	 /* its record is not wanted (config of a rule) */
	FLOW_TX_QUIET = 1 << 12, /* those of its transactions are not */
	FLOW_NAMING = 1 << 13,	 /* app looks for a name of its traffic (base/traffic.h) */
	FLOW_NAMED = 1 << 14,	 /* it has just been found */
	FLOW_LIST_CLIENT =
		1 << 15, /* its client's address is on a list: told once it is answered */
};

struct flow_key {
	struct ip_addr addr[2]; /* [DIR_TS] = client, source of the opening packet */
	uint16_t port[2];	/* ICMP: type and the type that answers it; ESP: SPI; see key.c */
	uint16_t vlan[3];	/* 0 when VLANs are not part of the key */
	uint8_t ip_proto;
	uint8_t tunnel;	    /* depth of the packet: an inner flow never meets an outer one */
	uint8_t ip_version; /* IPv4-mapped IPv6 is not IPv4 */
};

struct flow {
	/* line 1: found, identified */
	_Alignas(64) struct flow_key key;
	uint64_t last_ns;
	struct tcp_session *tcp; /* stream's */

	/* line 2: counted and worked on by every packet */
	uint16_t flags;	      /* enum flow_flag */
	uint8_t state;	      /* enum flow_state */
	uint8_t wanted;	      /* enum flow_want */
	uint8_t tcp_flags[2]; /* union of all seen */
	uint8_t ttl_min[2], ttl_max[2];
	uint8_t list; /* flow's own use: time-out list */
	uint8_t ip_version;
	uint32_t queued_s;    /* flow's own use: when it was last put at the end of its list */
	struct app_flow *app; /* app's */
	struct flow_detect *detect; /* detect's: flowbits, raw progress */
	/* counts: [DIR_TS], [DIR_TC]; bytes of whole frames on the wire */
	uint64_t packets[2];
	uint64_t bytes[2];

	/* line 3: start and end */
	uint64_t start_ns;
	uint64_t id; /* unique in this worker's life, never 0; EVE flow_id */
	uint32_t hash;
	uint32_t next;		/* flow's own use: overflow chain or free list, an index */
	uint32_t older, newer;	/* flow's own use: neighbours in the time-out list */
	struct mac_addr mac[2]; /* source of the first packet each way */
	uint32_t alerts : 31;
	uint32_t listed : 1; /* an address of it was on a list, which was told */
	uint8_t end_reason;
	uint8_t end_state;    /* enum flow_state at the end */
	uint8_t icmp_code[2]; /* of the first packet each way */
};

static_assert(sizeof(struct flow_key) == 48, "the key and two more words are one cache line");
static_assert(sizeof(struct flow) == 192, "three cache lines a flow");

struct flow_config {
	unsigned max;  /* flows */
	bool use_vlan; /* VLAN ids are part of the key */
	/* seconds, by state: new, established, closed */
	uint32_t timeout_tcp[3], timeout_udp[3], timeout_icmp[3], timeout_other[3];
	uint32_t timeout_bypassed;
};

extern const struct flow_config flow_config_default; /* Suricata's default time-outs */

/* Called when a flow is about to leave the table, while it is still whole: stream flushes, app and
 * detect finish, event writes the flow record; then each frees what hangs on the flow. */
struct flow_sink {
	void (*end)(void *ctx, struct flow *f, uint64_t now_ns);
	void *ctx;
};

/* Asked when a TCP packet meets its flow: true when it opens a new connection on the same tuple, so
 * that the old flow ends (FLOW_END_CLOSED) and a new one begins. stream registers it. */
struct flow_reuse {
	bool (*opens_new)(void *ctx, const struct flow *f, const struct packet *p);
	void *ctx;
};

struct flow_table;

struct flow_table *flow_table_new(const struct flow_config *config, struct hash_key key,
				  const struct flow_sink *sink);
/* Memory for the first `flows` is made ready now, not when they open. */
void flow_table_warm(struct flow_table *t, unsigned flows);
/* Ends every flow (FLOW_END_SHUTDOWN) in the order in which they began their lists. */
void flow_table_end_all(struct flow_table *t, uint64_t now_ns);
/* flow_table_end_all at the last time seen, then frees. */
void flow_table_delete(struct flow_table *t);
/* What stages may want of flows that open from now on; at first everything. */
void flow_table_want(struct flow_table *t, uint8_t wanted);
void flow_table_set_reuse(struct flow_table *t, const struct flow_reuse *reuse);

/* Finds or makes the packet's flow; sets p->flow, p->dir, counts it and moves the state of
 * non-TCP flows. NULL for packets that belong to no flow (fragments, non-IP) and when the table has
 * no room (counted). An ICMP error belongs to the flow it quotes. */
struct flow *flow_of_packet(struct flow_table *t, struct packet *p);

/* Hash of a packet's tuple, the same for both directions; for spreading packets over workers. */
uint32_t flow_hash(const struct flow_table *t, const struct packet *p);
/* Steps ahead of flow_of_packet for a burst, so that none of its packets waits for memory: first
 * the hash of each frame (rx fields only; 0: not plain, nothing to fetch), which flow_of_packet
 * takes from p->flow_hash, then flow_prefetch of each (the bucket), then flow_guess of each. */
struct flow_seen {
	struct flow_key key;
	uint8_t tcp_flags; /* 0: none are there */
};
uint32_t flow_peek(const struct flow_table *t, const struct packet *p, struct flow_seen *ret);
void flow_prefetch(const struct flow_table *t, uint32_t hash);
/* The flow that the bucket names, fetched; NULL: none. Probably the frame's, so look, don't touch.
 */
const struct flow *flow_guess(const struct flow_table *t, uint32_t hash);

/* The flow of a plain frame, certainly, and the frame's TCP flags (0: none are there); NULL: not
 * known, or not plain. */
const struct flow *flow_known(const struct flow_table *t, const struct packet *p,
			      uint8_t *ret_tcp_flags);

/* A frame that flow_peek has hashed and seen, of a bypassed flow: counted, nothing else is to be
 * done with it. False: it goes the usual way (also what opens or ends a connection, when it has
 * timed out, and one of FLOW_PASS_SEEN, as known-bad lists may have changed). */
enum { FLOW_PASS_SEEN = 1024 };
bool flow_pass(struct flow_table *t, const struct packet *p, const struct flow_seen *seen);

/* Time-outs: looks at a bounded number of the oldest flows. Call once a burst. */
void flow_tick(struct flow_table *t, uint64_t now_ns);

/* TCP's view of the state; moves the flow to that state's time-out list. */
void flow_set_state(struct flow_table *t, struct flow *f, enum flow_state state);

/* Client and server were taken for each other: swaps key, counts and flags. The caller (stream,
 * app) swaps what it owns. */
void flow_reverse(struct flow *f);

unsigned flow_count(const struct flow_table *t);
unsigned flow_max(const struct flow_table *t);
/* Bytes of address space reserved and bytes touched so far. */
size_t flow_table_bytes(const struct flow_table *t);
struct counter_set flow_counters(const struct flow_table *t);
