#include "dataplane/app/http2/decode.h"

#include <brotli/decode.h>
#include <zlib.h>

#include "dataplane/app/text/codec.h"

enum { WINDOW_BITS = 15, GZIP = WINDOW_BITS + 16, RAW = -WINDOW_BITS };

struct http2_decoder {
	struct slab *slab;
	z_stream z;
	bool z_open, failed, over;
	BrotliDecoderState *brotli;
	uint64_t in, out;
	uint8_t room[HTTP2_DECODE_OUT];
};

static bool open_zlib(struct http2_decoder *d, int window_bits)
{
	d->z.zalloc = codec_take_items;
	d->z.zfree = codec_give_back;
	d->z.opaque = d->slab;
	d->z_open = inflateInit2(&d->z, window_bits) == Z_OK;
	return d->z_open;
}

struct http2_decoder *http2_decoder_new(struct slab *slab, struct slice encoding, bool *ret_known)
{
	bool gzip = slice_eq(encoding, SLICE_LIT("gzip"));
	bool deflate = slice_eq(encoding, SLICE_LIT("deflate"));
	struct http2_decoder *d;
	bool ok;

	*ret_known = gzip || deflate || slice_eq(encoding, SLICE_LIT("br"));
	d = *ret_known ? slab_zalloc(slab, sizeof(*d)) : NULL;
	if (!d)
		return NULL;
	d->slab = slab;
	if (gzip || deflate) {
		ok = open_zlib(d, gzip ? GZIP : RAW);
	} else {
		d->brotli = BrotliDecoderCreateInstance(codec_take, codec_give_back, slab);
		ok = d->brotli != NULL;
	}
	if (ok)
		return d;
	http2_decoder_free(d);
	return NULL;
}

void http2_decoder_free(struct http2_decoder *d)
{
	if (!d)
		return;
	if (d->z_open)
		inflateEnd(&d->z);
	if (d->brotli)
		BrotliDecoderDestroyInstance(d->brotli);
	slab_free(d->slab, d, sizeof(*d));
}

static bool is_bomb(const struct http2_decoder *d)
{
	return d->out > HTTP2_BOMB_BYTES && d->out / HTTP2_BOMB_RATIO > d->in;
}

static void hand_on(struct http2_decoder *d, size_t len, const struct http2_decode_sink *sink)
{
	d->out += len;
	if (len > 0)
		sink->data(sink->ctx, SLICE(d->room, len));
}

static bool decode_zlib(struct http2_decoder *d, struct slice data,
			const struct http2_decode_sink *sink)
{
	int rc;

	d->z.next_in = (Bytef *)data.data;
	d->z.avail_in = (unsigned)data.len;
	do {
		d->z.next_out = d->room;
		d->z.avail_out = HTTP2_DECODE_OUT;
		rc = inflate(&d->z, Z_NO_FLUSH);
		hand_on(d, HTTP2_DECODE_OUT - d->z.avail_out, sink);
		if (rc == Z_STREAM_END)
			d->over = true;
		else if (rc != Z_OK && rc != Z_BUF_ERROR)
			return false;
	} while (!d->over && d->z.avail_out == 0 && !is_bomb(d));
	return true;
}

static bool decode_brotli(struct http2_decoder *d, struct slice data,
			  const struct http2_decode_sink *sink)
{
	BrotliDecoderResult rc;
	const uint8_t *in = data.data;
	size_t left = data.len;

	do {
		uint8_t *out = d->room;
		size_t room = HTTP2_DECODE_OUT;

		rc = BrotliDecoderDecompressStream(d->brotli, &left, &in, &room, &out, NULL);
		hand_on(d, HTTP2_DECODE_OUT - room, sink);
	} while (rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && !is_bomb(d));
	d->over = rc == BROTLI_DECODER_RESULT_SUCCESS;
	return rc != BROTLI_DECODER_RESULT_ERROR;
}

bool http2_decode(struct http2_decoder *d, struct slice data, const struct http2_decode_sink *sink)
{
	if (d->failed)
		return false;
	if (d->over || data.len == 0)
		return true;
	d->in += data.len;
	d->failed = !(d->brotli ? decode_brotli(d, data, sink) : decode_zlib(d, data, sink)) ||
		    is_bomb(d);
	return !d->failed;
}
