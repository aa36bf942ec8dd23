/* Signed messages: the order carries its signer's certificate, so that whoever receives it, by
 * whatever way, can check who gave it. ECDSA P-256 over SHA-256 of "banken-sign-v1", a zero byte
 * and the message's bytes as sent. */
#pragma once

#include "control/wire/message.h"
#include "control/wire/tls.h"

/* Payload of `m` signed with our key, to be freed with payload_free. */
int sign_message(struct tls_keys *k, const struct message *m, struct slice *ret, struct errmsg *e);

/* Who signed the decoded message `m`. ERR_DENIED with a sentence when it came unsigned, the
 * signature is wrong, or the signer's certificate is not of our CA, not in force now or not of one
 * of `roles`. The caller then checks the order's own expiry and whether its id is new. */
int sign_check(struct tls_keys *k, const struct message *m, unsigned roles,
	       struct identity *ret_signer, struct errmsg *e);
