#include "control/api/totp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <mbedtls/md.h>

#include "control/api/secret.h"
#include "dataplane/base/clock.h"

enum { STEP_S = 30, SHA1 = 20 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void totp_secret(char ret[TOTP_TEXT])
{
	unsigned char raw[TOTP_SECRET];
	unsigned bits = 0, have = 0;
	size_t n = 0;

	ret[0] = 0;
	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return;
	for (size_t i = 0; i < sizeof(raw); i++) {
		bits = bits << 8 | raw[i];
		for (have += 8; have >= 5; have -= 5)
			ret[n++] = alphabet[bits >> (have - 5) & 31];
	}
	ret[n] = 0;
}

static bool secret_bytes(const char *text, unsigned char ret[TOTP_SECRET])
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (; *text; text++) {
		const char *at = strchr(alphabet, *text);

		if (!at)
			return false;
		bits = bits << 5 | (unsigned)(at - alphabet);
		have += 5;
		if (have >= 8) {
			if (n == TOTP_SECRET)
				return false;
			ret[n++] = (unsigned char)(bits >> (have - 8));
			have -= 8;
		}
	}
	return n == TOTP_SECRET;
}

void totp_code(const char *secret, uint64_t step, char ret[7])
{
	unsigned char key[TOTP_SECRET], message[8], mac[SHA1];
	unsigned at, number;

	ret[0] = 0;
	if (!secret_bytes(secret, key))
		return;
	for (int i = 0; i < 8; i++)
		message[i] = (unsigned char)(step >> (56 - 8 * i));
	if (mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), key, sizeof(key), message,
			    sizeof(message), mac) != 0)
		return;
	at = mac[SHA1 - 1] & 15; /* RFC 4226 section 5.3 */
	number = (mac[at] & 0x7fU) << 24 | (unsigned)mac[at + 1] << 16 |
		 (unsigned)mac[at + 2] << 8 | mac[at + 3];
	snprintf(ret, 7, "%06u", number % 1000000);
}

uint64_t totp_check(const char *secret, const char *code, uint64_t now, uint64_t last)
{
	uint64_t step = now / NS_PER_SEC / STEP_S, found = 0;
	char right[7];

	for (uint64_t s = step ? step - 1 : 0; s <= step + 1; s++) {
		totp_code(secret, s, right);
		if (right[0] && s > last && secret_is(code, right))
			found = s;
	}
	return found;
}
