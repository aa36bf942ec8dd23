/* UTF-8 as Unicode 15 table 3-7 has it: no surrogates, no overlong forms, up to U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Length 1-4 of the well-formed sequence at `s`, 0 when there is none within `len` bytes. */
size_t utf8_sequence(const char *s, size_t len);
bool utf8_valid(const char *s, size_t len);
/* Copies with each ill-formed byte replaced by U+FFFD; `ret` has room for 3 * len + 1. Returns the
 * length. */
size_t utf8_mend(const char *s, size_t len, char *ret);
