/* Numbers as text without printf, which costs ten times as much on the packet path. Each writes at
 * `at`, without a zero byte behind, and returns where it stopped. */
#pragma once

#include <stdint.h>
#include <string.h>

enum { NUMBER_MAX = 20 }; /* digits of a uint64_t */

static inline char *number_put(char *at, uint64_t value)
{
	char digits[NUMBER_MAX], *from = digits + NUMBER_MAX;
	size_t n;

	do {
		*--from = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	n = (size_t)(digits + NUMBER_MAX - from);
	memcpy(at, from, n);
	return at + n;
}

static inline char number_hex_digit(unsigned nibble)
{
	return (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
}

/* Two digits a byte. */
static inline char *number_put_hex8(char *at, uint8_t value)
{
	*at++ = number_hex_digit(value >> 4);
	*at++ = number_hex_digit(value & 0xf);
	return at;
}

/* As many digits as it takes. */
static inline char *number_put_hex(char *at, uint64_t value)
{
	int shift = 60;

	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*at++ = number_hex_digit((unsigned)(value >> shift) & 0xf);
	return at;
}

/* 192.0.2.1 from four bytes: at most 15 characters. */
static inline char *number_put_ip4(char *at, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = number_put(at, bytes[i]);
	}
	return at;
}
