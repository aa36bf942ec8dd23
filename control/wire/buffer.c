#include "control/wire/buffer.h"

#include <stdlib.h>
#include <string.h>

enum { IDLE = 64 << 10 }; /* an empty buffer keeps at most that much */

void buffer_done(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

uint8_t *buffer_room(struct buffer *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 4096;
	uint8_t *data;

	if (b->from + b->len + n <= b->cap)
		return b->data + b->from + b->len;
	if (b->from > 0) {
		memmove(b->data, b->data + b->from, b->len);
		b->from = 0;
	}
	while (cap < b->len + n)
		cap *= 2;
	if (cap > b->cap) {
		data = realloc(b->data, cap);
		if (!data)
			return NULL;
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

void buffer_added(struct buffer *b, size_t n)
{
	b->len += n;
}

bool buffer_put(struct buffer *b, struct slice bytes)
{
	uint8_t *room = buffer_room(b, bytes.len);

	if (!room)
		return false;
	if (bytes.len)
		memcpy(room, bytes.data, bytes.len);
	b->len += bytes.len;
	return true;
}

void buffer_take(struct buffer *b, size_t n)
{
	b->from += n;
	b->len -= n;
	if (b->len > 0)
		return;
	b->from = 0;
	if (b->cap > IDLE)
		buffer_done(b);
}

struct slice buffer_content(const struct buffer *b)
{
	return SLICE(b->data ? b->data + b->from : NULL, b->len);
}
