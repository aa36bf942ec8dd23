/* Content-Encoding: lzma, off unless the configuration asks for it: the format of the old lzma
 * program (13 bytes of head: properties, size of the dictionary, length; then one stream). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

enum http_lzma_outcome {
	HTTP_LZMA_MORE,	  /* all input is used, or the output is full */
	HTTP_LZMA_END,	  /* what follows is none of it */
	HTTP_LZMA_BROKEN, /* no such data */
	HTTP_LZMA_MEMORY, /* it refers to bytes further back than the memory allows */
};

struct http_lzma;

/* `memory`: most bytes of the dictionary; what names a larger one is decoded as long as it does not
 * need it. NULL without memory. */
struct http_lzma *http_lzma_new(struct slab *slab, uint32_t memory);
void http_lzma_free(struct slab *slab, struct http_lzma *l);
/* Takes from the front of `in`, writes to `out` and moves both on. */
enum http_lzma_outcome http_lzma_decode(struct http_lzma *l, struct slice *in, uint8_t **out,
					size_t *room);
