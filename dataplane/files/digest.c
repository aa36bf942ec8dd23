#include "dataplane/files/digest.h"

void digest_init(struct digest *d, uint8_t wanted)
{
	d->wanted = wanted & DIGEST_ALL;
	mbedtls_md5_init(&d->md5);
	mbedtls_sha1_init(&d->sha1);
	mbedtls_sha256_init(&d->sha256);
	if (wanted & DIGEST_MD5)
		mbedtls_md5_starts_ret(&d->md5);
	if (wanted & DIGEST_SHA1)
		mbedtls_sha1_starts_ret(&d->sha1);
	if (wanted & DIGEST_SHA256)
		mbedtls_sha256_starts_ret(&d->sha256, 0);
}

void digest_update(struct digest *d, struct slice bytes)
{
	if (bytes.len == 0)
		return;
	if (d->wanted & DIGEST_MD5)
		mbedtls_md5_update_ret(&d->md5, bytes.data, bytes.len);
	if (d->wanted & DIGEST_SHA1)
		mbedtls_sha1_update_ret(&d->sha1, bytes.data, bytes.len);
	if (d->wanted & DIGEST_SHA256)
		mbedtls_sha256_update_ret(&d->sha256, bytes.data, bytes.len);
}

void digest_finish(struct digest *d, uint8_t ret_md5[DIGEST_MD5_LEN],
		   uint8_t ret_sha1[DIGEST_SHA1_LEN], uint8_t ret_sha256[DIGEST_SHA256_LEN])
{
	if ((d->wanted & DIGEST_MD5) && ret_md5)
		mbedtls_md5_finish_ret(&d->md5, ret_md5);
	if ((d->wanted & DIGEST_SHA1) && ret_sha1)
		mbedtls_sha1_finish_ret(&d->sha1, ret_sha1);
	if ((d->wanted & DIGEST_SHA256) && ret_sha256)
		mbedtls_sha256_finish_ret(&d->sha256, ret_sha256);
	d->wanted = 0;
}
