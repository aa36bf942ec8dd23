/* Time-based one-time passwords (RFC 6238: HMAC-SHA-1, six digits, 30 seconds). */
#pragma once

#include <stdint.h>

enum { TOTP_SECRET = 20, TOTP_TEXT = 33 }; /* bytes; base32 with its zero */

/* A new secret as base32 without padding; "" when the system has no random bytes. */
void totp_secret(char ret[TOTP_TEXT]);
/* The step (half minutes since 1970) that `code` is of: the one of `now` (ns since 1970), the one
 * before or the one after, and later than `last`, so that a code serves once. 0: none of them. */
uint64_t totp_check(const char *secret, const char *code, uint64_t now, uint64_t last);
/* The code of a step, for tests and programs that log in. "" when the secret is no base32. */
void totp_code(const char *secret, uint64_t step, char ret[7]);
