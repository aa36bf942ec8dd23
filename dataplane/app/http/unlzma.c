#include "dataplane/app/http/unlzma.h"

#include <lzma.h>
#include <string.h>

enum {
	HEAD = 13,
	DICTIONARY = 1, /* its place in the head */
	SIZE_ROOM = 16,
	DECODER = 1 << 16, /* most bytes of its tables */
};

struct http_lzma {
	lzma_stream stream;
	lzma_allocator allocator;
	struct slab *slab;
	uint32_t memory;
	uint64_t made;
	bool cut; /* the head named a larger dictionary */
	uint8_t head_len;
	uint8_t head[HEAD];
};

/* The size stands in front of the block. */
static void *take(void *opaque, size_t count, size_t size)
{
	struct http_lzma *l = opaque;
	size_t len = count * size + SIZE_ROOM;
	uint8_t *block = size && count > SLAB_MAX / size ? NULL : slab_alloc(l->slab, len);

	if (!block)
		return NULL;
	memcpy(block, &len, sizeof(len));
	return block + SIZE_ROOM;
}

static void give_back(void *opaque, void *address)
{
	struct http_lzma *l = opaque;
	uint8_t *block = address;
	size_t len;

	if (!address)
		return;
	block -= SIZE_ROOM;
	memcpy(&len, block, sizeof(len));
	slab_free(l->slab, block, len);
}

struct http_lzma *http_lzma_new(struct slab *slab, uint32_t memory)
{
	struct http_lzma *l = slab_zalloc(slab, sizeof(*l));

	if (!l)
		return NULL;
	l->slab = slab;
	l->memory = memory;
	l->allocator = (lzma_allocator){take, give_back, l};
	l->stream.allocator = &l->allocator;
	if (lzma_alone_decoder(&l->stream, (uint64_t)memory + DECODER) == LZMA_OK)
		return l;
	http_lzma_free(slab, l);
	return NULL;
}

void http_lzma_free(struct slab *slab, struct http_lzma *l)
{
	if (!l)
		return;
	lzma_end(&l->stream);
	slab_free(slab, l, sizeof(*l));
}

/* A smaller dictionary than the sender's does as long as nothing further back is meant. */
static void head_complete(struct http_lzma *l)
{
	uint32_t size = 0;

	for (unsigned i = 4; i > 0; i--)
		size = size << 8 | l->head[DICTIONARY + i - 1];
	l->cut = size > l->memory;
	if (l->cut)
		size = l->memory;
	for (unsigned i = 0; i < 4; i++)
		l->head[DICTIONARY + i] = (uint8_t)(size >> 8 * i);
}

static enum http_lzma_outcome outcome_of(const struct http_lzma *l, lzma_ret rc)
{
	switch (rc) {
	case LZMA_OK:
	case LZMA_BUF_ERROR: /* nothing could be done */
		return HTTP_LZMA_MORE;
	case LZMA_STREAM_END:
		return HTTP_LZMA_END;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return HTTP_LZMA_MEMORY;
	default:
		return l->cut && l->made >= l->memory ? HTTP_LZMA_MEMORY : HTTP_LZMA_BROKEN;
	}
}

static enum http_lzma_outcome code(struct http_lzma *l, struct slice *in, uint8_t **out,
				   size_t *room)
{
	size_t before = *room;
	lzma_ret rc;

	l->stream.next_in = in->data;
	l->stream.avail_in = in->len;
	l->stream.next_out = *out;
	l->stream.avail_out = *room;
	rc = lzma_code(&l->stream, LZMA_RUN);
	*in = SLICE(l->stream.next_in, l->stream.avail_in);
	*out = l->stream.next_out;
	*room = l->stream.avail_out;
	l->made += before - *room;
	return outcome_of(l, rc);
}

enum http_lzma_outcome http_lzma_decode(struct http_lzma *l, struct slice *in, uint8_t **out,
					size_t *room)
{
	struct slice head = SLICE(l->head, HEAD);
	enum http_lzma_outcome outcome;

	if (l->head_len < HEAD) {
		size_t n = (size_t)(HEAD - l->head_len);

		if (n > in->len)
			n = in->len;
		memcpy(l->head + l->head_len, in->data, n);
		l->head_len = (uint8_t)(l->head_len + n);
		*in = slice_sub(*in, n, in->len);
		if (l->head_len < HEAD)
			return HTTP_LZMA_MORE;
		head_complete(l);
		outcome = code(l, &head, out, room);
		if (outcome != HTTP_LZMA_MORE)
			return outcome;
	}
	return in->len ? code(l, in, out, room) : HTTP_LZMA_MORE;
}
