/* Small readings of option text. Strings are NUL-terminated and belong to the rule being read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blanks are space and tab, as isblank(3) in the C locale. */
static inline bool text_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool text_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool text_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool text_alpha(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* -1 when it is no hexadecimal digit. */
int text_hex(char c);

/* Cuts white space off both ends, in place. */
char *lang_text_trim(char *s);

/* The next piece up to `sep` (cut off, NUL written), *s moves behind it; NULL when none is left.
 * "a,,b" has three pieces, "" has one. */
char *text_next(char **s, char sep);

/* Splits into at most `max` trimmed pieces; the number of pieces, max + 1 when there are more. */
unsigned text_split(char *s, char sep, char **ret, unsigned max);

/* The whole text is a number of this base (10, 16, 8; 0: by prefix as strtoull) and at most `max`.
 * No sign, no white space. */
bool text_u64(const char *s, int base, uint64_t max, uint64_t *ret);
bool text_u32(const char *s, uint32_t *ret);
/* Decimal with an optional sign, from min to max. */
bool text_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* A number as strtoll(3) with base 0 reads it (sign, 0x, octal), the whole text, from min to max.
 * White space in front is allowed, as there. */
bool lang_text_number(const char *s, int64_t min, int64_t max, int64_t *ret);

bool text_eq_nocase(const char *a, const char *b);

/* True when `name` is one of the list's words, "|" between: text_in("a|bc", "bc"). */
bool text_in(const char *list, const char *name);
