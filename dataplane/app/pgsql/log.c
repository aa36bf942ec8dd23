/* Records in the shape of Suricata's schema. What could serve to find a password is left out: the
 * password message, the proof in a SASL response, the server's signature, the key to cancel. */
#include "dataplane/app/pgsql/message.h"
#include "dataplane/app/pgsql/pgsql.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/sql.h"
#include "dataplane/app/text/text.h"

enum { NAME_MAX = 63, PARAMETERS_MAX = 32, FIELDS_MAX = 24 };

static const struct text_name auths[] = {
	{0, "authentication_ok"},
	{2, "authentication_kerberos_v5"},
	{3, "authentication_cleartext_password"},
	{5, "authentication_md5_password"},
	{7, "authentication_gss"},
	{8, "authentication_gss_continue"},
	{9, "authentication_sspi"},
	{10, "authentication_sasl"},
	{11, "authentication_sasl_continue"},
};

static const struct text_name fields[] = {
	{'S', "severity_localizable"},
	{'V', "severity_non_localizable"},
	{'C', "code"},
	{'M', "message"},
	{'F', "file"},
	{'L', "line"},
	{'R', "routine"},
};

/* --- requests --- */

/* {"name": value}; some names are written differently from how they are sent. */
static void log_parameter(struct record *r, struct slice name, struct slice value)
{
	static const struct {
		const char *sent, *written;
	} names[] = {{"DateStyle", "date_style"},
		     {"IntervalStyle", "interval_style"},
		     {"TimeZone", "time_zone"}};
	char text[NAME_MAX + 1];

	name = slice_sub(name, 0, NAME_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (slice_eq(name, SLICE_STR(names[i].sent)))
			name = SLICE_STR(names[i].written);
	}
	if (!text_is_utf8(name) || memchr(name.data, 0, name.len))
		name = SLICE_LIT("unknown_parameter");
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	record_object(r, NULL);
	text_log(r, text, slice_sub(value, 0, PGSQL_TEXT_MAX));
	record_end(r);
}

static bool is_user(struct slice name)
{
	return slice_eq(name, SLICE_LIT("user"));
}

static void log_startup(struct record *r, struct slice body)
{
	struct slice name, value, user = SLICE(NULL, 0);
	struct pgsql_startup s;
	struct cursor c;
	unsigned others = 0;
	char version[16];

	if (!pgsql_startup_read(body, &s))
		return;
	snprintf(version, sizeof(version), "%u.%u", s.major, s.minor);
	record_text(r, "protocol_version", version);
	c = cursor_of(s.parameters);
	while (pgsql_text(&c, &name) && name.len && pgsql_text(&c, &value)) {
		if (is_user(name))
			user = value;
		else
			others++;
	}
	record_object(r, "startup_parameters");
	text_log(r, "user", slice_sub(user, 0, PGSQL_TEXT_MAX));
	if (others) {
		record_array(r, "optional_parameters");
		c = cursor_of(s.parameters);
		for (unsigned i = 0; i < PARAMETERS_MAX && pgsql_text(&c, &name) && name.len &&
				     pgsql_text(&c, &value);
		     i++) {
			if (!is_user(name))
				log_parameter(r, name, value);
		}
		record_end(r);
	}
	record_end(r);
}

/* SASLInitialResponse: a mechanism, and the client's first message with its length in front. */
static void log_sasl_first(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body);
	struct slice mechanism, first;

	if (!pgsql_text(&c, &mechanism))
		return;
	if (slice_eq(mechanism, SLICE_LIT("SCRAM-SHA-256")))
		mechanism = SLICE_LIT("scram_SHA256");
	else if (slice_eq(mechanism, SLICE_LIT("SCRAM-SHA-256-PLUS")))
		mechanism = SLICE_LIT("scram_SHA256_plus");
	text_log(r, "sasl_authentication_mechanism", slice_sub(mechanism, 0, PGSQL_TEXT_MAX));
	first = cursor_take(&c, cursor_u32(&c));
	if (first.len)
		text_log(r, "sasl_param", slice_sub(first, 0, PGSQL_TEXT_MAX));
}

/* Up to the proof (RFC 5802 section 7), which comes last. */
static void log_sasl_response(struct record *r, struct slice body)
{
	for (size_t i = 0; i + 3 <= body.len; i++) {
		if (slice_eq(slice_sub(body, i, 3), SLICE_LIT(",p="))) {
			text_log(r, "sasl_response",
				 slice_sub(slice_sub(body, 0, i), 0, PGSQL_TEXT_MAX));
			return;
		}
	}
}

static void log_statement(struct record *r, struct slice body)
{
	const uint8_t *nul = body.len ? memchr(body.data, 0, body.len) : NULL;

	if (body.len)
		sql_log(r, "simple_query",
			slice_sub(body, 0, nul ? (size_t)(nul - body.data) : body.len));
}

static void log_request(struct record *r, const struct pgsql_tx *t)
{
	struct slice body = kept_slice(&t->request);
	struct pgsql_startup s;

	switch (t->kind) {
	case PGSQL_STARTUP:
		log_startup(r, body);
		break;
	case PGSQL_SSL:
		record_text(r, "message", "SSL Request");
		break;
	case PGSQL_GSS:
		record_text(r, "message", "GSS Request");
		break;
	case PGSQL_CANCEL:
		record_text(r, "message", "cancel_request");
		if (pgsql_startup_read(body, &s))
			record_uint(r, "process_id", s.pid);
		break;
	case PGSQL_PASSWORD:
		if (t->sasl_first)
			log_sasl_first(r, body);
		else if (t->sasl)
			log_sasl_response(r, body);
		else
			record_text(r, "message", "password_message");
		break;
	case PGSQL_EXTENDED:
		record_text(r, "message", "extended_query");
		log_statement(r, body);
		break;
	case PGSQL_QUERY:
		log_statement(r, body);
		break;
	case PGSQL_FUNCTION:
		record_text(r, "message", "function_call");
		break;
	case PGSQL_TERMINATE:
		record_text(r, "message", "termination_message");
		break;
	default:
		break;
	}
}

/* --- responses --- */

static void log_error(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body);
	struct slice value;

	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		uint8_t type = cursor_u8(&c);
		const char *name = text_name(TEXT_NAMES(fields), type);

		if (type == 0 || !pgsql_text(&c, &value))
			return;
		if (name)
			text_log(r, name, slice_sub(value, 0, PGSQL_TEXT_MAX));
	}
}

static void log_parameters(struct record *r, const struct text_list *l)
{
	struct slice name, value;
	uint32_t at = 0;

	if (l->count < 2)
		return;
	record_array(r, "parameter_status");
	while (text_list_next(l, &at, &name) && text_list_next(l, &at, &value))
		log_parameter(r, name, value);
	record_end(r);
}

/* Of several statements in one query all tags, with a line each. */
static void log_completed(struct record *r, const struct text_list *l)
{
	char text[PGSQL_LIST_MAX];
	struct slice tag;
	uint32_t at = 0;
	size_t len = 0;

	while (text_list_next(l, &at, &tag)) {
		if (len > 0 && len < sizeof(text))
			text[len++] = '\n';
		tag = slice_sub(tag, 0, sizeof(text) - len);
		if (tag.len)
			memcpy(text + len, tag.data, tag.len);
		len += tag.len;
	}
	if (len > 0)
		text_log(r, "command_completed", SLICE(text, len));
}

static void log_response(struct record *r, const struct pgsql_tx *t)
{
	const char *auth = t->has_auth ? text_name(TEXT_NAMES(auths), t->auth) : NULL;

	if (t->answer != PGSQL_NO_ANSWER)
		record_bool(r, "ssl_accepted", t->answer == PGSQL_ACCEPTED);
	/* What an error says comes in the same field. */
	if (auth && !t->error.data)
		record_text(r, "message", auth);
	log_parameters(r, &t->parameters);
	if (t->has_pid)
		record_uint(r, "process_id", t->pid);
	if (t->has_fields)
		record_uint(r, "field_count", t->fields);
	if (t->rows) {
		record_uint(r, "data_rows", t->rows);
		record_uint(r, "data_size", t->row_bytes);
	}
	log_completed(r, &t->completed);
	if (t->error.data)
		log_error(r, kept_slice(&t->error));
}

static bool answered(const struct pgsql_tx *t)
{
	return t->answer || t->has_auth || t->has_pid || t->has_fields || t->rows ||
	       t->error.data || t->parameters.count || t->completed.count;
}

bool pgsql_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct pgsql_tx *t = container_of(tx, const struct pgsql_tx, tx);

	record_uint(r, "tx_id", tx->id + 1);
	if (t->kind != PGSQL_UNASKED) {
		record_object(r, "request");
		log_request(r, t);
		record_end(r);
	}
	if (answered(t)) {
		record_object(r, "response");
		log_response(r, t);
		record_end(r);
	}
	return true;
}
