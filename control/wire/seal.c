#include "control/wire/seal.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/wire/cert.h"
#include "control/wire/file.h"

enum { KEY = 32, PEM_MAX = 4096, DER_MAX = 512, ABOUT_MAX = 256 };

static const char magic[SEAL_MAGIC + 1] = "BANKSEAL1";

static int failed(int rc, const char *what, struct errmsg *e)
{
	char why[128];

	return errmsg_set(e, ERR_IO, "%s: %s", what, cert_error(rc, why));
}

/* ---- keys ---- */

static int write_pem(const char *path, unsigned char *pem, mode_t mode, struct errmsg *e)
{
	if (access(path, F_OK) == 0)
		return errmsg_set(e, ERR_EXISTS, "%s is there already and is not touched", path);
	return file_write(path, SLICE(pem, strlen((const char *)pem)), mode, e);
}

int seal_make_keys(const char *private_path, const char *public_path, struct errmsg *e)
{
	struct cert_random random;
	unsigned char pem[PEM_MAX];
	mbedtls_pk_context key;
	int rc = cert_random_init(&random, e);

	if (rc)
		return rc;
	mbedtls_pk_init(&key);
	rc = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
	if (rc == 0)
		rc = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key),
					 mbedtls_ctr_drbg_random, &random.drbg);
	if (rc == 0)
		rc = mbedtls_pk_write_key_pem(&key, pem, sizeof(pem));
	rc = rc ? failed(rc, "a key cannot be made", e) : write_pem(private_path, pem, 0600, e);
	if (rc == 0) {
		rc = mbedtls_pk_write_pubkey_pem(&key, pem, sizeof(pem));
		rc = rc ? failed(rc, "a key cannot be written", e)
			: write_pem(public_path, pem, 0644, e);
	}
	mbedtls_platform_zeroize(pem, sizeof(pem));
	mbedtls_pk_free(&key);
	cert_random_done(&random);
	return rc;
}

static int check_curve(const char *path, mbedtls_pk_context *key, struct errmsg *e)
{
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_ECKEY) &&
	    mbedtls_pk_ec(*key)->grp.id == MBEDTLS_ECP_DP_SECP256R1)
		return 0;
	return errmsg_set(e, ERR_INVALID, "%s holds no P-256 key; 'banken sample key' makes one",
			  path);
}

static int load_public(const char *path, mbedtls_pk_context *ret, struct errmsg *e)
{
	struct slice pem;
	int rc = file_read(path, PEM_MAX, &pem, e);

	if (rc)
		return rc;
	rc = mbedtls_pk_parse_public_key(ret, pem.data, pem.len + 1);
	free((void *)(uintptr_t)pem.data);
	return rc ? errmsg_set(e, ERR_INVALID, "%s holds no public key", path)
		  : check_curve(path, ret, e);
}

int seal_fingerprint(const char *public_path, char ret[SEAL_FINGERPRINT], struct errmsg *e)
{
	unsigned char der[DER_MAX], hash[32];
	mbedtls_pk_context key;
	int n, rc;

	mbedtls_pk_init(&key);
	rc = load_public(public_path, &key, e);
	n = rc ? rc : mbedtls_pk_write_pubkey_der(&key, der, sizeof(der));
	mbedtls_pk_free(&key);
	if (rc)
		return rc;
	if (n <= 0 || mbedtls_sha256_ret(der + sizeof(der) - n, (size_t)n, hash, 0))
		return failed(n, "the key's fingerprint cannot be had", e);
	for (unsigned i = 0; i < sizeof(hash); i++)
		snprintf(ret + (size_t)2 * i, 3, "%02x", hash[i]);
	return 0;
}

/* ---- the key of one sealing ---- */

struct secret {
	unsigned char key[KEY], shared[KEY], extra[SEAL_MAGIC + SEAL_POINT + ABOUT_MAX];
	size_t extra_len;
};

/* `mine` x `theirs`; `point` is the ephemeral one, as it stands in the sealed bytes. */
static int agree(mbedtls_ecp_group *group, const mbedtls_mpi *mine, const mbedtls_ecp_point *theirs,
		 const unsigned char point[SEAL_POINT], const char *about,
		 struct cert_random *random, struct secret *ret)
{
	size_t n = strlen(about);
	mbedtls_mpi z;
	int rc;

	if (n > ABOUT_MAX)
		return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
	memcpy(ret->extra, magic, SEAL_MAGIC);
	memcpy(ret->extra + SEAL_MAGIC, point, SEAL_POINT);
	memcpy(ret->extra + SEAL_MAGIC + SEAL_POINT, about, n);
	ret->extra_len = SEAL_MAGIC + SEAL_POINT + n;
	mbedtls_mpi_init(&z);
	rc = mbedtls_ecdh_compute_shared(group, &z, theirs, mine, mbedtls_ctr_drbg_random,
					 &random->drbg);
	if (rc == 0)
		rc = mbedtls_mpi_write_binary(&z, ret->shared, sizeof(ret->shared));
	if (rc == 0)
		rc = mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), point, SEAL_POINT,
				  ret->shared, sizeof(ret->shared), (const unsigned char *)magic,
				  SEAL_MAGIC, ret->key, sizeof(ret->key));
	mbedtls_mpi_free(&z);
	return rc;
}

static int encrypt(const struct secret *s, struct slice plain, unsigned char *nonce)
{
	unsigned char *to = nonce + SEAL_NONCE;
	mbedtls_gcm_context gcm;
	int rc;

	mbedtls_gcm_init(&gcm);
	rc = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, s->key, KEY * 8);
	if (rc == 0)
		rc = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.len, nonce,
					       SEAL_NONCE, s->extra, s->extra_len, plain.data, to,
					       SEAL_TAG, to + plain.len);
	mbedtls_gcm_free(&gcm);
	return rc;
}

static int seal_with(mbedtls_pk_context *theirs, const char *about, struct slice plain,
		     struct cert_random *random, unsigned char *out)
{
	mbedtls_ecp_group *group = &mbedtls_pk_ec(*theirs)->grp;
	unsigned char *point = out + SEAL_MAGIC;
	mbedtls_ecp_point q;
	struct secret s;
	mbedtls_mpi d;
	size_t n = 0;
	int rc;

	mbedtls_mpi_init(&d);
	mbedtls_ecp_point_init(&q);
	memcpy(out, magic, SEAL_MAGIC);
	rc = mbedtls_ecdh_gen_public(group, &d, &q, mbedtls_ctr_drbg_random, &random->drbg);
	if (rc == 0)
		rc = mbedtls_ecp_point_write_binary(group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &n,
						    point, SEAL_POINT);
	if (rc == 0)
		rc = agree(group, &d, &mbedtls_pk_ec(*theirs)->Q, point, about, random, &s);
	if (rc == 0)
		rc = mbedtls_ctr_drbg_random(&random->drbg, point + SEAL_POINT, SEAL_NONCE);
	if (rc == 0)
		rc = encrypt(&s, plain, point + SEAL_POINT);
	mbedtls_platform_zeroize(&s, sizeof(s));
	mbedtls_mpi_free(&d);
	mbedtls_ecp_point_free(&q);
	return rc;
}

int seal_to(const char *public_path, const char *about, struct slice plain, struct slice *ret,
	    struct errmsg *e)
{
	unsigned char *out = malloc(plain.len + SEAL_EXTRA);
	struct cert_random random;
	mbedtls_pk_context key;
	int rc = out ? cert_random_init(&random, e) : errmsg_set(e, ERR_NOMEM, "no memory to seal");

	if (rc) {
		free(out);
		return rc;
	}
	mbedtls_pk_init(&key);
	rc = load_public(public_path, &key, e);
	if (rc == 0) {
		rc = seal_with(&key, about, plain, &random, out);
		rc = rc ? failed(rc, "it cannot be sealed", e) : 0;
	}
	mbedtls_pk_free(&key);
	cert_random_done(&random);
	if (rc)
		free(out);
	else
		*ret = SLICE(out, plain.len + SEAL_EXTRA);
	return rc;
}

/* ---- opening ---- */

static int open_with(mbedtls_pk_context *mine, const char *about, struct slice sealed,
		     struct cert_random *random, unsigned char *out)
{
	mbedtls_ecp_group *group = &mbedtls_pk_ec(*mine)->grp;
	const unsigned char *point = sealed.data + SEAL_MAGIC, *nonce = point + SEAL_POINT;
	size_t n = sealed.len - SEAL_EXTRA;
	mbedtls_gcm_context gcm;
	mbedtls_ecp_point q;
	struct secret s;
	int rc;

	mbedtls_ecp_point_init(&q);
	mbedtls_gcm_init(&gcm);
	rc = mbedtls_ecp_point_read_binary(group, &q, point, SEAL_POINT);
	if (rc == 0)
		rc = mbedtls_ecp_check_pubkey(group, &q);
	if (rc == 0)
		rc = agree(group, &mbedtls_pk_ec(*mine)->d, &q, point, about, random, &s);
	if (rc == 0)
		rc = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, s.key, KEY * 8);
	if (rc == 0)
		rc = mbedtls_gcm_auth_decrypt(&gcm, n, nonce, SEAL_NONCE, s.extra, s.extra_len,
					      nonce + SEAL_NONCE + n, SEAL_TAG, nonce + SEAL_NONCE,
					      out);
	mbedtls_platform_zeroize(&s, sizeof(s));
	mbedtls_gcm_free(&gcm);
	mbedtls_ecp_point_free(&q);
	return rc;
}

int seal_open(const char *private_path, const char *about, struct slice sealed, struct slice *ret,
	      struct errmsg *e)
{
	struct cert_random random;
	mbedtls_pk_context key;
	unsigned char *out;
	int rc;

	if (sealed.len < SEAL_EXTRA || memcmp(sealed.data, magic, SEAL_MAGIC) != 0)
		return errmsg_set(e, ERR_INVALID, "these bytes were not sealed by Banken");
	out = malloc(sealed.len - SEAL_EXTRA + 1);
	rc = out ? cert_random_init(&random, e) : errmsg_set(e, ERR_NOMEM, "no memory to open it");
	if (rc) {
		free(out);
		return rc;
	}
	mbedtls_pk_init(&key);
	rc = cert_load_key(private_path, &key, e);
	rc = rc ? rc : check_curve(private_path, &key, e);
	if (rc == 0 && open_with(&key, about, sealed, &random, out))
		rc = errmsg_set(e, ERR_DENIED,
				"it does not open: it was changed, is about something else, or was "
				"sealed for another key");
	mbedtls_pk_free(&key);
	cert_random_done(&random);
	if (rc)
		free(out);
	else
		*ret = SLICE(out, sealed.len - SEAL_EXTRA);
	return rc;
}
