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

/* `n` digits, the last ones of value. */
static inline char *number_put_digits(char *at, uint32_t value, unsigned n)
{
	for (unsigned i = n; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + n;
}

static inline char *number_put_int(char *at, int64_t value)
{
	if (value >= 0)
		return number_put(at, (uint64_t)value);
	*at++ = '-';
	return number_put(at, -(uint64_t)value);
}

#define NUMBER_TIME_FIRST (-719468LL * 86400) /* 0000-03-01 */

/* 2006-01-02T15:04:05 from seconds since 1970 (proleptic Gregorian calendar), of earlier times as
 * the uint64_t of what is negative, not before NUMBER_TIME_FIRST. */
static inline char *number_put_time(char *at, uint64_t seconds)
{
	uint64_t since = seconds - (uint64_t)NUMBER_TIME_FIRST, day = since / 86400;
	uint32_t of_day = (uint32_t)(since % 86400);
	uint32_t of_era = (uint32_t)(day % 146097); /* 400 years */
	uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t month = (5 * of_year + 2) / 153; /* from March */
	uint32_t year = (uint32_t)(day / 146097) * 400 + year_of_era + (month >= 10);

	at = number_put_digits(at, year, 4);
	*at++ = '-';
	at = number_put_digits(at, month < 10 ? month + 3 : month - 9, 2);
	*at++ = '-';
	at = number_put_digits(at, of_year - (153 * month + 2) / 5 + 1, 2);
	*at++ = 'T';
	at = number_put_digits(at, of_day / 3600, 2);
	*at++ = ':';
	at = number_put_digits(at, of_day / 60 % 60, 2);
	*at++ = ':';
	return number_put_digits(at, of_day % 60, 2);
}
