/* Packing and unpacking by a map, with the limits of limits.h. Private to this folder. */
#pragma once

#include "control/wire/map.h"
#include "dataplane/base/slice.h"

struct codec_out {
	size_t prefix; /* bytes to leave free in front */
	size_t max;    /* most bytes behind the prefix */
	uint8_t *data; /* malloc'ed; set by codec_encode */
	size_t len;
};

int codec_encode(const struct map *map, const void *plain, struct codec_out *out, struct errmsg *e);

/* An arena for decoding an input of `size` bytes. */
struct arena *codec_arena(size_t size);

/* Fills `ret_plain` (zeroed, map->size bytes). */
int codec_decode(const struct map *map, struct slice bytes, void *ret_plain, struct arena *a,
		 struct errmsg *e);
