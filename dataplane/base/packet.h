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
	/* decode */
	PACKET_WANTS_FLOW = 1 << 12, /* its layers belong to a flow (not fragments, GRE, unknown) */
	/* rx */
	PACKET_STABLE = 1 << 13, /* the frame's bytes stay where they are until the run ends */
	/* stream: accepted, and the session is established or further: app layer and stream rules
	 * apply */
	PACKET_STREAM_ESTABLISHED = 1 << 14,
};

/* IPv4 options present and well formed (keyword ipopts). */
enum packet_ip4_option {
	IP4_OPTION_EOL = 1 << 0,
	IP4_OPTION_NOP = 1 << 1,
	IP4_OPTION_RR = 1 << 2,
	IP4_OPTION_TS = 1 << 3,
	IP4_OPTION_QS = 1 << 4,
	IP4_OPTION_LSRR = 1 << 5,
	IP4_OPTION_SSRR = 1 << 6,
	IP4_OPTION_SID = 1 << 7,
	IP4_OPTION_SEC = 1 << 8,
	IP4_OPTION_CIPSO = 1 << 9,
	IP4_OPTION_RTRALT = 1 << 10,
	IP4_OPTION_ESEC = 1 << 11,
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
	bool has_embedded_ports;
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
	uint32_t flow_hash; /* flow_peek's, of the frame as it lies on the wire; 0 = not known */

	/* decode */
	uint32_t flags;	    /* enum packet_flag; rx sets PACKET_STABLE or 0 */
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
	uint16_t ip4_options; /* enum packet_ip4_option */
	const uint8_t *l3;    /* what follows the link headers when it is not IP (ARP, LLDP ...) */
	uint32_t l3_len;
	/* What IP carries. With ip_proto TCP, UDP, SCTP, ICMP or ESP only when its header was sound
	 * (ports, tcp, icmp and payload are then set); NULL for fragments. */
	const uint8_t *l4;
	uint32_t l4_len; /* header and payload; UDP: its own length field */
	/* Of those protocols, as Suricata inspects it (ICMPv6: see decode/icmp6.c); else NULL. */
	const uint8_t *payload;
	uint32_t payload_len;
	struct packet_tcp tcp;	 /* with ip_proto TCP and l4, else zero */
	struct packet_icmp icmp; /* with ICMP or ICMPv6 and l4, else zero */
	struct packet *outer;	 /* the packet this one was carried in, or NULL */
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
	IP_PROTO_HOPOPTS = 0,
	IP_PROTO_ICMP = 1,
	IP_PROTO_IPIP = 4,
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_IPV6 = 41,
	IP_PROTO_ROUTING = 43,
	IP_PROTO_FRAGMENT = 44,
	IP_PROTO_GRE = 47,
	IP_PROTO_ESP = 50,
	IP_PROTO_AH = 51,
	IP_PROTO_ICMPV6 = 58,
	IP_PROTO_NONE = 59,
	IP_PROTO_DSTOPTS = 60,
	IP_PROTO_SCTP = 132,
	IP_PROTO_MOBILITY = 135,
	IP_PROTO_HIP = 139,
	IP_PROTO_SHIM6 = 140,
};

/* Link types as in pcap files (LINKTYPE_*). */
enum link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_DLT_RAW = 12, /* what libpcap calls raw IP on Linux */
	LINK_DLT_RAW_BSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_RAW = 101,
	LINK_CISCO_HDLC = 104,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};
