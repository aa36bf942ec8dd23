/* Named frames, layer by layer, and what becomes of them. The events are those of Suricata 7.0.10,
 * which tests/replay/decode_differential checks against the program itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/decode/checksum.h"
#include "dataplane/decode/harness.h"

struct decode_case {
	const char *name;
	uint16_t link;
	const char *frame, *expected;
};

/* Payloads that many cases carry. */
#define TCP_SEGMENT   IP4("002b", "06") TCP("5") "616263"
#define UDP_DATAGRAM  IP4("001f", "11") UDP("000b") "616263"
#define UDP6_DATAGRAM IP6("000b", "11") UDP("000b") "616263"
#define OUT_TCP	      "4:6 1>2 +3"
#define OUT_UDP	      "4:17 1>2 +3"
#define OUT_UDP6      "6:17 1>2 +3"

/* clang-format off */

static const struct decode_case link_cases[] = {
	{"ethernet, cut", 1, "0200000000", "- invalid !ethernet.pkt_too_small"},
	{"ethernet, nothing behind", 1, ETH("0800"), "- invalid !ipv4.pkt_too_small"},
	{"ethernet, unknown type", 1, ETH("1234") "00", "-"},
	{"ARP", 1, ETH("0806") "0001080006040001", "-"},
	{"802.1Q", 1, ETH("8100") "0005 0800" TCP_SEGMENT, OUT_TCP " vlan5"},
	{"QinQ", 1, ETH("88a8") "0005 8100 0fff 0800" TCP_SEGMENT, OUT_TCP " vlan5 vlan4095"},
	{"three tags", 1, ETH("9100") "0001 8100 0002 8100 0003 0800" TCP_SEGMENT,
	 OUT_TCP " vlan1 vlan2 vlan3"},
	{"four tags", 1, ETH("8100") "0001 8100 0002 8100 0003 8100 0004 0800" TCP_SEGMENT,
	 "- vlan1 vlan2 vlan3 !vlan.too_many_layers"},
	{"tag, cut", 1, ETH("8100") "0001 08", "- invalid !vlan.header_too_small"},
	{"tag, unknown type", 1, ETH("8100") "0001 1234", "- invalid vlan1 !vlan.unknown_type"},
	{"802.1ah", 1, ETH("88e7") "00000001 020000000003 020000000004 0800" TCP_SEGMENT, OUT_TCP},
	{"802.1ah, cut", 1, ETH("88e7") "0000", "- invalid !ieee8021ah.header_too_small"},
	{"VN-Tag", 1, ETH("8926") "00000000 0800" TCP_SEGMENT, OUT_TCP},
	{"VN-Tag, cut", 1, ETH("8926") "00", "- invalid !vntag.header_too_small"},
	{"VN-Tag, unknown type", 1, ETH("8926") "00000000 1234", "- invalid !vntag.unknown_type"},
	{"DCE", 1, ETH("8903") "0000" ETH("0800") TCP_SEGMENT, OUT_TCP},
	{"DCE, cut", 1, ETH("8903") "0000 020000000001", "- invalid !dce.pkt_too_small"},
	{"MPLS, two labels", 1, ETH("8847") "00010000 00020140" TCP_SEGMENT, OUT_TCP},
	{"MPLS, IPv4 null", 1, ETH("8847") "00000100" TCP_SEGMENT, OUT_TCP},
	{"MPLS, IPv6 null", 1, ETH("8848") "00002100" UDP6_DATAGRAM, OUT_UDP6},
	{"MPLS, pseudo-wire", 1, ETH("8847") "00010100 00000000" ETH("0800") TCP_SEGMENT, OUT_TCP},
	{"MPLS, no bottom", 1, ETH("8847") "00010000", "- invalid !mpls.header_too_small"},
	{"MPLS, nothing behind", 1, ETH("8847") "00010100", "- invalid !mpls.pkt_too_small"},
	{"MPLS, router alert", 1, ETH("8847") "00001100", "- !mpls.bad_label_router_alert"},
	{"MPLS, implicit null", 1, ETH("8847") "00003100", "- !mpls.bad_label_implicit_null"},
	{"MPLS, reserved", 1, ETH("8847") "00005100", "- !mpls.bad_label_reserved"},
	{"MPLS, strange payload", 1, ETH("8847") "00010100 10000000",
	 "- invalid !mpls.unknown_payload_type"},
	{"NSH", 1, ETH("894f") "0006 01 01 00000000" "00000000000000000000000000000000" TCP_SEGMENT,
	 OUT_TCP},
	{"NSH, cut", 1, ETH("894f") "0006", "- invalid !nsh.header_too_small"},
	{"NSH, version", 1, ETH("894f") "c006 01 01 00000000", "- !nsh.unsupported_version"},
	{"NSH, length", 1, ETH("894f") "0006 01 01 00000000", "- invalid !nsh.bad_header_length"},
	{"NSH, reserved", 1, ETH("894f") "0002 00 01 00000000 00", "- !nsh.reserved_type"},
	{"NSH, type", 1, ETH("894f") "0002 05 01 00000000 00", "- !nsh.unsupported_type"},
	{"NSH, payload", 1, ETH("894f") "0002 02 09 00000000 00", "- !nsh.unknown_payload"},
	{"PPPoE", 1, ETH("8864") "1100 0001 002d 0021" TCP_SEGMENT, OUT_TCP},
	{"PPPoE, short protocol", 1, ETH("8864") "1100 0001 002c 21" TCP_SEGMENT, OUT_TCP},
	{"PPPoE, IPv6", 1, ETH("8864") "1100 0001 0035 0057" UDP6_DATAGRAM, OUT_UDP6},
	{"PPPoE, cut", 1, ETH("8864") "1100 0001 002d", "- invalid !pppoe.pkt_too_small"},
	{"PPPoE, LCP", 1, ETH("8864") "1100 0001 0004 c021 0000", "- !ppp.unsup_proto"},
	{"PPPoE, wrong type", 1, ETH("8864") "1100 0001 0004 1234", "- invalid !ppp.wrong_type"},
	{"PPPoE, IPv4 cut", 1, ETH("8864") "1100 0001 0004 0021 45",
	 "- invalid !ppp.ip4_pkt_too_small"},
	{"PPPoE, IPv6 cut", 1, ETH("8864") "1100 0001 0004 0057 60",
	 "- invalid !ppp.ip6_pkt_too_small"},
	{"PPPoE, VJ cut", 1, ETH("8864") "1100 0001 0004 002f 45",
	 "- invalid !ppp.vju_pkt_too_small"},
	{"PPPoE discovery", 1, ETH("8863") "1109 0000 0004 01010000", "-"},
	{"PPPoE discovery, code", 1, ETH("8863") "1101 0000 0000", "- invalid !pppoe.wrong_code"},
	{"PPPoE discovery, tags", 1, ETH("8863") "1109 0000 0005 01010000",
	 "- invalid !pppoe.malformed_tags"},
	{"PPP", LINK_PPP, "ff03 0021" TCP_SEGMENT, OUT_TCP},
	{"PPP, no framing", LINK_PPP, "0021" TCP_SEGMENT, OUT_TCP},
	{"PPP, short protocol", LINK_PPP, "ff03 21" TCP_SEGMENT, OUT_TCP},
	{"PPP, bare", LINK_PPP, "57" UDP6_DATAGRAM, OUT_UDP6},
	{"PPP, empty", LINK_PPP, "", "- invalid !ppp.pkt_too_small"},
	{"PPP, cut", LINK_PPP, "ff03 00", "- invalid !ppp.pkt_too_small"},
	{"PPP in HDLC", LINK_PPP_HDLC, "ff03 0021" TCP_SEGMENT, OUT_TCP},
	{"Cisco HDLC", LINK_CISCO_HDLC, "0f00 0800" TCP_SEGMENT, OUT_TCP},
	{"Cisco HDLC, cut", LINK_CISCO_HDLC, "0f00", "- invalid !chdlc.pkt_too_small"},
	{"cooked", LINK_SLL, "0000 0001 0006 020000000001 0000 0800" TCP_SEGMENT, OUT_TCP},
	{"cooked, cut", LINK_SLL, "0000", "- invalid !sll.pkt_too_small"},
	{"cooked 2", LINK_SLL2, "0800 0000 00000001 0001 00 06 0200000000010000" TCP_SEGMENT,
	 OUT_TCP},
	{"loopback", LINK_NULL, "02000000" TCP_SEGMENT, OUT_TCP},
	{"loopback, IPv6", LINK_NULL, "1e000000" UDP6_DATAGRAM, OUT_UDP6},
	{"loopback, family", LINK_NULL, "09000000", "- !ltnull.unsupported_type"},
	{"loopback, cut", LINK_NULL, "0200", "- invalid !ltnull.pkt_too_small"},
	{"OpenBSD loopback", LINK_LOOP, "00000002" TCP_SEGMENT, OUT_TCP},
	{"raw", LINK_RAW, TCP_SEGMENT, OUT_TCP},
	{"raw, IPv6", LINK_RAW, UDP6_DATAGRAM, OUT_UDP6},
	{"raw, cut", LINK_RAW, "45", "- invalid !ipv4.pkt_too_small"},
	{"raw, version", LINK_RAW, "75000000000000000000000000000000000000000000",
	 "- !ipraw.invalid_ip_version"},
	{"unknown link", 999, TCP_SEGMENT, "- invalid"},
};

#define IP4_OPTIONS(ihl, total, options) \
	"4" ihl "00 " total " 0001 0000 40 ff 0000 0a000001 0a000002 " options

static const struct decode_case ip4_cases[] = {
	{"version", 1, ETH("0800") "65" "00000000000000000000000000000000000000",
	 "- invalid !ipv4.wrong_ip_version"},
	{"header length", 1, ETH("0800") "44" "00000000000000000000000000000000000000",
	 "- invalid !ipv4.hlen_too_small"},
	{"total length", 1, ETH("0800") "4500001300010000400600000a0000010a000002",
	 "- invalid !ipv4.iplen_smaller_than_hlen"},
	{"truncated", 1, ETH("0800") IP4("0015", "ff"), "- invalid !ipv4.trunc_pkt"},
	{"padding is not payload", 1, ETH("0800") UDP_DATAGRAM "0000000000", OUT_UDP},
	{"unknown protocol", 1, ETH("0800") IP4("0016", "59") "0000", "4:89"},
	{"ICMPv6 inside", 1, ETH("0800") IP4("0016", "3a") "0000", "4:58 invalid !ipv4.icmpv6"},
	{"option NOP", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0101010101010101"), "4:255"},
	{"option padding", 1, ETH("0800") IP4_OPTIONS("6", "0018", "01010101"),
	 "4:255 !ipv4.opt_pad_required"},
	{"option route", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0707040000000000"), "4:255"},
	{"option route, pointer", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0707050000000000"),
	 "4:255 invalid !ipv4.opt_malformed"},
	{"option route twice", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0703040703040000"),
	 "4:255 !ipv4.opt_duplicate"},
	{"option timestamp", 1, ETH("0800") IP4_OPTIONS("7", "001c", "4408050000000000"), "4:255"},
	{"option timestamp, short", 1, ETH("0800") IP4_OPTIONS("7", "001c", "4404050000000000"),
	 "4:255 invalid !ipv4.opt_invalid_len"},
	{"option unknown", 1, ETH("0800") IP4_OPTIONS("7", "001c", "3303000000000000"),
	 "4:255 !ipv4.opt_invalid"},
	{"option too long", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0709040000000000"),
	 "- invalid !ipv4.opt_invalid_len"},
	{"option of length 1", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0701040000000000"),
	 "- invalid !ipv4.opt_invalid_len"},
	{"option cut", 1, ETH("0800") IP4_OPTIONS("7", "001c", "0101010101010107"),
	 "4:255 !ipv4.opt_eol_required"},
	{"option CIPSO", 1, ETH("0800") IP4_OPTIONS("8", "0020", "860a0000000101040000 0000"),
	 "4:255 !ipv4.opt_pad_required"},
	{"option CIPSO, tag", 1, ETH("0800") IP4_OPTIONS("8", "0020", "860a0000000100040000 0000"),
	 "4:255 invalid !ipv4.opt_pad_required !ipv4.opt_malformed"},
	{"IPv6 inside", 1, ETH("0800") IP4("0047", "29") UDP6_DATAGRAM, OUT_UDP6 " | 4:41"},
	{"IPv4 inside", 1, ETH("0800") IP4("003f", "04") TCP_SEGMENT, OUT_TCP " | 4:4"},
	{"broken IPv4 inside", 1, ETH("0800") IP4("0016", "04") "4500", "4:4"},
	{"three deep", 1, ETH("0800") IP4("0053", "04") IP4("003f", "04") TCP_SEGMENT,
	 OUT_TCP " | 4:4 | 4:4"},
};

static const struct decode_case ip6_cases[] = {
	{"cut", 1, ETH("86dd") "6000", "-"},
	{"version", 1, ETH("86dd") "50000000000000400000000000000000000000000000000000000000"
		"000000000000000000000000", "- invalid !ipv6.wrong_ip_version"},
	{"truncated", 1, ETH("86dd") IP6("0001", "ff"), "- invalid !ipv6.trunc_pkt"},
	{"UDP", 1, ETH("86dd") UDP6_DATAGRAM, OUT_UDP6},
	{"unknown", 1, ETH("86dd") IP6("0002", "59") "0000", "6:89 !ipv6.unknown_next_header"},
	{"ICMPv4 inside", 1, ETH("86dd") IP6("0002", "01") "0000", "6:0 !ipv6.icmpv4"},
	{"nothing", 1, ETH("86dd") IP6("0000", "3b"), "6:0"},
	{"data after nothing", 1, ETH("86dd") IP6("0001", "3b") "00",
	 "6:0 !ipv6.data_after_none_header"},
	{"header cut", 1, ETH("86dd") IP6("0001", "3c") "3b", "6:0 invalid !ipv6.trunc_exthdr"},
	{"header beyond", 1, ETH("86dd") IP6("0008", "3c") "3b01 0104 00000000",
	 "6:60 invalid !ipv6.trunc_exthdr"},
	{"router alert", 1, ETH("86dd") IP6("0013", "00") "1100 0502 0000 0000" UDP("000b") "616263",
	 OUT_UDP6},
	{"only padding", 1, ETH("86dd") IP6("0008", "00") "3b00 0104 00000000",
	 "6:0 !ipv6.hopopts_only_padding"},
	{"only padding, destination", 1, ETH("86dd") IP6("0008", "3c") "3b00 000000000000",
	 "6:60 !ipv6.dstopts_only_padding"},
	{"empty PadN", 1, ETH("86dd") IP6("0008", "3c") "3b00 0100 0100 0100",
	 "6:60 !ipv6.zero_len_padn !ipv6.zero_len_padn !ipv6.zero_len_padn "
	 "!ipv6.dstopts_only_padding"},
	{"unknown option", 1, ETH("86dd") IP6("0008", "00") "3b00 3e04 00000000",
	 "6:0 !ipv6.hopopts_unknown_opt"},
	{"option too long", 1, ETH("86dd") IP6("0008", "3c") "3b00 3e06 00000000",
	 "6:60 invalid !ipv6.exthdr_invalid_optlen"},
	{"router alert too short", 1, ETH("86dd") IP6("0008", "00") "3b00 0501 00010100",
	 "6:0 invalid !ipv6.exthdr_invalid_optlen"},
	{"hop options twice", 1, ETH("86dd") IP6("0010", "00") "0000 0502 0000 0000"
		"3b00 0502 0000 0000",
	 "6:0 !ipv6.exthdr_dupl_hh"},
	{"routing type 0", 1, ETH("86dd") IP6("0008", "2b") "3b00 0000 00000000",
	 "6:43 !ipv6.rh_type_0"},
	{"routing twice", 1, ETH("86dd") IP6("0010", "2b") "2b00 0200 00000000 3b00 0200 00000000",
	 "6:43 !ipv6.exthdr_dupl_rh"},
	{"authentication", 1, ETH("86dd") IP6("0010", "33") "3b02 0001 00000000 00000000 00000000",
	 "6:51 !ipv6.exthdr_ah_res_not_null"},
	{"useless fragment header", 1, ETH("86dd") IP6("0013", "2c") "1100 0000 00000001" UDP("000b")
		"616263",
	 OUT_UDP6 " !ipv6.exthdr_useless_fh"},
	{"fragment, reserved", 1, ETH("86dd") IP6("0010", "2c") "1105 0001 00000001"
		"0000000000000000",
	 "6:44 fragment !ipv6.fh_non_zero_reserved_field"},
	{"fragment, odd length", 1, ETH("86dd") IP6("000f", "2c") "1100 0001 00000002"
		"00000000000000",
	 "6:44 fragment !ipv6.frag_invalid_length"},
	{"IPv4 inside", 1, ETH("86dd") IP6("002b", "04") TCP_SEGMENT, OUT_TCP " | 6:4"},
	{"IPv4 inside, cut", 1, ETH("86dd") IP6("0002", "04") "4500",
	 "6:4 invalid !ipv6.ipv4_in_ipv6_too_small"},
	{"IPv4 inside, version", 1, ETH("86dd") IP6("0028", "04") IP6("0000", "3b"),
	 "6:4 !ipv6.ipv4_in_ipv6_wrong_version"},
	{"IPv6 inside", 1, ETH("86dd") IP6("0033", "29") UDP6_DATAGRAM, OUT_UDP6 " | 6:41"},
	{"IPv6 inside, cut", 1, ETH("86dd") IP6("0002", "29") "6000",
	 "6:41 invalid !ipv6.ipv6_in_ipv6_too_small"},
	{"IPv6 inside, version", 1, ETH("86dd") IP6("002b", "29") TCP_SEGMENT,
	 "6:41 !ipv6.ipv6_in_ipv6_wrong_version"},
	{"GRE", 1, ETH("86dd") IP6("002f", "2f") "00000800" TCP_SEGMENT, OUT_TCP " | 6:47"},
};

#define TCP_OPTIONS(doff, total, options) IP4(total, "06") TCP(doff) options

static const struct decode_case l4_cases[] = {
	{"TCP, cut", 101, IP4("0027", "06") "00010002000000030000000450102000000000",
	 "4:6 invalid !tcp.pkt_too_small"},
	{"TCP, header beyond", 101, IP4("0028", "06") TCP("6"), "4:6 invalid !tcp.hlen_too_small"},
	{"TCP, header too short", 101, IP4("0028", "06") TCP("4"),
	 "4:6 invalid !tcp.invalid_optlen"},
	{"TCP, MSS", 101, TCP_OPTIONS("6", "002c", "020405b4"), "4:6 1>2"},
	{"TCP, MSS length", 101, TCP_OPTIONS("6", "002c", "02030500"),
	 "4:6 1>2 !tcp.opt_invalid_len"},
	{"TCP, MSS twice", 101, TCP_OPTIONS("7", "0030", "020405b4020405b4"),
	 "4:6 1>2 !tcp.opt_duplicate"},
	{"TCP, option beyond", 101, TCP_OPTIONS("6", "002c", "02050000"),
	 "4:6 1>2 invalid !tcp.opt_invalid_len"},
	{"TCP, option of length 0", 101, TCP_OPTIONS("6", "002c", "02000000"),
	 "4:6 1>2 invalid !tcp.opt_invalid_len"},
	{"TCP, MD5", 101, TCP_OPTIONS("6", "002c", "13040000"),
	 "4:6 1>2 invalid !tcp.opt_invalid_len"},
	{"UDP, cut", 101, IP4("001b", "11") "00010002000800", "4:17 invalid !udp.hlen_too_small"},
	{"UDP, length beyond", 101, IP4("001c", "11") UDP("0009"),
	 "4:17 invalid !udp.pkt_too_small"},
	{"UDP, length below", 101, IP4("001c", "11") UDP("0007"), "4:17 invalid !udp.len_invalid"},
	{"UDP, shorter than IP", 101, IP4("0020", "11") UDP("0009") "61626364", "4:17 1>2 +1"},
	{"ICMP, cut", 101, IP4("001b", "01") "08000000000000", "4:1 invalid !icmpv4.pkt_too_small"},
	{"ICMP, echo", 101, IP4("001e", "01") "0800 0000 0001 0002 6162", "4:1 +2"},
	{"ICMP, echo code", 101, IP4("001c", "01") "0801 0000 0001 0002",
	 "4:1 !icmpv4.unknown_code"},
	{"ICMP, type", 101, IP4("001c", "01") "2800 0000 0001 0002", "4:1 !icmpv4.unknown_type"},
	{"ICMP, timestamp cut", 101, IP4("001c", "01") "0d00 0000 0001 0002",
	 "4:1 !icmpv4.ipv4_trunc_pkt"},
	{"ICMP, unreachable", 101, IP4("0038", "01") "0303 0000 00000000" IP4("0020", "11")
		"0035 1234 000c 0000", "4:1 +28"},
	{"ICMP, unreachable, cut", 101, IP4("001e", "01") "0303 0000 00000000 4500",
	 "4:1 +2 invalid !icmpv4.ipv4_trunc_pkt"},
	{"ICMP, unreachable, version", 101, IP4("0030", "01") "0303 0000 00000000"
		"6000000000000000000000000000000000000000",
	 "4:1 +20 invalid !icmpv4.ipv4_unknown_ver"},
	{"ICMPv6, cut", 101, IP6("0007", "3a") "80000000000000",
	 "6:58 invalid !icmpv6.pkt_too_small"},
	{"ICMPv6, echo", 101, IP6("000a", "3a") "8000 0000 0001 0002 6162", "6:58 +2"},
	{"ICMPv6, echo code", 101, IP6("0008", "3a") "8001 0000 0001 0002",
	 "6:58 !icmpv6.unknown_code"},
	{"ICMPv6, neighbour", 101, IP6("0010", "3a") "8700 0000 00000000 0000000000000000",
	 "6:58 +4"},
	{"ICMPv6, listener", 101, IP6("0008", "3a") "8200 0000 00000000",
	 "6:58 !icmpv6.mld_message_with_invalid_hl"},
	{"ICMPv6, unassigned", 101, IP6("0008", "3a") "0500 0000 00000000",
	 "6:58 !icmpv6.unassigned_type"},
	{"ICMPv6, experiment", 101, IP6("0008", "3a") "c900 0000 00000000",
	 "6:58 !icmpv6.experimentation_type"},
	{"ICMPv6, unknown", 101, IP6("0008", "3a") "7f00 0000 00000000",
	 "6:58 !icmpv6.unknown_type"},
	{"ICMPv6, too big, cut", 101, IP6("000a", "3a") "0200 0000 00000500 6000",
	 "6:58 +2 invalid !icmpv6.ipv6_trunc_pkt"},
	{"ICMPv6, too big, version", 101, IP6("0033", "3a") "0200 0000 00000500" TCP_SEGMENT,
	 "6:58 +43 invalid !icmpv6.ipv6_unknown_version"},
	{"SCTP", 101, IP4("0021", "84") "0001 0002 00000000 00000000 00", "4:132 1>2 +1"},
	{"SCTP, cut", 101, IP4("0015", "84") "00", "4:132 invalid !sctp.pkt_too_small"},
	{"ESP", 101, IP4("001d", "32") "00000001 00000002 00", "4:50 +1"},
	{"ESP, cut", 101, IP4("0015", "32") "00", "4:50 invalid !esp.pkt_too_small"},
};

#define GRE(total, flags, type) IP4(total, "2f") flags type

static const struct decode_case tunnel_cases[] = {
	{"GRE", 101, GRE("0043", "0000", "0800") TCP_SEGMENT, OUT_TCP " | 4:47"},
	{"GRE, IPv6", 101, GRE("004b", "0000", "86dd") UDP6_DATAGRAM, OUT_UDP6 " | 4:47"},
	{"GRE, all fields", 101, GRE("004f", "b000", "0800") "00000000 00000001 00000002" TCP_SEGMENT,
	 OUT_TCP " | 4:47"},
	{"GRE, Ethernet", 101, GRE("0051", "0000", "6558") ETH("0800") TCP_SEGMENT,
	 OUT_TCP " | 4:47"},
	{"GRE, VLAN", 101, GRE("0047", "0000", "8100") "0007 0800" TCP_SEGMENT,
	 OUT_TCP " vlan7 | 4:47"},
	{"GRE, other payload", 101, GRE("0018", "0000", "1234"), "4:47"},
	{"GRE, cut", 101, IP4("0016", "2f") "0000", "4:47 invalid !gre.pkt_too_small"},
	{"GRE, version 2", 101, GRE("0018", "0002", "0800"), "4:47 invalid !gre.wrong_version"},
	{"GRE, recursion", 101, GRE("0018", "0100", "0800"), "4:47 invalid !gre.version0_recur"},
	{"GRE, flags", 101, GRE("0018", "0008", "0800"), "4:47 invalid !gre.version0_flags"},
	{"GRE, key missing", 101, GRE("0018", "2000", "0800"),
	 "4:47 invalid !gre.version0_hdr_too_big"},
	{"GRE, routing", 101, GRE("0053", "4000", "0800") "00000000 00020004 0a000001 00000000"
		TCP_SEGMENT, OUT_TCP " | 4:47"},
	{"GRE, routing cut", 101, GRE("0020", "4000", "0800") "00000000 00020004",
	 "4:47 invalid !gre.version0_malformed_sre_hdr"},
	{"PPTP", 101, GRE("004f", "3001", "880b") "002f 0001 00000001 ff03 0021" TCP_SEGMENT,
	 OUT_TCP " | 4:47"},
	{"PPTP, acknowledgement", 101, GRE("0020", "2081", "880b") "0000 0001 00000001", "4:47"},
	{"PPTP, checksum", 101, GRE("0018", "8001", "880b"), "4:47 invalid !gre.version1_chksum"},
	{"PPTP, routing", 101, GRE("0018", "4001", "880b"), "4:47 invalid !gre.version1_route"},
	{"PPTP, strict", 101, GRE("0018", "0801", "880b"), "4:47 invalid !gre.version1_ssr"},
	{"PPTP, recursion", 101, GRE("0018", "0101", "880b"), "4:47 invalid !gre.version1_recur"},
	{"PPTP, flags", 101, GRE("0018", "2009", "880b"), "4:47 invalid !gre.version1_flags"},
	{"PPTP, protocol", 101, GRE("0018", "2001", "0800"),
	 "4:47 invalid !gre.version1_wrong_protocol"},
	{"PPTP, no key", 101, GRE("0018", "0001", "880b"), "4:47 invalid !gre.version1_no_key"},
	{"PPTP, cut", 101, GRE("0018", "2001", "880b"), "4:47 invalid !gre.version1_hdr_too_big"},
	{"ERSPAN II", 101, GRE("005d", "1000", "88be") "00000001 1005 0000 00000000" ETH("0800")
		TCP_SEGMENT, OUT_TCP " vlan5 | 4:47"},
	{"ERSPAN I", 101, GRE("0051", "0000", "88be") ETH("0800") TCP_SEGMENT, "4:47"},
	{"ERSPAN III", 101, GRE("0061", "1000", "22eb") "00000001 2005 0000 00000000 0000 0000"
		ETH("0800") TCP_SEGMENT, OUT_TCP " vlan5 | 4:47"},
	{"ERSPAN III, sub-header", 101, GRE("0069", "1000", "22eb")
		"00000001 2000 0000 00000000 0000 0001 0000000000000000" ETH("0800") TCP_SEGMENT,
	 OUT_TCP " | 4:47"},
	{"VXLAN", 101, IP4("005d", "11") "1234 12b5 0049 0000 08000000 00000100" ETH("0800")
		TCP_SEGMENT, OUT_TCP " | 4:17 4660>4789 +65"},
	{"VXLAN, reserved byte", 101, IP4("005d", "11") "1234 12b5 0049 0000 08000000 00000101"
		ETH("0800") TCP_SEGMENT, "4:17 4660>4789 +65"},
	{"VXLAN, ARP", 101, IP4("0032", "11") "1234 12b5 001e 0000 08000000 00000100" ETH("0806"),
	 "4:17 4660>4789 +22"},
	{"VXLAN, strange payload", 101, IP4("0032", "11") "1234 12b5 001e 0000 08000000 00000100"
		ETH("1234"), "4:17 4660>4789 +22 invalid !vxlan.unknown_payload_type"},
	{"Geneve", 101, IP4("0057", "11") "1234 17c1 0043 0000 0100 0800 00000100 00000000"
		"00000000" TCP_SEGMENT, "4:17 4660>6081 +59"},
	{"Geneve, option", 101, IP4("0057", "11") "1234 17c1 0043 0000 0200 0800 00000100"
		"00000001 00000000" TCP_SEGMENT, OUT_TCP " | 4:17 4660>6081 +59"},
	{"Geneve, Ethernet", 101, IP4("005d", "11") "1234 17c1 0049 0000 0000 6558 00000100"
		ETH("0800") TCP_SEGMENT, OUT_TCP " | 4:17 4660>6081 +65"},
	{"Geneve, strange payload", 101, IP4("0024", "11") "1234 17c1 0010 0000 0000 1234 00000100",
	 "4:17 4660>6081 +8 invalid !geneve.unknown_payload_type"},
	{"Teredo is off", 101, IP4("004f", "11") "1234 0dd8 003b 0000" UDP6_DATAGRAM,
	 "4:17 4660>3544 +51"},
};

/* clang-format on */

struct table {
	const char *name;
	const struct decode_case *cases;
	size_t count;
};

static const struct table tables[] = {
	{"link", link_cases, ARRAY_SIZE(link_cases)},
	{"IPv4", ip4_cases, ARRAY_SIZE(ip4_cases)},
	{"IPv6", ip6_cases, ARRAY_SIZE(ip6_cases)},
	{"layer 4", l4_cases, ARRAY_SIZE(l4_cases)},
	{"tunnel", tunnel_cases, ARRAY_SIZE(tunnel_cases)},
};

static void frames_become_packets(void **state)
{
	struct harness h;
	unsigned wrong = 0;

	harness_init(&h, &decode_config_default);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct decode_case *c = &tables[t].cases[i];
			const char *got = harness_hex(&h, c->link, c->frame);

			if (strcmp(got, c->expected) == 0)
				continue;
			wrong++;
			print_error("%s, %s:\n  %s\ninstead of\n  %s\n", tables[t].name, c->name,
				    got, c->expected);
		}
	}
	harness_done(&h);
	assert_int_equal(wrong, 0);
}

/* No prefix of any frame is read beyond, under any link type; the guard page and ASan watch. */
static void prefixes_stay_inside(void **state)
{
	static const uint16_t links[] = {LINK_ETHERNET, LINK_RAW,  LINK_PPP,
					 LINK_SLL,	LINK_NULL, LINK_CISCO_HDLC};
	struct decode_config config = decode_config_default;
	uint8_t frame[HARNESS_FRAME];
	struct harness h;

	config.teredo = config.erspan1 = config.checksums = true;
	harness_init(&h, &config);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct decode_case *c = &tables[t].cases[i];
			size_t len = harness_bytes(c->frame, frame, sizeof(frame));

			for (size_t cut = 0; cut <= len; cut++) {
				harness_frame(&h, c->link, frame, cut);
				for (size_t l = 0; l < ARRAY_SIZE(links); l++)
					harness_frame(&h, links[l], frame, cut);
			}
		}
	}
	harness_done(&h);
}

/* D10: every frame has one outcome. */
static void outcomes_sum_up(void **state)
{
	struct counter_set set;
	uint64_t outcomes = 0, frames = 0;
	struct harness h;
	bool counting = false;

	harness_init(&h, &decode_config_default);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			harness_hex(&h, tables[t].cases[i].link, tables[t].cases[i].frame);
			frames++;
		}
	}
	set = decode_counters(h.decoder);
	for (unsigned i = 0; i < set.count; i++) {
		if (strcmp(set.names[i].name, "ok") == 0)
			counting = true;
		outcomes += counting ? set.values[i] : 0;
	}
	assert_int_equal(outcomes, frames);
	assert_string_equal(set.names[0].name, "pkts");
	assert_int_equal(set.values[0], frames);
	harness_done(&h);
}

static void layers_are_bounded(void **state)
{
	uint8_t frame[16384];
	size_t len = 0;
	struct harness h;

	/* IPv4 in IPv4 as often as a frame holds it */
	for (unsigned left = 600; left > 0; left--, len += 20) {
		uint16_t total = (uint16_t)(left * 20);
		const uint8_t head[20] = {0x45,
					  0,
					  (uint8_t)(total >> 8),
					  (uint8_t)total,
					  0,
					  1,
					  0,
					  0,
					  64,
					  4,
					  0,
					  0,
					  10,
					  0,
					  0,
					  1,
					  10,
					  0,
					  0,
					  2};

		memcpy(frame + len, head, sizeof(head));
	}
	harness_init(&h, &decode_config_default);
	assert_non_null(strstr(harness_frame(&h, LINK_RAW, frame, len), "!too_many_layers"));
	harness_done(&h);
}

static void labels_and_headers_are_bounded(void **state)
{
	uint8_t frame[8192];
	struct harness h;
	size_t len;

	harness_init(&h, &decode_config_default);
	len = harness_bytes(ETH("8847"), frame, sizeof(frame));
	memset(frame + len, 0, 4000);
	assert_string_equal(harness_frame(&h, LINK_ETHERNET, frame, len + 4000), "-");
	len = harness_bytes(IP6("0fa0", "87"), frame, sizeof(frame));
	for (size_t at = 0; at < 4000; at += 8)
		memcpy(frame + len + at, "\x87\0\0\0\0\0\0\0", 8);
	assert_string_equal(harness_frame(&h, LINK_RAW, frame, len + 4000), "6:0 invalid");
	harness_done(&h);
}

static void tcp_fields(void **state)
{
	struct harness h;
	const struct packet_tcp *t = &h.last.tcp;

	harness_init(&h, &decode_config_default);
	harness_hex(&h, LINK_RAW,
		    IP4("0050", "06") "1389 0050 01020304 05060708 f012 ffff 0000 0009"
				      "020405b4 0402 080a 00000001 00000002 01 030307"
				      "0512 0000000a 00000014 0000001e 00000028 0000");
	assert_int_equal(h.last.sport, 5001);
	assert_int_equal(h.last.dport, 80);
	assert_int_equal(t->seq, 0x01020304);
	assert_int_equal(t->ack, 0x05060708);
	assert_int_equal(t->flags, TCP_SYN | TCP_ACK);
	assert_int_equal(t->window, 0xffff);
	assert_int_equal(t->urgent, 9);
	assert_int_equal(t->header_len, 60);
	assert_true(t->has_mss && t->mss == 1460);
	assert_true(t->sack_permitted);
	assert_true(t->has_timestamp && t->timestamp == 1 && t->timestamp_echo == 2);
	assert_true(t->has_window_scale && t->window_scale == 7);
	assert_int_equal(t->sack_count, 2);
	assert_true(h.last.flags & PACKET_WANTS_FLOW);
	harness_hex(&h, LINK_RAW, IP4("0034", "06") TCP("8") "220a0102030405060708 0000");
	assert_true(t->fast_open && t->fast_open_len == 8);
	assert_false(t->has_mss || t->has_timestamp || t->sack_permitted || t->sack);
	harness_hex(&h, LINK_RAW, IP4("0034", "06") TCP("8") "0101080a 00000003 00000004");
	assert_true(t->has_timestamp && t->timestamp == 3 && t->timestamp_echo == 4);
	harness_hex(&h, LINK_RAW, IP4("002c", "06") TCP("6") "fe04f989");
	assert_true(t->fast_open && t->fast_open_len == 0);
	harness_hex(&h, LINK_RAW, IP4("0028", "06") TCP("4")); /* broken */
	assert_true(!h.last.l4 && t->seq == 0 && t->flags == 0);
	harness_done(&h);
}

static void icmp_quotes_a_tuple(void **state)
{
	const struct packet_icmp *icmp;
	struct harness h;

	harness_init(&h, &decode_config_default);
	icmp = &h.last.icmp;
	harness_hex(
		&h, LINK_RAW,
		IP4("0038", "01") "0304 0000 0000 0240" IP4("0020", "11") "0035 1234 000c 0000");
	assert_true(icmp->has_embedded && icmp->has_embedded_ports);
	assert_int_equal(icmp->embedded_proto, 17);
	assert_int_equal(icmp->embedded_sport, 53);
	assert_int_equal(icmp->embedded_dport, 0x1234);
	assert_int_equal(icmp->mtu, 576);
	assert_int_equal(ip_addr_v4_u32(&icmp->embedded_src), 0x0a000001);
	harness_hex(&h, LINK_RAW, IP4("001c", "01") "0800 0000 0007 0009");
	assert_true(icmp->has_id && icmp->id == 7 && icmp->seq == 9 && !icmp->has_embedded);
	harness_hex(&h, LINK_RAW, IP6("003b", "3a") "0200 0000 00000500" UDP6_DATAGRAM);
	assert_true(icmp->has_embedded && icmp->has_embedded_ports && icmp->mtu == 1280);
	assert_int_equal(icmp->embedded_dport, 2);
	harness_done(&h);
}

static void ip_fields(void **state)
{
	const struct packet *p;
	struct harness h;
	char text[IP_ADDR_TEXT];

	harness_init(&h, &decode_config_default);
	p = &h.last;
	harness_hex(&h, LINK_ETHERNET,
		    ETH("0800") "4610 0020 1234 c000 7f 11 0000 c0a80001 08080808 94040000"
				"0001 0002 0008 0000");
	assert_int_equal(p->tos, 0x10);
	assert_int_equal(p->ip_id, 0x1234);
	assert_int_equal(p->ttl, 127);
	assert_true(p->dont_fragment && p->reserved_bit && !p->more_fragments);
	assert_int_equal(p->ip_header_len, 24);
	assert_int_equal(p->ip4_options, IP4_OPTION_RTRALT);
	assert_string_equal(ip_addr_text(&p->src, text, false), "192.168.0.1");
	assert_true(p->has_mac && p->src_mac.bytes[5] == 2 && p->dst_mac.bytes[5] == 1);
	assert_int_equal(p->ether_type, 0x0800);
	harness_hex(
		&h, LINK_ETHERNET,
		ETH("86dd") "6ab00000"
			    "0000 3b 05"
			    "20010db8000000000000000000000001 20010db8000000000000000000000002");
	assert_int_equal(p->tos, 0xab);
	assert_int_equal(p->ttl, 5);
	harness_done(&h);
}

static void carriers_are_marked(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	harness_hex(&h, LINK_RAW, GRE("0043", "0000", "0800") TCP_SEGMENT);
	assert_true(h.last.flags & PACKET_NO_PAYLOAD);
	assert_false(h.last.flags & PACKET_TUNNELLED);
	harness_hex(&h, LINK_RAW, GRE("001a", "0000", "0800") "4500");
	assert_false(h.last.flags & PACKET_NO_PAYLOAD);
	harness_done(&h);
}

struct checksum_case {
	const char *name, *frame;
	bool ip, l4;
};

static const struct checksum_case checksum_cases[] = {
	{"TCP", "4500 002b 0001 0000 4006 66ca 0a000001 0a000002" TCP("5") "616263", true, false},
	{"TCP, right",
	 "4500 002b 0001 0000 4006 66ca 0a000001 0a000002"
	 "0001 0002 00000003 00000004 5010 2000 b762 0000 616263",
	 true, true},
	{"IP wrong", "4500 001f 0001 0000 4011 66ca 0a000001 0a000002" UDP("000b") "616263", false,
	 true},
	{"UDP, right", "4500 001f 0001 0000 4011 66cb 0a000001 0a000002 0001 0002 000b 2770 616263",
	 true, true},
	{"UDP, wrong", "4500 001f 0001 0000 4011 66cb 0a000001 0a000002 0001 0002 000b 276f 616263",
	 true, false},
	{"ICMP, right", "4500 001c 0001 0000 4001 66de 0a000001 0a000002 0800 f7fc 0001 0002", true,
	 true},
	{"UDP over IPv6 without", IP6("000b", "11") UDP("000b") "616263", true, false},
	{"UDP over IPv6, right", IP6("000b", "11") "0001 0002 000b dffd 616263", true, true},
	{"ICMPv6, right", IP6("0008", "3a") "8000 2445 0001 0002", true, true},
};

static void checksums(void **state)
{
	struct decode_config config = decode_config_default;
	unsigned wrong = 0;
	struct harness h;

	config.checksums = true;
	harness_init(&h, &config);
	for (size_t i = 0; i < ARRAY_SIZE(checksum_cases); i++) {
		const struct checksum_case *c = &checksum_cases[i];
		bool ip, l4, marked;

		harness_hex(&h, LINK_RAW, c->frame);
		ip = checksum_ip_good(&h.last);
		l4 = checksum_l4_good(&h.last);
		marked = h.last.flags & PACKET_BAD_CHECKSUM;
		if (ip == c->ip && l4 == c->l4 && marked == !(c->ip && c->l4))
			continue;
		wrong++;
		print_error("%s: ip %d, layer 4 %d, marked %d\n", c->name, ip, l4, marked);
	}
	harness_done(&h);
	assert_int_equal(wrong, 0);
}

static void events_have_names(void **state)
{
	for (unsigned i = 0; i < DECODE_EVENT_COUNT; i++)
		assert_int_equal(decode_event_by_name(decode_event_name(i)), i);
	assert_int_equal(decode_event_by_name("decoder.ipv4.trunc_pkt"),
			 DECODE_EVENT_IPV4_TRUNC_PKT);
	assert_int_equal(decode_event_by_name("ipv4.trunc"), -1);
	assert_null(decode_event_name(DECODE_EVENT_COUNT));
	assert_true(decode_link_type_known(LINK_ETHERNET) && !decode_link_type_known(147));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_become_packets),
		cmocka_unit_test(prefixes_stay_inside),
		cmocka_unit_test(outcomes_sum_up),
		cmocka_unit_test(layers_are_bounded),
		cmocka_unit_test(labels_and_headers_are_bounded),
		cmocka_unit_test(tcp_fields),
		cmocka_unit_test(icmp_quotes_a_tuple),
		cmocka_unit_test(ip_fields),
		cmocka_unit_test(carriers_are_marked),
		cmocka_unit_test(checksums),
		cmocka_unit_test(events_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
