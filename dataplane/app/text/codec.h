/* The slab as the allocator of decoders (zlib, brotli) that give no size back. */
#pragma once

#include <stddef.h>

/* `slab` is a struct slab. Zeroed; NULL without memory, or above SLAB_MAX. */
void *codec_take(void *slab, size_t size);
void *codec_take_items(void *slab, unsigned items, unsigned size);
void codec_give_back(void *slab, void *address);
