/* Reports from a store with a known past: counts, customers apart, the same bytes each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/centre/demo/demo.h"
#include "control/centre/store/lease.h"
#include "control/centre/store/place_test.h"
#include "control/centre/store/private.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char *golden; /* folder; --write makes the files anew */
static bool writes;

static const struct store_scope everybody = {"", ""};

static struct store *store(void)
{
	struct errmsg err = {""};
	struct store *s = test_store(true, &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static struct zone tokyo(void)
{
	struct zone z;
	struct errmsg err;

	assert_int_equal(zone_set(&z, "Asia/Tokyo", &err), ERR_OK);
	return z;
}

static uint64_t when(const char *date)
{
	struct zone z = tokyo();

	return zone_date(&z, date);
}

static int fill(void **state)
{
	struct errmsg err = {""};
	struct store *s = store();

	if (demo_fill(s, when("2026-11-22") + 9 * NS_PER_HOUR, &err) != ERR_OK)
		fail_msg("%s", err.text);
	*state = s;
	return 0;
}

static int empty(void **state)
{
	store_close(*state);
	return 0;
}

static struct report_monthly monthly(struct store *s, const char *customer, const char *site,
				     const char *month)
{
	const struct store_scope scope = {customer, site};
	struct zone z = tokyo();
	struct report_monthly m;
	struct errmsg err = {""};

	if (store_monthly(s, &scope, &z, when(month), when("2026-11-22"), &m, &err) != ERR_OK)
		fail_msg("%s", err.text);
	return m;
}

static uint64_t rows(struct store *s, const char *sql)
{
	const struct history_want want = {.what = HISTORY_TALLY | HISTORY_HEALTH};
	struct errmsg err = {""};
	struct db_stmt *st;
	uint64_t n;

	if ((strstr(sql, "tally") || strstr(sql, "health_slots")) &&
	    history_fetch(s, &want, &err) != ERR_OK)
		fail_msg("%s", err.text);
	st = store_prepare(s, sql, &err);
	assert_non_null(st);
	assert_true(db_step(st));
	n = (uint64_t)column_int64(st, 0);
	db_end(st);
	return n;
}

/* --- counts --- */

static void give(struct store *s, const char *id, uint64_t time, const char *ip)
{
	struct alert a = {.id = id,
			  .time = time,
			  .gid = 1,
			  .sid = 7,
			  .msg = "m",
			  .severity = SEVERITY_HIGH,
			  .eve = SLICE_LIT("{}")};
	struct errmsg err;

	assert_int_equal(ip_addr_parse(ip, &a.host.ip), ERR_OK);
	assert_int_equal(store_begin(s, &err), ERR_OK);
	assert_int_equal(store_alert(s, "sensor", &a, &err), ERR_OK);
	assert_int_equal(store_commit(s, &err), ERR_OK);
}

static void doubles_count_once(void **state)
{
	struct store *s = store();
	uint64_t at = when("2026-11-05");

	give(s, "a", at, "10.0.0.1");
	give(s, "a", at, "10.0.0.1");
	give(s, "b", at + 1, "10.0.0.1");
	give(s, "c", at + 1, "10.0.0.2");
	assert_true(rows(s, "SELECT sum(n) FROM tally") == 3);
	assert_true(rows(s, "SELECT count(*) FROM tally") == 2);
	store_close(s);
}

/* What a sensor says of itself does not make everybody's report fail. */
static void mad_counters_are_bounded(void **state)
{
	struct store *s = store();
	uint64_t at = when("2026-11-05");
	struct report_monthly m;
	struct errmsg err;

	(void)state;
	assert_int_equal(store_begin(s, &err), ERR_OK);
	assert_int_equal(store_peer(s, "sensor", "sensor", "here", true, at, &err), ERR_OK);
	for (unsigned i = 0; i < 64; i++) {
		struct sensor_health h = {.rx_packets = i % 2 ? UINT64_MAX / 3 : 0};

		assert_int_equal(store_health(s, "sensor", at + i * NS_PER_HOUR, &h, &err), ERR_OK);
	}
	assert_int_equal(store_commit(s, &err), ERR_OK);
	m = monthly(s, "", "", "2026-11");
	report_monthly_free(&m);
	store_close(s);
}

/* A sensor that starts anew counts from nothing; one that is silent is away. */
static void health_adds_up(void **state)
{
	static const struct {
		unsigned at_s;
		uint64_t rx;
	} said[] = {{0, 1000}, {200, 1500}, {400, 100}, {4000, 400}};
	struct store *s = store();
	uint64_t at = when("2026-11-05");
	struct report_monthly m;
	struct errmsg err;

	assert_int_equal(store_begin(s, &err), ERR_OK);
	assert_int_equal(store_peer(s, "sensor", "sensor", "here", true, at, &err), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		struct sensor_health h = {.rx_packets = said[i].rx};

		assert_int_equal(
			store_health(s, "sensor", at + said[i].at_s * NS_PER_SEC, &h, &err),
			ERR_OK);
	}
	assert_int_equal(store_commit(s, &err), ERR_OK);
	assert_true(rows(s, "SELECT sum(rx) FROM health_slots") == 1000 + 500 + 100 + 300);
	assert_true(rows(s, "SELECT sum(up_s) FROM health_slots") == 400);
	m = monthly(s, "", "here", "2026-11");
	assert_int_equal(m.blind_count, 1);
	assert_true(m.blind[0].down_s == 17 * 86400 - 400);
	report_monthly_free(&m);
	store_close(s);
}

/* C2: what each customer sees adds up to all, and none of it is another's. */
static void customers_are_apart(void **state)
{
	static const char *const ids[] = {"aoba", "minato", "kita"};
	struct report_monthly all = monthly(*state, "", "", "2026-10");
	uint64_t alerts = 0, incidents = 0, blind = 0;

	for (size_t c = 0; c < ARRAY_SIZE(ids); c++) {
		struct report_monthly m = monthly(*state, ids[c], "", "2026-10");

		alerts += monthly_alerts(&m.month[0]);
		incidents += m.month[0].incidents;
		blind += m.blind_count;
		for (size_t i = 0; i < m.host_count; i++) {
			char sql[256];

			snprintf(sql, sizeof(sql),
				 "SELECT count(*) FROM sites WHERE site = '%s' AND customer = '%s'",
				 m.hosts[i].site, ids[c]);
			assert_true(rows(*state, sql) == 1);
		}
		report_monthly_free(&m);
	}
	assert_true(alerts == monthly_alerts(&all.month[0]) && alerts > 1000);
	assert_true(incidents == all.month[0].incidents && incidents > 5);
	assert_true(blind == DEMO_SITES);
	report_monthly_free(&all);
}

/* Nobody's site, nobody's customer: nothing, not everything. */
static void strangers_see_nothing(void **state)
{
	static const struct store_scope scopes[] = {
		{"nobody", ""}, {"", "nowhere"}, {"aoba", "main-hospital"}};

	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		struct report_monthly m =
			monthly(*state, scopes[i].customer, scopes[i].site, "2026-10");
		struct report_daily d;
		struct errmsg err;

		assert_true(monthly_alerts(&m.month[0]) == 0 && m.month[0].packets == 0);
		assert_true(m.host_count + m.threat_count + m.incident_count + m.blind_count == 0);
		assert_int_equal(store_daily(*state, &scopes[i], when("2026-10-06"),
					     when("2026-10-07"), &d, &err),
				 ERR_OK);
		assert_true(d.alerts == 0 && d.host_count == 0 && d.packets == 0);
		report_daily_free(&d);
		report_monthly_free(&m);
	}
}

static void days_add_up_to_the_month(void **state)
{
	struct report_monthly m = monthly(*state, "", "", "2026-10");
	uint64_t days = 0, hours = 0, week = 0;

	for (unsigned i = 0; i < 31; i++) {
		struct zone z = tokyo();
		struct report_daily d;
		struct errmsg err;

		assert_int_equal(store_daily(*state, &everybody, zone_day(&z, m.from, (int)i),
					     zone_day(&z, m.from, (int)i + 1), &d, &err),
				 ERR_OK);
		days += d.alerts;
		for (unsigned h = 0; h < DAILY_HOURS; h++)
			hours += d.per_hour[h];
		report_daily_free(&d);
	}
	for (unsigned i = 0; i < 7 * 24; i++)
		week += m.hour_of_week[i / 24][i % 24];
	assert_true(days == monthly_alerts(&m.month[0]) && hours == days && week == days);
	report_monthly_free(&m);
}

/* --- the same bytes (R5) --- */

static void compare(const char *name, const char *text, size_t len)
{
	char path[512];
	struct slice kept;
	struct errmsg err = {""};

	snprintf(path, sizeof(path), "%s/%s", golden, name);
	if (writes) {
		assert_int_equal(file_write(path, SLICE(text, len), 0644, &err), ERR_OK);
		return;
	}
	if (file_read(path, 16 << 20, &kept, &err) != ERR_OK)
		fail_msg("%s", err.text);
	if (!slice_eq(kept, SLICE(text, len)))
		fail_msg("%s: the report is another one now; look at it and, when it is right, "
			 "keep it: store_test FOLDER --write",
			 name);
	payload_free(&kept);
}

static void golden_month(void **state)
{
	struct report_monthly m = monthly(*state, "kita", "", "2026-10");

	for (int form = 0; form < 4; form++) {
		static const char *const names[] = {"monthly.en.html", "monthly.ja.html",
						    "monthly.json", "monthly.csv"};
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		if (form < 2)
			report_monthly_html(&m, (enum report_language)form, out);
		else
			(form == 2 ? report_monthly_json : report_monthly_csv)(&m, out);
		fclose(out);
		compare(names[form], text, len);
		free(text);
	}
	report_monthly_free(&m);
}

static void not_into_a_real_store(void **state)
{
	struct errmsg err = {""};

	assert_int_equal(demo_fill(*state, when("2026-11-22"), &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "not empty"));
}

/* A machine that is infected again is the same one: no report lists it twice. */
static void a_machine_is_one_host(void **state)
{
	assert_true(rows(*state, "SELECT count(*) FROM (SELECT 1 FROM incidents GROUP BY "
				 "mitigator, host_id HAVING count(*) > 1) AS again") > 0);
	assert_int_equal(rows(*state, "SELECT count(*) FROM (SELECT 1 FROM hosts GROUP BY site, ip "
				      "HAVING count(*) > 1) AS doubled"),
			 0);
}

/* One holder at a time; who holds renews, who comes takes it when it is over or given back. The
 * database's own clock may count instead of ours: what is to be over is taken for no time. */
static void one_is_on_duty(void **state)
{
	static const struct {
		const char *holder;
		uint64_t at_s, for_s;
		int taken; /* -1: given back */
	} steps[] = {{"a", 0, 10, 1},  {"b", 1, 10, 0},	 {"a", 9, 10, 1},  {"b", 18, 10, 0},
		     {"a", 18, 0, 1},  {"b", 19, 10, 1}, {"a", 19, 10, 0}, {"a", 20, 0, -1},
		     {"a", 20, 10, 0}, {"b", 21, 0, -1}, {"a", 21, 10, 1}};
	struct errmsg err = {""};

	assert_int_equal(lease_open(*state, &err), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].taken < 0)
			assert_int_equal(lease_give(*state, "test", steps[i].holder, &err), ERR_OK);
		else
			assert_int_equal(lease_take(*state, "test", steps[i].holder,
						    steps[i].for_s * NS_PER_SEC,
						    (1000 + steps[i].at_s) * NS_PER_SEC, &err),
					 steps[i].taken);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_count_once),
		cmocka_unit_test(health_adds_up),
		cmocka_unit_test(mad_counters_are_bounded),
		cmocka_unit_test(customers_are_apart),
		cmocka_unit_test(strangers_see_nothing),
		cmocka_unit_test(days_add_up_to_the_month),
		cmocka_unit_test(golden_month),
		cmocka_unit_test(not_into_a_real_store),
		cmocka_unit_test(a_machine_is_one_host),
		cmocka_unit_test(one_is_on_duty),
	};

	golden = argc > 1 ? argv[1] : ".";
	writes = argc > 2 && strcmp(argv[2], "--write") == 0;
	return cmocka_run_group_tests(tests, fill, empty);
}
