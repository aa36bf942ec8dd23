#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/cli/keys.h"
#include "control/wire/testdir.h"
#include "control/wire/tls.h"

static char folder[64], ca[96], out[96];

static int set_up(void **state)
{
	testdir_make(folder);
	snprintf(ca, sizeof(ca), "%s/ca", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	/* Sentences are checked where they are made; here only the exit status. */
	return freopen("/dev/null", "w", stderr) && freopen("/dev/null", "w", stdout) ? 0 : -1;
}

static int tear_down(void **state)
{
	testdir_remove(folder);
	return 0;
}

#define KEYS(...) keys((char *[]){"keys", __VA_ARGS__, NULL})

static int keys(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return cmd_keys(argc, argv);
}

static void a_site_gets_its_keys(void **state)
{
	struct errmsg e = {0};
	struct tls_keys *k;

	assert_int_equal(KEYS("init", ca, "--site", "Works"), 0);
	assert_int_equal(KEYS("issue", ca, "--role", "sensor", "--name", "s1", "--out", out), 0);
	k = tls_keys_load(out, ROLE_SENSOR, &e);
	assert_non_null(k);
	assert_string_equal(tls_keys_identity(k)->site, "Works");
	tls_keys_free(k);
	assert_int_equal(KEYS("init", ca), 1); /* is there already */
}

static void wrong_usage_is_told(void **state)
{
	assert_int_equal(KEYS("dance", ca), 2);
	assert_int_equal(KEYS("init"), 2);
	assert_int_equal(KEYS("init", ca, "--days", "0"), 2);
	assert_int_equal(KEYS("init", ca, "--nothing"), 2);
	assert_int_equal(KEYS("issue", ca, "--role", "sensor"), 2);
	assert_int_equal(KEYS("issue", "/nowhere", "--role", "sensor", "--name", "a", "--out", out),
			 1);
	assert_int_equal(KEYS("issue", ca, "--role", "king", "--name", "a", "--out", out), 1);
	assert_int_equal(KEYS("--help"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_gets_its_keys),
		cmocka_unit_test(wrong_usage_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
