/* A growing queue of bytes: put behind, take in front. Private to this folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct buffer {
	uint8_t *data;
	size_t from, len, cap; /* content is data[from .. from + len) */
};

void buffer_done(struct buffer *b);
/* Room for n more bytes behind the content; NULL when there is no memory. */
uint8_t *buffer_room(struct buffer *b, size_t n);
/* n bytes of the room were filled. */
void buffer_added(struct buffer *b, size_t n);
bool buffer_put(struct buffer *b, struct slice bytes);
void buffer_take(struct buffer *b, size_t n);
struct slice buffer_content(const struct buffer *b);
