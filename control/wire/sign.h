/* Signed messages: the order carries its signer's certificate, so that whoever receives it, by
 * whatever way, can check who gave it. ECDSA P-256 over SHA-256 of "banken-sign-v1", a zero byte
 * and the message's bytes as sent. */
#pragma once

#include <stdint.h>

#include "control/wire/message.h"
#include "control/wire/tls.h"

/* Payload of `m` signed with our key, to be freed with payload_free. */
int sign_message(struct tls_keys *k, const struct message *m, struct slice *ret, struct errmsg *e);

/* Who signed the decoded message `m`. ERR_DENIED with a sentence when it came unsigned, the
 * signature is wrong, or the signer's certificate is not of our CA, not in force now or not of one
 * of `roles`. The caller then checks the order's own expiry and whether its id is new. */
int sign_check(struct tls_keys *k, const struct message *m, unsigned roles,
	       struct identity *ret_signer, struct errmsg *e);

/* --- files, such as reports: ECDSA P-256 in DER over SHA-256 of the bytes as they are, which
 * `openssl dgst -sha256 -verify` checks too; the same bytes give the same signature (RFC 6979). Not
 * for bytes that a stranger chose whole: one could begin as a message's signed bytes do. --- */

enum { SIGN_MAX = 160 }; /* bytes of a signature */

int sign_bytes(struct tls_keys *k, struct slice bytes, uint8_t ret[SIGN_MAX], size_t *ret_len,
	       struct errmsg *e);
/* Against the certificate in that PEM file. ERR_DENIED with a sentence when it does not fit. */
int sign_check_bytes(const char *certificate_path, struct slice bytes, struct slice signature,
		     struct errmsg *e);
