/* SNMP messages from their BER. */
#include <stdio.h>

#include "dataplane/app/snmp/snmp.h"
#include "dataplane/app/text/ber.h"
#include "dataplane/app/text/text.h"

enum {
	CONSTRUCTED_CONTEXT = 0xa0,
	IP_ADDRESS = 0x40,
	TIME_TICKS = 0x43,
	MODEL_USM = 3,
	PRIVATE = 2
};

static bool take_text(struct cursor *c, struct slice *ret)
{
	struct cursor value;

	if (!ber_take(c, BER_OCTET_STRING, &value))
		return false;
	*ret = cursor_rest(&value);
	return true;
}

static bool take_u32(struct cursor *c)
{
	int64_t n;

	return ber_integer(c, &n) && n >= 0 && n <= UINT32_MAX;
}

static bool take_i32(struct cursor *c)
{
	int64_t n;

	return ber_integer(c, &n);
}

static bool take_any(struct cursor *c, uint8_t identifier)
{
	struct cursor value;

	return ber_take(c, identifier, &value);
}

/* --- variables (RFC 3416 section 3) --- */

static bool read_var(struct cursor *list, struct cursor *oid)
{
	struct cursor var;
	struct ber value;

	return ber_take(list, BER_SEQUENCE, &var) && ber_take(&var, BER_OID, oid) &&
	       ber_next(&var, &value) == BER_OK;
}

static bool read_vars(struct cursor *c, struct slice *ret)
{
	struct cursor list, oid;

	if (!ber_take(c, BER_SEQUENCE, &list))
		return false;
	*ret = cursor_rest(&list);
	while (cursor_left(&list) > 0) {
		if (!read_var(&list, &oid))
			return false;
	}
	return true;
}

/* X.690 8.19; false when a part does not fit or has no end. */
static bool oid_part(struct cursor *c, uint32_t *ret)
{
	uint64_t n = 0;
	uint8_t byte;

	do {
		byte = cursor_u8(c);
		n = n << 7 | (byte & 0x7f);
	} while (!c->bad && (byte & 0x80) && n <= UINT32_MAX);
	*ret = (uint32_t)n;
	return !c->bad && n <= UINT32_MAX;
}

static void oid_text(struct cursor oid, char *ret, size_t cap)
{
	size_t at = 0;
	uint32_t part;

	ret[0] = '\0';
	for (unsigned i = 0; i < SNMP_OID_PARTS && cursor_left(&oid) > 0; i++) {
		int n;

		if (!oid_part(&oid, &part))
			return;
		if (i == 0) {
			uint32_t first = part < 80 ? part / 40 : 2;

			n = snprintf(ret, cap, "%u.%u", first, part - 40 * first);
		} else {
			n = snprintf(ret + at, cap - at, ".%u", part);
		}
		if (n < 0 || (size_t)n >= cap - at) {
			ret[at] = '\0';
			return;
		}
		at += (size_t)n;
	}
}

bool snmp_next_var(struct cursor *vars, char *ret, size_t cap)
{
	struct cursor oid;

	if (cursor_left(vars) == 0 || !read_var(vars, &oid))
		return false;
	oid_text(oid, ret, cap);
	return true;
}

/* --- PDUs --- */

/* RFC 1157 4.1.6 */
static bool read_trap_v1(struct cursor *c, struct snmp_message *m)
{
	return take_any(c, BER_OID) && take_any(c, IP_ADDRESS) && take_u32(c) && take_u32(c) &&
	       take_any(c, TIME_TICKS) && read_vars(c, &m->vars);
}

static bool read_pdu(struct cursor *c, struct snmp_message *m)
{
	struct cursor pdu;
	struct ber b;

	if (ber_next(c, &b) != BER_OK || (b.first & 0xe0) != CONSTRUCTED_CONTEXT ||
	    ber_tag(b) >= SNMP_PDUS)
		return false;
	m->has_pdu = true;
	m->pdu = ber_tag(b);
	if (m->pdu == SNMP_TRAP_V1 ? m->version != 1 : m->pdu > SNMP_SET && m->version == 1)
		return false;
	pdu = cursor_of(b.value);
	if (m->pdu == SNMP_TRAP_V1)
		return read_trap_v1(&pdu, m);
	/* request-id, error-status or non-repeaters, error-index or max-repetitions */
	return take_i32(&pdu) && take_u32(&pdu) && take_u32(&pdu) && read_vars(&pdu, &m->vars);
}

/* --- version 3 --- */

struct v3_head {
	uint8_t flags;
	int64_t model;
};

/* RFC 3412 section 6 */
static bool read_head(struct cursor *c, struct v3_head *ret)
{
	struct cursor head;
	struct slice flags;

	if (!ber_take(c, BER_SEQUENCE, &head) || !take_u32(&head) || !take_u32(&head) ||
	    !take_text(&head, &flags) || flags.len != 1 || !ber_integer(&head, &ret->model))
		return false;
	ret->flags = flags.data[0];
	return ret->model >= 0;
}

/* RFC 3414 2.4 */
static bool read_usm(struct slice parameters, struct snmp_message *m)
{
	struct cursor c = cursor_of(parameters), usm;
	struct slice ignored;

	if (!ber_take(&c, BER_SEQUENCE, &usm) || !take_text(&usm, &ignored) || !take_u32(&usm) ||
	    !take_u32(&usm) || !take_text(&usm, &m->user) || !text_is_utf8(m->user))
		return false;
	m->has_user = true;
	return take_text(&usm, &ignored) && take_text(&usm, &ignored);
}

static bool read_v3(struct cursor *c, struct snmp_message *m)
{
	struct v3_head head;
	struct cursor scoped;
	struct slice parameters, ignored;

	if (!read_head(c, &head) || !take_text(c, &parameters))
		return false;
	m->unknown_model = head.model != MODEL_USM;
	if (!m->unknown_model && !read_usm(parameters, m))
		return false;
	m->encrypted = head.flags & PRIVATE;
	if (m->encrypted)
		return take_text(c, &ignored);
	return ber_take(c, BER_SEQUENCE, &scoped) && take_text(&scoped, &ignored) &&
	       take_text(&scoped, &ignored) && read_pdu(&scoped, m);
}

/* --- messages --- */

static bool read_version(struct slice datagram, struct cursor *ret, uint8_t *ret_version)
{
	struct cursor c = cursor_of(datagram);
	int64_t version;

	if (!ber_take(&c, BER_SEQUENCE, ret) || !ber_integer(ret, &version))
		return false;
	*ret_version = version == 0 ? 1 : version == 1 ? 2 : version == 3 ? 3 : 0;
	return *ret_version != 0;
}

bool snmp_read(struct slice datagram, struct snmp_message *ret)
{
	struct cursor c;

	*ret = (struct snmp_message){0};
	if (!read_version(datagram, &c, &ret->version))
		return false;
	if (ret->version == 3)
		return read_v3(&c, ret);
	ret->has_community = take_text(&c, &ret->community) && text_is_utf8(ret->community);
	return ret->has_community && read_pdu(&c, ret);
}

uint8_t snmp_version(struct slice datagram)
{
	struct cursor c;
	struct ber b;
	uint8_t version;
	unsigned parts = 1;

	if (!read_version(datagram, &c, &version))
		return 0;
	while (cursor_left(&c) > 0) {
		if (ber_next(&c, &b) != BER_OK)
			return 0;
		parts++;
	}
	return parts == (version == 3 ? 4 : 3) ? version : 0;
}
