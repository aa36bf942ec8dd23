#include "signatures/lang/kw.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/text.h"

/* Keywords whose meaning belongs to a protocol's folder. Here the argument is checked as strictly
 * as Suricata does and kept as text. */

/* Adds it to the keyword's own list and limits the rule to its protocol. */
static int add(struct lang_build *b, const char *arg, bool negated)
{
	const struct lang_keyword *k = b->keyword;
	struct rule_app *a = LANG_NEW(b->arena, struct rule_app);
	struct rule_item *item;
	char app[32];

	snprintf(app, sizeof(app), "%.*s", (int)strcspn(k->protos, "|>"), k->protos);
	if (build_app(b, app) != ERR_OK)
		return ERR_INVALID;
	a->keyword = k->name;
	a->arg = lang_arena_text(b->arena, slice_of(arg));
	a->negated = negated;
	item = build_add_to(b, NULL, k->detail ? k->detail : k->name, RULE_ITEM_APP);
	if (!item)
		return ERR_INVALID;
	item->app = a;
	return ERR_OK;
}

int kw_app_flag(struct lang_build *b, char *arg)
{
	return add(b, "", false);
}

/* tls_store: something done afterwards. */
int kw_app_post(struct lang_build *b, char *arg)
{
	struct rule_app *a = LANG_NEW(b->arena, struct rule_app);

	if (build_app(b, b->keyword->protos) != ERR_OK)
		return ERR_INVALID;
	a->keyword = b->keyword->name;
	a->arg = "";
	build_add(b, &b->post, RULE_ITEM_APP)->app = a;
	return ERR_OK;
}

/* tls.subject and tls.issuerdn: a text that must occur. */
int kw_app_text(struct lang_build *b, char *arg)
{
	struct slice bytes;

	if (kw_bytes(b, arg, &bytes) != ERR_OK)
		return ERR_INVALID;
	return add(b, arg, b->negated);
}

static int uint_arg(struct lang_build *b, const char *arg, uint8_t width)
{
	struct rule_uint u;

	if (kw_uint_arg(b, arg, width, true, &u) != ERR_OK)
		return ERR_INVALID;
	return add(b, arg, false);
}

int kw_app_u8(struct lang_build *b, char *arg)
{
	return uint_arg(b, arg, 8);
}

int kw_app_u16(struct lang_build *b, char *arg)
{
	return uint_arg(b, arg, 16);
}

int kw_app_u32(struct lang_build *b, char *arg)
{
	return uint_arg(b, arg, 32);
}

int kw_app_u32_inclusive(struct lang_build *b, char *arg)
{
	char *second = strpbrk(arg, "-<>");
	char first[24] = "";
	uint64_t from, to;

	if (!second || second == arg || (size_t)(second - arg) >= sizeof(first))
		return uint_arg(b, arg, 32);
	memcpy(first, arg, (size_t)(second - arg));
	second += *second == '-' ? 1 : 2;
	if (!lang_u64(lang_trim(first), 10, UINT32_MAX - 1, &from) || from == 0 ||
	    !lang_u64(lang_trim(second), 10, UINT32_MAX - 1, &to) || to <= from)
		return lang_fail(b, "it needs a range like 1-9, not \"%s\"", arg);
	return add(b, arg, false);
}

int kw_app_u64(struct lang_build *b, char *arg)
{
	return uint_arg(b, arg, 64);
}

/* ---- checks of particular arguments; each returns false when the argument is wrong ---- */

static bool each(char *arg, char sep, bool (*ok)(const char *))
{
	char *piece;

	while ((piece = lang_next(&arg, sep))) {
		if (!ok(lang_trim(piece)))
			return false;
	}
	return true;
}

static bool plain_number(const char *s, uint64_t max)
{
	uint64_t n;

	return lang_u64(s, 10, max, &n);
}

static bool is_tls_version(char *s)
{
	uint64_t n;

	return lang_one_of("1.0|1.1|1.2|1.3", s) ||
	       (strncasecmp(s, "0x", 2) == 0 && lang_u64(s + 2, 16, UINT16_MAX, &n));
}

/* All plain or all negated. */
static bool is_ssl_version(char *s)
{
	bool plain = false, negated = false;
	char *piece;

	while ((piece = lang_next(&s, ','))) {
		piece = lang_trim(piece);
		*(*piece == '!' ? &negated : &plain) = true;
		for (char *c = piece; *c; c++)
			*c = (char)ascii_lower((uint8_t)*c);
		if (!lang_one_of("sslv2|sslv3|tls1.0|tls1.1|tls1.2|tls1.3",
				 *piece == '!' ? piece + 1 : piece))
			return false;
	}
	return plain != negated;
}

static bool ssl_state_word(const char *s)
{
	return lang_one_of("client_hello|server_hello|client_keyx|server_keyx|unknown",
			   *s == '!' ? s + 1 : s);
}

static bool is_ssl_state(char *s)
{
	for (char *c = s; *c; c++) {
		if (*c == ',')
			*c = '|';
	}
	return each(s, '|', ssl_state_word);
}

/* 2015, 2015-10, 2015-10-22, 2015-10-22 23:59:59 (also with T), or seconds since 1970. */
static bool is_time(const char *s)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";
	static const uint8_t ends[] = {4, 7, 10, 13, 16, 19};
	size_t len = strlen(s);
	uint64_t n;

	for (size_t i = 0; i < len && i < sizeof(form) - 1; i++) {
		bool fits = form[i] == 'd'   ? lang_digit(s[i])
			    : form[i] == ' ' ? s[i] == ' ' || s[i] == 'T'
					     : s[i] == form[i];
		if (!fits)
			return lang_u64(s, 10, INT64_MAX, &n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (len == ends[i])
			return true;
	}
	return lang_u64(s, 10, INT64_MAX, &n);
}

static bool is_cert_time(char *s)
{
	char *range = strstr(s, "<>");

	if (range) {
		*range = '\0';
		return is_time(lang_trim(s)) && is_time(lang_trim(range + 2));
	}
	return is_time(lang_trim(*s == '<' || *s == '>' ? s + 1 : s));
}

static bool is_ssh_version(char *s)
{
	if (strcmp(s, "2_compat") == 0)
		return true;
	return lang_digit(*s) && strspn(s, "0123456789.") == strlen(s);
}

static bool is_http2_frame(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)ascii_lower((uint8_t)*c);
	return plain_number(s, 255) ||
	       lang_one_of("data|headers|priority|rststream|settings|"
			   "pushpromise|ping|goaway|windowupdate|continuation",
			   s);
}

static bool is_http2_error(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)ascii_lower((uint8_t)*c);
	return plain_number(s, UINT32_MAX) ||
	       lang_one_of("no_error|protocol_error|internal_error|flow_control_error|"
			   "settings_timeout|stream_closed|frame_size_error|refused_stream|cancel|"
			   "compression_error|connect_error|enhance_your_calm|inadequate_security|"
			   "http_1_1_required",
			   s);
}

static bool is_http2_setting(char *s)
{
	struct rule_uint u;
	size_t len = strcspn(s, "=<>!- ");
	char name[64];

	if (len >= sizeof(name))
		return false;
	memcpy(name, s, len);
	name[len] = '\0';
	if (!lang_one_of("SETTINGS_HEADER_TABLE_SIZE|SETTINGS_ENABLE_PUSH|"
			 "SETTINGS_MAX_CONCURRENT_STREAMS|SETTINGS_INITIAL_WINDOW_SIZE|"
			 "SETTINGS_MAX_FRAME_SIZE|SETTINGS_MAX_HEADER_LIST_SIZE",
			 name))
		return false;
	return !s[len] || kw_read_uint(lang_trim(s + len), 32, false, &u);
}

static bool is_uuid(const char *s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(s) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; s[i]; i++) {
		if (form[i] == '-' ? s[i] != '-' : lang_hex(s[i]) < 0)
			return false;
	}
	return true;
}

/* uuid[,version comparison][,any_frag] */
static bool is_dce_iface(char *s)
{
	char *args[3];
	unsigned n = lang_split(s, ',', args, 3);
	unsigned at = 1;
	struct rule_uint u;

	if (n > 3 || !is_uuid(args[0]))
		return false;
	if (at < n && strcmp(args[at], "any_frag") != 0) {
		if (!kw_read_uint(args[at], 16, false, &u))
			return false;
		at++;
	}
	return at == n || (at + 1 == n && strcmp(args[at], "any_frag") == 0);
}

static bool opnum(const char *s)
{
	const char *dash = strchr(s, '-');
	char first[16];
	uint64_t a, z;

	if (!dash)
		return plain_number(s, UINT32_MAX);
	if (dash - s >= (long)sizeof(first))
		return false;
	memcpy(first, s, (size_t)(dash - s));
	first[dash - s] = '\0';
	return lang_u64(first, 10, UINT32_MAX, &a) && lang_u64(dash + 1, 10, UINT32_MAX, &z) &&
	       a < z;
}

static bool is_dce_opnum(char *s)
{
	return each(s, ',', opnum);
}

static bool modbus_number(char *s)
{
	struct rule_uint u;

	return kw_read_uint(s, 16, false, &u);
}

static bool modbus_part(char *part)
{
	char *word = part, *value = strpbrk(part, " \t");

	if (!value)
		return false;
	*value = '\0';
	value = lang_trim(value + 1);
	if (lang_one_of("unit|address|value", word))
		return modbus_number(value);
	if (strcmp(word, "subfunction") == 0)
		return plain_number(value, UINT16_MAX);
	if (strcmp(word, "function") == 0)
		return plain_number(value, 255) ||
		       lang_one_of("assigned|unassigned|public|user|reserved|all",
				   *value == '!' ? value + 1 : value);
	if (strcmp(word, "access") == 0) {
		char *space = strpbrk(value, " \t");

		if (space) {
			*space = '\0';
			if (!lang_one_of("discretes|coils|input|holding", lang_trim(space + 1)))
				return false;
		}
		return lang_one_of("read|write", value);
	}
	return false;
}

static bool is_modbus(char *s)
{
	char *piece;

	while ((piece = lang_next(&s, ','))) {
		if (!modbus_part(lang_trim(piece)))
			return false;
	}
	return true;
}

static bool is_cip(char *s)
{
	char *args[3];
	unsigned n = lang_split(s, ',', args, 3);

	if (n > 3)
		return false;
	for (unsigned i = 0; i < n; i++) {
		char *value = *args[i] == '!' ? args[i] + 1 : args[i];

		if (!plain_number(value, i == 0 ? 255 : UINT16_MAX))
			return false;
	}
	return true;
}

static bool is_u16(char *s)
{
	return plain_number(s, UINT16_MAX);
}

static bool is_dnp3_func(char *s)
{
	return plain_number(s, 255) ||
	       lang_one_of(
		       "confirm|read|write|select|operate|direct_operate|direct_operate_nr|"
		       "immed_freeze|immed_freeze_nr|freeze_clear|freeze_clear_nr|freeze_at_time|"
		       "freeze_at_time_nr|cold_restart|warm_restart|initialize_data|"
		       "initialize_appl|start_appl|stop_appl|save_config|enable_unsolicited|"
		       "disable_unsolicited|assign_class|delay_measure|record_current_time|"
		       "open_file|close_file|delete_file|get_file_info|authenticate_file|"
		       "abort_file|activate_config|authenticate_req|authenticate_err|response|"
		       "unsolicited_response|authenticate_resp",
		       s);
}

static bool dnp3_ind(const char *s)
{
	return plain_number(s, UINT16_MAX) ||
	       lang_one_of("device_restart|device_trouble|local_control|need_time|class_3_events|"
			   "class_2_events|class_1_events|all_stations|reserved_1|reserved_2|"
			   "config_corrupt|already_executing|event_buffer_overflow|parameter_error|"
			   "object_unknown|no_func_code_support",
			   s);
}

static bool is_dnp3_ind(char *s)
{
	return each(s, ',', dnp3_ind);
}

static bool is_dnp3_obj(char *s)
{
	char *args[2];
	unsigned n = lang_split(s, ',', args, 2);

	return n <= 2 && plain_number(args[0], 255) && (n < 2 || plain_number(args[1], UINT16_MAX));
}

static bool is_dns_opcode(char *s)
{
	return plain_number(lang_trim(*s == '!' ? s + 1 : s), 255);
}

static bool is_u31(char *s)
{
	return plain_number(s, INT32_MAX);
}

static bool is_krb5_error(char *s)
{
	return plain_number(s, 999);
}

static bool is_u8(char *s)
{
	return plain_number(s, 255);
}

static bool krb5_etype(const char *s)
{
	int64_t n;

	return lang_i64(s, INT32_MIN, INT32_MAX, &n) ||
	       lang_one_of("des-cbc-crc|des-cbc-md4|des-cbc-md5|des3-cbc-md5|des3-cbc-sha1|"
			   "dsaWithSHA1-CmsOID|md5WithRSAEncryption-CmsOID|"
			   "sha1WithRSAEncryption-CmsOID|rc2CBC-EnvOID|rsaEncryption-EnvOID|"
			   "rsaES-OAEP-ENV-OID|des-ede3-cbc-Env-OID|des3-cbc-sha1-kd|"
			   "aes128-cts-hmac-sha1-96|aes256-cts-hmac-sha1-96|"
			   "aes128-cts-hmac-sha256-128|aes256-cts-hmac-sha384-192|rc4-hmac|"
			   "rc4-hmac-exp|camellia128-cts-cmac|camellia256-cts-cmac|"
			   "subkey-keymaterial",
			   s);
}

static bool is_krb5_etypes(char *s)
{
	return lang_one_of("weak|!weak", s) || each(s, ',', krb5_etype);
}

static bool is_rfb_result(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)ascii_lower((uint8_t)*c);
	return lang_one_of("ok|fail|toomany|unknown", s);
}

static bool is_ftpdata(char *s)
{
	return lang_one_of("stor|retr", s);
}

static bool is_mqtt_type(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)ascii_lower((uint8_t)*c);
	return lang_one_of("connect|connack|publish|puback|pubrec|pubrel|pubcomp|subscribe|suback|"
			   "unsubscribe|unsuback|pingreq|pingresp|disconnect|auth",
			   s);
}

static bool mqtt_flag(const char *s)
{
	return lang_one_of("dup|retain", *s == '!' ? s + 1 : s);
}

static bool is_mqtt_flags(char *s)
{
	return each(s, ',', mqtt_flag);
}

static bool is_mqtt_qos(char *s)
{
	return lang_one_of("0|1|2", s);
}

static bool mqtt_connect_flag(const char *s)
{
	return lang_one_of("username|password|will|will_retain|clean_session",
			   *s == '!' ? s + 1 : s);
}

static bool is_mqtt_connect_flags(char *s)
{
	return each(s, ',', mqtt_connect_flag);
}

static bool is_yes_no(char *s)
{
	return lang_one_of("yes|true|no|false", s);
}

/* name=number */
static bool is_ike_attribute(char *s)
{
	char *equal = strchr(s, '=');

	if (!equal)
		return false;
	*equal = '\0';
	return lang_one_of("alg_enc|alg_hash|alg_auth|alg_dh|alg_prf|sa_group_type|sa_life_type|"
			   "sa_life_duration|sa_key_length|sa_field_size",
			   lang_trim(s)) &&
	       plain_number(lang_trim(equal + 1), UINT32_MAX);
}

static bool is_any(char *s)
{
	return *s != '\0';
}

/* By keyword. */
static const struct {
	const char *keyword;
	bool (*ok)(char *);
	const char *wanted;
} checks[] = {
	{"tls.version", is_tls_version, "1.0, 1.1, 1.2, 1.3 or 0x and the version"},
	{"ssl_version", is_ssl_version, "sslv2, sslv3, tls1.0 to tls1.3, all or none behind !"},
	{"ssl_state", is_ssl_state,
	 "client_hello, server_hello, client_keyx, server_keyx, unknown"},
	{"tls_cert_notbefore", is_cert_time, "a time like 2015-10-22 23:59:59, < > or <> with it"},
	{"tls_cert_notafter", is_cert_time, "a time like 2015-10-22 23:59:59, < > or <> with it"},
	{"ssh.protoversion", is_ssh_version, "a version like 2.0, or 2_compat"},
	{"ssh.softwareversion", is_any, "a text"},
	{"http2.frametype", is_http2_frame, "a frame type"},
	{"http2.errorcode", is_http2_error, "an error code"},
	{"http2.settings", is_http2_setting, "a setting, perhaps with a comparison"},
	{"dcerpc.iface", is_dce_iface, "a UUID, then perhaps a version, then perhaps any_frag"},
	{"dcerpc.opnum", is_dce_opnum, "numbers and ranges with commas between"},
	{"modbus", is_modbus, "unit, function, subfunction, access, address and value"},
	{"cip_service", is_cip, "a service, a class and an attribute"},
	{"enip_command", is_u16, "a number from 0 to 65535"},
	{"dnp3_func", is_dnp3_func, "a function code"},
	{"dnp3_ind", is_dnp3_ind, "internal indications with commas between"},
	{"dnp3_obj", is_dnp3_obj, "a group and a variation"},
	{"dns.opcode", is_dns_opcode, "a number from 0 to 255, perhaps behind !"},
	{"krb5_err_code", is_krb5_error, "a number of at most three digits"},
	{"krb5_msg_type", is_u8, "a number from 0 to 255"},
	{"krb5.ticket_encryption", is_krb5_etypes, "weak, or numbers with commas between"},
	{"rfb.secresult", is_rfb_result, "ok, fail, toomany or unknown"},
	{"ftpdata_command", is_ftpdata, "stor or retr"},
	{"snmp.pdu_type", is_u31, "a number"},
	{"websocket.flags", is_any, "fin and comp, each perhaps behind !"},
	{"websocket.opcode", is_any, "an opcode"},
	{"mqtt.type", is_mqtt_type, "a type of control packet"},
	{"mqtt.flags", is_mqtt_flags, "dup and retain, each perhaps behind !"},
	{"mqtt.qos", is_mqtt_qos, "0, 1 or 2"},
	{"mqtt.reason_code", is_u8, "a number from 0 to 255"},
	{"mqtt.connect.flags", is_mqtt_connect_flags,
	 "username, password, will, will_retain and clean_session, each perhaps behind !"},
	{"mqtt.connack.session_present", is_yes_no, "yes, true, no or false"},
	{"ike.chosen_sa_attribute", is_ike_attribute, "an attribute, = and a number"},
};

int kw_app_checked(struct lang_build *b, char *arg)
{
	char *copy, *kept;

	arg = lang_trim(arg);
	copy = lang_arena_text(b->arena, slice_of(arg));
	kept = lang_arena_text(b->arena, slice_of(arg));
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (strcmp(checks[i].keyword, b->keyword->name) != 0)
			continue;
		if (!checks[i].ok(copy))
			return lang_fail(b, "it needs %s, not \"%s\"", checks[i].wanted, arg);
		break;
	}
	return add(b, kept, false);
}

/* tls.fingerprint: a content of the buffer tls.cert_fingerprint. */
int kw_fingerprint(struct lang_build *b, char *arg)
{
	const struct lang_buffer *buffer = lang_buffer_find("tls.cert_fingerprint");
	struct rule_content *c = LANG_NEW(b->arena, struct rule_content);
	struct rule_item *item;

	if (kw_bytes(b, arg, &c->bytes) != ERR_OK || build_app(b, "tls") != ERR_OK)
		return ERR_INVALID;
	c->flags |= b->negated ? RULE_CONTENT_NEGATED : 0;
	item = build_add_to(b, buffer, NULL, RULE_ITEM_CONTENT);
	if (!item)
		return ERR_INVALID;
	item->content = c;
	return ERR_OK;
}
