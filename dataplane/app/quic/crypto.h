/* Initial protection (RFC 9001 5, RFC 9369 3.3): keys from the client's connection id, header
 * protection by AES-128-ECB, packets by AES-128-GCM. Nothing is allocated: mbedTLS gives SHA-256
 * and AES, the rest is done here. */
#pragma once

#include <mbedtls/aes.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

enum {
	QUIC_TAG_LEN = 16,
	QUIC_IV_LEN = 12,
	QUIC_SAMPLE_LEN = 16,
	QUIC_NUMBER_MAX = 4, /* bytes of a packet number */
};

struct quic_side_keys {
	mbedtls_aes_context header, packet;
	uint8_t iv[QUIC_IV_LEN];
	uint64_t ghash[2]; /* the hash key, high half first */
};

struct quic_keys {
	struct quic_side_keys side[2]; /* by direction; DIR_TS = the client's */
};

/* False for a version whose salt is not known. */
bool quic_keys_initial(uint32_t version, struct slice client_dcid, struct quic_keys *ret);

/* `packet`: from its first byte to its last; the packet number begins at `header_len`. The frames
 * go to `out`, which has room for packet.len bytes. False when it is not authentic. */
bool quic_decrypt(struct quic_side_keys *keys, struct slice packet, size_t header_len, uint8_t *out,
		  struct slice *ret);
