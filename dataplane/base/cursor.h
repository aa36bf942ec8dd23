/* A bounded reader with a sticky error: after the first read past the end every read gives zero and
 * `bad` stays set, so a parser may read a whole structure and check once. The only way parsers
 * touch input bytes. All multi-byte reads are big endian unless they say _le. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct cursor {
	const uint8_t *pos, *end, *start;
	bool bad;
};

static inline struct cursor cursor_of(struct slice s)
{
	/* Nothing may be added to a null pointer, not even nothing. */
	return (struct cursor){s.data, s.len ? s.data + s.len : s.data, s.data, false};
}

static inline struct cursor cursor_init(const uint8_t *data, size_t len)
{
	return cursor_of(SLICE(data, len));
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->pos);
}

static inline size_t cursor_offset(const struct cursor *c)
{
	return (size_t)(c->pos - c->start);
}

/* True when n bytes are there; otherwise the cursor goes bad. */
static inline bool cursor_need(struct cursor *c, size_t n)
{
	if (!c->bad && cursor_left(c) >= n)
		return true;
	c->bad = true;
	c->pos = c->end;
	return false;
}

static inline bool cursor_skip(struct cursor *c, size_t n)
{
	if (!cursor_need(c, n))
		return false;
	c->pos += n;
	return true;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return cursor_need(c, 1) ? *c->pos++ : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	if (!cursor_need(c, 2))
		return 0;
	c->pos += 2;
	return (uint16_t)(c->pos[-2] << 8 | c->pos[-1]);
}

static inline uint32_t cursor_u24(struct cursor *c)
{
	if (!cursor_need(c, 3))
		return 0;
	c->pos += 3;
	return (uint32_t)c->pos[-3] << 16 | (uint32_t)c->pos[-2] << 8 | c->pos[-1];
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	if (!cursor_need(c, 4))
		return 0;
	c->pos += 4;
	return (uint32_t)c->pos[-4] << 24 | (uint32_t)c->pos[-3] << 16 | (uint32_t)c->pos[-2] << 8 |
	       c->pos[-1];
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	uint64_t high = cursor_u32(c);

	return high << 32 | cursor_u32(c);
}

static inline uint16_t cursor_u16_le(struct cursor *c)
{
	return __builtin_bswap16(cursor_u16(c));
}

static inline uint32_t cursor_u32_le(struct cursor *c)
{
	return __builtin_bswap32(cursor_u32(c));
}

static inline uint64_t cursor_u64_le(struct cursor *c)
{
	return __builtin_bswap64(cursor_u64(c));
}

/* The next n bytes without copying; an empty slice and bad when they are not there. */
static inline struct slice cursor_take(struct cursor *c, size_t n)
{
	if (!cursor_need(c, n))
		return SLICE(c->end, 0);
	c->pos += n;
	return SLICE(c->pos - n, n);
}

/* A child over the next n bytes, for a length field: it cannot read past them. When they are not
 * there both parent and child are bad. */
static inline struct cursor cursor_child(struct cursor *c, size_t n)
{
	struct slice s = cursor_take(c, n);
	struct cursor child = cursor_of(s);

	child.bad = c->bad;
	return child;
}

/* What is left, without consuming it. */
static inline struct slice cursor_rest(const struct cursor *c)
{
	return SLICE(c->pos, cursor_left(c));
}

/* The next byte without consuming it; -1 at the end. */
static inline int cursor_peek(const struct cursor *c)
{
	return c->pos < c->end ? *c->pos : -1;
}
