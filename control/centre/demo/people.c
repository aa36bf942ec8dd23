/* Who may log in to a demonstration. */
#include <stdio.h>
#include <string.h>

#include "control/centre/demo/cast.h"
#include "control/centre/demo/demo.h"
#include "dataplane/base/slice.h"

static int add(struct accounts *a, struct account *k, const char *customer, struct errmsg *err)
{
	const char *role = api_role_name(k->role), *short_role = strchr(role, '-');

	snprintf(k->customer, sizeof(k->customer), "%s", customer);
	if (customer[0])
		snprintf(k->name, sizeof(k->name), "%.30s@%.30s", role, customer);
	else
		snprintf(k->name, sizeof(k->name), "%s", short_role ? short_role + 1 : role);
	return accounts_add(a, k, err);
}

int demo_people(struct accounts *a, uint64_t now, struct errmsg *err)
{
	struct account k = {.created = now};
	int rc = ERR_OK;

	password_hash(DEMO_PASSWORD, k.hash);
	for (unsigned role = API_ROLE_VIEWER; role < API_ROLE_COUNT && rc == ERR_OK; role++) {
		k.role = (enum api_role)role;
		if (api_role_is_vendor(k.role)) {
			rc = add(a, &k, "", err);
			continue;
		}
		for (unsigned c = 0; c < DEMO_CUSTOMERS && rc == ERR_OK; c++)
			rc = add(a, &k, demo_customers[c].id, err);
	}
	return rc;
}
