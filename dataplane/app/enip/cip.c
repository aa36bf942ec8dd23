/* The Common Industrial Protocol's services, as far as rules ask for them. */
#include "dataplane/app/enip/enip.h"

enum segment {
	CLASS_8 = 0x20,
	CLASS_16 = 0x21,
	INSTANCE_8 = 0x24,
	INSTANCE_16 = 0x25,
	ATTRIBUTE_8 = 0x30,
	ATTRIBUTE_16 = 0x31,
};

enum { RESPONSE = 0x80, REQUEST_HEAD = 2, RESPONSE_HEAD = 4 };

struct reading {
	struct enip_tx *t;
	struct slice item;
	unsigned offsets; /* of multiple service packets, so far */
};

static void service_read(struct reading *r, size_t at);

/* A number of services, where each begins, counted from that number. */
static void multiple_read(struct reading *r, size_t at)
{
	struct cursor c = cursor_of(slice_sub(r->item, at, r->item.len));
	unsigned count = cursor_u16_le(&c);

	for (unsigned i = 0; i < count && r->offsets < ENIP_OFFSETS; i++, r->offsets++) {
		uint16_t offset = cursor_u16_le(&c);

		if (c.bad)
			return;
		service_read(r, at + offset);
	}
}

/* Calls itself by way of multiple_read at most ENIP_SERVICES deep: each level notes a service. */
static void service_read(struct reading *r, size_t at)
{
	struct cursor c = cursor_of(slice_sub(r->item, at, r->item.len));
	uint8_t service = cursor_u8(&c);
	struct cip *s;

	if (r->t->service_count == ENIP_SERVICES)
		return;
	s = &r->t->services[r->t->service_count];
	*s = (struct cip){.service = service & ~RESPONSE, .response = service & RESPONSE};
	if (s->response) {
		cursor_skip(&c, RESPONSE_HEAD - 1);
	} else {
		s->path_words = cursor_u8(&c);
		s->path = (uint16_t)(at + REQUEST_HEAD);
	}
	if (c.bad)
		return;
	r->t->service_count++;
	if (s->service != CIP_MULTIPLE_SERVICE_PACKET)
		return;
	at += s->response ? (size_t)RESPONSE_HEAD : REQUEST_HEAD + 2u * s->path_words;
	multiple_read(r, at);
}

void cip_read(struct enip_tx *t, struct slice item)
{
	struct reading r = {.t = t, .item = item};

	service_read(&r, 0);
}

static void attribute(struct cip_names *n, uint16_t value)
{
	if (n->attribute_count < ENIP_ATTRIBUTES)
		n->attributes[n->attribute_count++] = value;
}

static uint16_t segment_value(struct cursor *c, uint8_t segment)
{
	if (!(segment & 1))
		return cursor_u8(c);
	cursor_u8(c); /* padding */
	return cursor_u16_le(c);
}

/* False when a segment is none of those known. */
static bool path_read(struct cursor *c, struct cip_names *n)
{
	while (cursor_left(c) > 0) {
		uint8_t segment = cursor_u8(c);
		uint16_t value = segment_value(c, segment);

		if (c->bad)
			return false;
		switch (segment) {
		case CLASS_8:
		case CLASS_16:
			n->has_class = true;
			n->class = value;
			break;
		case ATTRIBUTE_8:
		case ATTRIBUTE_16:
			attribute(n, value);
			break;
		case INSTANCE_8:
		case INSTANCE_16:
			break;
		default:
			return false;
		}
	}
	return true;
}

void cip_names_read(const struct enip_tx *t, const struct cip *s, struct cip_names *ret)
{
	struct slice item = kept_slice(&t->cip);
	struct cursor c = cursor_of(slice_sub(item, s->path, item.len));
	struct cursor path = cursor_of(cursor_take(&c, 2u * s->path_words));
	unsigned count;

	ret->has_class = false;
	ret->attribute_count = 0;
	if (c.bad || !path_read(&path, ret))
		return;
	if (s->service != CIP_GET_ATTRIBUTE_LIST && s->service != CIP_SET_ATTRIBUTE_LIST)
		return;
	count = cursor_u16_le(&c);
	for (unsigned i = 0; i < count && ret->attribute_count < ENIP_ATTRIBUTES; i++) {
		uint16_t value = cursor_u16_le(&c);

		if (c.bad)
			return;
		attribute(ret, value);
	}
}
