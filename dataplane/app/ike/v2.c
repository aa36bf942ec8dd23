/* Payloads of version 2 (RFC 7296, 3). A message with a payload that is not well-formed tells
 * nothing, as in Suricata. */
#include "dataplane/app/ike/ike.h"

enum payload {
	SECURITY_ASSOCIATION = 33,
	KEY_EXCHANGE,
	IDENT_INITIATOR,
	IDENT_RESPONDER,
	CERTIFICATE,
	CERTIFICATE_REQUEST,
	AUTHENTICATION,
	NONCE,
	NOTIFY,
	DELETE,
	VENDOR_ID,
	SELECTOR_INITIATOR,
	SELECTOR_RESPONDER,
};

enum {
	PROTOCOL_AH = 2,
	NOTIFY_ERRORS = 16384, /* types below are errors */
	SELECTOR_V4 = 7,
	SELECTOR_V6 = 8,
	PROPOSALS = 64, /* looked at */
};

/* IANA, "IKEv2 parameters" */
enum {
	ENC_DES_IV64 = 1,
	ENC_DES_IV32 = 9,
	ENC_NULL = 11,
	PRF_NULL = 0,
	PRF_HMAC_MD5 = 1,
	PRF_HMAC_SHA1 = 2,
	AUTH_NONE = 0,
	AUTH_HMAC_SHA1_160 = 7, /* the last of the weak ones */
	DH_NONE = 0,
	DH_MODP768 = 1,
	DH_MODP1024 = 2,
	DH_MODP1536 = 5,
	DH_MODP1024S160 = 22,
};

struct proposal {
	uint8_t protocol;
	uint8_t count; /* of transforms */
	struct cursor transforms;
};

struct transform {
	uint8_t type;
	uint16_t id;
};

static bool transform_next(struct cursor *c, struct transform *ret)
{
	uint16_t len;

	cursor_u16(c);
	len = cursor_u16(c);
	ret->type = cursor_u8(c);
	cursor_u8(c);
	ret->id = cursor_u16(c);
	if (len > 8)
		cursor_skip(c, len - 8u);
	return !c->bad;
}

static bool proposal_next(struct cursor *c, struct proposal *ret)
{
	struct cursor check;
	struct transform t;
	uint8_t spi;
	uint16_t len;

	cursor_u16(c);
	len = cursor_u16(c);
	cursor_u8(c);
	ret->protocol = cursor_u8(c);
	spi = cursor_u8(c);
	ret->count = cursor_u8(c);
	cursor_skip(c, spi);
	if (c->bad || len < 8u + spi)
		return false;
	ret->transforms = cursor_child(c, len - 8u - spi);
	check = ret->transforms;
	for (unsigned i = 0; i < ret->count; i++) {
		if (!transform_next(&check, &t))
			return false;
	}
	return !c->bad;
}

static bool is_aead(uint16_t id)
{
	return (id >= 14 && id <= 16) || (id >= 18 && id <= 20) || (id >= 25 && id <= 28);
}

static void transform_events(struct app_tx *tx, struct transform t)
{
	switch (t.type) {
	case IKE_ENC:
		if ((t.id >= ENC_DES_IV64 && t.id <= ENC_DES_IV32) || t.id == ENC_NULL)
			app_tx_event(tx, IKE_EVENT_WEAK_CRYPTO_ENC);
		break;
	case IKE_PRF:
		if (t.id == PRF_NULL)
			app_tx_event(tx, IKE_EVENT_INVALID_PROPOSAL);
		else if (t.id == PRF_HMAC_MD5 || t.id == PRF_HMAC_SHA1)
			app_tx_event(tx, IKE_EVENT_WEAK_CRYPTO_PRF);
		break;
	case IKE_AUTH:
		if (t.id != AUTH_NONE && t.id <= AUTH_HMAC_SHA1_160)
			app_tx_event(tx, IKE_EVENT_WEAK_CRYPTO_AUTH);
		break;
	case IKE_DH:
		if (t.id == DH_NONE)
			app_tx_event(tx, IKE_EVENT_INVALID_PROPOSAL);
		else if (t.id == DH_MODP768 || t.id == DH_MODP1024 || t.id == DH_MODP1536 ||
			 t.id == DH_MODP1024S160)
			app_tx_event(tx, IKE_EVENT_WEAK_CRYPTO_DH);
		break;
	case IKE_ESN:
		break;
	default:
		app_tx_event(tx, IKE_EVENT_UNKNOWN_PROPOSAL);
		break;
	}
}

static void chosen(struct ike_state *s, struct transform t)
{
	if (t.type == 0 || t.type >= IKE_TRANSFORMS)
		return;
	s->last_id[t.type] = t.id;
	if (!s->server[t.type]) {
		s->server[t.type] = true;
		s->server_id[t.type] = t.id;
	}
}

static void proposal(struct ike_state *s, struct ike_tx *tx, struct proposal p)
{
	bool dh = false, auth = false, aead = false;
	struct transform t;

	for (unsigned i = 0; i < p.count && transform_next(&p.transforms, &t); i++) {
		transform_events(&tx->tx, t);
		dh |= t.type == IKE_DH;
		auth |= t.type == IKE_AUTH && t.id != AUTH_NONE;
		aead |= t.type == IKE_ENC && is_aead(t.id);
		if (tx->dir == DIR_TC)
			chosen(s, t);
	}
	if (!dh)
		app_tx_event(&tx->tx, IKE_EVENT_WEAK_CRYPTO_NO_DH);
	if (p.protocol == PROTOCOL_AH)
		app_tx_event(&tx->tx, IKE_EVENT_NO_ENCRYPTION);
	if (!auth && !aead)
		app_tx_event(&tx->tx, IKE_EVENT_WEAK_CRYPTO_NO_AUTH);
	if (tx->dir == DIR_TC)
		s->has_server_transforms = true;
}

static void association(struct ike_state *s, struct ike_tx *t, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct proposal p;

	for (unsigned i = 0; i < PROPOSALS && proposal_next(&c, &p); i++)
		proposal(s, t, p);
}

/* --- whether a payload is well-formed --- */

static bool association_good(struct slice data)
{
	struct cursor c = cursor_of(data);
	struct proposal p;

	return proposal_next(&c, &p);
}

static bool notify_good(struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t spi;

	cursor_u8(&c);
	spi = cursor_u8(&c);
	cursor_u16(&c);
	cursor_skip(&c, spi);
	return !c.bad;
}

static bool selector_good(struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t type;

	cursor_u32(&c);
	type = cursor_u8(&c);
	cursor_skip(&c, 7);
	cursor_skip(&c, type == SELECTOR_V4 ? 8 : 32);
	return !c.bad && (type == SELECTOR_V4 || type == SELECTOR_V6);
}

static bool payload_good(uint8_t type, struct slice data)
{
	switch (type) {
	case SECURITY_ASSOCIATION:
		return association_good(data);
	case KEY_EXCHANGE:
	case IDENT_INITIATOR:
	case IDENT_RESPONDER:
	case AUTHENTICATION:
		return data.len >= 4;
	case CERTIFICATE:
	case CERTIFICATE_REQUEST:
		return data.len >= 1;
	case NOTIFY:
		return notify_good(data);
	case DELETE:
	case VENDOR_ID:
		return data.len >= 8;
	case SELECTOR_INITIATOR:
	case SELECTOR_RESPONDER:
		return selector_good(data);
	default:
		return true;
	}
}

static bool payload_next(struct cursor *c, uint8_t *ret_next, struct slice *ret)
{
	uint16_t len;

	*ret_next = cursor_u8(c);
	cursor_u8(c);
	len = cursor_u16(c);
	if (len < 4)
		return false;
	*ret = cursor_take(c, len - 4u);
	return !c->bad;
}

static bool all_good(struct slice payloads, uint8_t type)
{
	struct cursor c = cursor_of(payloads);
	unsigned count = 0;
	struct slice data;
	uint8_t next;

	while (cursor_left(&c) > 0) {
		if (++count > IKE_PAYLOADS || !payload_next(&c, &next, &data) ||
		    !payload_good(type, data))
			return false;
		type = next;
	}
	return true;
}

static void notify(struct app_io *io, struct ike_tx *t, struct slice data)
{
	struct slice type = slice_sub(data, 2, 2);

	if ((type.data[0] << 8 | type.data[1]) < NOTIFY_ERRORS)
		t->errors++;
	kept_append(io->slab, &t->notify, type, IKE_LIST_MAX);
}

void ike_v2(struct app_io *io, struct ike_state *s, struct ike_tx *t, struct slice payloads)
{
	struct cursor c = cursor_of(payloads);
	uint8_t type = t->head.next_payload, next;
	struct slice data;

	if (!all_good(payloads, type))
		return;
	kept_append(io->slab, &t->payloads, SLICE(&type, 1), IKE_LIST_MAX);
	while (cursor_left(&c) > 0 && payload_next(&c, &next, &data)) {
		if (type == SECURITY_ASSOCIATION)
			association(s, t, data);
		else if (type == NOTIFY)
			notify(io, t, data);
		type = next;
		kept_append(io->slab, &t->payloads, SLICE(&type, 1), IKE_LIST_MAX);
	}
	if (t->dir == DIR_TC && s->has_server_transforms) {
		memcpy(t->chosen, s->server, sizeof(t->chosen));
		memcpy(t->chosen_id, s->server_id, sizeof(t->chosen_id));
	}
}
