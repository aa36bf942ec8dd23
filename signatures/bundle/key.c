/* Who may sign bundles: a folder of public keys. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "control/wire/file.h"
#include "signatures/bundle/bundle.h"

enum { PATH = 4096, PEM_MAX = 16384 };

struct bundle_keys {
	unsigned n;
	struct {
		char name[BUNDLE_NAME];
		mbedtls_pk_context pk;
	} key[BUNDLE_KEYS];
};

static bool is_p256(const mbedtls_pk_context *pk)
{
	return mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA) &&
	       mbedtls_pk_ec(*pk)->grp.id == MBEDTLS_ECP_DP_SECP256R1;
}

/* A certificate stands for its key; its dates do not matter, the folder is the trust. */
static int parse_certificate(struct slice pem, mbedtls_pk_context *ret)
{
	unsigned char der[512];
	mbedtls_x509_crt crt;
	int n = -1;

	mbedtls_x509_crt_init(&crt);
	if (mbedtls_x509_crt_parse(&crt, pem.data, pem.len + 1) == 0)
		n = mbedtls_pk_write_pubkey_der(&crt.pk, der, sizeof(der));
	mbedtls_x509_crt_free(&crt);
	return n > 0 ? mbedtls_pk_parse_public_key(ret, der + sizeof(der) - n, (size_t)n) : -1;
}

static int add_key(struct bundle_keys *k, const char *folder, const char *file, struct errmsg *e)
{
	char path[PATH];
	struct slice pem;
	size_t len = strlen(file) - 4;
	bool ok;
	int rc;

	if (k->n == BUNDLE_KEYS || len >= BUNDLE_NAME)
		return errmsg_set(e, ERR_LIMIT, "%s: more than %d keys, or a name too long", folder,
				  BUNDLE_KEYS);
	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= PATH)
		return errmsg_set(e, ERR_LIMIT, "%s is too long a path", folder);
	rc = file_read(path, PEM_MAX, &pem, e);
	if (rc != ERR_OK)
		return rc;
	mbedtls_pk_init(&k->key[k->n].pk);
	ok = (strstr((const char *)pem.data, "BEGIN CERTIFICATE")
		      ? parse_certificate(pem, &k->key[k->n].pk)
		      : mbedtls_pk_parse_public_key(&k->key[k->n].pk, pem.data, pem.len + 1)) ==
		     0 &&
	     is_p256(&k->key[k->n].pk);
	free((void *)pem.data);
	if (!ok) {
		mbedtls_pk_free(&k->key[k->n].pk);
		return errmsg_set(e, ERR_INVALID,
				  "%s: no public key or certificate on the curve P-256", path);
	}
	snprintf(k->key[k->n].name, BUNDLE_NAME, "%.*s", (int)len, file);
	k->n++;
	return ERR_OK;
}

static int is_pem(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && d->d_name[0] != '.' && strcmp(d->d_name + n - 4, ".pem") == 0;
}

int bundle_keys_load(const char *folder, struct bundle_keys **ret, struct errmsg *e)
{
	struct bundle_keys *k = calloc(1, sizeof(*k));
	struct dirent **names = NULL;
	int n, rc = ERR_OK;

	*ret = NULL;
	if (!k)
		return errmsg_set(e, ERR_NOMEM, "no memory for keys");
	n = scandir(folder, &names, is_pem, alphasort);
	for (int i = 0; i < n; i++) {
		if (rc == ERR_OK)
			rc = add_key(k, folder, names[i]->d_name, e);
		free(names[i]);
	}
	free(names);
	if (rc == ERR_OK && k->n == 0)
		rc = errmsg_set(
			e, ERR_DENIED,
			"%s: no key is trusted there; put the vendor's or the owner's public "
			"key (NAME.pem) into it",
			folder);
	if (rc == ERR_OK)
		*ret = k;
	else
		bundle_keys_free(k);
	return rc;
}

void bundle_keys_free(struct bundle_keys *k)
{
	for (unsigned i = 0; k && i < k->n; i++)
		mbedtls_pk_free(&k->key[i].pk);
	free(k);
}

int bundle_check(const struct bundle *b, const struct bundle_keys *k, const char **ret_signer,
		 struct errmsg *e)
{
	for (unsigned i = 0; i < k->n; i++) {
		if (mbedtls_pk_verify((mbedtls_pk_context *)&k->key[i].pk, MBEDTLS_MD_SHA256,
				      b->digest, sizeof(b->digest), b->signature.data,
				      b->signature.len) == 0) {
			*ret_signer = k->key[i].name;
			return ERR_OK;
		}
	}
	return errmsg_set(
		e, ERR_DENIED,
		"the bundle was changed, or signed with a key that is not trusted here (%u "
		"tried)",
		k->n);
}

int bundle_check_time(const struct bundle *b, int64_t now, struct errmsg *e)
{
	if (b->expires && now > b->expires)
		return errmsg_set(
			e, ERR_DENIED,
			"the bundle was to be installed at the latest %lld days ago; fetch "
			"a newer one",
			(long long)((now - b->expires) / 86400 + 1));
	return ERR_OK;
}

/* --- private keys --- */

struct chance {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

static bool chance_begin(struct chance *c)
{
	mbedtls_entropy_init(&c->entropy);
	mbedtls_ctr_drbg_init(&c->drbg);
	return mbedtls_ctr_drbg_seed(&c->drbg, mbedtls_entropy_func, &c->entropy, NULL, 0) == 0;
}

static void chance_end(struct chance *c)
{
	mbedtls_ctr_drbg_free(&c->drbg);
	mbedtls_entropy_free(&c->entropy);
}

int bundle_sign(const char *key_path, const uint8_t digest[32], uint8_t *ret, size_t cap,
		size_t *ret_len, struct errmsg *e)
{
	uint8_t value[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	mbedtls_pk_context pk;
	struct chance c;
	bool ok;

	mbedtls_pk_init(&pk);
	if (mbedtls_pk_parse_keyfile(&pk, key_path, NULL) || !is_p256(&pk)) {
		mbedtls_pk_free(&pk);
		return errmsg_set(e, ERR_INVALID,
				  "%s: no private key on the curve P-256 can be read there",
				  key_path);
	}
	ok = chance_begin(&c) &&
	     mbedtls_pk_sign(&pk, MBEDTLS_MD_SHA256, digest, 32, value, ret_len,
			     mbedtls_ctr_drbg_random, &c.drbg) == 0 &&
	     *ret_len <= cap;
	chance_end(&c);
	mbedtls_pk_free(&pk);
	if (!ok)
		return errmsg_set(e, ERR_IO, "the bundle cannot be signed with %s", key_path);
	memcpy(ret, value, *ret_len);
	return ERR_OK;
}

/* Never over a file that is there. */
static int write_key(const char *path, const char *pem, mode_t mode, struct errmsg *e)
{
	if (access(path, F_OK) == 0)
		return errmsg_set(e, ERR_EXISTS, "%s is there already", path);
	return file_write(path, SLICE_STR(pem), mode, e);
}

static int write_pair(const char *folder, const char *name, mbedtls_pk_context *pk,
		      struct errmsg *e)
{
	unsigned char secret[2048], open[2048];
	char path[PATH];
	int rc;

	if (mbedtls_pk_write_key_pem(pk, secret, sizeof(secret)) ||
	    mbedtls_pk_write_pubkey_pem(pk, open, sizeof(open)))
		return errmsg_set(e, ERR_IO, "the key cannot be written as text");
	snprintf(path, sizeof(path), "%s/%s.key", folder, name);
	rc = write_key(path, (const char *)secret, 0600, e);
	memset(secret, 0, sizeof(secret));
	__asm__ volatile("" ::"r"(secret) : "memory");
	if (rc != ERR_OK)
		return rc;
	snprintf(path, sizeof(path), "%s/%s.pem", folder, name);
	return write_key(path, (const char *)open, 0644, e);
}

int bundle_key_make(const char *folder, const char *name, struct errmsg *e)
{
	mbedtls_pk_context pk;
	struct chance c;
	bool ok;
	int rc;

	if (!bundle_name_ok(name))
		return errmsg_set(e, ERR_INVALID,
				  "a key's name has letters, digits, '-', '_' and '.'");
	rc = file_make_folder(folder, 0700, e);
	if (rc != ERR_OK)
		return rc;
	mbedtls_pk_init(&pk);
	ok = chance_begin(&c) &&
	     mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
	     mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk),
				 mbedtls_ctr_drbg_random, &c.drbg) == 0;
	chance_end(&c);
	rc = ok ? write_pair(folder, name, &pk, e) : errmsg_set(e, ERR_IO, "no key could be made");
	mbedtls_pk_free(&pk);
	return rc;
}
