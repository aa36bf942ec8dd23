#include "control/wire/identity.h"

#include <stdio.h>
#include <string.h>

static const char *const role_words[ROLE_COUNT] = {"none", "sensor", "mitigator", "enforcer",
						   "centre"};

const char *role_text(enum wire_role role)
{
	return (unsigned)role < ROLE_COUNT ? role_words[role] : role_words[0];
}

enum wire_role role_parse(const char *word)
{
	for (int i = 1; i < ROLE_COUNT; i++) {
		if (strcmp(role_words[i], word) == 0)
			return (enum wire_role)i;
	}
	return ROLE_NONE;
}

bool identity_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < WIRE_NAME_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       n;
}

void identity_roles_text(unsigned roles, char *ret, size_t cap)
{
	size_t n = 0;

	ret[0] = '\0';
	for (unsigned r = 1; r < ROLE_COUNT && n < cap; r++) {
		if (roles & ROLE_SET(r))
			n += (size_t)snprintf(ret + n, cap - n, "%s%s", n ? " or " : "",
					      role_words[r]);
	}
}
