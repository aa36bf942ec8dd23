/* What the traffic itself says about the mirror port (D9): duplicates, directions, VLANs, cut
 * packets, checksums that a network card was to fill in, how much is encrypted. Counts only, by
 * samples where a look at every packet would cost; banken-control makes sentences of them. One per
 * worker. */
#pragma once

#include "dataplane/base/counter.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/packet.h"
#include "dataplane/flow/flow.h"

enum {
	MIRROR_VLANS = 24,     /* told apart; slot 0: untagged; others are counted together */
	MIRROR_SEEN = 8192,    /* packets remembered */
	MIRROR_SAMPLED = 1024, /* of a sample */
	MIRROR_JUDGED = 8,     /* packets after which a connection has shown its directions */
};

enum mirror_counter {
	MIRROR_CHECKED, /* looked at for doubles: some, all while they are taken out */
	MIRROR_DUPLICATES,
	MIRROR_OTHER_VLAN, /* of those, in another VLAN than the first */
	MIRROR_ROUTED,	   /* of those, before and behind a router */
	MIRROR_REMOVED,	   /* a drop: the second one is not processed */
	MIRROR_TWO_WAY,	   /* TCP connections seen in both directions */
	MIRROR_ONE_WAY,
	MIRROR_CUT,  /* the IP header promises more than there is */
	MIRROR_SUMS, /* checksums looked at, of TCP packets with data */
	MIRROR_SUMS_BAD,
	MIRROR_SUMS_PARTIAL, /* of those, only the pseudo header's sum: offload */
	MIRROR_ENCRYPTED_BYTES,
	MIRROR_GROUP_FRAMES, /* to broadcast and multicast addresses */
	MIRROR_OTHER_VLANS,  /* frames of VLANs for which there was no slot */
	MIRROR_VLAN_IDS,
	MIRROR_VLAN_FRAMES = MIRROR_VLAN_IDS + MIRROR_VLANS,
	MIRROR_COUNTERS = MIRROR_VLAN_FRAMES + MIRROR_VLANS,
};

enum mirror_removal { MIRROR_KEEP, MIRROR_REMOVE, MIRROR_AUTO };

struct mirror_seen {
	uint32_t tag, time_us;
	uint16_t vlan;
	uint8_t ttl;
};

struct mirror {
	uint64_t counters[MIRROR_COUNTERS];
	enum mirror_removal removal;
	bool removing;
	unsigned vlans, last_vlan; /* slots in use; the one of the last frame */
	unsigned sums;		   /* packets since a checksum was looked at */
	uint64_t mark_checked, mark_duplicates;
	struct hash_key key;
	struct mirror_seen seen[MIRROR_SEEN];
};

struct mirror *mirror_new(enum mirror_removal removal);
void mirror_delete(struct mirror *m);

/* mirror.c */
void mirror_count_vlan(struct mirror *m, const struct packet *p);
bool mirror_is_double(struct mirror *m, const struct packet *p);
void mirror_check_sum(struct mirror *m, const struct packet *p);
void mirror_count_cut(struct mirror *m, const struct packet *p);
void mirror_judge(struct mirror *m, const struct flow *f);

/* A decoded packet, before anything is done with it: false when it came twice and the second one is
 * not wanted. */
static inline bool mirror_packet(struct mirror *m, const struct packet *p)
{
	uint16_t vlan = p->vlan_count ? p->vlan[0] : 0;

	if (!p->outer) {
		m->counters[MIRROR_GROUP_FRAMES] += p->dst_mac.bytes[0] & 1;
		if (m->counters[MIRROR_VLAN_IDS + m->last_vlan] == vlan)
			m->counters[MIRROR_VLAN_FRAMES + m->last_vlan]++;
		else
			mirror_count_vlan(m, p);
	}
	if (p->flags & PACKET_INVALID) {
		mirror_count_cut(m, p);
		return true;
	}
	if (!p->l4 || p->l4_len < 8 || p->flags & PACKET_REASSEMBLED)
		return true;
	/* Both of a pair are taken or left: by bits that routers leave alone. Acknowledgements
	 * alone are often alike. */
	if (!m->removing && p->ip_proto == IP_PROTO_TCP && !p->payload_len &&
	    !(p->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		return true;
	if (!m->removing && (p->ip_proto == IP_PROTO_TCP ? p->l4[7] & 31 : p->l4[5] & 7))
		return true;
	return !mirror_is_double(m, p);
}

/* A packet of a flow. */
static inline void mirror_flow(struct mirror *m, const struct packet *p)
{
	const struct flow *f = p->flow;

	if (f->flags & FLOW_ENCRYPTED)
		m->counters[MIRROR_ENCRYPTED_BYTES] += p->wire_len;
	if (p->ip_proto != IP_PROTO_TCP)
		return;
	if (f->packets[DIR_TS] + f->packets[DIR_TC] == MIRROR_JUDGED)
		mirror_judge(m, f);
	if (p->payload_len && ++m->sums >= 64)
		mirror_check_sum(m, p);
}

struct counter_set mirror_counters(const struct mirror *m);
