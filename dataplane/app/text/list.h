/* A list of strings in one block: recipients, URLs, addresses. Grows at its end only. */
#pragma once

#include "dataplane/app/text/kept.h"

struct text_list {
	struct kept bytes; /* each with two bytes of length in front */
	uint32_t count;
};

/* False when the list would be longer than `max` bytes, or there is no memory; longer strings than
 * 65,535 bytes are cut. */
bool text_list_add(struct slab *slab, struct text_list *l, struct slice s, uint32_t max);
void text_list_free(struct slab *slab, struct text_list *l);

/* Walking: `at` is 0 at first. False at the end. */
bool text_list_next(const struct text_list *l, uint32_t *at, struct slice *ret);
