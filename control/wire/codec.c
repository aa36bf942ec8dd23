#include "control/wire/codec.h"

#include <stdlib.h>

#include "control/wire/limits.h"

/* What the generated structs of one outgoing message may take. Their text and bytes are shared. */
enum { ENCODE_CAP = 256 << 20 };

int codec_encode(const struct map *map, const void *plain, struct codec_out *out, struct errmsg *e)
{
	struct arena *a = arena_new(ENCODE_CAP);
	ProtobufCMessage *pb = a ? map_to_pb(map, plain, a) : NULL;
	size_t size;

	if (!pb) {
		arena_delete(a);
		return errmsg_set(e, ERR_NOMEM, "no memory to encode a message");
	}
	size = protobuf_c_message_get_packed_size(pb);
	if (size > out->max) {
		arena_delete(a);
		return errmsg_set(e, ERR_LIMIT,
				  "message of %zu bytes is larger than the %zu "
				  "allowed",
				  size, out->max);
	}
	out->data = malloc(out->prefix + size + 1);
	if (!out->data) {
		arena_delete(a);
		return errmsg_set(e, ERR_NOMEM, "no memory to encode a message");
	}
	out->len = out->prefix + protobuf_c_message_pack(pb, out->data + out->prefix);
	arena_delete(a);
	return 0;
}

struct arena *codec_arena(size_t size)
{
	size_t cap = WIRE_DECODE_FLOOR;

	if (size > WIRE_DECODE_FLOOR / WIRE_DECODE_FACTOR)
		cap = size * WIRE_DECODE_FACTOR;
	if (cap > WIRE_DECODE_MAX)
		cap = WIRE_DECODE_MAX;
	return arena_new(cap);
}

int codec_decode(const struct map *map, struct slice bytes, void *ret_plain, struct arena *a,
		 struct errmsg *e)
{
	ProtobufCAllocator allocator = map_allocator(a);
	ProtobufCMessage *pb =
		protobuf_c_message_unpack(map->pb, &allocator, bytes.len, bytes.data);

	if (!pb && arena_full(a))
		return errmsg_set(e, ERR_LIMIT, "message takes too much memory when decoded");
	if (!pb)
		return errmsg_set(e, ERR_INVALID, "malformed %s of %zu bytes", map->pb->short_name,
				  bytes.len);
	return map_from_pb(map, pb, ret_plain, a, e);
}
