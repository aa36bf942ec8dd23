/* Decode: bytes of a frame -> struct packet. Plain C, allocates nothing of its own except in
 * defragmentation (from the slab it was given). One decoder a worker; not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/slab.h"

/* Called once for every packet that a frame holds, in the order in which they are to be processed:
 * packets found inside tunnels and those that defragmentation completed come before the packet that
 * carried them. `p` is valid during the call. */
struct decode_sink {
	void (*packet)(void *ctx, struct packet *p);
	void *ctx;
};

struct decode_config {
	bool checksums; /* verify checksums: sets PACKET_BAD_CHECKSUM, never drops by itself */
	bool vxlan, geneve, teredo, erspan1; /* UDP 4789; 6081; 3544 heuristics (off by default) */
	uint16_t vxlan_port, geneve_port;
	unsigned vlan_depth;
};

extern const struct decode_config decode_config_default;

struct decoder;

struct decoder *decoder_new(const struct decode_config *config, struct slab *slab);
void decoder_delete(struct decoder *d);

/* `p` has the rx fields filled and everything else zero. Calls the sink at least once: for the
 * outer packet itself, PACKET_INVALID with events when it could not be decoded. */
void decode_frame(struct decoder *d, struct packet *p, const struct decode_sink *sink);

/* Gives up fragments older than LIMIT_DEFRAG_SECONDS; a bounded number a call. */
void decode_tick(struct decoder *d, uint64_t now_ns);

struct counter_set decode_counters(const struct decoder *d);
