#include "dataplane/api/record.h"
#include "dataplane/app/quic/quic.h"
#include "dataplane/app/text/text.h"
#include "dataplane/app/tls/hello.h"

enum { VALUES_MAX = 64 }; /* of an extension, in a record */

static const char *const extension_names[] = {
	"server_name",
	"max_fragment_length",
	"client_certificate_url",
	"trusted_ca_keys",
	"truncated_hmac",
	"status_request",
	"user_mapping",
	"client_authz",
	"server_authz",
	"cert_type",
	"supported_groups",
	"ec_point_formats",
	"srp",
	"signature_algorithms",
	"use_srtp",
	"heartbeat",
	"alpn",
	"status_request_v2",
	"signed_certificate_timestamp",
	"client_certificate_type",
	"server_certificate_type",
	"padding",
	"encrypt_then_mac",
	"extended_master_secret",
	"token_binding",
	"cached_info",
	"tls_lts",
	"compress_certificate",
	"record_size_limit",
	"pwd_protect",
	"pwd_clear",
	"password_salt",
	"ticket_pinning",
	"tls_cert_with_extern_psk",
	"delegated_credentials",
	"session_ticket",
	"tlmsp",
	"tlmsp_proxying",
	"tlmsp_delegate",
	"supported_ekt_ciphers",
	NULL,
	"pre_shared_key",
	"early_data",
	"supported_versions",
	"cookie",
	"psk_key_exchange_modes",
	NULL,
	"certificate_authorities",
	"oid_filters",
	"post_handshake_auth",
	"signature_algorithms_cert",
	"key_share",
	"transparency_info",
	"connection_id_deprecated",
	"connection_id",
	"external_id_hash",
	"external_session_id",
	"quic_transport_parameters",
	"ticket_request",
	"dnssec_chain",
};

static const char *extension_name(uint16_t type)
{
	if (type < ARRAY_SIZE(extension_names))
		return extension_names[type];
	if (type == 13172)
		return "next_protocol_negotiation";
	return type == 65281 ? "renegotiation_info" : NULL;
}

static void log_version_name(struct record *r, uint16_t version)
{
	static const char *const names[] = {"Ssl30", "Tls10", "Tls11", "Tls12", "Tls13"};
	char text[40];

	if (version >= 0x0300 && version <= 0x0304)
		snprintf(text, sizeof(text), "%s", names[version & 15]);
	else if (version >= 0x7f12 && version <= 0x7f17)
		snprintf(text, sizeof(text), "Tls13Draft%u", version & 0xffu);
	else
		snprintf(text, sizeof(text), "TlsVersion(%u / 0x%x)", version, version);
	record_text(r, NULL, text);
}

/* Values are opened with the first. */
struct values {
	struct record *r;
	unsigned count;
};

static bool next_value(struct values *v)
{
	if (v->count == 0)
		record_array(v->r, "values");
	return v->count++ < VALUES_MAX;
}

static void log_strings(struct values *v, struct cursor body, bool typed, unsigned width)
{
	struct cursor list = cursor_child(&body, cursor_u16(&body));

	while (cursor_left(&list) > 0) {
		struct slice s;

		if (typed)
			cursor_skip(&list, 1);
		s = cursor_take(&list, width == 1 ? cursor_u8(&list) : cursor_u16(&list));
		if (list.bad || !next_value(v))
			return;
		text_log(v->r, NULL, s);
	}
}

static void log_versions(struct values *v, struct cursor body, bool client)
{
	struct cursor list = client ? cursor_child(&body, cursor_u8(&body)) : body;

	while (cursor_left(&list) >= 2 && next_value(v))
		log_version_name(v->r, cursor_u16(&list));
}

static void log_signatures(struct values *v, struct cursor body)
{
	struct cursor list = cursor_child(&body, cursor_u16(&body));
	char text[8];

	while (cursor_left(&list) >= 2 && next_value(v)) {
		snprintf(text, sizeof(text), "%u", cursor_u16(&list));
		record_text(v->r, NULL, text);
	}
}

static void log_values(struct record *r, uint16_t type, struct cursor body, bool client)
{
	struct values v = {r, 0};

	switch (type) {
	case TLS_EXT_SERVER_NAME:
		log_strings(&v, body, true, 2);
		break;
	case TLS_EXT_ALPN:
		log_strings(&v, body, false, 1);
		break;
	case TLS_EXT_SUPPORTED_VERSIONS:
		log_versions(&v, body, client);
		break;
	case TLS_EXT_SIGNATURE_ALGORITHMS:
		log_signatures(&v, body);
		break;
	default:
		break;
	}
	if (v.count > 0)
		record_end(r);
}

static void log_extensions(struct record *r, const struct quic_tx *t)
{
	struct cursor c = cursor_of(kept_slice(&t->extensions)), body;
	bool any = false;
	uint16_t type;

	for (; quic_next_extension(&c, &type, &body); any = true) {
		if (!any)
			record_array(r, "extensions");
		record_object(r, NULL);
		if (extension_name(type))
			record_text(r, "name", extension_name(type));
		record_uint(r, "type", type);
		log_values(r, type, body, t->client);
		record_end(r);
	}
	if (any)
		record_end(r);
}

static void log_version(struct record *r, uint32_t version)
{
	char text[12];

	if (version == QUIC_VERSION_Q039 ||
	    (version >= QUIC_VERSION_Q043 && version <= QUIC_VERSION_Q046))
		snprintf(text, sizeof(text), "Q0%u%u", version >> 8 & 15, version & 15);
	else
		snprintf(text, sizeof(text), "%x", version);
	record_text(r, "version", text);
}

static void log_cyu(struct record *r, const struct quic_tx *t)
{
	if (t->cyu_count == 0)
		return;
	record_array(r, "cyu");
	for (unsigned i = 0; i < t->cyu_count; i++) {
		record_object(r, NULL);
		record_str(r, "hash", SLICE(t->cyu[i].hash, sizeof(t->cyu[i].hash)));
		record_str(r, "string", kept_slice(&t->cyu[i].text));
		record_end(r);
	}
	record_end(r);
}

bool quic_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct quic_tx *t = quic_tx_of(tx);

	log_version(r, t->version);
	if (t->sni.data)
		text_log(r, "sni", kept_slice(&t->sni));
	if (t->ua.data)
		text_log(r, "ua", kept_slice(&t->ua));
	log_cyu(r, t);
	if (t->ja3.data) {
		record_object(r, t->client ? "ja3" : "ja3s");
		record_str(r, "hash", SLICE(t->ja3_hash, sizeof(t->ja3_hash)));
		record_str(r, "string", kept_slice(&t->ja3));
		record_end(r);
	}
	log_extensions(r, t);
	return true;
}
