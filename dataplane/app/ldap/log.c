/* Records: read once more from the messages that were kept. */
#include "dataplane/app/ldap/filter.h"
#include "dataplane/app/ldap/ldap.h"
#include "dataplane/app/ldap/message.h"
#include "dataplane/app/ldap/names.h"
#include "dataplane/app/ntlmssp/ntlmssp.h"
#include "dataplane/app/text/ber.h"
#include "dataplane/app/text/text.h"
#include "dataplane/app/text/utf16.h"

enum {
	BOOLEAN = 0x01,
	SET = 0x31,
	SIMPLE = 0x80,
	SASL = 0xa3,
	NEW_SUPERIOR = 0x80,
	REQUEST_VALUE = 0x81,
	USER_IDENTITY = 0x80,
	REFERRAL = 0xa3,
	RESPONSE_NAME = 0x8a,
	LAST_CHANGE = 3,
};

static void log_text(struct record *r, const char *name, struct slice s)
{
	text_log(r, name, slice_sub(s, 0, LDAP_TEXT_MAX));
}

/* The next OCTET STRING as a field. */
static bool log_next(struct record *r, const char *name, struct cursor *c)
{
	struct cursor value;

	if (!ber_take(c, BER_OCTET_STRING, &value))
		return false;
	log_text(r, name, cursor_rest(&value));
	return true;
}

/* The next element as a list whose last members may be missing. */
static struct cursor list_of(struct cursor *c, uint8_t identifier)
{
	struct ber b;

	if (ber_next(c, &b) == BER_BAD || b.first != identifier)
		return cursor_of(SLICE(NULL, 0));
	return cursor_of(b.value);
}

static void log_number(struct record *r, const char *name, struct cursor *c, uint8_t identifier)
{
	int64_t n;

	if (ber_number(c, identifier, &n))
		record_int(r, name, n);
}

/* --- bind --- */

static void log_name(struct record *r, const char *field, struct slice raw, bool unicode)
{
	uint8_t utf8[LDAP_TEXT_MAX];

	if (raw.len == 0)
		return;
	if (unicode)
		raw = SLICE(utf8, utf16_text(raw, utf8, sizeof(utf8)));
	log_text(r, field, raw);
}

static void log_ntlm(struct record *r, struct slice credentials)
{
	struct ntlmssp_auth auth;
	struct slice body;
	uint32_t type;

	if (!ntlmssp_find(credentials, &type, &body) || type != NTLMSSP_AUTHENTICATE ||
	    !ntlmssp_auth_read_any(body, &auth))
		return;
	log_name(r, "user", auth.user, auth.unicode);
	log_name(r, "domain", auth.domain, auth.unicode);
	log_name(r, "host", auth.host, auth.unicode);
}

/* authzid NUL authcid NUL passwd (RFC 4616): the second. */
static void log_plain(struct record *r, struct slice credentials)
{
	struct cursor c = cursor_of(credentials);
	struct slice part = cursor_rest(&c);
	const uint8_t *nul = part.len ? memchr(part.data, 0, part.len) : NULL;

	if (!nul)
		return;
	cursor_skip(&c, (size_t)(nul - part.data) + 1);
	part = cursor_rest(&c);
	nul = part.len ? memchr(part.data, 0, part.len) : NULL;
	if (nul)
		log_text(r, "user", slice_sub(part, 0, (size_t)(nul - part.data)));
}

static void log_sasl(struct record *r, struct slice content)
{
	struct cursor c = cursor_of(content), mechanism, credentials;

	record_text(r, "auth", "sasl");
	if (!ber_take(&c, BER_OCTET_STRING, &mechanism))
		return;
	log_text(r, "mechanism", cursor_rest(&mechanism));
	if (!ber_take(&c, BER_OCTET_STRING, &credentials))
		return;
	if (slice_eq(cursor_rest(&mechanism), SLICE_LIT("PLAIN")))
		log_plain(r, cursor_rest(&credentials));
	else
		log_ntlm(r, cursor_rest(&credentials));
}

/* RFC 4513 5.1: by what a simple bind leaves out. */
static const char *simple_kind(bool name, bool password)
{
	if (password)
		return "simple";
	return name ? "unauthenticated" : "anonymous";
}

static void log_bind(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body), name;
	struct ber auth;

	log_number(r, "version", &c, BER_INTEGER);
	if (!ber_take(&c, BER_OCTET_STRING, &name))
		return;
	log_text(r, "name", cursor_rest(&name));
	if (ber_next(&c, &auth) == BER_BAD)
		return;
	if (auth.first == SIMPLE) {
		record_text(r, "auth", simple_kind(cursor_left(&name) > 0, auth.value.len > 0));
	} else if (auth.first == SASL) {
		log_sasl(r, auth.value);
	} else {
		record_text(r, "auth", "sicily"); /* MS-ADTS 5.1.1.1.3 */
		log_ntlm(r, auth.value);
	}
}

/* --- search --- */

static void log_strings(struct record *r, const char *name, struct cursor list)
{
	if (cursor_left(&list) == 0)
		return;
	record_array(r, name);
	for (unsigned i = 0; i < LDAP_LIST_MAX && log_next(r, NULL, &list); i++)
		;
	record_end(r);
}

static void log_search(struct record *r, struct slice body)
{
	static const char *const scopes[] = {"base", "one", "sub", "children"};
	struct cursor c = cursor_of(body);
	struct cursor types_only;
	struct ldap_filter filter;
	int64_t scope, deref;
	struct slice rest;
	struct ber b;

	if (!log_next(r, "base", &c) || !ber_number(&c, BER_ENUMERATED, &scope))
		return;
	if (scope >= 0 && scope < (int64_t)ARRAY_SIZE(scopes))
		record_text(r, "scope", scopes[scope]);
	if (!ber_number(&c, BER_ENUMERATED, &deref))
		return;
	log_number(r, "size_limit", &c, BER_INTEGER);
	log_number(r, "time_limit", &c, BER_INTEGER);
	if (!ber_take(&c, BOOLEAN, &types_only))
		return;
	rest = cursor_rest(&c);
	if (ber_next(&c, &b) == BER_BAD)
		return;
	ldap_filter_text(slice_sub(rest, 0, rest.len - cursor_left(&c)), &filter);
	text_log(r, "filter", SLICE(filter.text, filter.len));
	if (filter.cut)
		record_bool(r, "filter_cut", true);
	log_strings(r, "attributes", list_of(&c, BER_SEQUENCE));
}

/* --- changes --- */

/* Of each its kind and attribute: values may be secrets. */
static void log_modify(struct record *r, struct slice body)
{
	static const char *const kinds[] = {"add", "delete", "replace", "increment"};
	struct cursor c = cursor_of(body), list;

	if (!log_next(r, "dn", &c))
		return;
	list = list_of(&c, BER_SEQUENCE);
	record_array(r, "changes");
	for (unsigned i = 0; i < LDAP_LIST_MAX && cursor_left(&list) > 0; i++) {
		struct cursor change = list_of(&list, BER_SEQUENCE), attribute;
		int64_t kind;

		if (!ber_number(&change, BER_ENUMERATED, &kind) || kind < 0 || kind > LAST_CHANGE)
			break;
		attribute = list_of(&change, BER_SEQUENCE);
		record_object(r, NULL);
		record_text(r, "operation", kinds[kind]);
		log_next(r, "attribute", &attribute);
		record_end(r);
	}
	record_end(r);
}

static void log_add(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body), list;

	if (!log_next(r, "dn", &c))
		return;
	list = list_of(&c, BER_SEQUENCE);
	record_array(r, "attributes");
	for (unsigned i = 0; i < LDAP_LIST_MAX && cursor_left(&list) > 0; i++) {
		struct cursor attribute = list_of(&list, BER_SEQUENCE);

		if (!log_next(r, NULL, &attribute))
			break;
	}
	record_end(r);
}

static void log_delete(struct record *r, struct slice body)
{
	log_text(r, "dn", body);
}

static void log_modify_dn(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body), old, superior;

	if (!log_next(r, "dn", &c) || !log_next(r, "new_rdn", &c) || !ber_take(&c, BOOLEAN, &old))
		return;
	if (ber_take(&c, NEW_SUPERIOR, &superior))
		log_text(r, "new_superior", cursor_rest(&superior));
}

static void log_compare(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body), pair;

	if (!log_next(r, "dn", &c))
		return;
	pair = list_of(&c, BER_SEQUENCE);
	log_next(r, "attribute", &pair);
}

static void log_abandon(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body);
	uint64_t id = 0;

	while (cursor_left(&c) > 0 && cursor_offset(&c) < 4)
		id = id << 8 | cursor_u8(&c);
	record_uint(r, "abandoned", id);
}

/* A new password's owner (RFC 3062); the passwords beside it are not read. */
static void log_owner(struct record *r, struct cursor *c)
{
	struct cursor value, in, owner;

	if (ber_take(c, REQUEST_VALUE, &value) && ber_take(&value, BER_SEQUENCE, &in) &&
	    ber_take(&in, USER_IDENTITY, &owner))
		log_text(r, "dn", cursor_rest(&owner));
}

static void log_extended(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body), oid;
	const char *name;

	if (!ber_take(&c, SIMPLE, &oid))
		return;
	log_text(r, "oid", cursor_rest(&oid));
	name = ldap_oid_name(cursor_rest(&oid));
	if (name)
		record_text(r, "extended", name);
	if (name && strcmp(name, "PasswordModify") == 0)
		log_owner(r, &c);
}

static const struct {
	const char *name;
	void (*log)(struct record *r, struct slice body);
} operations[] = {
	[LDAP_BIND] = {"bind", log_bind},
	[LDAP_BIND_RESPONSE] = {"bind", NULL},
	[LDAP_UNBIND] = {"unbind", NULL},
	[LDAP_SEARCH] = {"search", log_search},
	[LDAP_SEARCH_ENTRY] = {"search", NULL},
	[LDAP_SEARCH_DONE] = {"search", NULL},
	[LDAP_MODIFY] = {"modify", log_modify},
	[LDAP_MODIFY_RESPONSE] = {"modify", NULL},
	[LDAP_ADD] = {"add", log_add},
	[LDAP_ADD_RESPONSE] = {"add", NULL},
	[LDAP_DELETE] = {"delete", log_delete},
	[LDAP_DELETE_RESPONSE] = {"delete", NULL},
	[LDAP_MODIFY_DN] = {"modify_dn", log_modify_dn},
	[LDAP_MODIFY_DN_RESPONSE] = {"modify_dn", NULL},
	[LDAP_COMPARE] = {"compare", log_compare},
	[LDAP_COMPARE_RESPONSE] = {"compare", NULL},
	[LDAP_ABANDON] = {"abandon", log_abandon},
	[LDAP_SEARCH_REFERENCE] = {"search", NULL},
	[LDAP_EXTENDED] = {"extended", log_extended},
	[LDAP_EXTENDED_RESPONSE] = {"extended", NULL},
	[LDAP_INTERMEDIATE] = {"intermediate", NULL},
};

/* --- messages --- */

static void log_controls(struct record *r, struct slice controls)
{
	struct cursor c = cursor_of(controls);

	if (controls.len == 0)
		return;
	record_array(r, "controls");
	for (unsigned i = 0; i < LDAP_LIST_MAX && cursor_left(&c) > 0; i++) {
		struct cursor control = list_of(&c, BER_SEQUENCE), oid;
		const char *name;

		if (!ber_take(&control, BER_OCTET_STRING, &oid))
			break;
		name = ldap_oid_name(cursor_rest(&oid));
		if (name)
			record_text(r, NULL, name);
		else
			log_text(r, NULL, cursor_rest(&oid));
	}
	record_end(r);
}

static void log_request(struct record *r, const struct ldap_message *m)
{
	if (operations[m->op].log)
		operations[m->op].log(r, m->body);
	log_controls(r, m->controls);
}

/* LDAPResult (RFC 4511 4.1.9). */
static void log_result(struct record *r, const struct ldap_message *m)
{
	struct cursor c = cursor_of(m->body), matched, text, referral, name;
	struct slice blob; /* sicily puts its challenge there */
	uint32_t code, type;
	int64_t n;

	if (!ldap_result_code(m, &code))
		return;
	record_uint(r, "result_code", code);
	ldap_log_result_name(r, "result", code);
	if (!ber_number(&c, BER_ENUMERATED, &n) || !ber_take(&c, BER_OCTET_STRING, &matched) ||
	    !ber_take(&c, BER_OCTET_STRING, &text))
		return;
	if (cursor_left(&matched) > 0 && !ntlmssp_find(cursor_rest(&matched), &type, &blob))
		log_text(r, "matched_dn", cursor_rest(&matched));
	if (cursor_left(&text) > 0)
		log_text(r, "message", cursor_rest(&text));
	if (ber_take(&c, REFERRAL, &referral))
		log_strings(r, "referrals", referral);
	if (ber_take(&c, RESPONSE_NAME, &name))
		log_text(r, "response_oid", cursor_rest(&name));
}

static void log_found(struct record *r, const struct ldap_tx *t)
{
	struct slice name;
	uint32_t at = 0;

	if (t->op != LDAP_SEARCH)
		return;
	record_uint(r, "entries", t->entries);
	if (t->references)
		record_uint(r, "references", t->references);
	if (t->found.count == 0)
		return;
	record_array(r, "found");
	while (text_list_next(&t->found, &at, &name))
		text_log(r, NULL, name);
	record_end(r);
}

bool ldap_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct ldap_tx *t = container_of(tx, const struct ldap_tx, tx);
	struct ldap_message m;

	record_uint(r, "message_id", t->message_id);
	record_text(r, "operation", operations[t->op].name);
	if (ldap_message_read(kept_slice(&t->request), &m))
		log_request(r, &m);
	log_found(r, t);
	if (ldap_message_read(kept_slice(&t->result), &m))
		log_result(r, &m);
	return true;
}

/* --- datagrams --- */

/* An entry's name and the names in it that a controller gives of itself and its domain. */
static void log_entry(struct record *r, struct slice body)
{
	struct cursor c = cursor_of(body), list, attribute, type, values, value;

	log_next(r, "dn", &c);
	list = list_of(&c, BER_SEQUENCE);
	for (unsigned i = 0; i < LDAP_LIST_MAX && cursor_left(&list) > 0; i++) {
		attribute = list_of(&list, BER_SEQUENCE);
		if (!ber_take(&attribute, BER_OCTET_STRING, &type))
			return;
		values = list_of(&attribute, SET);
		if (slice_eq_nocase(cursor_rest(&type), SLICE_LIT("netlogon")) &&
		    ber_take(&values, BER_OCTET_STRING, &value))
			ldap_log_netlogon(r, cursor_rest(&value));
	}
}

/* The first message says what the record is of; behind an entry comes its result. */
static bool log_datagram_message(struct record *r, const struct ldap_message *m)
{
	if (ldap_is_request(m->op))
		log_request(r, m);
	else if (m->op == LDAP_SEARCH_ENTRY)
		log_entry(r, m->body);
	else
		log_result(r, m);
	return m->op == LDAP_SEARCH_ENTRY;
}

static bool whole_message(struct slice datagram, uint64_t *ret_size, struct ldap_message *ret)
{
	return ldap_frame_of(datagram, ret_size) == LDAP_WHOLE && *ret_size <= datagram.len &&
	       ldap_message_read(datagram, ret) &&
	       (ldap_is_request(ret->op) || ldap_is_response(ret->op));
}

bool ldap_log_datagram(struct slice datagram, struct record *r)
{
	struct ldap_message m;
	uint64_t size;

	if (!whole_message(datagram, &size, &m))
		return false;
	record_text(r, "type", ldap_is_request(m.op) ? "request" : "response");
	record_uint(r, "message_id", m.id);
	record_text(r, "operation", operations[m.op].name);
	if (!log_datagram_message(r, &m))
		return true;
	datagram = slice_sub(datagram, (size_t)size, datagram.len);
	if (whole_message(datagram, &size, &m) && ldap_is_result(m.op))
		log_datagram_message(r, &m);
	return true;
}
