#include "control/wire/sign.h"

#include <mbedtls/sha256.h>
#include <string.h>

#include "control/wire/codec.h"
#include "control/wire/fields.h"
#include "control/wire/keys.h"
#include "control/wire/limits.h"

enum { HASH = 32 };

static void hash_body(struct slice body, unsigned char ret[HASH])
{
	static const char domain[] = "banken-sign-v1"; /* its NUL is part of it */
	mbedtls_sha256_context h;

	mbedtls_sha256_init(&h);
	mbedtls_sha256_starts_ret(&h, 0);
	mbedtls_sha256_update_ret(&h, (const unsigned char *)domain, sizeof(domain));
	mbedtls_sha256_update_ret(&h, body.data, body.len);
	mbedtls_sha256_finish_ret(&h, ret);
	mbedtls_sha256_free(&h);
}

int sign_message(struct tls_keys *k, const struct message *m, struct slice *ret, struct errmsg *e)
{
	unsigned char hash[HASH], value[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	struct message_signature s = {0};
	char why[128];
	size_t len;
	int rc = message_encode(m, &s.body, e);

	if (rc)
		return rc;
	hash_body(s.body, hash);
	rc = mbedtls_pk_sign(&k->now->key, MBEDTLS_MD_SHA256, hash, HASH, value, &len,
			     mbedtls_ctr_drbg_random, &k->random.drbg);
	if (rc) {
		payload_free(&s.body);
		return errmsg_set(e, ERR_IO, "message cannot be signed: %s", cert_error(rc, why));
	}
	s.value = SLICE(value, len);
	s.certificate = SLICE(k->now->crt.raw.p, k->now->crt.raw.len);
	rc = message_encode_signed(&s, ret, e);
	payload_free(&s.body);
	return rc;
}

static int check_with(struct tls_keys *k, const struct message_signature *s, mbedtls_x509_crt *crt,
		      unsigned roles, struct errmsg *e)
{
	unsigned char hash[HASH];
	int rc = mbedtls_x509_crt_parse_der(crt, s->certificate.data, s->certificate.len);

	if (rc)
		return errmsg_set(e, ERR_DENIED, "the signer's certificate cannot be read");
	rc = cert_check(crt, &k->now->ca, roles, "the signer's certificate", e);
	if (rc)
		return rc;
	hash_body(s->body, hash);
	if (mbedtls_pk_verify(&crt->pk, MBEDTLS_MD_SHA256, hash, HASH, s->value.data, s->value.len))
		return errmsg_set(e, ERR_DENIED,
				  "the signature is wrong: the order was forged or changed");
	return 0;
}

int sign_check(struct tls_keys *k, const struct message *m, unsigned roles,
	       struct identity *ret_signer, struct errmsg *e)
{
	mbedtls_x509_crt crt;
	int rc;

	if (m->signature.value.len == 0)
		return errmsg_set(e, ERR_DENIED, "the %s came without a signature",
				  message_kind_text(m->kind));
	mbedtls_x509_crt_init(&crt);
	rc = check_with(k, &m->signature, &crt, roles, e);
	if (rc == 0)
		rc = cert_identity(&crt, ret_signer);
	if (rc == 0)
		rc = tls_keys_check(k, ret_signer, e);
	mbedtls_x509_crt_free(&crt);
	return rc;
}

int sign_bytes(struct tls_keys *k, struct slice bytes, uint8_t ret[SIGN_MAX], size_t *ret_len,
	       struct errmsg *e)
{
	unsigned char hash[HASH], value[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	char why[128];
	int rc = mbedtls_sha256_ret(bytes.data, bytes.len, hash, 0);

	if (rc == 0)
		rc = mbedtls_pk_sign(&k->now->key, MBEDTLS_MD_SHA256, hash, HASH, value, ret_len,
				     mbedtls_ctr_drbg_random, &k->random.drbg);
	if (rc || *ret_len > SIGN_MAX)
		return errmsg_set(e, ERR_IO, "it cannot be signed: %s", cert_error(rc, why));
	memcpy(ret, value, *ret_len);
	return ERR_OK;
}

int sign_check_bytes(const char *certificate_path, struct slice bytes, struct slice signature,
		     struct errmsg *e)
{
	unsigned char hash[HASH];
	mbedtls_x509_crt crt;
	int rc;

	mbedtls_x509_crt_init(&crt);
	rc = mbedtls_x509_crt_parse_file(&crt, certificate_path);
	if (rc) {
		mbedtls_x509_crt_free(&crt);
		return errmsg_set(e, ERR_INVALID, "%s: no certificate can be read there",
				  certificate_path);
	}
	rc = mbedtls_sha256_ret(bytes.data, bytes.len, hash, 0);
	if (rc == 0)
		rc = mbedtls_pk_verify(&crt.pk, MBEDTLS_MD_SHA256, hash, HASH, signature.data,
				       signature.len);
	mbedtls_x509_crt_free(&crt);
	if (rc)
		return errmsg_set(e, ERR_DENIED,
				  "the signature does not fit: the file was changed, or another "
				  "centre made it");
	return ERR_OK;
}
