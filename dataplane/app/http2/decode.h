/* The content encodings of HTTP/2 bodies: gzip, deflate (raw, as Suricata takes it) and br. Memory
 * comes from the slab. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

enum {
	HTTP2_DECODE_OUT = 8192,
	/* A bomb: more than this much, and more than that many times what was sent. It fails. */
	HTTP2_BOMB_BYTES = 1 << 20,
	HTTP2_BOMB_RATIO = 2048,
};

struct http2_decoder;

struct http2_decode_sink {
	void (*data)(void *ctx, struct slice data);
	void *ctx;
};

/* NULL for an encoding that is not known (`*ret_known` false), or without memory. */
struct http2_decoder *http2_decoder_new(struct slab *slab, struct slice encoding, bool *ret_known);
void http2_decoder_free(struct http2_decoder *d);
/* False when the bytes are not what they are said to be; what was decoded before is handed on. */
bool http2_decode(struct http2_decoder *d, struct slice data, const struct http2_decode_sink *sink);
