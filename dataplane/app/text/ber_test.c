#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/text/ber.h"

struct row {
	struct slice bytes;
	enum ber_status status;
	size_t len;
};

static void elements(void **state)
{
	static const struct row rows[] = {
		{{(const uint8_t *)"", 0}, BER_SHORT, 0},
		{{(const uint8_t *)"\4", 1}, BER_SHORT, 0},
		{{(const uint8_t *)"\4\0", 2}, BER_OK, 0},
		{{(const uint8_t *)"\4\2ab", 4}, BER_OK, 2},
		{{(const uint8_t *)"\4\2a", 3}, BER_SHORT, 1},
		{{(const uint8_t *)"\4\x81\2ab", 5}, BER_OK, 2},
		{{(const uint8_t *)"\4\x84\0\0\0\1a", 7}, BER_OK, 1},
		{{(const uint8_t *)"\4\x84\xff\xff\xff\xff"
				   "a",
		  7},
		 BER_SHORT,
		 1},
		{{(const uint8_t *)"\4\x85\0\0\0\0\1a", 8}, BER_BAD, 0},
		{{(const uint8_t *)"\4\x80xx", 4}, BER_BAD, 0},
		{{(const uint8_t *)"\x1f\1\1x", 4}, BER_BAD, 0},
		{{(const uint8_t *)"\4\x82\0", 3}, BER_SHORT, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cursor c = cursor_of(rows[i].bytes);
		struct ber b;

		assert_int_equal(ber_next(&c, &b), rows[i].status);
		assert_int_equal(b.value.len, rows[i].len);
	}
}

static void integers(void **state)
{
	static const struct {
		const char *bytes;
		bool fine;
		int64_t value;
	} rows[] = {
		{"\2\1\5", true, 5},
		{"\2\1\xfb", true, -5},
		{"\2\2\0\xfb", true, 251},
		{"\2\x8\x80\0\0\0\0\0\0", true, INT64_MIN},
		{"\2\x9\1\2\3\4\5\6\7\x8\x9", false, 0},
		{"\2\0", false, 0},
		{"\3\1\5", false, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cursor c =
			cursor_init((const uint8_t *)rows[i].bytes, 2 + (size_t)rows[i].bytes[1]);
		int64_t n = 0;

		assert_int_equal(ber_integer(&c, &n), rows[i].fine);
		assert_true(n == rows[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements),
		cmocka_unit_test(integers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
