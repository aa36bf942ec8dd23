#include "control/api/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <mbedtls/sha256.h>

void secret_new(char ret[SECRET_TEXT])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char raw[SECRET_TEXT];

	ret[0] = 0;
	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return;
	for (size_t i = 0; i < SECRET_TEXT - 1; i++) /* six bits a character: 258 */
		ret[i] = alphabet[raw[i] & 63];
	ret[SECRET_TEXT - 1] = 0;
}

void secret_hash(const char *text, char ret[SECRET_HASH])
{
	secret_hash_bytes(SLICE_STR(text), ret);
}

void secret_hash_bytes(struct slice bytes, char ret[SECRET_HASH])
{
	unsigned char hash[32];

	mbedtls_sha256_ret(bytes.data, bytes.len, hash, 0);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

bool secret_is(const char *given, const char *right)
{
	size_t n = strlen(given), m = strlen(right);
	unsigned differ = n != m;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned)(given[i] ^ right[m ? i % m : 0]);
	return differ == 0;
}
