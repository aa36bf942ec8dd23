/* UTF-16, little endian, as UTF-8 (RFC 2781, RFC 3629). */
#pragma once

#include "dataplane/base/cursor.h"

enum { UTF16_POINT = 4 }; /* bytes that one code point needs at most */

/* The next code point as UTF-8, its bytes counted; a NUL is one byte of zero. Half a pair becomes
 * U+FFFD. 0: fewer than two bytes are left. */
unsigned utf16_next(struct cursor *c, uint8_t ret[UTF16_POINT]);
/* As much of the text as fits whole, without its NULs; bytes written. */
size_t utf16_text(struct slice raw, uint8_t *ret, size_t cap);
