/* A run of bytes that somebody else owns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *data;
	size_t len;
};

#define SLICE(ptr, n)			((struct slice){(const uint8_t *)(ptr), (n)})
#define SLICE_LIT(lit)			((struct slice){(const uint8_t *)("" lit), sizeof(lit) - 1})
#define SLICE_STR(s)			slice_of(s)
#define ARRAY_SIZE(a)			(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline struct slice slice_of(const char *s)
{
	return SLICE(s, strlen(s));
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	}
	return true;
}

/* The part from `from`, at most `len` bytes; empty when it lies outside. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t len)
{
	if (from > s.len || !s.data)
		return SLICE(s.data, 0);
	if (len > s.len - from)
		len = s.len - from;
	return SLICE(s.data + from, len);
}
