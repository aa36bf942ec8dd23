/* Digests of a file's bytes while they pass: MD5, SHA-1, SHA-256 (RFC 1321, FIPS 180-4) by mbedTLS.
 * Only those asked for are computed. No allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

#include "dataplane/base/slice.h"

enum {
	DIGEST_MD5 = 1 << 0,
	DIGEST_SHA1 = 1 << 1,
	DIGEST_SHA256 = 1 << 2,
	DIGEST_ALL = DIGEST_MD5 | DIGEST_SHA1 | DIGEST_SHA256,
	DIGEST_MD5_LEN = 16,
	DIGEST_SHA1_LEN = 20,
	DIGEST_SHA256_LEN = 32,
};

struct digest {
	uint8_t wanted; /* DIGEST_* */
	mbedtls_md5_context md5;
	mbedtls_sha1_context sha1;
	mbedtls_sha256_context sha256;
};

void digest_init(struct digest *d, uint8_t wanted);
void digest_update(struct digest *d, struct slice bytes);
/* Each pointer may be NULL; only those of `wanted` are written. Once. */
void digest_finish(struct digest *d, uint8_t ret_md5[DIGEST_MD5_LEN],
		   uint8_t ret_sha1[DIGEST_SHA1_LEN], uint8_t ret_sha256[DIGEST_SHA256_LEN]);
