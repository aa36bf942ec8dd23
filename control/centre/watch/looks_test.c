/* What is wrong with the watching: found, told once, over by itself; what is ordinary is not told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/centre/store/place_test.h"
#include "control/centre/store/schedule.h"
#include "control/centre/watch/looks.h"
#include "control/centre/watch/rate.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static struct store *s;
static struct zone zone;
static uint64_t now;

static int begin(void **state)
{
	struct errmsg err;

	assert_int_equal(zone_set(&zone, "Asia/Tokyo", &err), ERR_OK);
	now = zone_date(&zone, "2026-11-20") + 12 * NS_PER_HOUR;
	s = test_store(true, &err);
	assert_non_null(s);
	assert_int_equal(conditions_open(s, &err), ERR_OK);
	assert_int_equal(schedule_open(s, &err), ERR_OK);
	assert_int_equal(store_peer(s, "sensor-1", "sensor", "osaka", true, now, &err), ERR_OK);
	assert_int_equal(store_peer(s, "mitigator-1", "mitigator", "osaka", true, now, &err),
			 ERR_OK);
	assert_int_equal(store_customer(s, "aoba", "Aoba", &zone, &err), ERR_OK);
	assert_int_equal(store_site(s, "osaka", "aoba", &err), ERR_OK);
	return 0;
}

static int end(void **state)
{
	store_close(s);
	return 0;
}

static void ok(int rc, const struct errmsg *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

/* "kind customer (seen|over|open)" of every emergency, newest first. */
static const char *told(void)
{
	static char text[2048];
	json_t *list = emergency_list(s, "", 100), *e;
	size_t i, len = 0;

	text[0] = 0;
	json_array_foreach(list, i, e)
	{
		const char *by = json_string_value(json_object_get(e, "by"));

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s %s", i ? ", " : "",
					json_string_value(json_object_get(e, "kind")),
					json_string_value(json_object_get(e, "customer")),
					json_integer_value(json_object_get(e, "acknowledged"))
						? (strcmp(by, "(over)") == 0 ? "over" : "seen")
						: "open");
		assert_true(json_string_value(json_object_get(e, "title"))[0]);
		assert_true(json_string_value(json_object_get(e, "title_ja"))[0]);
		assert_true(json_string_value(json_object_get(e, "text"))[0]);
		assert_true(json_string_value(json_object_get(e, "text_ja"))[0]);
	}
	json_decref(list);
	return text;
}

/* --- rate --- */

static void rates_are_judged(void **state)
{
	static const struct {
		const char *name;
		uint64_t now, past[10];
		size_t n;
		enum rate_verdict want;
	} cases[] = {
		{"no past", 100, {1, 1, 1}, 3, RATE_UNKNOWN},
		{"quiet as ever", 0, {0, 0, 0, 0, 0, 0}, 6, RATE_NORMAL},
		{"five from nothing", 5, {0, 0, 0, 0, 0, 0}, 6, RATE_NORMAL},
		{"six from nothing", 6, {0, 0, 0, 0, 0, 0}, 6, RATE_MANY},
		{"one bad week does not hide", 60, {2, 3, 2, 50, 3, 2}, 6, RATE_MANY},
		{"but what was there before is not new", 40, {2, 3, 2, 50, 3, 2}, 6, RATE_NORMAL},
		{"wide past", 120, {40, 90, 60, 110, 70, 50}, 6, RATE_NORMAL},
		{"far fewer", 3, {100, 120, 90, 110, 100, 95}, 6, RATE_FEW},
		{"fewer", 20, {100, 120, 90, 110, 100, 95}, 6, RATE_NORMAL},
		{"never many", 0, {5, 9, 7, 6, 8, 5}, 6, RATE_NORMAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t past[10];
		struct rate r;

		memcpy(past, cases[i].past, sizeof(past));
		r = rate_judge(cases[i].now, past, cases[i].n);
		if (r.verdict != cases[i].want)
			fail_msg("%s: %d", cases[i].name, (int)r.verdict);
	}
}

static void disk_is_forecast(void **state)
{
	const uint64_t days[] = {1, 2, 3, 4, 5}, used[] = {10, 20, 95, 40, 50};

	/* One odd day does not move it: 10 a day. */
	assert_true(rate_days_to_full(days, used, 5, 100) > 3.9);
	assert_true(rate_days_to_full(days, used, 5, 100) < 5.1);
	assert_true(rate_days_to_full(days, used, 2, 100) < 0);
	assert_true(rate_days_to_full(days, days, 5, 5) >= 0);
}

static int64_t figure(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* Ten megabytes more a day than now, ten days held of thirty. */
static void store_is_forecast(void **state)
{
	enum { MB = 1000000 };
	uint64_t bytes, oldest;
	struct flow_summary f = {.id = "kept-1", .event_type = "flow", .eve = SLICE_LIT("{}")};
	struct errmsg err = {""};
	json_t *o;

	f.start = f.end = now - 10 * NS_PER_DAY;
	ok(kept_open(s, &err), &err);
	ok(store_begin(s, &err), &err);
	ok(store_record(s, "sensor-1", &f, &err), &err);
	ok(store_commit(s, &err), &err);
	ok(kept_measure(s, &bytes, &oldest, &err), &err);
	assert_true(bytes > 0);
	for (uint64_t back = 1; back < 6; back++) {
		struct kept_day d = {now / NS_PER_DAY - back, bytes + 600 * MB - back * 10 * MB};

		ok(kept_note(s, &d, &err), &err);
	}
	o = look_at_store(s, 30, 0, now, &err);
	assert_non_null(o);
	assert_int_equal(figure(o, "bytes"), bytes);
	if (!getenv("BANKEN_TEST_STATE")) { /* there a month is what is known */
		assert_int_equal(figure(o, "held_days"), 10);
		assert_int_equal(figure(o, "oldest"), f.end);
		assert_int_equal(figure(o, "bytes_then"), bytes + 20 * figure(o, "bytes_a_day"));
	}
	assert_int_equal(figure(o, "bytes_a_day"), 10 * MB);
	assert_false(json_is_true(json_object_get(o, "full")));
	json_decref(o);
	o = look_at_store(s, 30, 5 * MB, now, &err);
	assert_true(json_is_true(json_object_get(o, "full")));
	json_decref(o);
	/* What was held for longer than it is to be grows no more. */
	o = look_at_store(s, 5, 5 * MB, now, &err);
	assert_int_equal(figure(o, "bytes_then"), bytes);
	json_decref(o);
}

static void backups_are_missed(void **state)
{
	struct kept_day first = {now / NS_PER_DAY - 10, 1000};
	struct kept_backup b = {.time = now, .place = "/backup/x"};
	struct errmsg err = {""};

	ok(kept_open(s, &err), &err);
	ok(kept_note(s, &first, &err), &err);
	ok(look_at_backups(s, 0, now, &err), &err);
	ok(look_at_backups(s, 11, now, &err), &err);
	assert_string_equal(told(), "");
	ok(look_at_backups(s, 7, now, &err), &err);
	assert_string_equal(told(), "backup  open");
	ok(kept_backup_note(s, &b, &err), &err);
	ok(look_at_backups(s, 7, now + NS_PER_DAY, &err), &err);
	assert_string_equal(told(), "backup  over");
	ok(look_at_backups(s, 7, now + 8 * NS_PER_DAY, &err), &err);
	assert_string_equal(told(), "backup  open, backup  over");
}

/* --- incidents --- */

static void incidents(uint64_t at, unsigned n)
{
	static unsigned number;
	struct mitigator_state m = {.time = at};
	struct incident_state list[64] = {0};
	char ids[64][24];
	struct errmsg err = {""};

	for (unsigned i = 0; i < n; i++) {
		snprintf(ids[i], sizeof(ids[i]), "incident-%u", ++number);
		list[i] = (struct incident_state){.id = ids[i],
						  .opened = at,
						  .updated = at,
						  .title = "x",
						  .state = "detected",
						  .level = LEVEL_CAUTION};
	}
	m.incidents.items = list;
	m.incidents.n = n;
	ok(store_mitigator(s, "mitigator-1", &m, &err), &err);
}

static void alerts(uint64_t at, unsigned n)
{
	static unsigned number;
	struct errmsg err = {""};

	for (unsigned i = 0; i < n; i++) {
		char id[24];
		struct alert a = {.id = id,
				  .time = at,
				  .gid = 1,
				  .sid = 7,
				  .msg = "m",
				  .severity = SEVERITY_LOW,
				  .eve = SLICE_LIT("{}")};

		snprintf(id, sizeof(id), "alert-%u", ++number);
		ok(store_alert(s, "sensor-1", &a, &err), &err);
	}
}

static void too_many_and_over(void **state)
{
	struct errmsg err = {""};

	for (unsigned w = 1; w <= 8; w++) {
		incidents(now - w * 7 * NS_PER_DAY - 10 * NS_PER_MIN, w % 3);
		alerts(now - w * 7 * NS_PER_DAY - 10 * NS_PER_MIN, 1);
	}
	incidents(now - 20 * NS_PER_MIN, 5);
	ok(look_at_rates(s, now, &err), &err);
	assert_string_equal(told(), "");
	incidents(now - 10 * NS_PER_MIN, 6);
	ok(look_at_rates(s, now, &err), &err);
	ok(look_at_rates(s, now + NS_PER_MIN, &err), &err);
	assert_string_equal(told(), "rate aoba open");
	now += 2 * NS_PER_HOUR;
	ok(look_at_rates(s, now, &err), &err);
	assert_string_equal(told(), "rate aoba over");
}

static void too_few(void **state)
{
	struct errmsg err = {""};

	for (unsigned w = 1; w <= 7; w++)
		alerts(now - w * 7 * NS_PER_DAY - 5 * NS_PER_HOUR, 30 + w);
	alerts(now - 5 * NS_PER_HOUR, 2);
	ok(look_at_rates(s, now, &err), &err);
	assert_string_equal(told(), "rate aoba open");
	alerts(now - 4 * NS_PER_HOUR, 20);
	ok(look_at_rates(s, now + NS_PER_MIN, &err), &err);
	assert_string_equal(told(), "rate aoba over");
}

/* --- what ends --- */

static void certificates_and_clocks(void **state)
{
	int64_t second = (int64_t)(now / NS_PER_SEC);
	struct peer_look peers[] = {{"sensor-1", "osaka", second + 90 * 86400, 200},
				    {"sensor-2", "osaka", second + 10 * 86400, -400},
				    {"sensor-3", "", second - 5, -3600000}};
	struct errmsg err = {""};

	ok(look_at_peers(s, peers, 3, second + 300 * 86400, now, &err), &err);
	assert_string_equal(told(), "clock  open, certificate  open, certificate aoba open");
	peers[1].until += 365 * 86400;
	peers[2].until += 365 * 86400;
	peers[2].clock_offset_ms = 5;
	now += NS_PER_MIN;
	ok(look_at_peers(s, peers, 3, second + 300 * 86400, now, &err), &err);
	assert_string_equal(told(), "clock  over, certificate  over, certificate aoba over");
	ok(look_at_peers(s, peers, 0, second + 86400, now + 1, &err), &err);
	assert_non_null(strstr(told(), "certificate  open"));
}

/* It warns before and after, and nothing else looks at it. */
static void licences_warn(void **state)
{
	struct errmsg err = {""};

	ok(licence_put(s, "aoba", now + 40 * NS_PER_DAY, &err), &err);
	ok(look_at_licences(s, &zone, now, &err), &err);
	assert_string_equal(told(), "");
	now += 20 * NS_PER_DAY;
	ok(look_at_licences(s, &zone, now, &err), &err);
	assert_string_equal(told(), "licence aoba open");
	now += 30 * NS_PER_DAY;
	ok(look_at_licences(s, &zone, now, &err), &err);
	assert_string_equal(told(), "licence aoba open");
	alerts(now, 1);
	assert_int_equal(store_count(s, "alerts"), 1);
	ok(licence_put(s, "aoba", now + 400 * NS_PER_DAY, &err), &err);
	ok(look_at_licences(s, &zone, now + 1, &err), &err);
	assert_string_equal(told(), "licence aoba over");
}

static void disk_fills(void **state)
{
	struct errmsg err = {""};

	for (unsigned d = 0; d < 5; d++, now += NS_PER_DAY) {
		assert_string_equal(told(), "");
		ok(look_at_disk(s, (20 + 8 * d) * 1000000000ULL, 100 * 1000000000ULL, now, &err),
		   &err);
	}
	ok(look_at_disk(s, 60 * 1000000000ULL, 100 * 1000000000ULL, now, &err), &err);
	assert_string_equal(told(), "disk  open");
	ok(look_at_disk(s, 20 * 1000000000ULL, 100 * 1000000000ULL, now + NS_PER_DAY, &err), &err);
	assert_string_equal(told(), "disk  over");
}

/* --- mirror ports --- */

static void health(uint64_t at, uint64_t rx)
{
	struct sensor_health h = {.rx_packets = rx, .dataplane_alive = true};
	struct errmsg err = {""};

	ok(store_health(s, "sensor-1", at, &h, &err), &err);
}

static void mirror_goes_and_comes(void **state)
{
	const uint64_t after = 10 * NS_PER_MIN;
	struct errmsg err = {""};
	unsigned minute = 0;

	for (; minute < 60; minute++, now += NS_PER_MIN) {
		health(now, minute < 20 ? 1000 + minute : minute < 45 ? 1019 : 1000 + minute);
		ok(look_at_mirrors(s, after, now, &err), &err);
		if (minute == 29)
			assert_string_equal(told(), "");
		if (minute == 31 || minute == 44)
			assert_string_equal(told(), "mirror aoba open");
	}
	assert_string_equal(told(), "mirror aoba over");
}

/* What comes and goes is one thing for an hour, and it is not forgotten that it is there. */
static void flapping_is_no_storm(void **state)
{
	struct emergency e = {.kind = EMERGENCY_DISK, .key = "disk:x"};
	struct errmsg err = {""};

	snprintf(e.title[0], sizeof(e.title[0]), "t");
	snprintf(e.title[1], sizeof(e.title[1]), "t");
	snprintf(e.text[0], sizeof(e.text[0]), "t");
	snprintf(e.text[1], sizeof(e.text[1]), "t");
	for (unsigned i = 0; i < 30; i++, now += NS_PER_MIN) {
		if (i % 2 == 0)
			ok(condition_holds(s, &e, now, &err), &err);
		ok(conditions_end(s, EMERGENCY_DISK, now, now, &err), &err);
	}
	assert_string_equal(told(), "disk  over");
	ok(condition_holds(s, &e, now, &err), &err);
	assert_string_equal(told(), "disk  open");
	ok(conditions_end(s, EMERGENCY_DISK, now + 1, now + 1, &err), &err);
	ok(condition_holds(s, &e, now + 2 * NS_PER_HOUR, &err), &err);
	assert_string_equal(told(), "disk  open, disk  over");
}

static void seen_stays_seen(void **state)
{
	struct emergency e = {.kind = EMERGENCY_DISK, .key = "disk:x"};
	struct errmsg err = {""};

	snprintf(e.title[0], sizeof(e.title[0]), "t");
	snprintf(e.title[1], sizeof(e.title[1]), "t");
	snprintf(e.text[0], sizeof(e.text[0]), "t");
	snprintf(e.text[1], sizeof(e.text[1]), "t");
	assert_int_equal(condition_holds(s, &e, now, &err), 1);
	ok(emergency_acknowledge(s, 1, "", "yamada", now, &err), &err);
	assert_int_equal(condition_holds(s, &e, now + NS_PER_MIN, &err), 0);
	assert_string_equal(told(), "disk  seen");
}

static void silent_peer_is_back(void **state)
{
	struct errmsg err = {""};

	ok(store_peer(s, "sensor-1", "sensor", "osaka", false, now, &err), &err);
	ok(emergency_raise_silent(s, 10 * NS_PER_MIN, now + NS_PER_HOUR, &err), &err);
	ok(conditions_end_silent(s, now + NS_PER_HOUR, &err), &err);
	assert_string_equal(told(), "silent aoba open");
	ok(store_peer(s, "sensor-1", "sensor", "osaka", true, now + 2 * NS_PER_HOUR, &err), &err);
	ok(conditions_end_silent(s, now + 2 * NS_PER_HOUR, &err), &err);
	assert_string_equal(told(), "silent aoba over");
}

/* --- queues --- */

static void reports_that_are_late(void **state)
{
	struct report_run r;
	struct errmsg err = {""};

	ok(schedule_plan(s, &zone, 6, now, &err), &err);
	now += NS_PER_DAY;
	ok(schedule_plan(s, &zone, 6, now, &err), &err);
	ok(look_at_queues(s, &zone, now, &err), &err);
	assert_string_equal(told(), "report  open");
	while (report_run_next(s, now, &r, &err) == 1)
		ok(report_run_moved(s, &r, RUN_READY, "", now, &err), &err);
	ok(look_at_queues(s, &zone, now + 1, &err), &err);
	assert_string_equal(told(), "report  over");
}

static void messages_that_nobody_takes(void **state)
{
	struct recipient to = {.kind = RECIPIENT_MAIL, .address = "a@b", .tier = 1};
	struct emergency_rules rules = emergency_rules_default;
	struct emergency e = {.key = "x", .opened = now};
	struct emergency_message *m = calloc(1, sizeof(*m));
	struct errmsg err = {""};

	snprintf(e.title[0], sizeof(e.title[0]), "t");
	snprintf(e.title[1], sizeof(e.title[1]), "t");
	snprintf(e.text[0], sizeof(e.text[0]), "t");
	snprintf(e.text[1], sizeof(e.text[1]), "t");
	ok(recipient_put(s, &to, &err), &err);
	ok(emergency_raise(s, &e, &err), &err);
	for (unsigned i = 0; i < 5; i++, now += 3 * NS_PER_MIN) {
		ok(emergency_plan(s, &rules, now, &err), &err);
		assert_int_equal(emergency_next(s, &rules, now, m, &err), 1);
		ok(emergency_sent(s, m, "refused", now, &err), &err);
	}
	free(m);
	ok(look_at_queues(s, &zone, now, &err), &err);
	assert_string_equal(told(), "mail  open, incident  open");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(rates_are_judged),
		TEST(disk_is_forecast),
		TEST(store_is_forecast),
		TEST(backups_are_missed),
		TEST(too_many_and_over),
		TEST(too_few),
		TEST(certificates_and_clocks),
		TEST(licences_warn),
		TEST(disk_fills),
		TEST(mirror_goes_and_comes),
		TEST(flapping_is_no_storm),
		TEST(seen_stays_seen),
		TEST(silent_peer_is_back),
		TEST(reports_that_are_late),
		TEST(messages_that_nobody_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
