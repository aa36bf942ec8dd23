/* Bytes a parser keeps in the flow's slab, because what it was shown is gone after the call. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

struct kept {
	uint8_t *data; /* NULL = nothing was kept; an empty value is not NULL */
	uint32_t len, cap;
};

/* False when there is no memory: then nothing is kept. */
bool kept_set(struct slab *slab, struct kept *k, struct slice value);
/* Adds what fits below `max` bytes in all; false when something did not. */
bool kept_append(struct slab *slab, struct kept *k, struct slice value, uint32_t max);
/* `len` bytes for the caller to fill. */
bool kept_reserve(struct slab *slab, struct kept *k, uint32_t len);
void kept_free(struct slab *slab, struct kept *k);

static inline struct slice kept_slice(const struct kept *k)
{
	return SLICE(k->data, k->len);
}

/* For app_buffer.get. */
static inline bool kept_get(const struct kept *k, struct slice *ret)
{
	*ret = kept_slice(k);
	return k->data != NULL;
}
