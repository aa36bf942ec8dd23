/* Decode: bytes of a frame -> struct packet. Plain C, allocates nothing of its own except in
 * defragmentation (from the slab it was given). One decoder a worker; not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/slab.h"

/* Called once for every packet that a frame holds, in the order in which they are to be processed:
 * packets found inside tunnels and those that defragmentation completed come before the packet that
 * carried them. `p` and all it points to is valid during the call, and its `outer` too. */
struct decode_sink {
	void (*packet)(void *ctx, struct packet *p);
	void *ctx;
};

/* Who wins where fragments overlap: by the receiving system, named as in Suricata. */
enum defrag_policy {
	DEFRAG_FIRST,
	DEFRAG_LAST,
	DEFRAG_BSD,
	DEFRAG_BSD_RIGHT,
	DEFRAG_LINUX,
	DEFRAG_WINDOWS,
	DEFRAG_SOLARIS,
};

/* Receivers of a network that overlap differently from the default; the longest prefix wins. */
struct decode_host_policy {
	struct ip_addr prefix;
	uint8_t bits; /* 0-128; an IPv4 /n is 96 + n */
	enum defrag_policy policy;
};

struct decode_config {
	bool checksums; /* verify checksums: sets PACKET_BAD_CHECKSUM, never drops by itself */
	/* UDP 4789; 6081; 3544 (off by default); type I has no header of its own (off) */
	bool vxlan, geneve, teredo, erspan1;
	bool ip4_in_ip4; /* RFC 2003; off as in Suricata 7.0.10, or on as in later ones */
	uint16_t vxlan_port, geneve_port, teredo_port;
	unsigned vlan_depth; /* 1-3 tags; a further one is an event and ends decoding */
	enum defrag_policy defrag_ipv4, defrag_ipv6;
	const struct decode_host_policy *hosts; /* the caller's, for the decoder's life */
	unsigned host_count;
};

extern const struct decode_config decode_config_default;

struct decoder;

/* NULL when memory is refused. */
struct decoder *decoder_new(const struct decode_config *config, struct slab *slab);
void decoder_delete(struct decoder *d);

/* False: frames of that LINKTYPE_* cannot be decoded (say so and stop, offline). */
bool decode_link_type_known(uint16_t link_type);

/* `p` has the rx fields filled and flags 0 or PACKET_STABLE; all later fields are set here and need
 * not be zero. Calls the sink at least once: for the outer packet itself, PACKET_INVALID with
 * events when it could not be decoded. */
void decode_frame(struct decoder *d, struct packet *p, const struct decode_sink *sink);

/* Gives up fragments older than LIMIT_DEFRAG_SECONDS; at most LIMIT_DEFRAG_TICK a call. */
void decode_tick(struct decoder *d, uint64_t now_ns);

/* Stage "decoder": packets by protocol under Suricata's names, then one outcome for every frame;
 * "decoder.event": events by name; "defrag". */
struct counter_set decode_counters(const struct decoder *d);
struct counter_set decode_event_counters(const struct decoder *d);
struct counter_set decode_defrag_counters(const struct decoder *d);
