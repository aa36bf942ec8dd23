/* Small readings of option text. Strings are NUL-terminated and belong to the rule being read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blanks are space and tab, as isblank(3) in the C locale. */
static inline bool lang_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool lang_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool lang_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool lang_alpha(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* -1 when it is no hexadecimal digit. */
int lang_hex(char c);

/* Cuts white space off both ends, in place. */
char *lang_trim(char *s);

/* The next piece up to `sep` (cut off, NUL written), *s moves behind it; NULL when none is left.
 * "a,,b" has three pieces, "" has one. */
char *lang_next(char **s, char sep);

/* Splits into at most `max` trimmed pieces; the number of pieces, max + 1 when there are more. */
unsigned lang_split(char *s, char sep, char **ret, unsigned max);

/* The whole text is a number of this base (10, 16, 8; 0: by prefix as strtoull) and at most `max`.
 * No sign, no white space. */
bool lang_u64(const char *s, int base, uint64_t max, uint64_t *ret);
bool lang_u32(const char *s, uint32_t *ret);
/* Decimal with an optional sign, from min to max. */
bool lang_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* A number as strtoll(3) with base 0 reads it (sign, 0x, octal), the whole text, from min to max.
 * White space in front is allowed, as there. */
bool lang_number(const char *s, int64_t min, int64_t max, int64_t *ret);

/* Cuts off what follows the number (sign, 0x) that the text begins with. */
void lang_cut_number(char *s);

bool lang_eq_nocase(const char *a, const char *b);

/* True when `name` is one of the list's words, "|" between: lang_one_of("a|bc", "bc"). */
bool lang_one_of(const char *list, const char *name);
