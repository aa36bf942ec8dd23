/* Content-Encoding: lzma. The output and the outcome are the same however the input is cut, and
 * nothing is left.
 *
 * Input: a byte (bits 0-1: how much memory, bits 2-7: bytes a call), then the data. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/app/http/unlzma.h"
#include "dataplane/base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 16, SLAB = 32 << 20 };

struct result {
	uint8_t bytes[OUT];
	size_t len;
	enum http_lzma_outcome outcome;
};

/* Gives `in` in pieces of `step` bytes. */
static void decode(struct slice in, uint32_t memory, size_t step, struct result *ret)
{
	struct slab *slab = slab_new(SLAB);
	struct http_lzma *l = slab ? http_lzma_new(slab, memory) : NULL;

	if (!l)
		abort();
	*ret = (struct result){.outcome = HTTP_LZMA_MORE};
	while (in.len && ret->outcome == HTTP_LZMA_MORE && ret->len < OUT) {
		struct slice piece = slice_sub(in, 0, step);
		size_t given = piece.len, left = OUT - ret->len;
		uint8_t *out = ret->bytes + ret->len;

		ret->outcome = http_lzma_decode(l, &piece, &out, &left);
		if (piece.len > given || out < ret->bytes + ret->len || out > ret->bytes + OUT)
			abort();
		/* Without the end, only one of the two can have run out. */
		if (ret->outcome == HTTP_LZMA_MORE && piece.len && left)
			abort();
		ret->len = (size_t)(out - ret->bytes);
		in = slice_sub(in, given - piece.len, in.len);
	}
	http_lzma_free(slab, l);
	if (slab_used(slab) != 0)
		abort();
	slab_delete(slab);
}

static bool size_known(struct slice in)
{
	static const uint8_t open_end[8] = {255, 255, 255, 255, 255, 255, 255, 255};

	return in.len >= 13 && memcmp(in.data + 5, open_end, 8) != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t memories[] = {0, 4096, 1 << 16, 1 << 20};
	static struct result whole, cut;
	struct cursor c = cursor_init(data, size);
	uint8_t flags = cursor_u8(&c);
	struct slice in = cursor_rest(&c);
	size_t step = 1 + (flags >> 2);

	if (in.len == 0)
		return 0;
	decode(in, memories[flags & 3], in.len, &whole);
	decode(in, memories[flags & 3], step, &cut);
	if (whole.len != cut.len || memcmp(whole.bytes, cut.bytes, whole.len) != 0)
		abort();
	/* Where the head says how long it is, an end may follow or not: liblzma's answer hangs on
	 * how much it saw at once. */
	if (whole.len < OUT && whole.outcome != cut.outcome && !size_known(in))
		abort();
	return 0;
}
