/* Keys for tests: a CA in FOLDER/ca and one key folder a name. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "control/wire/ca.h"
#include "control/wire/tls.h"

static inline void testkeys_ca(const char *folder)
{
	struct errmsg e = {0};
	char dir[256];

	snprintf(dir, sizeof(dir), "%s/ca", folder);
	if (ca_create(dir, "Test site", ca_validity_days(30), &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
}

static inline struct tls_keys *testkeys_issue(const char *folder, enum wire_role role,
					      const char *name)
{
	struct ca_order order = {role, name, ca_validity_days(30)};
	struct errmsg e = {0};
	struct tls_keys *k = NULL;
	struct ca *ca;
	char dir[256];

	snprintf(dir, sizeof(dir), "%s/ca", folder);
	ca = ca_open(dir, &e);
	snprintf(dir, sizeof(dir), "%s/%s", folder, name);
	if (ca && ca_issue(ca, &order, dir, &e) == 0)
		k = tls_keys_load(dir, role, &e);
	ca_close(ca);
	if (!k) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	return k;
}
