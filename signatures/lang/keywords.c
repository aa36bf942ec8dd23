#include "signatures/lang/keywords.h"

#include <string.h>

#include "dataplane/base/slice.h"
#include "signatures/lang/buffers.h"
#include "signatures/lang/kw.h"
#include "signatures/lang/text.h"

#define TS    LANG_TO_SERVER
#define TC    LANG_TO_CLIENT
#define TB    LANG_BOTH
#define FILES "ftp|ftp-data|http1|http2|nfs|smb|smtp>"

/* Sorted by name: lang_keyword_find searches by halves, and a test looks. Columns: name, aliases,
 * set-up, flags, kind, detail, protocols, sides, release. */
const struct lang_keyword lang_keywords[] = {
	{"alert", NULL, kw_alert, KW_NOARG},
	{"app-layer-event", NULL, kw_app_event, 0, 0, NULL, NULL, TB},
	{"app-layer-protocol", NULL, kw_app_protocol, KW_QUOTES | KW_NEGATION},
	{"asn1", NULL, kw_asn1},
	{"base64_data", NULL, kw_base64_data, KW_NOARG},
	{"base64_decode", NULL, kw_base64_decode, KW_OPTARG},
	{"bsize", NULL, kw_bsize},
	{"bypass", NULL, kw_bypass, KW_NOARG},
	{"byte_extract", NULL, kw_byte_extract},
	{"byte_jump", NULL, kw_byte_jump},
	{"byte_math", NULL, kw_byte_math},
	{"byte_test", NULL, kw_byte_test},
	{"cip_service", NULL, kw_app_checked, 0, 0, "cip", "enip", TB},
	{"classtype", NULL, kw_classtype},
	{"compress_whitespace", NULL, kw_transform, KW_NOARG, RULE_XFORM_COMPRESS_WHITESPACE},
	{"config", NULL, kw_config},
	{"content", NULL, kw_content, KW_QUOTED | KW_NEGATION},
	{"datarep", NULL, kw_datarep},
	{"dataset", NULL, kw_dataset},
	{"dcerpc.iface", "dce_iface", kw_app_checked, 0, 0, "dce_generic", "dcerpc|smb", TB},
	{"dcerpc.opnum", "dce_opnum", kw_app_checked, 0, 0, "dce_generic", "dcerpc|smb", TB},
	{"decode-event", NULL, kw_decode_event, 0, RULE_ITEM_DECODE_EVENT, "decoder"},
	{"depth", NULL, kw_depth},
	{"detection_filter", NULL, kw_detection_filter},
	{"dhcp.leasetime", NULL, kw_app_u64, 0, 0, NULL, "dhcp", TB},
	{"dhcp.rebinding_time", NULL, kw_app_u64, 0, 0, NULL, "dhcp", TB},
	{"dhcp.renewal_time", NULL, kw_app_u64, 0, 0, NULL, "dhcp", TB},
	{"distance", NULL, kw_distance},
	{"dnp3_func", "dnp3.func", kw_app_checked, 0, 0, "dnp3", "dnp3", TB},
	{"dnp3_ind", "dnp3.ind", kw_app_checked, 0, 0, "dnp3", "dnp3", TB},
	{"dnp3_obj", "dnp3.obj", kw_app_checked, 0, 0, "dnp3", "dnp3", TB},
	{"dns.opcode", NULL, kw_app_checked, 0, 0, NULL, "dns", TB},
	{"dns.rcode", NULL, kw_app_u16, 0, 0, NULL, "dns", TB, 8},
	{"dns.rrtype", NULL, kw_app_u16, 0, 0, NULL, "dns", TB, 8},
	{"dotprefix", NULL, kw_transform, KW_NOARG, RULE_XFORM_DOTPREFIX},
	{"dsize", NULL, kw_dsize, 0, RULE_ITEM_DSIZE},
	{"endswith", NULL, kw_endswith, KW_NOARG},
	{"engine-event", NULL, kw_decode_event, 0, RULE_ITEM_DECODE_EVENT, NULL},
	{"enip_command", NULL, kw_app_checked, 0, 0, "enip", "enip", TB},
	{"fast_pattern", NULL, kw_fast_pattern, KW_OPTARG},
	{"fileext", NULL, kw_file_buffer, KW_QUOTES | KW_NEGATION, 0, "file.name", FILES, TB},
	{"filemagic", NULL, kw_file_buffer, KW_QUOTES | KW_NEGATION, 0, "file.magic", FILES, TB},
	{"filemd5", NULL, kw_file_hash, 0, 0, NULL, FILES, TB},
	{"filename", NULL, kw_file_buffer, KW_QUOTES | KW_NEGATION, 0, "file.name", FILES, TB},
	{"filesha1", NULL, kw_file_hash, 0, 0, NULL, FILES, TB},
	{"filesha256", NULL, kw_file_hash, 0, 0, NULL, FILES, TB},
	{"filesize", NULL, kw_filesize, 0, 0, NULL, FILES, TB},
	{"filestore", NULL, kw_filestore, KW_OPTARG, 0, NULL, FILES, TB},
	{"flow", NULL, kw_flow},
	{"flow.age", NULL, kw_uint32, 0, RULE_ITEM_FLOW_AGE},
	{"flowbits", NULL, kw_flowbits, KW_QUOTES},
	{"flowint", NULL, kw_flowint},
	{"flowvar", NULL, kw_varmatch, 0, RULE_ITEM_FLOWVAR},
	{"fragbits", NULL, kw_fragbits, 0, RULE_ITEM_FRAGBITS},
	{"fragoffset", NULL, kw_fragoffset, 0, RULE_ITEM_FRAGOFFSET},
	{"frame", NULL, kw_frame},
	{"ftpbounce", NULL, kw_app_flag, KW_NOARG, 0, "ftp_request", "ftp", TS},
	{"ftpdata_command", NULL, kw_app_checked, 0, 0, NULL, "ftp-data", TB},
	{"geoip", NULL, kw_geoip},
	{"gid", NULL, kw_gid},
	{"header_lowercase", NULL, kw_transform, KW_NOARG, RULE_XFORM_HEADER_LOWERCASE},
	{"hostbits", NULL, kw_hostbits, 0, RULE_ITEM_HOSTBITS},
	{"http.response_body", NULL, kw_response_body, KW_NOARG},
	{"http2.errorcode", NULL, kw_app_checked, 0, 0, "http2", "http2", TB},
	{"http2.frametype", NULL, kw_app_checked, 0, 0, "http2", "http2", TB},
	{"http2.priority", NULL, kw_app_u8, 0, 0, "http2", "http2", TB},
	{"http2.settings", NULL, kw_app_checked, 0, 0, "http2", "http2", TB},
	{"http2.size_update", NULL, kw_app_u64, 0, 0, "http2", "http2", TB},
	{"http2.window", NULL, kw_app_u32, 0, 0, "http2", "http2", TB},
	{"http_client_body", NULL, kw_legacy, KW_NOARG, 0, "http.request_body", "http1"},
	{"http_cookie", NULL, kw_legacy, KW_NOARG, 0, "http.cookie", "http1"},
	{"http_header", NULL, kw_legacy, KW_NOARG, 0, "http.header", "http1"},
	{"http_host", NULL, kw_legacy, KW_NOARG, 0, "http.host", "http1"},
	{"http_method", NULL, kw_legacy, KW_NOARG, 0, "http.method", "http1"},
	{"http_raw_header", NULL, kw_legacy, KW_NOARG, 0, "http.header.raw", "http1"},
	{"http_raw_host", NULL, kw_legacy, KW_NOARG, 0, "http.host.raw", "http1"},
	{"http_raw_uri", NULL, kw_legacy, KW_NOARG, 0, "http.uri.raw", "http1"},
	{"http_server_body", NULL, kw_legacy, KW_NOARG, 0, "file.data", "http1"},
	{"http_stat_code", NULL, kw_legacy, KW_NOARG, 0, "http.stat_code", "http1"},
	{"http_stat_msg", NULL, kw_legacy, KW_NOARG, 0, "http.stat_msg", "http1"},
	{"http_uri", NULL, kw_legacy, KW_NOARG, 0, "http.uri", "http1"},
	{"http_user_agent", NULL, kw_legacy, KW_NOARG, 0, "http.user_agent", "http1"},
	{"icmp_id", NULL, kw_plain_u16, 0, RULE_ITEM_ICMP_ID},
	{"icmp_seq", NULL, kw_plain_u16, 0, RULE_ITEM_ICMP_SEQ},
	{"icmpv4-csum", NULL, kw_csum, 0, 0, "icmpv4"},
	{"icmpv6-csum", NULL, kw_csum, 0, 0, "icmpv6"},
	{"icmpv6.mtu", NULL, kw_uint32, 0, RULE_ITEM_ICMPV6_MTU},
	{"icode", NULL, kw_uint8, 0, RULE_ITEM_ICODE},
	{"id", NULL, kw_plain_u16, 0, RULE_ITEM_ID},
	{"ike.chosen_sa_attribute", NULL, kw_app_checked, 0, 0, NULL, "ike", TC},
	{"ike.exchtype", NULL, kw_app_u8, 0, 0, NULL, "ike", TB},
	{"ike.key_exchange_payload_length", NULL, kw_app_u32, 0, 0, NULL, "ike", TB},
	{"ike.nonce_payload_length", NULL, kw_app_u32, 0, 0, NULL, "ike", TB},
	{"ip_proto", NULL, kw_ip_proto, 0, RULE_ITEM_IP_PROTO},
	{"ipopts", NULL, kw_ipopts},
	{"iprep", NULL, kw_iprep},
	{"ipv4-csum", NULL, kw_csum, 0, 0, "ipv4"},
	{"isdataat", NULL, kw_isdataat},
	{"itype", NULL, kw_uint8, 0, RULE_ITEM_ITYPE},
	{"krb5.ticket_encryption", NULL, kw_app_checked, 0, 0, NULL, "krb5", TC},
	{"krb5_err_code", NULL, kw_app_checked, 0, 0, NULL, "krb5", TB},
	{"krb5_msg_type", NULL, kw_app_checked, 0, 0, NULL, "krb5", TB},
	{"l3_proto", NULL, kw_l3_proto},
	{"lua", NULL, kw_lua, KW_QUOTES | KW_NEGATION},
	{"metadata", NULL, kw_metadata},
	{"modbus", NULL, kw_app_checked, 0, 0, NULL, "modbus", TS},
	{"mqtt.connack.session_present", NULL, kw_app_checked, 0, 0, NULL, "mqtt", TC},
	{"mqtt.connect.flags", NULL, kw_app_checked, 0, 0, NULL, "mqtt", TS},
	{"mqtt.flags", NULL, kw_app_checked, 0, 0, NULL, "mqtt", TS},
	{"mqtt.protocol_version", NULL, kw_app_u8, 0, 0, NULL, "mqtt", TS},
	{"mqtt.qos", NULL, kw_app_checked, 0, 0, NULL, "mqtt", TS},
	{"mqtt.reason_code", "mqtt.connack.return_code", kw_app_checked, 0, 0, NULL, "mqtt", TB},
	{"mqtt.type", NULL, kw_app_checked, 0, 0, NULL, "mqtt", TB},
	{"msg", NULL, kw_msg, KW_QUOTED},
	{"nfq_set_mark", NULL, kw_mark},
	{"nfs.version", "nfs_version", kw_app_u32_inclusive, 0, 0, "nfs_request", "nfs", TS},
	{"nfs_procedure", NULL, kw_app_u32_inclusive, 0, 0, "nfs_request", "nfs", TS},
	{"noalert", NULL, kw_noalert, KW_NOARG},
	{"nocase", NULL, kw_nocase, KW_NOARG},
	{"offset", NULL, kw_offset},
	{"pcre", NULL, kw_pcre, KW_QUOTES | KW_NEGATION},
	{"pcrexform", NULL, kw_pcrexform, KW_QUOTED},
	{"pkt_data", NULL, kw_pkt_data, KW_NOARG},
	{"pktvar", NULL, kw_varmatch, 0, RULE_ITEM_PKTVAR},
	{"prefilter", NULL, kw_prefilter, KW_NOARG},
	{"priority", NULL, kw_priority},
	{"rawbytes", NULL, kw_rawbytes, KW_NOARG},
	{"reference", NULL, kw_reference},
	{"replace", NULL, kw_replace, KW_QUOTED | KW_NEGATION},
	{"requires", NULL, kw_requires, KW_FIRST},
	{"rev", NULL, kw_rev},
	{"rfb.secresult", NULL, kw_app_checked, 0, 0, NULL, "rfb", TC},
	{"rfb.sectype", NULL, kw_app_u32, 0, 0, NULL, "rfb", TS},
	{"rpc", NULL, kw_rpc},
	{"sameip", NULL, kw_sameip, KW_NOARG},
	{"sid", NULL, kw_sid, KW_FIRST},
	{"snmp.pdu_type", NULL, kw_app_checked, 0, 0, NULL, "snmp", TB},
	{"snmp.version", NULL, kw_app_u32, 0, 0, NULL, "snmp", TB},
	{"ssh.protoversion", NULL, kw_app_checked, KW_QUOTES, 0, "ssh_banner", "ssh", TB},
	{"ssh.softwareversion", NULL, kw_app_checked, KW_QUOTES, 0, "ssh_banner", "ssh", TB},
	{"ssl_state", NULL, kw_app_checked, 0, 0, "tls_generic", "tls", TB},
	{"ssl_version", NULL, kw_app_checked, 0, 0, "tls_generic", "tls", TB},
	{"startswith", NULL, kw_startswith, KW_NOARG},
	{"stream-event", NULL, kw_decode_event, 0, RULE_ITEM_STREAM_EVENT, "stream"},
	{"stream_size", NULL, kw_stream_size},
	{"strip_pseudo_headers", NULL, kw_transform, KW_NOARG, RULE_XFORM_STRIP_PSEUDO_HEADERS},
	{"strip_whitespace", NULL, kw_transform, KW_NOARG, RULE_XFORM_STRIP_WHITESPACE},
	{"tag", NULL, kw_tag},
	{"target", NULL, kw_target},
	{"tcp.ack", "ack", kw_plain_u32, 0, RULE_ITEM_TCP_ACK},
	{"tcp.flags", "flags", kw_tcp_flags, 0, RULE_ITEM_TCP_FLAGS},
	{"tcp.mss", NULL, kw_uint16, 0, RULE_ITEM_TCP_MSS},
	{"tcp.seq", "seq", kw_plain_u32, 0, RULE_ITEM_TCP_SEQ},
	{"tcp.window", "window", kw_window, 0, RULE_ITEM_TCP_WINDOW},
	{"tcp.wscale", NULL, kw_uint8, 0, RULE_ITEM_TCP_WSCALE, NULL, NULL, 0, 8},
	{"tcpv4-csum", NULL, kw_csum, 0, 0, "tcpv4"},
	{"tcpv6-csum", NULL, kw_csum, 0, 0, "tcpv6"},
	{"template2", "template", kw_uint8, 0, RULE_ITEM_TEMPLATE2},
	{"threshold", NULL, kw_threshold},
	{"tls.cert_chain_len", NULL, kw_app_u32, 0, 0, "tls_validity", "tls", TC},
	{"tls.fingerprint", NULL, kw_fingerprint, KW_QUOTED | KW_NEGATION},
	{"tls.issuerdn", NULL, kw_app_text, KW_QUOTED | KW_NEGATION, 0, "tls_cert", "tls", TB},
	{"tls.subject", NULL, kw_app_text, KW_QUOTED | KW_NEGATION, 0, "tls_cert", "tls", TB},
	{"tls.version", NULL, kw_app_checked, 0, 0, "tls_generic", "tls", TB},
	{"tls_cert_expired", NULL, kw_app_flag, KW_NOARG, 0, "tls_validity", "tls", TC},
	{"tls_cert_notafter", NULL, kw_app_checked, 0, 0, "tls_validity", "tls", TC},
	{"tls_cert_notbefore", NULL, kw_app_checked, 0, 0, "tls_validity", "tls", TC},
	{"tls_cert_valid", NULL, kw_app_flag, KW_NOARG, 0, "tls_validity", "tls", TC},
	{"tls_store", "tls.store", kw_app_post, KW_NOARG, 0, NULL, "tls"},
	{"to_lowercase", NULL, kw_transform, KW_NOARG, RULE_XFORM_TO_LOWERCASE},
	{"to_md5", NULL, kw_transform, KW_NOARG, RULE_XFORM_TO_MD5},
	{"to_sha1", NULL, kw_transform, KW_NOARG, RULE_XFORM_TO_SHA1},
	{"to_sha256", NULL, kw_transform, KW_NOARG, RULE_XFORM_TO_SHA256},
	{"to_uppercase", NULL, kw_transform, KW_NOARG, RULE_XFORM_TO_UPPERCASE},
	{"tos", NULL, kw_tos, KW_QUOTES | KW_NEGATION, RULE_ITEM_TOS},
	{"ttl", NULL, kw_uint8, 0, RULE_ITEM_TTL},
	{"udpv4-csum", NULL, kw_csum, 0, 0, "udpv4"},
	{"udpv6-csum", NULL, kw_csum, 0, 0, "udpv6"},
	{"uricontent", NULL, kw_uricontent, KW_QUOTED | KW_NEGATION, 0, "http.uri", "http1"},
	{"urilen", NULL, kw_urilen},
	{"url_decode", NULL, kw_transform, KW_NOARG, RULE_XFORM_URL_DECODE},
	{"websocket.flags", NULL, kw_app_checked, 0, 0, "websocket", "websocket", TB, 8},
	{"websocket.mask", NULL, kw_app_u32, 0, 0, "websocket", "websocket", TB, 8},
	{"websocket.opcode", NULL, kw_app_checked, 0, 0, "websocket", "websocket", TB, 8},
	{"within", NULL, kw_within},
	{"xbits", NULL, kw_xbits, 0, RULE_ITEM_XBITS},
	{"xor", NULL, kw_xor, KW_QUOTED},
};

const size_t lang_keywords_count = ARRAY_SIZE(lang_keywords);

static const struct lang_keyword *by_alias(const char *name)
{
	for (size_t i = 0; i < lang_keywords_count; i++) {
		if (lang_keywords[i].aliases && lang_one_of(lang_keywords[i].aliases, name))
			return &lang_keywords[i];
	}
	return NULL;
}

const struct lang_keyword *lang_keyword_find(const char *name)
{
	size_t low = 0, high = lang_keywords_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcasecmp(name, lang_keywords[middle].name);

		if (c == 0)
			return &lang_keywords[middle];
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return by_alias(name);
}
