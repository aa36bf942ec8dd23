#include "control/cli/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "  list                         all of them\n"
			   "  add NAME --role ROLE         viewer, approver\n"
			   "                               or administrator\n"
			   "  role|off NAME                another\n"
			   "  assessment begin CUSTOMER [--days N]   watched only\n"
			   "  assessment end CUSTOMER      before its time\n"
			   "\nexamples:\n  banken centre frob\n";

static void check(const char *words, const char *want)
{
	char text[200], *argv[8], *out = NULL, *at = text;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);
	int argc = 0;

	snprintf(text, sizeof(text), "%s", words);
	for (char *w = strtok_r(text, " ", &at); w; w = strtok_r(NULL, " ", &at))
		argv[argc++] = w;
	usage_say(f, help, argc, argv);
	fclose(f);
	assert_string_equal(out, want);
	free(out);
}

static void test_missing(void **state)
{
	check("centre assessment begin",
	      "banken: centre assessment begin: CUSTOMER is missing\n"
	      "usage: banken centre assessment begin CUSTOMER [--days N]\n"
	      "example: banken centre assessment begin aoba\n");
	check("centre assessment", "banken: centre assessment: begin is missing\n"
				   "usage: banken centre assessment begin CUSTOMER [--days N]\n"
				   "example: banken centre assessment begin aoba\n");
	check("centre add sato", "banken: centre add sato: --role is missing\n"
				 "usage: banken centre add NAME --role ROLE\n"
				 "example: banken centre add yamada --role viewer\n");
	check("centre off", "banken: centre off: NAME is missing\n"
			    "usage: banken centre role|off NAME\n"
			    "example: banken centre off yamada\n");
}

static void test_others(void **state)
{
	/* Nothing lacks, something is too much. */
	check("centre assessment end aoba now", "usage: banken centre assessment end CUSTOMER\n"
						"example: banken centre assessment end aoba\n");
	check("centre frob", "banken: that is none of its commands: banken centre --help\n");
	check("centre", "banken: that is none of its commands: banken centre --help\n");
	check("centre addx", "banken: that is none of its commands: banken centre --help\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
