#include "dataplane/app/krb5/message.h"

#include "dataplane/app/krb5/krb5.h"
#include "dataplane/app/text/ber.h"
#include "dataplane/app/text/text.h"

enum {
	GENERAL_STRING = 0x1b,
	APPLICATION_TICKET = 0x61,
	APPLICATION_AP_REQ = 0x6e,
};

/* [n] EXPLICIT; the cursor stays when another field is next. */
static bool field(struct cursor *c, unsigned n, struct cursor *ret)
{
	return ber_take(c, (uint8_t)(0xa0 | n), ret);
}

static bool integer_field(struct cursor *c, unsigned n, int32_t *ret)
{
	struct cursor f;
	int64_t value;

	if (!field(c, n, &f) || !ber_integer(&f, &value) || value != (int32_t)value)
		return false;
	*ret = (int32_t)value;
	return true;
}

bool krb5_name_next(struct cursor *c, struct slice *ret)
{
	struct cursor s;

	if (!ber_take(c, GENERAL_STRING, &s))
		return false;
	*ret = cursor_rest(&s);
	return text_is_utf8(*ret);
}

static bool realm_field(struct cursor *c, unsigned n, struct krb5_message_fields *m)
{
	struct cursor f;

	m->has_realm = field(c, n, &f) && krb5_name_next(&f, &m->realm);
	return m->has_realm;
}

static bool principal_field(struct cursor *c, unsigned n, struct krb5_principal *ret)
{
	struct cursor f, body, list;
	struct slice name;
	int32_t type;

	if (!field(c, n, &f) || !ber_take(&f, BER_SEQUENCE, &body) ||
	    !integer_field(&body, 0, &type) || !field(&body, 1, &f) ||
	    !ber_take(&f, BER_SEQUENCE, &list))
		return false;
	ret->names = cursor_rest(&list);
	while (cursor_left(&list) > 0) {
		if (!krb5_name_next(&list, &name))
			return false;
	}
	ret->is_there = true;
	return true;
}

static bool optional_principal(struct cursor *c, unsigned n, struct krb5_principal *ret)
{
	return cursor_peek(c) != (int)(0xa0 | n) || principal_field(c, n, ret);
}

static void skip_field(struct cursor *c, unsigned n)
{
	struct cursor f;

	field(c, n, &f);
}

/* EncryptedData: what it is encrypted with. */
static bool encrypted_field(struct cursor *c, unsigned n, int32_t *ret)
{
	struct cursor f, body;

	return field(c, n, &f) && ber_take(&f, BER_SEQUENCE, &body) && integer_field(&body, 0, ret);
}

/* KDC-REQ */
static bool read_request(struct cursor *c, struct krb5_message_fields *m)
{
	struct cursor f, body;
	int32_t n;

	if (!integer_field(c, 1, &n) || !integer_field(c, 2, &n))
		return false;
	skip_field(c, 3);
	if (!field(c, 4, &f) || !ber_take(&f, BER_SEQUENCE, &body) || !field(&body, 0, &f))
		return false;
	return optional_principal(&body, 1, &m->cname) && realm_field(&body, 2, m) &&
	       optional_principal(&body, 3, &m->sname);
}

/* [n] Ticket */
static bool ticket_field(struct cursor *c, unsigned n, struct krb5_message_fields *m)
{
	struct cursor f, application, ticket;
	int32_t version;

	if (!field(c, n, &f) || !ber_take(&f, APPLICATION_TICKET, &application) ||
	    !ber_take(&application, BER_SEQUENCE, &ticket) ||
	    !integer_field(&ticket, 0, &version) || !field(&ticket, 1, &f) ||
	    !krb5_name_next(&f, &m->ticket_realm) || !principal_field(&ticket, 2, &m->sname))
		return false;
	m->has_ticket_etype = encrypted_field(&ticket, 3, &m->ticket_etype);
	return m->has_ticket_etype;
}

/* KDC-REP */
static bool read_reply(struct cursor *c, struct krb5_message_fields *m)
{
	int32_t n;

	if (!integer_field(c, 0, &n) || !integer_field(c, 1, &n))
		return false;
	skip_field(c, 2);
	if (!realm_field(c, 3, m) || !principal_field(c, 4, &m->cname) || !ticket_field(c, 5, m))
		return false;
	m->has_etype = encrypted_field(c, 6, &m->etype);
	return m->has_etype;
}

/* KRB-ERROR */
static bool read_error(struct cursor *c, struct krb5_message_fields *m)
{
	struct cursor f;
	int32_t n;

	if (!integer_field(c, 0, &n) || !integer_field(c, 1, &n))
		return false;
	for (unsigned i = 2; i <= 5; i++)
		skip_field(c, i);
	if (!integer_field(c, 6, &m->error))
		return false;
	if (cursor_peek(c) == 0xa7 && !realm_field(c, 7, m))
		return false;
	return optional_principal(c, 8, &m->cname) && field(c, 9, &f) &&
	       principal_field(c, 10, &m->sname);
}

bool krb5_message_read(uint8_t type, struct cursor content, struct krb5_message_fields *ret)
{
	struct cursor body;

	*ret = (struct krb5_message_fields){0};
	if (!ber_take(&content, BER_SEQUENCE, &body))
		return false;
	switch (type) {
	case KRB5_AS_REQ:
	case KRB5_TGS_REQ:
		return read_request(&body, ret);
	case KRB5_AS_REP:
	case KRB5_TGS_REP:
		return read_reply(&body, ret);
	case KRB5_ERROR:
		return read_error(&body, ret);
	default:
		return false;
	}
}

bool krb5_ap_req_read(struct cursor c, struct krb5_message_fields *ret)
{
	struct cursor application, body;
	int32_t n;

	*ret = (struct krb5_message_fields){0};
	if (!ber_take(&c, APPLICATION_AP_REQ, &application) ||
	    !ber_take(&application, BER_SEQUENCE, &body) || !integer_field(&body, 0, &n) ||
	    !integer_field(&body, 1, &n))
		return false;
	skip_field(&body, 2);
	return ticket_field(&body, 3, ret);
}
