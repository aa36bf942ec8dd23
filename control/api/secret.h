/* Secrets that we give out: session ids, tokens. Only their SHA-256 is kept. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/slice.h"

enum {
	SECRET_TEXT = 44,
	SECRET_HASH = 65
}; /* 256 random bits as base64url; hex; with their zeros */

/* "" when the system has no random bytes. */
void secret_new(char ret[SECRET_TEXT]);
/* SHA-256 of the text, as hex. */
void secret_hash(const char *text, char ret[SECRET_HASH]);
void secret_hash_bytes(struct slice bytes, char ret[SECRET_HASH]);
/* Equal, in a time that depends on the length of `given` only. */
bool secret_is(const char *given, const char *right);
