/* Who a certificate says its holder is: subject CN = name, OU = role, O = site. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/wire/limits.h"

enum wire_role {
	ROLE_NONE,
	ROLE_SENSOR,
	ROLE_MITIGATOR,
	ROLE_ENFORCER,
	ROLE_CENTRE,
	ROLE_COUNT,
};

/* Sets of roles, for "who may be at the other end". */
#define ROLE_SET(role) (1U << (role))

enum { IDENTITY_SERIAL = 48 };

struct identity {
	enum wire_role role;
	char name[WIRE_NAME_MAX];
	char site[WIRE_NAME_MAX];
	char serial[IDENTITY_SERIAL]; /* of the certificate, lower-case hex; "" not known */
	int64_t until;		      /* it ends then, seconds since 1970 */
};

const char *role_text(enum wire_role role);
enum wire_role role_parse(const char *word); /* ROLE_NONE when there is no such word */

/* Letters, digits, '.', '_', '-': 1 to 63 of them. */
bool identity_name_ok(const char *name);

/* "sensor or mitigator" */
void identity_roles_text(unsigned roles, char *ret, size_t cap);
