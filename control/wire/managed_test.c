#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/wire/managed.h"

static const struct {
	const char *text, *sentence; /* NULL: right */
} cases[] = {
	{"", NULL},
	{"# nothing\n\n  \n", NULL},
	{"health-seconds: 5", NULL},
	{"health-seconds:5\r\nlog-level:  debug\n", NULL},
	{"networks: [10.0.0.0/8, \"fc00::/7\", 192.0.2.1]\nvlans: [1, 4094]\n", NULL},
	{"vlans: []\n", NULL},
	{"keys-folder: /tmp/x\n", "no key that may be set from here"},
	{"user: root\n", "no key that may be set from here"},
	{"mitigator.address: evil:1\n", "no key that may be set from here"},
	{"centre.address: evil:1\n", "no key that may be set from here"},
	{"policy: /tmp/p\n", "no key that may be set from here"},
	{"mandate: /tmp/p\n", "no key that may be set from here"},
	{"eve.folder: /etc\n", "no key that may be set from here"},
	{"enrolment-code: X\n", "no key that may be set from here"},
	{"version: 7\n", "no key that may be set from here"},
	{"health-seconds: 0\n", "from 1 to 3600"},
	{"health-seconds: 5x\n", "from 1 to 3600"},
	{"health-seconds: -5\n", "from 1 to 3600"},
	{"health-seconds: 1e3\n", "from 1 to 3600"},
	{"health-seconds: nan\n", "from 1 to 3600"},
	{"health-seconds:\n", "from 1 to 3600"},
	{"log-level: warn info\n", "must be one of: error warn info debug"},
	{"log-level: arn\n", "must be one of"},
	{"behave.enabled: yes\n", "must be true or false"},
	{"networks: 10.0.0.0/8\n", "a list of prefixes"},
	{"networks: [10.0.0.0/33]\n", "a list of prefixes"},
	{"networks: [10.0.0.0/8,,]\n", "a list of prefixes"},
	{"networks: [*alias]\n", "a list of prefixes"},
	{"vlans: [0]\n", "a list of VLANs"},
	{"vlans: [4095]\n", "a list of VLANs"},
	{"health-seconds: 5\nhealth-seconds: 6\n", "line 2: health-seconds comes twice"},
	{"no colon\n", "line 1 is not"},
	{": 5\n", "has no key"},
	{"health-seconds: 5\001\n", "control character"},
	{"ports-every: 5\n", "no key of these boxes"},
};

static void documents_are_checked(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct errmsg e = {""};
		int rc = managed_check(SLICE_STR(cases[i].text), ROLE_SET(ROLE_SENSOR), &e);

		if ((rc == 0) != (cases[i].sentence == NULL) ||
		    (rc && !strstr(e.text, cases[i].sentence)))
			fail_msg("\"%s\": %d \"%s\"", cases[i].text, rc, e.text);
	}
}

static void layers_lie_over_each_other(void **state)
{
	struct slice fleet = SLICE_LIT("health-seconds: 10\nlog-level: info\nports-every: 4\n");
	struct slice site = SLICE_LIT("networks: [10.0.0.0/8]\nhealth-seconds: 2\n");
	char *text = managed_merge(fleet, site, ROLE_SENSOR);
	json_t *diff;

	assert_string_equal(text, "health-seconds: 2\nlog-level: info\nnetworks: [10.0.0.0/8]\n");
	diff = managed_diff(fleet, SLICE_STR(text));
	assert_int_equal(json_array_size(diff), 3);
	json_decref(diff);
	free(text);
	text = managed_merge(fleet, site, ROLE_MITIGATOR);
	assert_string_equal(text, "log-level: info\nports-every: 4\n");
	free(text);
}

static void the_table_is_sorted(void **state)
{
	for (size_t i = 1; i < managed_n_keys; i++)
		assert_true(strcmp(managed_keys[i - 1].name, managed_keys[i].name) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_checked),
		cmocka_unit_test(layers_lie_over_each_other),
		cmocka_unit_test(the_table_is_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
