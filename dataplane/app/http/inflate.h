/* Content encodings taken off as the bytes come: gzip, deflate, br (RFC 1951, 1952, 7932), lzma, up
 * to HTTP_LAYERS on top of each other, in the order in which the header names them. Servers mix the
 * two up and leave out checksums, so that a layer that fails is tried as the other one, and what is
 * no compressed data at all passes as it is. Memory comes from the slab. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

enum {
	HTTP_LAYERS = 2,
	HTTP_INFLATE_OUT = 8192,  /* most bytes handed on at a time */
	HTTP_INFLATE_HEAD = 1024, /* enough where only the first bytes matter */
	/* A bomb: more than this much, and more than that many times what was sent. */
	HTTP_BOMB_BYTES = 1 << 20,
	HTTP_BOMB_RATIO = 2048,
};

enum http_encoding {
	HTTP_ENCODING_GZIP,
	HTTP_ENCODING_DEFLATE,
	HTTP_ENCODING_BROTLI,
	HTTP_ENCODING_LZMA,
};

/* Takes decoded bytes; false stops decoding. */
struct http_inflate_sink {
	bool (*data)(void *ctx, struct slice data);
	void (*failed)(void *ctx); /* some bytes were not what they were said to be */
	void (*memory)(void *ctx); /* lzma: more memory would be needed */
	void *ctx;
};

struct http_inflate;

struct http_inflate_limits {
	uint32_t lzma_memory; /* most bytes of an lzma dictionary */
	uint16_t block;	      /* bytes handed on at a time, 1 to HTTP_INFLATE_OUT */
};

/* NULL without memory. */
struct http_inflate *http_inflate_new(struct slab *slab, const enum http_encoding *layers,
				      unsigned count, const struct http_inflate_limits *limits);
void http_inflate_free(struct slab *slab, struct http_inflate *in);
/* False when the sink said stop. */
bool http_inflate_data(struct http_inflate *in, struct slice data,
		       const struct http_inflate_sink *sink);
/* The end: what has been decoded and not handed on yet. Data that comes later is dropped. */
void http_inflate_end(struct http_inflate *in, const struct http_inflate_sink *sink);
