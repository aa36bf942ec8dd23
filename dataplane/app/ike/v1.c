/* ISAKMP payloads (RFC 2408, 3). */
#include "dataplane/app/ike/ike.h"

enum payload {
	SECURITY_ASSOCIATION = 1,
	PROPOSAL = 2,
	TRANSFORM = 3,
	KEY_EXCHANGE = 4,
	NONCE = 10,
	VENDOR_ID = 13,
	NAMED_PAYLOADS = 23, /* types below that have a name */
};

enum { DOI_IPSEC = 1 };

/* A message while it is read. */
struct reading {
	struct app_io *io;
	struct ike_state *s;
	struct ike_tx *t;
	unsigned payloads, transforms;
};

bool ike_attribute_next(struct cursor *c, struct ike_attribute *ret)
{
	uint16_t head = cursor_u16(c);

	*ret = (struct ike_attribute){.type = head & 0x7fff, .value = cursor_u16(c)};
	if (head & 0x8000) {
		ret->has_number = true;
		ret->number = ret->value;
	} else if (ret->value == 4) {
		ret->has_number = true;
		ret->number = cursor_u32(c);
	} else {
		ret->bytes = cursor_take(c, ret->value);
	}
	return !c->bad;
}

static void seen(struct reading *r, uint8_t type)
{
	if (type < NAMED_PAYLOADS)
		r->t->payload_types |= 1u << type;
}

/* The next payload of a list; `type` becomes the one after. False at the end of what is whole. */
static bool payload_next(struct reading *r, struct cursor *c, uint8_t *type, struct slice *ret)
{
	struct cursor before = *c;
	uint8_t next = cursor_u8(c);
	uint16_t len;

	cursor_u8(c);
	len = cursor_u16(c);
	*ret = len >= 4 ? cursor_take(c, len - 4u) : SLICE(c->pos, 0);
	if (c->bad || ++r->payloads > IKE_PAYLOADS) {
		*c = before;
		return false;
	}
	*type = next;
	return true;
}

static void vendor(struct reading *r, struct slice id)
{
	static const char digits[] = "0123456789abcdef";
	char text[512];
	size_t n = 0;

	for (size_t i = 0; i < id.len && n + 2 <= sizeof(text); i++) {
		text[n++] = digits[id.data[i] >> 4];
		text[n++] = digits[id.data[i] & 15];
	}
	text_list_add(r->io->slab, &r->t->vendors, SLICE(text, n), IKE_LIST_MAX);
}

/* One that holds no others. */
static void leaf(struct reading *r, uint8_t type, struct slice data)
{
	switch (type) {
	case TRANSFORM:
		if (data.len < 4)
			break;
		r->transforms++;
		text_list_add(r->io->slab, &r->t->transforms, slice_sub(data, 4, data.len),
			      IKE_LIST_MAX);
		break;
	case KEY_EXCHANGE:
		kept_set(r->io->slab, &r->t->key_exchange, data);
		break;
	case NONCE:
		kept_set(r->io->slab, &r->t->nonce, data);
		break;
	case VENDOR_ID:
		vendor(r, data);
		break;
	default:
		break;
	}
}

static bool proposal(struct reading *r, struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t spi, type = TRANSFORM, next;
	struct slice inner;

	cursor_u16(&c); /* number, protocol */
	spi = cursor_u8(&c);
	cursor_u8(&c); /* transforms */
	cursor_skip(&c, spi);
	if (c.bad)
		return false;
	next = type;
	while (payload_next(r, &c, &next, &inner)) {
		seen(r, type);
		leaf(r, type, inner);
		type = next;
	}
	return true;
}

static bool association(struct reading *r, struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t type = PROPOSAL, next = PROPOSAL;
	struct slice inner;
	bool good = true;

	r->s->doi = cursor_u32(&c);
	if (c.bad)
		return false;
	r->s->has_doi = true;
	if (r->s->doi != DOI_IPSEC)
		return true;
	cursor_u32(&c); /* situation */
	if (c.bad)
		return false;
	while (good && payload_next(r, &c, &next, &inner)) {
		seen(r, type);
		if (type == PROPOSAL)
			good = proposal(r, inner);
		else
			leaf(r, type, inner);
		type = next;
	}
	return good;
}

static void side_update(struct reading *r, struct ike_side *side)
{
	struct slab *slab = r->io->slab;
	uint32_t at = 0;
	struct slice first;

	if (r->t->payload_types & 1u << SECURITY_ASSOCIATION) {
		kept_free(slab, &side->transform);
		side->transforms = 0;
	}
	if (r->t->dir == DIR_TC && side->transforms <= 1 && side->transforms + r->transforms > 1)
		app_tx_event(&r->t->tx, IKE_EVENT_MULTIPLE_SERVER_PROPOSAL);
	kept_set(slab, &side->key_exchange, kept_slice(&r->t->key_exchange));
	kept_set(slab, &side->nonce, kept_slice(&r->t->nonce));
	if (side->transforms == 0 && text_list_next(&r->t->transforms, &at, &first))
		kept_set(slab, &side->transform, first);
	side->transforms += r->transforms;
}

bool ike_v1(struct app_io *io, struct ike_state *s, struct ike_tx *t, struct slice payloads)
{
	struct reading r = {.io = io, .s = s, .t = t};
	struct cursor c = cursor_of(payloads);
	uint8_t type = t->head.next_payload, next = type;
	struct slice data;

	seen(&r, type);
	if (t->head.flags & IKE_ENCRYPTED)
		return true;
	while (payload_next(&r, &c, &next, &data)) {
		seen(&r, type);
		if (type == SECURITY_ASSOCIATION ? !association(&r, data)
		    : type == PROPOSAL		 ? !proposal(&r, data)
						 : (leaf(&r, type, data), false))
			return false;
		type = next;
	}
	side_update(&r, &s->side[t->dir]);
	if (cursor_left(&c) > 0)
		app_tx_event(&t->tx, IKE_EVENT_PAYLOAD_EXTRA_DATA);
	return true;
}
