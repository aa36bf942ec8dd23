#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "control/wire/zone.h"
#include "dataplane/base/clock.h"

static struct zone zone(const char *name)
{
	struct zone z;
	struct errmsg err = {""};

	assert_int_equal(zone_set(&z, name, &err), ERR_OK);
	return z;
}

static void tokyo(void **state)
{
	struct zone z = zone("Asia/Tokyo");
	uint64_t noon = 1795230000ULL * NS_PER_SEC; /* 2026-11-21 03:00 UTC */
	char text[ZONE_TEXT];

	assert_string_equal(zone_text(&z, noon, text), "2026-11-21 12:00:00");
	assert_string_equal(zone_text(&z, zone_day(&z, noon, 0), text), "2026-11-21 00:00:00");
	assert_string_equal(zone_text(&z, zone_day(&z, noon, 10), text), "2026-12-01 00:00:00");
	assert_string_equal(zone_text(&z, zone_month(&z, noon, -11), text), "2025-12-01 00:00:00");
	assert_string_equal(zone_offset_text(&z, noon, text), "UTC+09:00");
	assert_string_equal(zone_text(&z, 0, text), "");
	assert_true(zone_date(&z, "2026-11-21") == zone_day(&z, noon, 0));
	assert_true(zone_date(&z, "2026-11") == zone_month(&z, noon, 0));
}

/* C: the day of the change has 23 hours in spring and 25 in autumn. */
static void berlin_changes(void **state)
{
	struct zone z = zone("Europe/Berlin");
	uint64_t spring = zone_date(&z, "2026-03-29"), autumn = zone_date(&z, "2026-10-25");

	assert_true(zone_day(&z, spring, 1) - spring == 23 * NS_PER_HOUR);
	assert_true(zone_day(&z, autumn, 1) - autumn == 25 * NS_PER_HOUR);
	assert_int_equal(zone_offset(&z, spring), 60);
	assert_int_equal(zone_offset(&z, zone_day(&z, spring, 1)), 120);
}

static void two_zones_in_turn(void **state)
{
	struct zone kathmandu = zone("Asia/Kathmandu"), utc = zone("UTC");
	char text[ZONE_TEXT];

	for (int i = 0; i < 3; i++) {
		assert_string_equal(zone_offset_text(&kathmandu, 1795230000ULL * NS_PER_SEC, text),
				    "UTC+05:45");
		assert_string_equal(zone_offset_text(&utc, 1795230000ULL * NS_PER_SEC, text),
				    "UTC");
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {"Asia/Osaka-City", "../../etc/passwd", "/etc/passwd",
					  "Asia/Tokyo\n", "a b"};
	static const char *const dates[] = {"",		"2026-13-01", "2026-1-1", "2026-11-21x",
					    "21.11.26", "9999-01-01"};
	struct zone z = zone("UTC");
	struct errmsg err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(zone_set(&z, bad[i], &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "is no time zone"));
	}
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		assert_true(zone_date(&z, dates[i]) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokyo),
		cmocka_unit_test(berlin_changes),
		cmocka_unit_test(two_zones_in_turn),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
