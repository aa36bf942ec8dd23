#include "dataplane/app/ntlmssp/ntlmssp.h"
#include "dataplane/app/text/ber.h"

enum {
	APPLICATION_0 = 0x60, /* InitialContextToken, RFC 2743 3.1 */
	APPLICATION_AP_REQ = 0x6e,
	TOKEN_AP_REQ = 0x0100, /* RFC 1964 1.1.1, in front of the message */
	PARTS_MAX = 32,	       /* fields of a token, mechanisms of a list */
};

static const uint8_t oid_spnego[] = {0x2b, 6, 1, 5, 5, 2};
static const uint8_t oid_kerberos[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2};
static const uint8_t oid_ntlmssp[] = {0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10};

struct mechs {
	bool kerberos, ntlmssp;
};

#define IS(s, oid) slice_eq(s, SLICE(oid, sizeof(oid)))

static void mechanisms(struct slice list, struct mechs *m)
{
	struct cursor c = cursor_of(list);
	struct ber b;

	for (unsigned i = 0; i < PARTS_MAX && ber_next(&c, &b) == BER_OK; i++) {
		if (b.first != BER_OID)
			continue;
		m->kerberos |= IS(b.value, oid_kerberos);
		m->ntlmssp |= IS(b.value, oid_ntlmssp);
	}
}

static bool take_auth(struct slice blob, struct secblob *ret)
{
	struct slice body;
	uint32_t type;

	ret->has_auth = ntlmssp_find(blob, &type, &body) && type == NTLMSSP_AUTHENTICATE &&
			ntlmssp_auth_read(body, &ret->auth);
	return ret->has_auth;
}

/* [APPLICATION 0] { OID, 0x0100, AP-REQ } */
static bool take_kerberos(struct slice token, struct secblob *ret)
{
	struct cursor c = cursor_of(token), in;
	struct ber b;

	if (!ber_take(&c, APPLICATION_0, &in) || ber_next(&in, &b) != BER_OK ||
	    b.first != BER_OID || cursor_u16(&in) != TOKEN_AP_REQ ||
	    cursor_peek(&in) != APPLICATION_AP_REQ)
		return false;
	ret->ap_req = cursor_rest(&in);
	return true;
}

/* NegTokenInit or NegTokenResp: fields in context tags. */
static bool token(struct slice sequence, struct secblob *ret)
{
	struct cursor c = cursor_of(sequence), in;
	struct mechs m = {0};
	struct ber field, b;

	for (unsigned i = 0; i < PARTS_MAX && ber_next(&c, &field) == BER_OK; i++) {
		in = cursor_of(field.value);
		if (ber_next(&in, &b) != BER_OK)
			continue;
		if (b.first == BER_SEQUENCE)
			mechanisms(b.value, &m);
		else if (b.first != BER_OCTET_STRING)
			continue;
		else if (m.kerberos && take_kerberos(b.value, ret))
			continue;
		else if (m.ntlmssp && ret->ap_req.len == 0)
			take_auth(b.value, ret);
	}
	return true;
}

static bool spnego(struct slice blob, struct secblob *ret)
{
	struct cursor c = cursor_of(blob), in, body;
	struct ber b;

	if (!ber_take(&c, APPLICATION_0, &in) || ber_next(&in, &b) != BER_OK ||
	    b.first != BER_OID || !IS(b.value, oid_spnego) || ber_next(&in, &b) != BER_OK)
		return false;
	in = cursor_of(b.value);
	return ber_take(&in, BER_SEQUENCE, &body) && token(cursor_rest(&body), ret);
}

bool secblob_read(struct slice blob, struct secblob *ret)
{
	*ret = (struct secblob){0};
	/* The client's later messages are bare NegTokenResp: what is in them is searched. */
	return spnego(blob, ret) || take_auth(blob, ret);
}
