#include "signatures/lang/buffers.h"

#include <string.h>

#include "dataplane/base/slice.h"
#include "signatures/lang/text.h"

#define TS    LANG_TO_SERVER
#define TC    LANG_TO_CLIENT
#define TB    LANG_BOTH
#define TX    LANG_ON_TX
#define PKT   LANG_ON_PACKET
#define MULTI true
#define HTTP  "http", "http1|http2"
#define FILES NULL, "ftp|ftp-data|http1|http2|nfs|smb|smtp>"

/* Sorted by name: lang_buffer_find searches by halves, and a test looks. Columns: name, aliases,
 * legacy modifiers, pcre letters, protocol of the rule, protocols that give it, sides, multi,
 * where, IP protocol, bare, release. */
const struct lang_buffer lang_buffers[] = {
	{"base64_data", NULL, NULL, NULL, NULL, NULL, TB, false, LANG_ON_BASE64},
	{"dcerpc.stub_data", "dce_stub_data", NULL, NULL, "dcerpc", "dcerpc|smb", TB},
	{"dnp3.data", "dnp3_data", NULL, NULL, "dnp3", "dnp3", TB},
	{"dns.answer.name", NULL, NULL, NULL, "dns", "dns", TB, MULTI, TX, 0, false, 8},
	{"dns.query", "dns_query", NULL, NULL, "dns", "dns", TS, MULTI},
	{"dns.query.name", NULL, NULL, NULL, "dns", "dns", TB, MULTI, TX, 0, false, 8},
	{"file.data", "file_data", "http_server_body", "Q", FILES, TB, MULTI, LANG_ON_FILE},
	{"file.magic", NULL, NULL, NULL, FILES, TB, MULTI, LANG_ON_FILE},
	{"file.name", NULL, NULL, NULL, FILES, TB, MULTI, LANG_ON_FILE},
	{"frame", NULL, NULL, NULL, NULL, NULL, TB, false, LANG_ON_FRAME},
	{"http.accept", "http_accept", NULL, NULL, HTTP, TS},
	{"http.accept_enc", "http_accept_enc", NULL, NULL, HTTP, TS},
	{"http.accept_lang", "http_accept_lang", NULL, NULL, HTTP, TS},
	{"http.connection", "http_connection", NULL, NULL, HTTP, TB},
	{"http.content_len", "http_content_len", NULL, NULL, HTTP, TB},
	{"http.content_type", "http_content_type", NULL, NULL, HTTP, TB},
	{"http.cookie", NULL, "http_cookie", "C", HTTP, TB},
	{"http.header", NULL, "http_header", "H", HTTP, TB},
	{"http.header.raw", NULL, "http_raw_header", "D", HTTP, TB},
	{"http.header_names", "http_header_names", NULL, NULL, HTTP, TB},
	{"http.host", NULL, "http_host", "W", HTTP, TS},
	{"http.host.raw", NULL, "http_raw_host", "Z", HTTP, TS},
	{"http.location", NULL, NULL, NULL, HTTP, TC},
	{"http.method", NULL, "http_method", "M", HTTP, TS},
	{"http.protocol", "http_protocol", NULL, NULL, HTTP, TB},
	{"http.referer", "http_referer", NULL, NULL, HTTP, TS},
	{"http.request_body", NULL, "http_client_body", "P", HTTP, TS},
	{"http.request_header", NULL, NULL, NULL, HTTP, TS, MULTI},
	{"http.request_line", "http_request_line", NULL, NULL, HTTP, TS},
	{"http.response_header", NULL, NULL, NULL, HTTP, TC, MULTI},
	{"http.response_line", "http_response_line", NULL, NULL, HTTP, TC},
	{"http.server", NULL, NULL, NULL, HTTP, TC},
	{"http.start", "http_start", NULL, NULL, "http1", "http1", TB},
	{"http.stat_code", NULL, "http_stat_code", "S", HTTP, TC},
	{"http.stat_msg", NULL, "http_stat_msg", "Y", HTTP, TC},
	{"http.uri", "http.uri.normalized", "http_uri|uricontent", "U", HTTP, TS},
	{"http.uri.raw", NULL, "http_raw_uri", "I", HTTP, TS},
	{"http.user_agent", NULL, "http_user_agent", "V", HTTP, TS},
	{"http2.header_name", NULL, NULL, NULL, "http2", "http2", TB, MULTI},
	{"icmpv4.hdr", NULL, NULL, NULL, NULL, NULL, TB, false, PKT, 1},
	{"icmpv6.hdr", NULL, NULL, NULL, NULL, NULL, TB, false, PKT, 58},
	{"ike.init_spi", NULL, NULL, NULL, "ike", "ike", TS},
	{"ike.key_exchange_payload", NULL, NULL, NULL, "ike", "ike", TB},
	{"ike.nonce_payload", NULL, NULL, NULL, "ike", "ike", TB},
	{"ike.resp_spi", NULL, NULL, NULL, "ike", "ike", TC},
	{"ike.vendor", NULL, NULL, NULL, "ike", "ike", TS, MULTI},
	{"ip.dst", NULL, NULL, NULL, NULL, NULL, TB, false, PKT, 0, true},
	{"ip.src", NULL, NULL, NULL, NULL, NULL, TB, false, PKT, 0, true},
	{"ipv4.hdr", NULL, NULL, NULL, NULL, NULL, TB, false, PKT},
	{"ipv6.hdr", NULL, NULL, NULL, NULL, NULL, TB, false, PKT},
	{"ja3.hash", "ja3_hash", NULL, NULL, NULL, "tls|quic", TS},
	{"ja3.string", "ja3_string", NULL, NULL, NULL, "tls|quic", TS},
	{"ja3s.hash", NULL, NULL, NULL, NULL, "tls|quic", TC},
	{"ja3s.string", NULL, NULL, NULL, NULL, "tls|quic", TC},
	{"ja4.hash", "ja4_hash", NULL, NULL, NULL, "tls|quic", TS},
	{"krb5.cname", "krb5_cname", NULL, NULL, "krb5", "krb5", TC, MULTI},
	{"krb5.sname", "krb5_sname", NULL, NULL, "krb5", "krb5", TC, MULTI},
	{"mqtt.connect.clientid", NULL, NULL, NULL, "mqtt", "mqtt", TS},
	{"mqtt.connect.password", NULL, NULL, NULL, "mqtt", "mqtt", TS},
	{"mqtt.connect.username", NULL, NULL, NULL, "mqtt", "mqtt", TS},
	{"mqtt.connect.willmessage", NULL, NULL, NULL, "mqtt", "mqtt", TS},
	{"mqtt.connect.willtopic", NULL, NULL, NULL, "mqtt", "mqtt", TS},
	{"mqtt.publish.message", NULL, NULL, NULL, "mqtt", "mqtt", TS},
	{"mqtt.publish.topic", NULL, NULL, NULL, "mqtt", "mqtt", TB},
	{"mqtt.subscribe.topic", NULL, NULL, NULL, "mqtt", "mqtt", TB, MULTI},
	{"mqtt.unsubscribe.topic", NULL, NULL, NULL, "mqtt", "mqtt", TS, MULTI},
	{"quic.cyu.hash", NULL, NULL, NULL, "quic", "quic", TS, MULTI},
	{"quic.cyu.string", NULL, NULL, NULL, "quic", "quic", TS, MULTI},
	{"quic.sni", NULL, NULL, NULL, "quic", "quic", TS},
	{"quic.ua", NULL, NULL, NULL, "quic", "quic", TS},
	{"quic.version", NULL, NULL, NULL, "quic", "quic", TB},
	{"rfb.name", NULL, NULL, NULL, "rfb", "rfb", TC},
	{"sip.method", NULL, NULL, NULL, "sip", "sip", TS},
	{"sip.protocol", NULL, NULL, NULL, "sip", "sip", TB},
	{"sip.request_line", NULL, NULL, NULL, "sip", "sip", TS},
	{"sip.response_line", NULL, NULL, NULL, "sip", "sip", TC},
	{"sip.stat_code", NULL, NULL, NULL, "sip", "sip", TC},
	{"sip.stat_msg", NULL, NULL, NULL, "sip", "sip", TC},
	{"sip.uri", NULL, NULL, NULL, "sip", "sip", TS},
	{"smb.named_pipe", "smb_named_pipe", NULL, NULL, "smb", "smb", TS},
	{"smb.ntlmssp_domain", NULL, NULL, NULL, "smb", "smb", TS},
	{"smb.ntlmssp_user", NULL, NULL, NULL, "smb", "smb", TS},
	{"smb.share", "smb_share", NULL, NULL, "smb", "smb", TS},
	{"snmp.community", NULL, NULL, NULL, "snmp", "snmp", TB},
	{"snmp.usm", NULL, NULL, NULL, "snmp", "snmp", TB},
	{"ssh.hassh", "ssh-hassh", NULL, NULL, "ssh", "ssh", TS},
	{"ssh.hassh.server", "ssh-hassh-server", NULL, NULL, "ssh", "ssh", TC},
	{"ssh.hassh.server.string", "ssh-hassh-server-string", NULL, NULL, "ssh", "ssh", TC},
	{"ssh.hassh.string", "ssh-hassh-string", NULL, NULL, "ssh", "ssh", TS},
	{"ssh.proto", "ssh_proto", NULL, NULL, "ssh", "ssh", TB},
	{"ssh.software", "ssh_software", NULL, NULL, "ssh", "ssh", TB},
	{"tcp.hdr", NULL, NULL, NULL, NULL, NULL, TB, false, PKT, 6},
	{"tls.alpn", NULL, NULL, NULL, "tls", "tls", TB, MULTI, TX, 0, false, 8},
	{"tls.cert_fingerprint", "tls_cert_fingerprint", NULL, NULL, "tls", "tls", TB},
	{"tls.cert_issuer", "tls_cert_issuer", NULL, NULL, "tls", "tls", TB},
	{"tls.cert_serial", "tls_cert_serial", NULL, NULL, "tls", "tls", TB},
	{"tls.cert_subject", "tls_cert_subject", NULL, NULL, "tls", "tls", TB, MULTI},
	{"tls.certs", NULL, NULL, NULL, "tls", "tls", TB, MULTI},
	{"tls.random", NULL, NULL, NULL, "tls", "tls", TB},
	{"tls.random_bytes", NULL, NULL, NULL, "tls", "tls", TB},
	{"tls.random_time", NULL, NULL, NULL, "tls", "tls", TB},
	{"tls.sni", "tls_sni", NULL, NULL, "tls", "tls", TS},
	{"tls.subjectaltname", NULL, NULL, NULL, "tls", "tls", TC, MULTI, TX, 0, false, 8},
	{"udp.hdr", NULL, NULL, NULL, NULL, NULL, TB, false, PKT, 17},
	{"websocket.payload", NULL, NULL, NULL, "websocket", "websocket", TB, false, TX, 0, false,
	 8},
};

const size_t lang_buffers_count = ARRAY_SIZE(lang_buffers);

static const struct lang_buffer *by_alias(const char *name)
{
	for (size_t i = 0; i < lang_buffers_count; i++) {
		if (lang_buffers[i].aliases && lang_one_of(lang_buffers[i].aliases, name))
			return &lang_buffers[i];
	}
	return NULL;
}

const struct lang_buffer *lang_buffer_find(const char *name)
{
	size_t low = 0, high = lang_buffers_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcasecmp(name, lang_buffers[middle].name);

		if (c == 0)
			return &lang_buffers[middle];
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return by_alias(name);
}

const struct lang_buffer *lang_buffer_by_letter(char letter)
{
	for (size_t i = 0; i < lang_buffers_count; i++) {
		if (lang_buffers[i].pcre && lang_buffers[i].pcre[0] == letter)
			return &lang_buffers[i];
	}
	return NULL;
}

/* Frames that protocols' parsers name, besides "stream", which all have. */
static const struct {
	const char *app, *frames;
} frames[] = {
	{"dns", "pdu"},
	{"http1", "request|response"},
	{"mqtt", "pdu|header|data"},
	{"nfs", "rpc.pdu|rpc.hdr|rpc.data|rpc.creds|nfs.pdu|nfs.status|nfs4.pdu|nfs4.hdr|nfs4.ops|"
		"nfs4.status"},
	{"rfb", "pdu"},
	{"sip", "pdu|request.line|request.headers|request.body|response.line|response.headers|"
		"response.body"},
	{"smb", "nbss.pdu|nbss.hdr|nbss.data|smb1.pdu|smb1.hdr|smb1.data|smb2.pdu|smb2.hdr|"
		"smb2.data|smb3.pdu|smb3.hdr|smb3.data"},
	{"telnet", "pdu|ctl|data"},
	{"tls", "pdu|hdr|data|alert|heartbeat|ssl2.hdr|ssl2.pdu"},
};

bool lang_frame_known(const char *app, const char *frame)
{
	if (strcmp(frame, "stream") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		if (strcmp(frames[i].app, app) == 0)
			return lang_one_of(frames[i].frames, frame);
	}
	return false;
}
