#include "dataplane/app/ldap/message.h"

#include "dataplane/app/text/ber.h"

enum {
	OPS = 26,
	CONSTRUCTED = 0x20,
	CONTROLS = 0xa0,
	REQUEST_NAME = 0x80,
	LDAP_SIZE_MAX = 1 << 24
};

#define BIT(op) (1U << (op))

static const uint32_t requests = BIT(LDAP_BIND) | BIT(LDAP_UNBIND) | BIT(LDAP_SEARCH) |
				 BIT(LDAP_MODIFY) | BIT(LDAP_ADD) | BIT(LDAP_DELETE) |
				 BIT(LDAP_MODIFY_DN) | BIT(LDAP_COMPARE) | BIT(LDAP_ABANDON) |
				 BIT(LDAP_EXTENDED);
static const uint32_t results = BIT(LDAP_BIND_RESPONSE) | BIT(LDAP_SEARCH_DONE) |
				BIT(LDAP_MODIFY_RESPONSE) | BIT(LDAP_ADD_RESPONSE) |
				BIT(LDAP_DELETE_RESPONSE) | BIT(LDAP_MODIFY_DN_RESPONSE) |
				BIT(LDAP_COMPARE_RESPONSE) | BIT(LDAP_EXTENDED_RESPONSE);
/* Their content is a value by itself. */
static const uint32_t primitives = BIT(LDAP_UNBIND) | BIT(LDAP_DELETE) | BIT(LDAP_ABANDON);
static const uint32_t answers =
	BIT(LDAP_SEARCH_ENTRY) | BIT(LDAP_SEARCH_REFERENCE) | BIT(LDAP_INTERMEDIATE);

bool ldap_is_request(uint8_t op)
{
	return op < OPS && requests & BIT(op);
}

bool ldap_is_result(uint8_t op)
{
	return op < OPS && results & BIT(op);
}

bool ldap_is_response(uint8_t op)
{
	return op < OPS && (results | answers) & BIT(op);
}

enum ldap_frame ldap_frame_of(struct slice data, uint64_t *ret_size)
{
	struct cursor c = cursor_of(data);
	uint8_t first = cursor_u8(&c), n;
	uint64_t len;

	if (c.bad)
		return LDAP_SHORT;
	if (first != BER_SEQUENCE)
		return LDAP_BAD;
	len = n = cursor_u8(&c);
	if (c.bad)
		return LDAP_SHORT;
	if (n == 0x80 || n > 0x84)
		return LDAP_BAD;
	if (n > 0x80) {
		len = 0;
		for (unsigned i = n & 0x7fU; i > 0; i--)
			len = len << 8 | cursor_u8(&c);
	}
	if (c.bad)
		return LDAP_SHORT;
	*ret_size = cursor_offset(&c) + len;
	return LDAP_WHOLE;
}

bool ldap_message_read(struct slice data, struct ldap_message *ret)
{
	struct cursor c = cursor_of(data), in, controls;
	struct ber outer, op;
	int64_t id;

	*ret = (struct ldap_message){0};
	if (ber_next(&c, &outer) == BER_BAD || outer.first != BER_SEQUENCE)
		return false;
	in = cursor_of(outer.value);
	if (!ber_integer(&in, &id) || id < 0 || id > INT32_MAX)
		return false;
	if (ber_next(&in, &op) == BER_BAD || ber_class(op) != BER_APPLICATION)
		return false;
	ret->id = (uint32_t)id;
	ret->op = ber_tag(op);
	if (!(primitives >> ret->op & 1) != !!(op.first & CONSTRUCTED))
		return false;
	ret->body = op.value;
	if (ber_take(&in, CONTROLS, &controls))
		ret->controls = cursor_rest(&controls);
	return true;
}

bool ldap_result_code(const struct ldap_message *m, uint32_t *ret)
{
	struct cursor c = cursor_of(m->body);
	int64_t code;

	if (!ldap_is_result(m->op) || !ber_number(&c, BER_ENUMERATED, &code) || code < 0 ||
	    code > INT32_MAX)
		return false;
	*ret = (uint32_t)code;
	return true;
}

struct slice ldap_extended_oid(const struct ldap_message *m)
{
	struct cursor c = cursor_of(m->body), name;

	if (m->op != LDAP_EXTENDED || !ber_take(&c, REQUEST_NAME, &name))
		return SLICE(NULL, 0);
	return cursor_rest(&name);
}

bool ldap_looks_like(struct slice data, bool request)
{
	struct ldap_message m;
	uint64_t size;
	uint32_t code;

	if (ldap_frame_of(data, &size) != LDAP_WHOLE || size > LDAP_SIZE_MAX ||
	    !ldap_message_read(data, &m))
		return false;
	if (request)
		return ldap_is_request(m.op) && m.id > 0;
	return ldap_is_response(m.op) && (!ldap_is_result(m.op) || ldap_result_code(&m, &code));
}
