#include "control/centre/ingest/own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/base/slice.h"

/* Two sites number alike; at the centre they are apart, and linked ones stay linked. */
static void test_incidents(void **state)
{
	const char *linked[] = {"incident-000002"};
	struct incident_state x = {.id = "incident-000001", .linked = {linked, 1}};
	struct mitigator_state m = {.incidents = {&x, 1}};
	void *ids;

	(void)state;
	assert_int_equal(own_state("osaka", &m, &ids), 0);
	assert_string_equal(x.id, "osaka:incident-000001");
	assert_string_equal(linked[0], "osaka:incident-000002");
	free(ids);
}

static void test_cuts(void **state)
{
	static const struct {
		const char *id;
		bool own;
	} cases[] = {
		{"osaka-17.2", true},	 {"osaka-17", true},   {"osaka-1-5.1", false},
		{"osaka-1-5", false},	 {"osaka-", false},    {"osaka", false},
		{"tokyo-17.2", false},	 {"", false},	       {"osaka-17.2x", false},
		{"osaka-17.2.3", false}, {"osaka-x.2", false}, {NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct quarantine_state q = {.command = {.command_id = cases[i].id}};
		struct mitigator_state m = {.quarantines = {&q, 1}};
		void *ids;

		assert_int_equal(own_state("osaka", &m, &ids), !cases[i].own);
		assert_int_equal(m.quarantines.n, cases[i].own);
		free(ids);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_incidents),
		cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
