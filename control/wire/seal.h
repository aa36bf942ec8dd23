/* Bytes that only the holder of one private key can read again: samples of files (E4). An ephemeral
 * P-256 key and the recipient's make a secret (ECDH), HKDF-SHA256 a key, AES-256-GCM the rest:
 *
 *	"BANKSEAL1" | 65 bytes: the ephemeral point | 12 bytes: nonce | ciphertext | 16 bytes: tag
 *
 * Magic, point and `about` are authenticated with it: what was sealed about one thing does not open
 * as another. */
#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	SEAL_MAGIC = 9,
	SEAL_POINT = 65,
	SEAL_NONCE = 12,
	SEAL_TAG = 16,
	SEAL_EXTRA = SEAL_MAGIC + SEAL_POINT + SEAL_NONCE +
		     SEAL_TAG, /* bytes more than the plain ones */
	SEAL_FINGERPRINT = 65, /* SHA-256 of the public key (DER), hex and NUL */
};

/* A pair of keys: PEM, the private one 0600. Neither file may be there. */
int seal_make_keys(const char *private_path, const char *public_path, struct errmsg *e);
/* ERR_INVALID with a sentence when the file holds no P-256 public key. */
int seal_fingerprint(const char *public_path, char ret[SEAL_FINGERPRINT], struct errmsg *e);
/* The sealed bytes, to be freed with payload_free. */
int seal_to(const char *public_path, const char *about, struct slice plain, struct slice *ret,
	    struct errmsg *e);
/* ERR_DENIED when it was changed, is about something else or for another key. */
int seal_open(const char *private_path, const char *about, struct slice sealed, struct slice *ret,
	      struct errmsg *e);
