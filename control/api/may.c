#include "control/api/may.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned may;
} roles[API_ROLE_COUNT] = {
	[API_ROLE_NONE] = {"none", 0},
	[API_ROLE_VIEWER] = {"viewer", API_MAY_SEE},
	[API_ROLE_APPROVER] = {"approver", API_MAY_SEE | API_MAY_APPROVE},
	[API_ROLE_ADMINISTRATOR] = {"administrator",
				    API_MAY_SEE | API_MAY_APPROVE | API_MAY_CHANGE | API_MAY_ADMIN},
	[API_ROLE_VENDOR_OPERATOR] = {"vendor-operator",
				      API_MAY_SEE | API_MAY_CHANGE | API_MAY_ALL},
	[API_ROLE_VENDOR_ANALYST] = {"vendor-analyst", API_MAY_SEE | API_MAY_ANALYSE | API_MAY_ALL},
	[API_ROLE_VENDOR_ADMINISTRATOR] = {"vendor-administrator",
					   API_MAY_SEE | API_MAY_APPROVE | API_MAY_ANALYSE |
						   API_MAY_CHANGE | API_MAY_ADMIN | API_MAY_ALL},
};

unsigned api_role_may(enum api_role role)
{
	return role < API_ROLE_COUNT ? roles[role].may : 0;
}

const char *api_role_name(enum api_role role)
{
	return roles[role < API_ROLE_COUNT ? role : API_ROLE_NONE].name;
}

enum api_role api_role_parse(const char *name)
{
	for (unsigned i = 1; name && i < API_ROLE_COUNT; i++) {
		if (strcmp(roles[i].name, name) == 0)
			return (enum api_role)i;
	}
	return API_ROLE_NONE;
}

bool api_role_is_vendor(enum api_role role)
{
	return api_role_may(role) & API_MAY_ALL;
}
