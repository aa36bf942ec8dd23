#include "dataplane/app/http/inflate.h"

#include <brotli/decode.h>
#include <zlib.h>

#include "dataplane/app/http/unlzma.h"
#include "dataplane/app/text/codec.h"

enum {
	WINDOW_BITS = 15,
	GZIP_OR_ZLIB = WINDOW_BITS + 32,
	RAW = -WINDOW_BITS,
	RESTARTS = 3,
	ROUNDS_MAX = 1 << 16, /* output blocks of one call */
	RAW_KEPT = 1024,      /* bytes that may turn out to be no br */
};

struct layer {
	z_stream stream;
	BrotliDecoderState *brotli;
	struct http_lzma *lzma;
	bool over;		     /* lzma: what comes now is none of it */
	bool made;		     /* something was decoded: it is br indeed */
	enum http_encoding encoding; /* as it is tried now */
	bool open, passes;	     /* passes: no compressed data, handed on as it is */
	uint8_t restarts;
	uint16_t raw_len;
	uint16_t block; /* bytes of `out` that are used */
	/* From here on not zeroed. */
	uint8_t raw[RAW_KEPT]; /* what came before that */
	uint8_t out[HTTP_INFLATE_OUT];
};

struct http_inflate {
	struct slab *slab;
	unsigned count;
	uint32_t lzma_memory;
	bool ended; /* what comes now is not the body's */
	struct layer layers[];
};

static void empty(struct layer *l)
{
	l->stream.next_out = l->out;
	l->stream.avail_out = l->block;
}

static bool layer_open(struct http_inflate *in, struct layer *l)
{
	l->stream.zalloc = codec_take_items;
	l->stream.zfree = codec_give_back;
	l->stream.opaque = in->slab;
	l->stream.next_in = NULL;
	l->stream.avail_in = 0;
	empty(l);
	if (l->encoding == HTTP_ENCODING_BROTLI) {
		l->brotli = BrotliDecoderCreateInstance(codec_take, codec_give_back, in->slab);
		l->open = l->brotli != NULL;
		return l->open;
	}
	if (l->encoding == HTTP_ENCODING_LZMA) {
		l->lzma = http_lzma_new(in->slab, in->lzma_memory);
		l->open = l->lzma != NULL;
		return l->open;
	}
	l->open = inflateInit2(&l->stream,
			       l->encoding == HTTP_ENCODING_GZIP ? GZIP_OR_ZLIB : RAW) == Z_OK;
	return l->open;
}

static void layer_close(struct http_inflate *in, struct layer *l)
{
	if (l->open && !l->brotli && !l->lzma)
		inflateEnd(&l->stream);
	http_lzma_free(in->slab, l->lzma);
	l->lzma = NULL;
	if (l->brotli)
		BrotliDecoderDestroyInstance(l->brotli);
	l->brotli = NULL;
	l->open = false;
}

struct http_inflate *http_inflate_new(struct slab *slab, const enum http_encoding *layers,
				      unsigned count, const struct http_inflate_limits *limits)
{
	struct http_inflate *in;

	if (count > HTTP_LAYERS)
		count = HTTP_LAYERS;
	in = slab_alloc(slab, sizeof(*in) + count * sizeof(struct layer));
	if (!in)
		return NULL;
	memset(in, 0, sizeof(*in));
	in->slab = slab;
	in->count = count;
	in->lzma_memory = limits->lzma_memory;
	for (unsigned i = 0; i < count; i++)
		memset(&in->layers[i], 0, offsetof(struct layer, raw));
	for (unsigned i = 0; i < count; i++) {
		in->layers[i].encoding = layers[i];
		in->layers[i].block = limits->block;
		if (!layer_open(in, &in->layers[i])) {
			http_inflate_free(slab, in);
			return NULL;
		}
	}
	return in;
}

void http_inflate_free(struct slab *slab, struct http_inflate *in)
{
	if (!in)
		return;
	for (unsigned i = 0; i < in->count; i++)
		layer_close(in, &in->layers[i]);
	slab_free(slab, in, sizeof(*in) + in->count * sizeof(struct layer));
}

/* How much of a gzip header to pass over when the decoder did not like it: names and comments are
 * where servers err. */
static size_t header_length(struct slice data)
{
	size_t len = 10;

	if (data.len < 4 || data.data[0] != 0x1f || data.data[1] != 0x8b || data.data[3] == 0)
		return 0;
	if (data.data[3] & (1 << 3 | 1 << 4)) {
		while (len < data.len && data.data[len])
			len++;
		len++;
	} else if (data.data[3] & 1 << 1) {
		len = 12;
	}
	return len > data.len ? 0 : len;
}

/* Another try with the same bytes; false when all have failed. */
static bool layer_restart(struct http_inflate *in, struct layer *l, struct slice data,
			  size_t *ret_skip)
{
	layer_close(in, l);
	if (l->restarts >= RESTARTS || l->encoding == HTTP_ENCODING_BROTLI ||
	    l->encoding == HTTP_ENCODING_LZMA)
		return false;
	if (l->restarts)
		l->encoding = l->encoding == HTTP_ENCODING_GZIP ? HTTP_ENCODING_DEFLATE
								: HTTP_ENCODING_GZIP;
	l->restarts++;
	*ret_skip = header_length(data);
	return layer_open(in, l);
}

static bool feed(struct http_inflate *in, unsigned index, struct slice data,
		 const struct http_inflate_sink *sink);

static bool hand_on(struct http_inflate *in, unsigned index, struct slice out,
		    const struct http_inflate_sink *sink)
{
	if (out.len == 0)
		return true;
	if (index + 1 < in->count)
		return feed(in, index + 1, out, sink);
	return sink->data(sink->ctx, out);
}

enum outcome { OUT_DONE, OUT_STOPPED, OUT_BROKEN };

/* Hands on what has been decoded. */
static bool flush(struct http_inflate *in, unsigned index, const struct http_inflate_sink *sink)
{
	struct layer *l = &in->layers[index];
	size_t made = l->block - l->stream.avail_out;

	empty(l);
	return hand_on(in, index, SLICE(l->out, made), sink);
}

/* Decodes until the input is used up, its end is reached or it is found broken. Less than a block
 * waits for more: what a wrong try has made is not handed on. */
static enum outcome decode(struct http_inflate *in, unsigned index, struct slice data,
			   const struct http_inflate_sink *sink)
{
	struct layer *l = &in->layers[index];

	l->stream.next_in = (Bytef *)data.data;
	l->stream.avail_in = (unsigned)data.len;
	for (unsigned round = 0; l->stream.avail_in && round < ROUNDS_MAX; round++) {
		int rc;

		if (l->stream.avail_out == 0 && !flush(in, index, sink))
			return OUT_STOPPED;
		rc = inflate(&l->stream, Z_NO_FLUSH);
		if (rc == Z_DATA_ERROR && l->stream.avail_out < l->block && l->restarts == 0) {
			/* Something was right: that is taken, the rest is not. */
			sink->failed(sink->ctx);
			rc = Z_STREAM_END;
		}
		if (rc == Z_STREAM_END)
			return flush(in, index, sink) ? OUT_DONE : OUT_STOPPED;
		if (rc != Z_OK)
			return OUT_BROKEN;
	}
	return l->stream.avail_in ? OUT_STOPPED : OUT_DONE;
}

static void keep_raw(struct layer *l, struct slice data)
{
	size_t room = RAW_KEPT - l->raw_len;

	if (l->made)
		return;
	if (data.len > room)
		data.len = room;
	memcpy(l->raw + l->raw_len, data.data, data.len);
	l->raw_len = (uint16_t)(l->raw_len + data.len);
}

/* What was taken for br and is not. */
static bool hand_on_raw(struct layer *l, const struct http_inflate_sink *sink)
{
	struct slice raw = SLICE(l->raw, l->raw_len);

	l->raw_len = 0;
	return l->made || raw.len == 0 || sink->data(sink->ctx, raw);
}

/* The same for br. */
static enum outcome decode_brotli(struct http_inflate *in, unsigned index, struct slice data,
				  const struct http_inflate_sink *sink)
{
	struct layer *l = &in->layers[index];
	struct slice whole = data;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		size_t left = data.len, room = l->stream.avail_out;
		BrotliDecoderResult rc = BrotliDecoderDecompressStream(
			l->brotli, &left, &data.data, &room, &l->stream.next_out, NULL);

		data.len = left;
		l->stream.avail_out = (unsigned)room;
		l->made |= room < l->block;
		if (rc == BROTLI_DECODER_RESULT_ERROR && !l->made)
			return OUT_BROKEN;
		if (rc == BROTLI_DECODER_RESULT_ERROR)
			sink->failed(sink->ctx);
		if (rc == BROTLI_DECODER_RESULT_ERROR || rc == BROTLI_DECODER_RESULT_SUCCESS)
			return flush(in, index, sink) ? OUT_DONE : OUT_STOPPED;
		if (rc == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
			keep_raw(l, whole);
			return OUT_DONE;
		}
		if (!flush(in, index, sink))
			return OUT_STOPPED;
	}
	return OUT_STOPPED;
}

/* The same for lzma. */
static enum outcome decode_lzma(struct http_inflate *in, unsigned index, struct slice data,
				const struct http_inflate_sink *sink)
{
	struct layer *l = &in->layers[index];
	struct slice whole = data;

	for (unsigned round = 0; round < ROUNDS_MAX && !l->over; round++) {
		size_t room = l->stream.avail_out;
		enum http_lzma_outcome rc =
			http_lzma_decode(l->lzma, &data, &l->stream.next_out, &room);

		l->stream.avail_out = (unsigned)room;
		l->made |= room < l->block;
		if (rc == HTTP_LZMA_BROKEN && !l->made)
			return OUT_BROKEN;
		if (rc == HTTP_LZMA_BROKEN)
			sink->failed(sink->ctx);
		if (rc == HTTP_LZMA_MEMORY)
			sink->memory(sink->ctx);
		l->over = rc != HTTP_LZMA_MORE;
		if (!l->over && room) {
			keep_raw(l, whole);
			return OUT_DONE;
		}
		if (!flush(in, index, sink))
			return OUT_STOPPED;
	}
	return l->over ? OUT_DONE : OUT_STOPPED;
}

static enum outcome decode_layer(struct http_inflate *in, unsigned index, struct slice data,
				 const struct http_inflate_sink *sink)
{
	if (in->layers[index].brotli)
		return decode_brotli(in, index, data, sink);
	if (in->layers[index].lzma)
		return decode_lzma(in, index, data, sink);
	return decode(in, index, data, sink);
}

static bool feed(struct http_inflate *in, unsigned index, struct slice data,
		 const struct http_inflate_sink *sink)
{
	struct layer *l = &in->layers[index];
	size_t skip = 0;

	while (!l->passes && l->open) {
		struct slice rest = slice_sub(data, skip, data.len);
		enum outcome outcome = decode_layer(in, index, rest, sink);

		if (outcome != OUT_BROKEN)
			return outcome == OUT_DONE;
		sink->failed(sink->ctx);
		if (!layer_restart(in, l, data, &skip))
			break;
	}
	l->passes = true;
	return hand_on_raw(l, sink) && sink->data(sink->ctx, data);
}

bool http_inflate_data(struct http_inflate *in, struct slice data,
		       const struct http_inflate_sink *sink)
{
	return (in->ended && !in->layers[0].passes) || feed(in, 0, data, sink);
}

void http_inflate_end(struct http_inflate *in, const struct http_inflate_sink *sink)
{
	for (unsigned i = 0; i < in->count && !in->ended; i++) {
		struct layer *l = &in->layers[i];

		if (l->open && !l->passes && (!hand_on_raw(l, sink) || !flush(in, i, sink)))
			break;
	}
	in->ended = true;
}
