/* The enrolment code (C1): what a person types on a box so that it gets its certificate. 25 letters
 * and digits in five groups, without I, L, O and U: "7ZK4M-0QW2E-...". It holds
 *
 *	 2 bits  which kind of box (sensor, mitigator, enforcer)
 *	53 bits  the secret, known to the centre as a hash only
 *	60 bits  the pin: the first bits of the SHA-256 of the CA's certificate, by which the box
 *	         knows that it speaks to its own centre
 *	10 bits  two check digits (Reed-Solomon over GF(32)): any two wrong letters are seen, and a
 *	         single one is found */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/wire/identity.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	ENROL_DIGITS = 25,
	ENROL_DATA = 23,   /* of them, without the check digits */
	ENROL_SECRET = 11, /* of them: role and secret */
	ENROL_CODE_TEXT = ENROL_DIGITS + 5,
	ENROL_CODE_HASH = 65,
	ENROL_CODE_MOST = 64, /* characters that a typed code may have, with blanks */
};

struct enrol_code {
	uint8_t digits[ENROL_DIGITS]; /* 0 to 31 each */
};

/* A new one for a CA's certificate (DER). ERR_INVALID for roles that are not enrolled. */
int enrol_code_make(enum wire_role role, struct slice ca, struct enrol_code *ret, struct errmsg *e);
void enrol_code_text(const struct enrol_code *c, char ret[ENROL_CODE_TEXT]);

/* As typed: small letters, blanks, dashes, O for 0 and I or L for 1 are understood. ERR_INVALID
 * with a sentence that says where the mistake is. */
int enrol_code_parse(const char *text, struct enrol_code *ret, struct errmsg *e);

enum wire_role enrol_code_role(const struct enrol_code *c);
/* What the centre keeps of it, in hex. */
void enrol_code_hash(const struct enrol_code *c, char ret[ENROL_CODE_HASH]);
/* Whether the pin is of this CA's certificate (DER). */
bool enrol_code_pins(const struct enrol_code *c, struct slice ca);
