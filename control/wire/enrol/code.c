#include "control/wire/enrol/code.h"

#include <errno.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { FIELD = 32, GENERATOR = 0x25, ROUNDS = 4096, GROUP = 5 };

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* ---- GF(32), by x^5 + x^2 + 1 ---- */

static uint8_t gf_times(uint8_t a, uint8_t b)
{
	unsigned product = 0;

	for (unsigned bit = 0; bit < 5; bit++) {
		if (b >> bit & 1)
			product ^= (unsigned)a << bit;
	}
	for (unsigned bit = 9; bit >= 5; bit--) {
		if (product >> bit & 1)
			product ^= (unsigned)GENERATOR << (bit - 5);
	}
	return (uint8_t)product;
}

static uint8_t gf_power(unsigned n)
{
	uint8_t value = 1;

	while (n--)
		value = gf_times(value, 2);
	return value;
}

static uint8_t gf_inverse(uint8_t a)
{
	uint8_t value = 1;

	for (unsigned i = 0; i < FIELD - 2; i++)
		value = gf_times(value, a);
	return value;
}

/* Both are 0 for a code without a mistake. */
static void syndromes(const uint8_t *digits, unsigned n, uint8_t ret[2])
{
	ret[0] = ret[1] = 0;
	for (unsigned i = 0; i < n; i++) {
		ret[0] ^= digits[i];
		ret[1] ^= gf_times(digits[i], gf_power(i));
	}
}

static void add_check_digits(struct enrol_code *c)
{
	uint8_t s[2], last = gf_power(ENROL_DATA + 1), before = gf_power(ENROL_DATA);

	syndromes(c->digits, ENROL_DATA, s);
	c->digits[ENROL_DATA] =
		gf_times((uint8_t)(s[1] ^ gf_times(s[0], last)), gf_inverse(before ^ last));
	c->digits[ENROL_DATA + 1] = (uint8_t)(s[0] ^ c->digits[ENROL_DATA]);
}

/* ---- making ---- */

static void pin_of(struct slice ca, uint8_t ret[ENROL_DATA - ENROL_SECRET])
{
	unsigned char hash[32];
	unsigned bits = 0, n = 0;
	size_t at = 0;

	(void)mbedtls_sha256_ret(ca.data, ca.len, hash, 0);
	for (unsigned i = 0; i < ENROL_DATA - ENROL_SECRET; i++) {
		while (n < 5) {
			bits = bits << 8 | hash[at++];
			n += 8;
		}
		n -= 5;
		ret[i] = bits >> n & 31;
	}
}

int enrol_code_make(enum wire_role role, struct slice ca, struct enrol_code *ret, struct errmsg *e)
{
	uint8_t random[ENROL_SECRET];

	if (role != ROLE_SENSOR && role != ROLE_MITIGATOR && role != ROLE_ENFORCER)
		return errmsg_set(e, ERR_INVALID,
				  "a code is for a sensor, a mitigator or an enforcer");
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return errmsg_set(e, ERR_IO, "no random numbers: %s", strerror(errno));
	for (unsigned i = 0; i < ENROL_SECRET; i++)
		ret->digits[i] = random[i] & 31;
	ret->digits[0] = (uint8_t)((ret->digits[0] & 7) | (unsigned)(role - ROLE_SENSOR) << 3);
	pin_of(ca, ret->digits + ENROL_SECRET);
	add_check_digits(ret);
	return 0;
}

void enrol_code_text(const struct enrol_code *c, char ret[ENROL_CODE_TEXT])
{
	char *p = ret;

	for (unsigned i = 0; i < ENROL_DIGITS; i++) {
		if (i && i % GROUP == 0)
			*p++ = '-';
		*p++ = letters[c->digits[i] & 31];
	}
	*p = '\0';
}

/* ---- reading ---- */

static int digit_of(char c)
{
	const char *found;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	found = c ? strchr(letters, c) : NULL;
	return found ? (int)(found - letters) : -1;
}

static int check_digits(const struct enrol_code *c, struct errmsg *e)
{
	uint8_t s[2], where;

	syndromes(c->digits, ENROL_DIGITS, s);
	if (s[0] == 0 && s[1] == 0)
		return 0;
	where = s[0] ? gf_times(s[1], gf_inverse(s[0])) : 0;
	for (unsigned i = 0; s[0] && i < ENROL_DIGITS; i++) {
		if (gf_power(i) == where)
			return errmsg_set(e, ERR_INVALID,
					  "the code has a mistake, probably in its group %u; "
					  "compare it letter by letter",
					  i / GROUP + 1);
	}
	return errmsg_set(e, ERR_INVALID,
			  "the code has more than one mistake; compare it letter by letter");
}

int enrol_code_parse(const char *text, struct enrol_code *ret, struct errmsg *e)
{
	unsigned n = 0;

	if (strnlen(text, ENROL_CODE_MOST + 1) > ENROL_CODE_MOST)
		return errmsg_set(e, ERR_INVALID, "that is longer than a code is");
	for (const char *p = text; *p; p++) {
		int d = digit_of(*p);

		if (*p == ' ' || *p == '-' || *p == '\t')
			continue;
		if (d < 0)
			return errmsg_set(
				e, ERR_INVALID,
				"a code has letters (without U) and digits only, not '%c'", *p);
		if (n == ENROL_DIGITS)
			return errmsg_set(e, ERR_INVALID, "the code has more than %d letters",
					  ENROL_DIGITS);
		ret->digits[n++] = (uint8_t)d;
	}
	if (n < ENROL_DIGITS)
		return errmsg_set(e, ERR_INVALID, "the code has %u letters, %d are wanted", n,
				  ENROL_DIGITS);
	if (check_digits(ret, e))
		return ERR_INVALID;
	if (enrol_code_role(ret) == ROLE_NONE)
		return errmsg_set(e, ERR_INVALID, "the code is for a box of a newer release");
	return 0;
}

enum wire_role enrol_code_role(const struct enrol_code *c)
{
	unsigned role = c->digits[0] >> 3;

	return role < 3 ? (enum wire_role)(ROLE_SENSOR + (int)role) : ROLE_NONE;
}

/* Many times over: whoever steals the hashes shall not find a code while it is good for something.
 */
void enrol_code_hash(const struct enrol_code *c, char ret[ENROL_CODE_HASH])
{
	static const char domain[] = "banken-enrol-v1";
	unsigned char block[sizeof(domain) + 32 + ENROL_DATA] = {0};

	memcpy(block, domain, sizeof(domain));
	memcpy(block + sizeof(domain) + 32, c->digits, ENROL_DATA);
	for (unsigned i = 0; i < ROUNDS; i++)
		(void)mbedtls_sha256_ret(block, sizeof(block), block + sizeof(domain), 0);
	for (unsigned i = 0; i < 32; i++)
		snprintf(ret + 2 * (size_t)i, 3, "%02x", block[sizeof(domain) + i]);
}

bool enrol_code_pins(const struct enrol_code *c, struct slice ca)
{
	uint8_t pin[ENROL_DATA - ENROL_SECRET];

	pin_of(ca, pin);
	return memcmp(pin, c->digits + ENROL_SECRET, sizeof(pin)) == 0;
}
