#include "control/wire/frame.h"

#include <string.h>

#include "control/wire/codec.h"
#include "control/wire/fields.h"
#include "control/wire/limits.h"
#include "dataplane/base/cursor.h"

int frame_encode(const struct frame *f, struct slice *ret, struct errmsg *e)
{
	struct codec_out out = {.prefix = 4, .max = WIRE_FRAME_MAX};
	uint32_t n;
	uint8_t *p;
	int rc = codec_encode(&frame_map, f, &out, e);

	if (rc)
		return rc;
	n = (uint32_t)(out.len - 4);
	p = out.data;
	p[0] = (uint8_t)(n >> 24);
	p[1] = (uint8_t)(n >> 16);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	*ret = SLICE(out.data, out.len);
	return 0;
}

int frame_size(struct slice arrived, size_t *ret_size, struct errmsg *e)
{
	struct cursor c = cursor_of(arrived);
	uint32_t n;

	*ret_size = 4;
	if (arrived.len < 4)
		return ERR_AGAIN;
	n = cursor_u32(&c);
	if (n == 0)
		return errmsg_set(e, ERR_LIMIT, "peer sent an empty frame");
	if (n > WIRE_FRAME_MAX)
		return errmsg_set(e, ERR_LIMIT,
				  "peer announced a frame of %u bytes, more than the %u allowed", n,
				  (unsigned)WIRE_FRAME_MAX);
	*ret_size = 4 + (size_t)n;
	return arrived.len < *ret_size ? ERR_AGAIN : 0;
}

int frame_decode(struct slice bytes, struct frame *ret, struct arena **ret_memory, struct errmsg *e)
{
	size_t size;
	struct arena *a;
	int rc = frame_size(bytes, &size, e);

	*ret_memory = NULL;
	if (rc == ERR_AGAIN || (rc == 0 && size != bytes.len))
		return errmsg_set(e, ERR_INVALID,
				  "malformed frame: its length is not that of its "
				  "bytes");
	if (rc)
		return rc;
	memset(ret, 0, sizeof(*ret));
	a = codec_arena(size);
	if (!a)
		return errmsg_set(e, ERR_NOMEM, "no memory for a frame of %zu bytes", size);
	rc = codec_decode(&frame_map, slice_sub(bytes, 4, size - 4), ret, a, e);
	if (rc == 0 && ret->kind == FRAME_NONE)
		rc = errmsg_set(e, ERR_UNSUPPORTED,
				"peer sent a kind of frame that this version "
				"does not know");
	if (rc) {
		arena_delete(a);
		return rc;
	}
	*ret_memory = a;
	return 0;
}

void frame_free(struct arena *memory)
{
	arena_delete(memory);
}
