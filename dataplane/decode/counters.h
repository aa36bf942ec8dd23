/* What decode counts, in the order of its names; internal to the folder. The first group has
 * Suricata's names (stats record, "decoder"). The second holds what was given up. The third is one
 * outcome for each frame, so that frames = sum of the outcomes (D10). */
#pragma once

/* clang-format off */
#define DECODE_COUNTERS(X) \
	X(PKTS, "pkts", false) \
	X(BYTES, "bytes", false) \
	X(INVALID, "invalid", false) \
	X(IPV4, "ipv4", false) \
	X(IPV6, "ipv6", false) \
	X(ETHERNET, "ethernet", false) \
	X(ARP, "arp", false) \
	X(UNKNOWN_ETHERTYPE, "unknown_ethertype", false) \
	X(CHDLC, "chdlc", false) \
	X(RAW, "raw", false) \
	X(NULL, "null", false) \
	X(SLL, "sll", false) \
	X(TCP, "tcp", false) \
	X(UDP, "udp", false) \
	X(SCTP, "sctp", false) \
	X(ESP, "esp", false) \
	X(ICMPV4, "icmpv4", false) \
	X(ICMPV6, "icmpv6", false) \
	X(PPP, "ppp", false) \
	X(PPPOE, "pppoe", false) \
	X(GENEVE, "geneve", false) \
	X(GRE, "gre", false) \
	X(VLAN, "vlan", false) \
	X(VLAN_QINQ, "vlan_qinq", false) \
	X(VLAN_QINQINQ, "vlan_qinqinq", false) \
	X(VXLAN, "vxlan", false) \
	X(VNTAG, "vntag", false) \
	X(IEEE8021AH, "ieee8021ah", false) \
	X(TEREDO, "teredo", false) \
	X(IPV4_IN_IPV6, "ipv4_in_ipv6", false) \
	X(IPV6_IN_IPV6, "ipv6_in_ipv6", false) \
	X(MPLS, "mpls", false) \
	X(ERSPAN, "erspan", false) \
	X(NSH, "nsh", false) \
	X(MAX_PKT_SIZE, "max_pkt_size", false) \
	\
	X(TUNNEL_PACKETS, "tunnel_packets", false) \
	X(TUNNEL_REJECTED, "tunnel_rejected", false) \
	X(TUNNEL_DEPTH, "tunnel_depth", false) \
	X(MPLS_LABELS, "mpls_labels", false) \
	X(IPV6_EXTENSIONS, "ipv6_extensions", false) \
	X(EVENTS_FULL, "events_full", false) \
	X(CUT_FRAMES, "cut_frames", false) \
	X(BAD_CHECKSUM, "bad_checksum", false) \
	\
	X(OK, "ok", false) \
	X(NOT_IP, "not_ip", false) \
	X(FRAGMENT, "fragment", false) \
	X(BAD_LINK_LAYER, "bad_link_layer", true) \
	X(BAD_NETWORK_LAYER, "bad_network_layer", true) \
	X(BAD_TRANSPORT_LAYER, "bad_transport_layer", true) \
	X(UNKNOWN_LINK_TYPE, "unknown_link_type", true)
/* clang-format on */

enum decode_counter {
#define DECODE_COUNTER_ENUM(id, name, drop) DECODE_##id,
	DECODE_COUNTERS(DECODE_COUNTER_ENUM)
#undef DECODE_COUNTER_ENUM
		DECODE_COUNTER_COUNT
};
