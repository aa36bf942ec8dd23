#include "dataplane/api/record.h"
#include "dataplane/app/rdp/rdp.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/text.h"
#include "dataplane/app/text/utf16.h"

static const struct text_name events[] = {
	{RDP_INITIAL_REQUEST, "initial_request"}, {RDP_INITIAL_RESPONSE, "initial_response"},
	{RDP_CONNECT_REQUEST, "connect_request"}, {RDP_CONNECT_RESPONSE, "connect_response"},
	{RDP_TLS_HANDSHAKE, "tls_handshake"},
};
/* MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2 */
static const struct text_name protocols[] = {
	{0, "rdp"}, {1, "ssl"}, {2, "hybrid"}, {4, "rds_tls"}, {8, "hybrid_ex"},
};
static const struct text_name failures[] = {
	{1, "ssl required by server"},	  {2, "ssl not allowed by server"},
	{3, "ssl cert not on server"},	  {4, "inconsistent flags"},
	{5, "hybrid required by server"}, {6, "ssl with user auth required by server"},
};
/* names of bits */
static const struct text_name request_flags[] = {
	{1, "restricted_admin_mode_required"},
	{2, "redirected_authentication_mode_required"},
	{8, "correlation_info_present"},
};
static const struct text_name response_flags[] = {
	{1, "extended_client_data"},
	{2, "dynvc_gfx"},
	{8, "restricted_admin"},
	{16, "redirected_authentication"},
};
/* MS-RDPBCGR 2.2.1.3.2 */
static const struct text_name capabilities[] = {
	{1, "support_errinfo_pdf"},	      {2, "want_32bpp_session"},
	{4, "support_statusinfo_pdu"},	      {8, "strong_asymmetric_keys"},
	{0x20, "valid_connection_type"},      {0x40, "support_monitor_layout_pdu"},
	{0x80, "support_netchar_autodetect"}, {0x100, "support_dynvc_gfx_protocol"},
	{0x200, "support_dynamic_time_zone"}, {0x400, "support_heartbeat_pdu"},
};
static const struct text_name versions[] = {
	{0x80001, "v4"},    {0x80004, "v5"},	{0x80005, "v10.0"}, {0x80006, "v10.1"},
	{0x80007, "v10.2"}, {0x80008, "v10.3"}, {0x80009, "v10.4"}, {0x8000a, "v10.5"},
	{0x8000b, "v10.6"}, {0x8000c, "v10.7"},
};
static const struct text_name keyboards[] = {
	{1, "xt"}, {2, "ico"}, {3, "at"}, {4, "enhanced"}, {5, "1050"}, {6, "9140"}, {7, "jp"},
};
static const struct text_name hints[] = {
	{1, "modem"}, {2, "low_broadband"}, {3, "satellite"},  {4, "high_broadband"},
	{5, "wan"},   {6, "lan"},	    {7, "autodetect"},
};
static const struct text_name builds[] = {
	{528, "Windows NT 3.1"},       {807, "Windows NT 3.5"},	    {1057, "Windows NT 3.51"},
	{1381, "Windows NT 4.0"},      {2195, "Windows 2000"},	    {2600, "Windows XP"},
	{3790, "Windows Server 2003"}, {6000, "Windows Vista RTM"}, {6001, "Windows Vista SP1"},
	{6002, "Windows Vista SP2"},   {7600, "Windows 7 RTM"},	    {7601, "Windows 7 SP1"},
	{9200, "Windows 8"},	       {9600, "Windows 8.1"},	    {10240, "Windows 10 TH1"},
	{10586, "Windows 10 TH2"},     {14393, "Windows 10 RS1"},   {15063, "Windows 10 RS2"},
	{16299, "Windows 10 RS3"},     {17134, "Windows 10 RS4"},   {17763, "Windows 10 RS5"},
};
/* MS-LCID */
static const struct text_name layouts[] = {
	{0x0004, "zh-CHS"},	{0x0401, "ar-SA"},	  {0x0402, "bg-BG"},
	{0x0403, "ca-ES"},	{0x0404, "zh-TW"},	  {0x0405, "cs-CZ"},
	{0x0406, "da-DK"},	{0x0407, "de-DE"},	  {0x0408, "el-GR"},
	{0x0409, "en-US"},	{0x040a, "es-ES_tradnl"}, {0x040b, "fi-FI"},
	{0x040c, "fr-FR"},	{0x040d, "he-IL"},	  {0x040e, "hu-HU"},
	{0x040f, "is-IS"},	{0x0410, "it-IT"},	  {0x0411, "ja-JP"},
	{0x0412, "ko-KR"},	{0x0413, "nl-NL"},	  {0x0414, "nb-NO"},
	{0x0415, "pl-PL"},	{0x0416, "pt-BR"},	  {0x0417, "rm-CH"},
	{0x0418, "ro-RO"},	{0x0419, "ru-RU"},	  {0x041a, "hr-HR"},
	{0x041b, "sk-SK"},	{0x041c, "sq-AL"},	  {0x041d, "sv-SE"},
	{0x041e, "th-TH"},	{0x041f, "tr-TR"},	  {0x0420, "ur-PK"},
	{0x0421, "id-ID"},	{0x0422, "uk-UA"},	  {0x0423, "be-BY"},
	{0x0424, "sl-SI"},	{0x0425, "et-EE"},	  {0x0426, "lv-LV"},
	{0x0427, "lt-LT"},	{0x0428, "tg-Cyrl-TJ"},	  {0x0429, "fa-IR"},
	{0x042a, "vi-VN"},	{0x042b, "hy-AM"},	  {0x042c, "az-Latn-AZ"},
	{0x042d, "eu-ES"},	{0x042e, "wen-DE"},	  {0x042f, "mk-MK"},
	{0x0432, "tn-ZA"},	{0x0434, "xh-ZA"},	  {0x0435, "zu-ZA"},
	{0x0436, "af-ZA"},	{0x0437, "ka-GE"},	  {0x0438, "fo-FO"},
	{0x0439, "hi-IN"},	{0x043a, "mt-MT"},	  {0x043b, "se-NO"},
	{0x043e, "ms-MY"},	{0x043f, "kk-KZ"},	  {0x0440, "ky-KG"},
	{0x0441, "sw-KE"},	{0x0442, "tk-TM"},	  {0x0443, "uz-Latn-UZ"},
	{0x0444, "tt-RU"},	{0x0445, "bn-IN"},	  {0x0446, "pa-IN"},
	{0x0447, "gu-IN"},	{0x0448, "or-IN"},	  {0x0449, "ta-IN"},
	{0x044a, "te-IN"},	{0x044b, "kn-IN"},	  {0x044c, "ml-IN"},
	{0x044d, "as-IN"},	{0x044e, "mr-IN"},	  {0x044f, "sa-IN"},
	{0x0450, "mn-MN"},	{0x0451, "bo-CN"},	  {0x0452, "cy-GB"},
	{0x0453, "kh-KH"},	{0x0454, "lo-LA"},	  {0x0456, "gl-ES"},
	{0x0457, "kok-IN"},	{0x0459, "sd-Deva-IN"},	  {0x045a, "syr-SY"},
	{0x045b, "si-LK"},	{0x045c, "chr-Cher-US"},  {0x045d, "iu-Cans-CA"},
	{0x045e, "am-ET"},	{0x0461, "ne-NP"},	  {0x0462, "fy-NL"},
	{0x0463, "ps-AF"},	{0x0464, "fil-PH"},	  {0x0465, "div-MV"},
	{0x0468, "ha-Latn-NG"}, {0x046a, "yo-NG"},	  {0x046b, "quz-BO"},
	{0x046c, "ns-ZA"},	{0x046d, "ba-RU"},	  {0x046e, "lb-LU"},
	{0x046f, "kl-GL"},	{0x0478, "ii-CN"},	  {0x047a, "arn-CL"},
	{0x047c, "moh-CA"},	{0x047e, "br-FR"},	  {0x0480, "ug-CN"},
	{0x0481, "mi-NZ"},	{0x0482, "oc-FR"},	  {0x0483, "co-FR"},
	{0x0484, "gsw-FR"},	{0x0485, "sah-RU"},	  {0x0486, "qut-GT"},
	{0x0487, "rw-RW"},	{0x0488, "wo-SN"},	  {0x048c, "gbz-AF"},
	{0x0801, "ar-IQ"},	{0x0804, "zh-CN"},	  {0x0807, "de-CH"},
	{0x0809, "en-GB"},	{0x080a, "es-MX"},	  {0x080c, "fr-BE"},
	{0x0810, "it-CH"},	{0x0813, "nl-BE"},	  {0x0814, "nn-NO"},
	{0x0816, "pt-PT"},	{0x081a, "sr-Latn-CS"},	  {0x081d, "sv-FI"},
	{0x0820, "ur-IN"},	{0x082c, "az-Cyrl-AZ"},	  {0x082e, "dsb-DE"},
	{0x083b, "se-SE"},	{0x083c, "ga-IE"},	  {0x083e, "ms-BN"},
	{0x0843, "uz-Cyrl-UZ"}, {0x0850, "mn-Mong-CN"},	  {0x0851, "bo-BT"},
	{0x085d, "iu-Latn-CA"}, {0x085f, "tzm-Latn-DZ"},  {0x086b, "quz-EC"},
	{0x0c01, "ar-EG"},	{0x0c04, "zh-HK"},	  {0x0c07, "de-AT"},
	{0x0c09, "en-AU"},	{0x0c0a, "es-ES"},	  {0x0c0c, "fr-CA"},
	{0x0c1a, "sr-Cyrl-CS"}, {0x0c3b, "se-FI"},	  {0x0c6b, "quz-PE"},
	{0x1001, "ar-LY"},	{0x1004, "zh-SG"},	  {0x1007, "de-LU"},
	{0x1009, "en-CA"},	{0x100a, "es-GT"},	  {0x100c, "fr-CH"},
	{0x101a, "hr-BA"},	{0x103b, "smj-NO"},	  {0x1401, "ar-DZ"},
	{0x1404, "zh-MO"},	{0x1407, "de-LI"},	  {0x1409, "en-NZ"},
	{0x140a, "es-CR"},	{0x140c, "fr-LU"},	  {0x141a, "bs-Latn-BA"},
	{0x143b, "smj-SE"},	{0x1801, "ar-MA"},	  {0x1809, "en-IE"},
	{0x180a, "es-PA"},	{0x180c, "fr-MC"},	  {0x181a, "sr-Latn-BA"},
	{0x183b, "sma-NO"},	{0x1c01, "ar-TN"},	  {0x1c09, "en-ZA"},
	{0x1c0a, "es-DO"},	{0x1c1a, "sr-Cyrl-BA"},	  {0x1c3b, "sma-SE"},
	{0x2001, "ar-OM"},	{0x2009, "en-JA"},	  {0x200a, "es-VE"},
	{0x201a, "bs-Cyrl-BA"}, {0x203b, "sms-FI"},	  {0x2401, "ar-YE"},
	{0x2409, "en-029"},	{0x240a, "es-CO"},	  {0x243b, "smn-FI"},
	{0x2801, "ar-SY"},	{0x2809, "en-BZ"},	  {0x280a, "es-PE"},
	{0x2c01, "ar-JO"},	{0x2c09, "en-TT"},	  {0x2c0a, "es-AR"},
	{0x3001, "ar-LB"},	{0x3009, "en-ZW"},	  {0x300a, "es-EC"},
	{0x3401, "ar-KW"},	{0x3409, "en-PH"},	  {0x340a, "es-CL"},
	{0x3801, "ar-AE"},	{0x380a, "es-UR"},	  {0x3c01, "ar-BH"},
	{0x3c0a, "es-PY"},	{0x4001, "ar-QA"},	  {0x4009, "en-IN"},
	{0x400a, "es-BO"},	{0x4409, "en-MY"},	  {0x440a, "es-SV"},
	{0x4809, "en-IN"},	{0x480a, "es-HN"},	  {0x4c0a, "es-NI"},
	{0x500a, "es-PR"},	{0x540a, "es-US"},	  {0x7c04, "zh-CHT"},
};

static void log_bits(struct record *r, const char *field, uint32_t bits, struct text_names names)
{
	if (bits == 0)
		return;
	record_array(r, field);
	for (size_t i = 0; i < names.count; i++) {
		if (bits & names.list[i].number)
			record_text(r, NULL, names.list[i].name);
	}
	record_end(r);
}

static void log_known(struct record *r, const char *field, struct text_names names, uint32_t n)
{
	const char *name = text_name(names, n);

	record_text(r, field, name ? name : "unknown");
}

/* UTF-16 up to a NUL; a field that is empty is left out. */
static void log_utf16(struct record *r, const char *field, struct slice text)
{
	struct cursor c = cursor_of(text);
	uint8_t utf8[96 + UTF16_POINT];
	size_t len = 0;
	unsigned n;

	while (len < 96 && (n = utf16_next(&c, utf8 + len)) > 0 && utf8[len] != 0)
		len += n;
	if (len > 0)
		text_log(r, field, SLICE(utf8, len));
}

/* Bits a pixel; 0 = not told. */
static unsigned color_depth(const struct rdp_core *c)
{
	static const uint8_t by_name[] = {4, 8, 15, 16, 24};

	if (c->optional >= RDP_HAS_HIGH_DEPTH && c->high_depth > 0)
		return c->high_depth;
	if (c->optional >= RDP_HAS_POST_BETA2 && c->post_beta2_depth >= 0xca00)
		return by_name[c->post_beta2_depth - 0xca00];
	if (c->color_depth == 0xca00 || c->color_depth == 0xca01)
		return by_name[c->color_depth - 0xca00];
	return 0;
}

static void log_optional(struct record *r, const struct rdp_core *c)
{
	if (c->optional >= RDP_HAS_PRODUCT_ID)
		record_uint(r, "product_id", c->product_id);
	if (c->optional >= RDP_HAS_SERIAL && c->serial != 0)
		record_uint(r, "serial_number", c->serial);
	if (c->optional >= RDP_HAS_CAPABILITIES)
		log_bits(r, "capabilities", c->capabilities, TEXT_NAMES(capabilities));
	if (c->optional >= RDP_HAS_ID)
		log_utf16(r, "id", c->id);
	if (c->optional >= RDP_HAS_HINT && c->connection_hint > 0)
		log_known(r, "connection_hint", TEXT_NAMES(hints), c->connection_hint);
	if (c->optional >= RDP_HAS_WIDTH)
		record_uint(r, "physical_width", c->physical_width);
	if (c->optional >= RDP_HAS_HEIGHT)
		record_uint(r, "physical_height", c->physical_height);
	if (c->optional >= RDP_HAS_ORIENTATION)
		record_uint(r, "desktop_orientation", c->orientation);
	if (c->optional >= RDP_HAS_SCALE)
		record_uint(r, "scale_factor", c->scale);
	if (c->optional >= RDP_HAS_DEVICE_SCALE)
		record_uint(r, "device_scale_factor", c->device_scale);
}

static void log_core(struct record *r, const struct rdp_core *c)
{
	record_object(r, "client");
	log_known(r, "version", TEXT_NAMES(versions), c->version);
	record_uint(r, "desktop_width", c->width);
	record_uint(r, "desktop_height", c->height);
	if (color_depth(c) > 0)
		record_uint(r, "color_depth", color_depth(c));
	log_known(r, "keyboard_layout", TEXT_NAMES(layouts), c->keyboard_layout);
	log_known(r, "build", TEXT_NAMES(builds), c->build);
	log_utf16(r, "client_name", c->name);
	if (text_name(TEXT_NAMES(keyboards), c->keyboard_type))
		log_known(r, "keyboard_type", TEXT_NAMES(keyboards), c->keyboard_type);
	if (c->keyboard_subtype != 0)
		record_uint(r, "keyboard_subtype", c->keyboard_subtype);
	if (c->function_keys != 0)
		record_uint(r, "function_keys", c->function_keys);
	log_utf16(r, "ime", c->ime);
	log_optional(r, c);
	record_end(r);
}

/* Names of eight bytes, each with four of options behind (2.2.1.3.4). */
static void log_channels(struct record *r, struct cursor c)
{
	uint32_t count = cursor_u32_le(&c);

	if (count == 0 || c.bad || count > cursor_left(&c) / 12)
		return;
	record_array(r, "channels");
	for (uint32_t i = 0; i < count; i++) {
		struct slice name = cursor_take(&c, 8);
		size_t len = strnlen((const char *)name.data, name.len);

		text_log(r, NULL, slice_sub(name, 0, len));
		cursor_u32(&c);
	}
	record_end(r);
}

static void log_blocks(struct record *r, const struct rdp_tx *t)
{
	struct cursor c = cursor_of(kept_slice(&t->text)), body;
	bool seen[2] = {false};
	struct rdp_core core;
	uint16_t type;

	while (rdp_block_next(&c, &type, &body)) {
		if (type == RDP_BLOCK_CORE && !seen[0] && rdp_core_read(body, &core)) {
			log_core(r, &core);
			seen[0] = true;
		} else if (type == RDP_BLOCK_NET && !seen[1]) {
			log_channels(r, body);
			seen[1] = true;
		}
	}
}

static void log_serials(struct record *r, const struct rdp_tx *t)
{
	struct cursor c = cursor_of(kept_slice(&t->text));

	record_array(r, "x509_serials");
	while (cursor_left(&c) > 0)
		record_str(r, NULL, cursor_take(&c, cursor_u8(&c)));
	record_end(r);
}

static void log_response(struct record *r, const struct rdp_tx *t)
{
	if (!t->has_negotiation)
		return;
	if (t->is_failure) {
		record_uint(r, "error_code", t->number);
		log_known(r, "reason", TEXT_NAMES(failures), t->number);
		return;
	}
	log_bits(r, "server_supports", t->flags, TEXT_NAMES(response_flags));
	log_known(r, "protocol", TEXT_NAMES(protocols), t->number);
}

bool rdp_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct rdp_tx *t = container_of(tx, const struct rdp_tx, tx);

	record_uint(r, "tx_id", tx->id + 1);
	log_known(r, "event_type", TEXT_NAMES(events), t->item);
	switch (t->item) {
	case RDP_INITIAL_REQUEST:
		if (t->has_cookie)
			text_log(r, "cookie", kept_slice(&t->text));
		if (t->has_negotiation)
			log_bits(r, "flags", t->flags, TEXT_NAMES(request_flags));
		break;
	case RDP_INITIAL_RESPONSE:
		log_response(r, t);
		break;
	case RDP_CONNECT_REQUEST:
		log_blocks(r, t);
		break;
	case RDP_TLS_HANDSHAKE:
		log_serials(r, t);
		break;
	default:
		break;
	}
	return true;
}
