/* What watch.c and watch_observe.c share. Private to this folder. */
#pragma once

#include <assert.h>

#include "dataplane/api/shm.h"
#include "dataplane/api/watch.h"

enum { WATCH_VERSION = 1, WATCH_HEAD = 4096 };
#define WATCH_MAGIC 0x3154435457424b42ULL /* "BKBWTCT1" */

struct watch_head {
	uint64_t magic, version, n_workers;
};

/* One worker's counts of one slot, on cache lines of its own. `turn` is odd while they change. */
struct watch_block {
	_Alignas(64) uint64_t turn;
	uint64_t watch_id;
	struct watch_counts counts;
};

/* A definition: never changed once it is published. */
struct watch_slot {
	uint64_t watch_id, since;
	struct mailbox_host host;
	uint64_t retired_at; /* turn at which another took its place */
	struct watch_slot *next;
};

struct watch {
	struct watch_slot *slots[WATCH_SLOTS]; /* atomic */
	uint64_t turn;			       /* goes up with every change */
	struct watch_slot *retired;
	struct watch_worker *workers[WATCH_WORKERS_MAX];
	unsigned n_workers;
	uint8_t *base;
	struct shm_file file;
};

/* A conversation of a watched host with one non-exempt peer. */
struct watch_talk {
	struct ip_addr peer;
	uint16_t peer_port, host_port;
	uint8_t proto;
	bool used;
	bool opened;	 /* its opening packet was sent after the watch began */
	bool ack_known;	 /* peer_ack is valid */
	bool data_known; /* peer_end is valid */
	bool answered;
	uint32_t first;	   /* opened: the sequence number that the peer must acknowledge */
	uint32_t host_end; /* behind the last byte the host sent */
	uint32_t peer_ack; /* the highest that the peer acknowledged */
	uint32_t peer_end; /* behind the last byte the peer sent */
	uint64_t last;
};

enum { WATCH_WAYS = 4, WATCH_SETS = WATCH_PEERS / WATCH_WAYS, WATCH_KEYS = 1024 };

/* Finds the slots of an address: an IP or a MAC (its bytes behind 10 bytes of 0x4d). */
struct watch_key {
	struct ip_addr addr;
	uint32_t slots; /* bits; 0: the key is free */
};
static_assert(WATCH_SLOTS <= 32, "a bit for each slot");

struct watch_worker {
	struct watch *watch;
	unsigned index;
	struct hash_key key;
	uint64_t seen; /* atomic: the turn up to which the definitions are ours */
	unsigned n_active;
	const struct watch_slot *slots[WATCH_SLOTS];
	struct watch_block *blocks; /* of this worker, in the file */
	struct watch_key keys[WATCH_KEYS];
	struct watch_talk talks[WATCH_SLOTS][WATCH_SETS][WATCH_WAYS];
};
