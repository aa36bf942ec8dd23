/* Daily reports of unlike days: an empty one, one of 10,000 hosts, those of 23 and of 25 hours. And
 * what is owed of them: by the customer's hour and zone, each once, made up for after an absence.
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
#include "control/wire/file.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char *golden; /* folder; --write makes the files anew */
static bool writes;

static struct store *store(void)
{
	struct errmsg err;
	struct store *s = test_store(true, &err);

	assert_non_null(s);
	assert_int_equal(schedule_open(s, &err), ERR_OK);
	return s;
}

static struct zone zone(const char *name)
{
	struct zone z;
	struct errmsg err;

	assert_int_equal(zone_set(&z, name, &err), ERR_OK);
	return z;
}

/* --- days --- */

static void peer(struct store *s, uint64_t now)
{
	struct errmsg err = {""};

	assert_int_equal(store_begin(s, &err), ERR_OK);
	assert_int_equal(store_peer(s, "sensor-1", "sensor", "Osaka", true, now, &err), ERR_OK);
	assert_int_equal(store_peer(s, "mitigator-1", "mitigator", "Osaka", true, now, &err),
			 ERR_OK);
	assert_int_equal(store_commit(s, &err), ERR_OK);
}

static void alert(struct store *s, unsigned n, uint64_t at, const char *ip)
{
	char id[32];
	struct alert a = {.id = id,
			  .time = at,
			  .gid = 1,
			  .sid = 2000001,
			  .msg = "ET MALWARE Beacon <to> a \"known\" server",
			  .category = "trojan",
			  .severity = SEVERITY_HIGH,
			  .eve = SLICE_LIT("{}")};
	struct errmsg err = {""};

	snprintf(id, sizeof(id), "alert-%u", n);
	assert_int_equal(ip_addr_parse(ip, &a.host.ip), ERR_OK);
	assert_int_equal(store_alert(s, "sensor-1", &a, &err), ERR_OK);
}

static struct report_daily daily(struct store *s, const struct zone *z, const char *date)
{
	static const struct store_scope all = {"", ""};
	uint64_t from = zone_date(z, date);
	struct report_daily d;
	struct errmsg err = {""};

	if (store_daily(s, &all, from, zone_day(z, from, 1), &d, &err) != ERR_OK)
		fail_msg("%s", err.text);
	d.zone = *z;
	return d;
}

static char *as_json(const struct report_daily *d)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(report_daily_json(d, out), ERR_OK);
	fclose(out);
	return text;
}

static void compare(const struct report_daily *d, const char *name)
{
	struct slice want = {NULL, 0};
	struct errmsg err = {""};
	char path[512], *text = as_json(d);

	snprintf(path, sizeof(path), "%s/%s", golden, name);
	if (writes)
		assert_int_equal(file_write(path, SLICE_STR(text), 0644, &err), ERR_OK);
	if (file_read(path, 1 << 20, &want, &err) != ERR_OK)
		fail_msg("%s", err.text);
	assert_string_equal((const char *)want.data, text);
	payload_free(&want);
	free(text);
}

static void empty_day(void **state)
{
	struct store *s = store();
	struct zone z = zone("Asia/Tokyo");
	struct report_daily d = daily(s, &z, "2026-11-21");

	assert_int_equal(report_daily_hours(&d), 24);
	compare(&d, "empty.json");
	report_daily_free(&d);
	store_close(s);
}

/* An alert in every hour that there is; the wall clock's hour is named by the page. */
static void time_change(const char *date, unsigned hours, const char *name)
{
	struct store *s = store();
	struct zone z = zone("Europe/Berlin");
	uint64_t from = zone_date(&z, date);
	struct errmsg err = {""};
	struct report_daily d;

	peer(s, from);
	assert_int_equal(store_begin(s, &err), ERR_OK);
	alert(s, 100, from - 1, "10.0.0.99");
	for (unsigned h = 0; h < hours; h++)
		alert(s, h, from + h * NS_PER_HOUR + 30 * NS_PER_MIN, "10.0.0.21");
	alert(s, 101, from + hours * NS_PER_HOUR, "10.0.0.98");
	assert_int_equal(store_commit(s, &err), ERR_OK);
	d = daily(s, &z, date);
	assert_int_equal(report_daily_hours(&d), hours);
	assert_int_equal(d.alerts, hours);
	for (unsigned h = 0; h < hours; h++)
		assert_int_equal(d.per_hour[h], 1);
	compare(&d, name);
	report_daily_free(&d);
	store_close(s);
}

static void day_of_23_hours(void **state)
{
	time_change("2026-03-29", 23, "spring.json");
}

static void day_of_25_hours(void **state)
{
	time_change("2026-10-25", 25, "autumn.json");
}

enum { MANY = 10000 };

static void hosts_of(struct store *s, uint64_t at)
{
	struct host_state *list = calloc(MANY, sizeof(*list));
	char(*ids)[32] = calloc(MANY, sizeof(*ids));
	struct mitigator_state m = {.time = at, .hosts = {list, MANY}};
	struct errmsg err = {""};

	assert_non_null(list);
	assert_non_null(ids);
	assert_int_equal(store_begin(s, &err), ERR_OK);
	for (unsigned i = 0; i < MANY; i++) {
		char ip[24];

		snprintf(ids[i], sizeof(ids[i]), "pc-%05u", i);
		snprintf(ip, sizeof(ip), "10.1.%u.%u", i / 250, i % 250 + 1);
		list[i] = (struct host_state){.id = ids[i],
					      .host = {.name = ids[i]},
					      .level = i % 10 ? LEVEL_WARNING : LEVEL_DANGER,
					      .last_seen = at};
		assert_int_equal(ip_addr_parse(ip, &list[i].host.ip), ERR_OK);
		alert(s, i, at, ip);
	}
	assert_int_equal(store_mitigator(s, "mitigator-1", &m, &err), ERR_OK);
	assert_int_equal(store_commit(s, &err), ERR_OK);
	free(list);
	free(ids);
}

static size_t pages_of(const struct report_daily *d, const char *name)
{
	size_t total = 0;

	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_int_equal(report_daily_html(d, (enum report_language)l, out), ERR_OK);
		fclose(out);
		if (writes) {
			char path[512];
			struct errmsg err;

			snprintf(path, sizeof(path), "/tmp/banken-%s.%s.html", name,
				 l ? "ja" : "en");
			file_write(path, SLICE(text, len), 0644, &err);
		}
		total += len;
		free(text);
	}
	return total;
}

/* Every host is in the data; the page tells the worst in full and stays readable. */
static void day_of_many_hosts(void **state)
{
	struct store *s = store();
	struct zone z = zone("Asia/Tokyo");
	uint64_t from = zone_date(&z, "2026-11-21");
	struct report_daily d;
	char *text;

	peer(s, from);
	hosts_of(s, from + 9 * NS_PER_HOUR);
	d = daily(s, &z, "2026-11-21");
	assert_int_equal(d.host_count, MANY);
	assert_int_equal(d.alerts, MANY);
	assert_string_equal(d.hosts[0].level, "danger");
	assert_string_equal(d.hosts[MANY - 1].level, "warning");
	text = as_json(&d);
	assert_non_null(strstr(text, "pc-09999"));
	free(text);
	assert_true(pages_of(&d, "many") < 3 << 20);
	report_daily_free(&d);
	store_close(s);
}

/* --- what is owed --- */

static void plan(struct store *s, const struct zone *z, uint64_t now)
{
	struct errmsg err = {""};

	if (schedule_plan(s, z, 6, now, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static struct report_run next(struct store *s, uint64_t now)
{
	struct report_run r = {""};
	struct errmsg err = {""};

	assert_int_equal(report_run_next(s, now, &r, &err), 1);
	return r;
}

static unsigned owed(struct store *s)
{
	json_t *list = report_run_list(s, "", 1000);
	unsigned n = (unsigned)json_array_size(list);

	json_decref(list);
	return n;
}

static void by_the_customers_clock(void **state)
{
	struct store *s = store();
	struct zone tokyo = zone("Asia/Tokyo"), berlin = zone("Europe/Berlin");
	struct report_schedule c = {.customer = "aoba", .hour = 7, .wants = {true, false}};
	uint64_t now = zone_date(&berlin, "2026-10-25") + 9 * NS_PER_HOUR, due;
	struct report_run r;
	struct errmsg err = {""};

	assert_int_equal(store_begin(s, &err), ERR_OK);
	assert_int_equal(store_customer(s, "aoba", "Aoba", &berlin, &err), ERR_OK);
	assert_int_equal(store_commit(s, &err), ERR_OK);
	assert_int_equal(schedule_put(s, &c, now, &err), ERR_OK);
	/* The day of 25 hours ends an hour later, and 7 o'clock of the next is 7 o'clock. */
	due = zone_date(&berlin, "2026-10-26") + 7 * NS_PER_HOUR;
	plan(s, &tokyo, due - 1);
	assert_int_equal(report_run_next(s, due - 1, &r, &err), 0);
	plan(s, &tokyo, due);
	r = next(s, due);
	assert_string_equal(r.customer, "aoba");
	assert_string_equal(r.name, "Aoba");
	assert_string_equal(r.zone.name, "Europe/Berlin");
	assert_int_equal(r.period, zone_date(&berlin, "2026-10-25"));
	assert_int_equal(r.due, due);
	assert_int_equal(report_due(&berlin, REPORT_OF_DAY, zone_date(&berlin, "2026-03-28"), 6),
			 zone_date(&berlin, "2026-03-29") + 5 * NS_PER_HOUR);
	store_close(s);
}

/* A week away: seven reports, no more however often it is planned; a new version is a person's
 * wish. */
static void made_up_for_once(void **state)
{
	struct store *s = store();
	struct zone tokyo = zone("Asia/Tokyo");
	uint64_t begin = zone_date(&tokyo, "2026-10-28") + NS_PER_HOUR,
		 now = zone_date(&tokyo, "2026-11-04") + 6 * NS_PER_HOUR;
	struct report_run r;
	struct errmsg err = {""};

	plan(s, &tokyo, begin);
	assert_int_equal(owed(s), 0);
	for (int i = 0; i < 3; i++)
		plan(s, &tokyo, now + i);
	assert_int_equal(owed(s), 7 + 1);
	r = next(s, now);
	while (r.kind != REPORT_OF_DAY || r.period != zone_date(&tokyo, "2026-11-03")) {
		assert_int_equal(report_run_moved(s, &r, RUN_READY, "", now, &err), ERR_OK);
		r = next(s, now);
	}
	assert_int_equal(report_run_moved(s, &r, RUN_READY, "", now, &err), ERR_OK);
	assert_int_equal(report_run_next(s, now, &r, &err), 0);
	assert_int_equal(schedule_again(s, "", REPORT_OF_DAY, r.period, now, &err), ERR_OK);
	r = next(s, now);
	assert_int_equal(r.version, 2);
	assert_int_equal(schedule_again(s, "", REPORT_OF_DAY, 5, now, &err), ERR_NOTFOUND);
	store_close(s);
}

/* Laid down with the report, tried again after a failure, never after a success. */
static void mailed_once(void **state)
{
	struct store *s = store();
	struct zone tokyo = zone("Asia/Tokyo");
	struct report_recipient to = {.address = "a@b", .wants = {true, false}};
	uint64_t begin = zone_date(&tokyo, "2026-10-30"),
		 now = zone_date(&tokyo, "2026-10-31") + 6 * NS_PER_HOUR;
	struct report_run r;
	struct report_mail m;
	struct errmsg err = {""};

	assert_int_equal(report_recipient_put(s, &to, &err), ERR_OK);
	plan(s, &tokyo, begin);
	plan(s, &tokyo, now);
	r = next(s, now);
	assert_int_equal(report_mail_next(s, now, &m, &err), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(report_run_moved(s, &r, RUN_READY, "", now, &err), ERR_OK);
	assert_int_equal(report_mail_next(s, now, &m, &err), 1);
	assert_string_equal(m.address, "a@b");
	assert_int_equal(report_mail_sent(s, &m, "away", now, &err), ERR_OK);
	assert_int_equal(report_mail_next(s, now, &m, &err), 0);
	assert_int_equal(report_mail_next(s, now + 11 * NS_PER_SEC, &m, &err), 1);
	assert_int_equal(m.tries, 1);
	assert_int_equal(report_mail_sent(s, &m, "", now, &err), ERR_OK);
	assert_int_equal(report_mail_next(s, now + NS_PER_DAY, &m, &err), 0);
	store_close(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_day),
		cmocka_unit_test(day_of_23_hours),
		cmocka_unit_test(day_of_25_hours),
		cmocka_unit_test(day_of_many_hosts),
		cmocka_unit_test(by_the_customers_clock),
		cmocka_unit_test(made_up_for_once),
		cmocka_unit_test(mailed_once),
	};

	golden = argc > 1 ? argv[1] : ".";
	writes = argc > 2 && strcmp(argv[2], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
