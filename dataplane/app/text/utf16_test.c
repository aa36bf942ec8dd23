#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/text/utf16.h"

struct row {
	const char *name;
	struct slice raw;
	size_t cap;
	const char *want;
};

static const struct row rows[] = {
	{"ASCII", {(const uint8_t *)"a\0b\0", 4}, 8, "ab"},
	{"two and three bytes", {(const uint8_t *)"\xe9\0\x42\x30", 4}, 8, "\xc3\xa9\xe3\x81\x82"},
	{"a pair", {(const uint8_t *)"\x3d\xd8\0\xde", 4}, 8, "\xf0\x9f\x98\x80"},
	{"half a pair", {(const uint8_t *)"\x3d\xd8x\0", 4}, 8, "\xef\xbf\xbdx"},
	{"the other half", {(const uint8_t *)"\0\xdex\0", 4}, 8, "\xef\xbf\xbdx"},
	{"half a pair at the end", {(const uint8_t *)"\x3d\xd8", 2}, 8, "\xef\xbf\xbd"},
	{"NULs", {(const uint8_t *)"\0\0a\0\0\0", 6}, 8, "a"},
	{"half a unit", {(const uint8_t *)"a\0b", 3}, 8, "a"},
	{"no room for the second", {(const uint8_t *)"a\0\x42\x30", 4}, 3, "a"},
	{"nothing", {NULL, 0}, 8, ""},
};

static void texts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t got[8];
		size_t len = utf16_text(rows[i].raw, got, rows[i].cap);

		if (!slice_eq(SLICE(got, len), SLICE_STR(rows[i].want)))
			fail_msg("%s", rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
