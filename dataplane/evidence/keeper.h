/* Packets before and after an alert, kept as pcapng with comments (E1, E2). A worker notes its
 * alerts into a queue of its own and goes on; the keeper waits until the time after the hit has
 * passed, takes the flow's frames off the worker's tape and puts them into the chain (chain.h).
 * Offline the same code is called between bursts instead of by a thread. */
#pragma once

#include "dataplane/base/counter.h"
#include "dataplane/base/err.h"
#include "dataplane/evidence/chain.h"
#include "dataplane/evidence/tape.h"

enum { KEEPER_QUEUE = 256, KEEPER_MATCHED = 48, KEEPER_TEXT = 512, KEEPER_MSG = 160 };

struct keeper_config {
	char dir[3840];
	size_t tape_bytes;	/* a worker's */
	uint32_t encrypted_max; /* bytes kept of frames whose payload is encrypted */
	unsigned before_s, after_s;
	size_t piece_bytes;	     /* most of one piece */
	unsigned per_rule, per_host; /* pieces an hour, 0 = no limit */
	bool whole_host;	     /* the host's other flows too */
	struct chain_limits limits;
	unsigned workers;
	char program[32], iface[16];
	uint32_t owner; /* user that keeps it, 0 = who starts it */
};

struct keeper_note {			    /* an alert */
	uint64_t id, time_ns, number, flow; /* id: of its record; number, of the packet */
	struct ip_addr src, dst;	    /* client, server */
	uint16_t sport, dport;
	uint8_t ip_proto;
	bool icmp;
	uint32_t gid, sid, rev;
	uint64_t matched_offset;
	uint16_t matched_len; /* of what matched; the first KEEPER_MATCHED bytes are kept */
	const char *where;    /* "packet", "stream", ...; a constant */
	uint8_t matched[KEEPER_MATCHED];
	char msg[KEEPER_MSG], rule[KEEPER_TEXT];
};

struct keeper;

/* Opens the chain and gives each worker its tape. */
int keeper_new(const struct keeper_config *config, uint64_t now_ns, struct keeper **ret,
	       struct errmsg *err);
int keeper_start(struct keeper *k, struct errmsg *err); /* a thread of its own: live */
/* Ends the thread; what waits is kept as it is. Workers have stopped. */
void keeper_stop(struct keeper *k);
void keeper_delete(struct keeper *k);

/* The worker's own. */
struct tape *keeper_tape(struct keeper *k, unsigned worker);
/* A free note to fill, or NULL: the queue is full, which is counted. keeper_noted hands it on. */
struct keeper_note *keeper_note(struct keeper *k, unsigned worker);
void keeper_noted(struct keeper *k, unsigned worker);

/* One turn: keeps what is due at `now_ns` of the packets' clock. Offline, between bursts. */
void keeper_turn(struct keeper *k, uint64_t now_ns);
/* Frames received and lost so far by all ports, for the statistics block; any thread. */
void keeper_losses(struct keeper *k, uint64_t received, uint64_t dropped);

/* Worker 0's set has the keeper's counts too. */
struct counter_set keeper_counters(const struct keeper *k, unsigned worker);
