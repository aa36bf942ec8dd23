#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "control/mitigator/policy/when.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static void test_reads(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{"1970-01-01", 0},
		{"2026-03-29", 1774742400},
		{"2026-03-29T01:30:00Z", 1774747800},
		{"2026-03-29 01:30", 1774747800},
		{"2026-03-29T10:30:00+09:00", 1774747800},
		{"2026-03-29T10:30:00+0900", 1774747800},
		{"2026-03-29T10:30:00+09", 1774747800},
		{"2026-03-28t22:00:00.000-03:30", 1774747800},
		{"1774747800", 1774747800},
		{"2024-02-29T23:59:60Z", 1709251200},
	};
	uint64_t t;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (when_parse(good[i].text, &t) < 0 || t != good[i].seconds * NS_PER_SEC)
			fail_msg("%s", good[i].text);
	}
	assert_int_equal(when_parse("0.25", &t), 0);
	assert_int_equal(t, NS_PER_SEC / 4);
	assert_int_equal(when_parse("1970-01-01T00:00:00.123456789123Z", &t), 0);
	assert_int_equal(t, 123456789);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"now",
		"2026-13-01",
		"2026-02-29",
		"2026-02-30T00:00:00Z",
		"2026-1-1",
		"2026-01-01T",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00+9",
		"2026-01-01T00:00:00+19:00",
		"2026-01-01T00:00:00+09:60",
		"2026-01-01T00:00:00ZZ",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00 Z",
		"1969-12-31",
		"1970-01-01T00:00:00+01:00",
		"-5",
		"1e9",
		"123456789012",
		"99999999999",
		"1700000000Z",
		"2026-01-01T00:00:00+",
	};
	uint64_t t;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (when_parse(bad[i], &t) == 0)
			fail_msg("%s is taken", bad[i]);
	}
}

/* The machine's zone makes no difference. */
static void test_zones(void **state)
{
	static const char *const zones[] = {"Europe/Berlin", "Asia/Tokyo", "America/New_York"};
	uint64_t t;

	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		assert_int_equal(when_parse("2026-03-29T02:30:00", &t), 0);
		assert_int_equal(t, 1774751400 * NS_PER_SEC);
	}
	unsetenv("TZ");
	tzset();
}

static void test_text(void **state)
{
	static const uint64_t times[] = {0, 1774747800 * NS_PER_SEC, 1774747800 * NS_PER_SEC + 5,
					 1774747800 * NS_PER_SEC + 120000000};
	char text[WHEN_TEXT];
	uint64_t t;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		assert_int_equal(when_parse(when_text(times[i], text), &t), 0);
		assert_int_equal(t, times[i]);
	}
	assert_string_equal(text, "2026-03-29T01:30:00.12Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
