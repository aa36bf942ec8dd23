/* One packet on its way through a worker: what rx received, what decode found, what flow and stream
 * added. Owner: the worker that received it; it lives until the worker has finished with it, and
 * nobody keeps a pointer into it (stream copies or references bytes by its own rules). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/slice.h"

struct flow;

enum dir {
	DIR_TS = 0, /* to the server */
	DIR_TC = 1, /* to the client */
};

static inline enum dir dir_other(enum dir d)
{
	return d == DIR_TS ? DIR_TC : DIR_TS;
}

enum {
	PACKET_VLANS = 3,   /* tags kept, outermost first */
	PACKET_EVENTS = 15, /* events kept per packet; more are counted and not kept */
};

enum packet_flag {
	PACKET_FRAGMENT = 1 << 0,     /* an IP fragment: no layer 4 of its own */
	PACKET_REASSEMBLED = 1 << 1,  /* made by defragmentation */
	PACKET_TUNNELLED = 1 << 2,    /* found inside another packet; `outer` is that one */
	PACKET_PSEUDO_END = 1 << 3,   /* no frame: made when a flow ends, to flush its streams */
	PACKET_BAD_CHECKSUM = 1 << 4, /* IPv4, TCP, UDP or ICMP checksum is wrong (when checked) */
	PACKET_INVALID = 1 << 5,      /* decoding stopped at an error: events only */
	PACKET_NO_PAYLOAD = 1 << 6,   /* payload must not be inspected (bypassed, encrypted) */
	/* stream */
	PACKET_STREAM_BAD = 1 << 8,   /* not accepted by the TCP state or window */
	PACKET_STREAM_ADDED = 1 << 9, /* payload went into the reassembled stream */
	PACKET_STREAM_EOF = 1 << 10,  /* last chance to inspect this direction */
	/* flow */
	PACKET_ESTABLISHED = 1 << 11, /* the flow had traffic both ways (TCP: handshake done) */
};

struct packet_tcp {
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t flags;	    /* FIN 1 SYN 2 RST 4 PSH 8 ACK 16 URG 32 ECE 64 CWR 128 */
	uint8_t header_len; /* bytes, options included */
	bool has_timestamp, has_mss, has_window_scale, sack_permitted;
	uint32_t timestamp, timestamp_echo;
	uint16_t mss;
	uint8_t window_scale;
	uint8_t sack_count;
	const uint8_t *sack;   /* sack_count pairs of big-endian u32; into the frame */
	uint8_t fast_open_len; /* RFC 7413 cookie length, 0 without the option */
	bool fast_open;
};

struct packet_icmp {
	uint8_t type, code;
	uint16_t id, seq; /* echo and timestamp, else 0 */
	bool has_id;
	bool has_embedded; /* an error message that quotes a header: the quoted tuple */
	uint8_t embedded_proto;
	struct ip_addr embedded_src, embedded_dst;
	uint16_t embedded_sport, embedded_dport;
	uint32_t mtu; /* ICMPv6 packet too big, ICMPv4 fragmentation needed */
};

struct packet {
	/* rx */
	const uint8_t *frame;
	uint32_t frame_len; /* bytes present */
	uint32_t wire_len;  /* bytes on the wire; > frame_len when cut */
	uint64_t now_ns;    /* capture time, clock.h */
	uint64_t number; /* 1-based count of frames of this source; pseudo packets keep the last */
	uint16_t link_type; /* LINKTYPE_* as in pcap files, 1 = Ethernet */
	uint16_t port;	    /* index of the capture port */
	void *origin;	    /* rx's handle (an mbuf live, NULL offline) */

	/* decode */
	uint32_t flags;	    /* enum packet_flag */
	uint8_t ip_version; /* 4, 6 or 0 */
	uint8_t ip_proto;   /* the upper protocol, extension headers skipped */
	uint8_t ttl;	    /* or hop limit */
	uint8_t tos;	    /* or traffic class */
	uint8_t vlan_count;
	bool has_mac;
	uint16_t ether_type;	     /* of the layer that carries IP; the unknown one otherwise */
	uint16_t vlan[PACKET_VLANS]; /* VLAN ids */
	struct mac_addr src_mac, dst_mac;
	struct ip_addr src, dst;
	uint16_t sport, dport;	/* TCP, UDP, SCTP; 0 otherwise */
	const uint8_t *ip;	/* IP header, NULL without one */
	uint32_t ip_header_len; /* IPv4 with options; IPv6 the fixed 40 */
	uint32_t ip_total_len;	/* header and payload as the header says, clipped to the frame */
	uint16_t ip_id;		/* IPv4 */
	uint16_t frag_offset;	/* bytes / 8 */
	bool more_fragments, dont_fragment, reserved_bit;
	const uint8_t *l4;	/* layer 4 header, NULL without one */
	uint32_t l4_len;	/* header and payload */
	const uint8_t *payload; /* of layer 4 (of IP when layer 4 is unknown) */
	uint32_t payload_len;
	struct packet_tcp tcp;
	struct packet_icmp icmp;
	struct packet *outer; /* the packet this one was carried in, or NULL */
	uint8_t tunnel_depth;
	uint8_t event_count;
	uint16_t events[PACKET_EVENTS]; /* enum decode_event, or STREAM_EVENT_BASE + enum
					   stream_event */

	/* flow, stream */
	struct flow *flow; /* NULL when it belongs to none */
	enum dir dir;
};

enum { STREAM_EVENT_BASE = 512 };

static inline void packet_event(struct packet *p, unsigned event)
{
	if (p->event_count < PACKET_EVENTS)
		p->events[p->event_count++] = (uint16_t)event;
}

static inline struct slice packet_payload(const struct packet *p)
{
	return SLICE(p->payload, p->payload_len);
}

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128,
};

enum ip_proto {
	IP_PROTO_ICMP = 1,
	IP_PROTO_IPIP = 4,
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_IPV6 = 41,
	IP_PROTO_GRE = 47,
	IP_PROTO_ESP = 50,
	IP_PROTO_AH = 51,
	IP_PROTO_ICMPV6 = 58,
	IP_PROTO_SCTP = 132,
};
