#include "control/wire/message.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/banken.pb-c.h"
#include "control/wire/codec.h"
#include "control/wire/fields.h"
#include "control/wire/limits.h"

/* A decoded message and its memory, which lies in the arena itself. */
struct holder {
	struct message message;
	struct arena *memory;
};

int message_encode(const struct message *m, struct slice *ret, struct errmsg *e)
{
	struct codec_out out = {.max = WIRE_PAYLOAD_MAX};
	int rc;

	if (m->kind == MESSAGE_NONE)
		return errmsg_set(e, ERR_INVALID, "message without a kind");
	rc = codec_encode(&message_map, m, &out, e);
	if (rc == 0)
		*ret = SLICE(out.data, out.len);
	return rc;
}

int message_encode_signed(const struct message_signature *s, struct slice *ret, struct errmsg *e)
{
	Banken__V1__Signed inner = BANKEN__V1__SIGNED__INIT;
	Banken__V1__Message outer = BANKEN__V1__MESSAGE__INIT;
	uint8_t *bytes;
	size_t size;

	inner.body = (ProtobufCBinaryData){s->body.len, (uint8_t *)s->body.data};
	inner.signature = (ProtobufCBinaryData){s->value.len, (uint8_t *)s->value.data};
	inner.certificate =
		(ProtobufCBinaryData){s->certificate.len, (uint8_t *)s->certificate.data};
	outer.body_case = BANKEN__V1__MESSAGE__BODY_SIGNED;
	outer.signed_ = &inner;
	size = banken__v1__message__get_packed_size(&outer);
	if (size > WIRE_PAYLOAD_MAX)
		return errmsg_set(e, ERR_LIMIT,
				  "message of %zu bytes is larger than the %u "
				  "allowed",
				  size, (unsigned)WIRE_PAYLOAD_MAX);
	bytes = malloc(size);
	if (!bytes)
		return errmsg_set(e, ERR_NOMEM, "no memory to encode a message");
	banken__v1__message__pack(&outer, bytes);
	*ret = SLICE(bytes, size);
	return 0;
}

void payload_free(struct slice *payload)
{
	free((void *)payload->data);
	*payload = SLICE(NULL, 0);
}

/* The signed envelope is opened, never twice: a Signed inside a Signed is malformed. */
static int decode_body(struct slice payload, struct message *ret, struct arena *a, struct errmsg *e)
{
	ProtobufCAllocator allocator = map_allocator(a);
	Banken__V1__Message *pb =
		banken__v1__message__unpack(&allocator, payload.len, payload.data);

	if (!pb && arena_full(a))
		return errmsg_set(e, ERR_LIMIT, "message takes too much memory when decoded");
	if (!pb)
		return errmsg_set(e, ERR_INVALID, "malformed message of %zu bytes", payload.len);
	if (pb->body_case != BANKEN__V1__MESSAGE__BODY_SIGNED)
		return map_from_pb(&message_map, &pb->base, ret, a, e);
	if (ret->signature.body.data)
		return errmsg_set(e, ERR_INVALID, "malformed message: signed twice over");
	int rc = map_from_pb(&message_signature_map, &pb->signed_->base, &ret->signature, a, e);

	if (rc)
		return rc;
	if (ret->signature.body.len == 0 || ret->signature.value.len == 0)
		return errmsg_set(e, ERR_INVALID,
				  "malformed message: signed without a body or "
				  "signature");
	return codec_decode(&message_map, ret->signature.body, ret, a, e);
}

struct message *message_decode(struct slice payload, struct errmsg *e)
{
	struct arena *a;
	struct holder *h;
	int rc;

	if (payload.len > WIRE_PAYLOAD_MAX) {
		errmsg_set(e, ERR_LIMIT, "message of %zu bytes is larger than the %u allowed",
			   payload.len, (unsigned)WIRE_PAYLOAD_MAX);
		return NULL;
	}
	a = codec_arena(payload.len);
	h = a ? arena_alloc(a, sizeof(*h)) : NULL;
	if (!h) {
		arena_delete(a);
		errmsg_set(e, ERR_NOMEM, "no memory for a message of %zu bytes", payload.len);
		return NULL;
	}
	h->memory = a;
	rc = decode_body(payload, &h->message, a, e);
	if (rc == 0 && h->message.kind == MESSAGE_NONE)
		rc = errmsg_set(e, ERR_UNSUPPORTED,
				"message of a kind that this version does not know");
	if (rc) {
		arena_delete(a);
		return NULL;
	}
	return &h->message;
}

void message_free(struct message *m)
{
	if (m)
		arena_delete(container_of(m, struct holder, message)->memory);
}
