/* The real banken-control when things go wrong: whatever is killed when, and on a full disk, every
 * alert arrives exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "control/sensor/harness.h"

enum { ALERTS = 1000 };

static void check_all_once(struct plane *p)
{
	for (int i = 0; i < 1500; i++) {
		if (harness_ask_db("SELECT count(DISTINCT id) FROM arrived WHERE kind = 'alert'") ==
		    ALERTS)
			break;
		stats_heartbeat(p->stats, harness_now_ns());
		harness_sleep_ms(20);
	}
	assert_int_equal(
		harness_ask_db("SELECT count(DISTINCT id) FROM arrived WHERE kind = 'alert'"),
		ALERTS);
	assert_int_equal(harness_ask_db("SELECT count(*) FROM arrived WHERE kind = 'alert'"),
			 ALERTS);
	/* Each report has a number of its own, whatever was killed. */
	assert_int_equal(harness_ask_db("SELECT count(*) - count(DISTINCT sequence) FROM arrived"),
			 0);
}

/* Alerts at about 500 a second, while `disturb` is called now and then. */
static void run_storm(struct plane *p, void (*disturb)(struct plane *))
{
	unsigned until = 20 + harness_random_below(100);

	while (p->next_id < ALERTS) {
		while (!harness_put_alert(p))
			harness_sleep_ms(5);
		harness_sleep_ms(2);
		if (--until == 0) {
			disturb(p);
			until = 5 + harness_random_below(60);
		}
	}
}

static void disturb_control(struct plane *p)
{
	harness_kill_and_wait(&site.control, SIGKILL);
	harness_control_start();
}

static void every_alert_arrives_once_when_control_is_killed(void **state)
{
	struct plane p = {0};

	harness_receiver_start();
	harness_plane_start(&p);
	harness_control_start();
	run_storm(&p, disturb_control);
	check_all_once(&p);
	harness_plane_stop(&p);
}

static void disturb_anybody(struct plane *p)
{
	uint64_t id = p->next_id;

	switch (harness_random_below(3)) {
	case 0:
		disturb_control(p);
		break;
	case 1:
		harness_kill_and_wait(&site.receiver, SIGKILL);
		harness_receiver_start();
		break;
	default: /* the dataplane is started anew and goes on in the same rings */
		harness_plane_stop(p);
		harness_plane_start(p);
		p->next_id = id;
	}
}

static void every_alert_arrives_once_when_anybody_is_killed(void **state)
{
	struct plane p = {0};

	harness_receiver_start();
	harness_plane_start(&p);
	harness_control_start();
	run_storm(&p, disturb_anybody);
	check_all_once(&p);
	harness_plane_stop(&p);
}

static int64_t figure(const char *group, const char *name, const char *key)
{
	json_t *a = harness_ask("status");
	int64_t n = json_integer_value(
		json_object_get(json_object_get(json_object_get(a, group), name), key));

	json_decref(a);
	return n;
}

static bool has_problem(const char *part)
{
	json_t *a = harness_ask("status"), *item;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(a, "problems"), i, item) found |=
		strstr(json_string_value(item), part) != NULL;
	json_decref(a);
	return found;
}

/* A real full disk, with nobody there to take anything. */
static void on_a_full_disk_alerts_are_kept_and_records_go(void **state)
{
	struct plane p = {0};

	mkdir(site.statedir, 0700);
	if (geteuid() != 0 || mount("none", site.statedir, "tmpfs", 0, "size=24m"))
		skip();
	site.centre = true;
	site.port = 1; /* nobody listens there */
	harness_plane_start(&p);
	harness_control_start();
	for (int i = 0; i < 40000; i++) {
		while (!harness_put_record(&p))
			harness_sleep_ms(5);
		if (i % 1000 == 0)
			stats_heartbeat(p.stats, harness_now_ns());
	}
	for (int i = 0; i < 500; i++)
		assert_true(harness_put_alert(&p));
	for (int i = 0; i < 500 && figure("spool", "mitigator", "records") < 500; i++)
		harness_sleep_ms(20);
	assert_true(has_problem("alerts use their reserved share, then the oldest records go"));
	assert_true(figure("spool", "centre", "dropped_records") > 0);
	assert_int_equal(figure("spool", "centre", "dropped_alerts"), 0);
	assert_int_equal(figure("spool", "mitigator", "dropped_alerts"), 0);
	/* kill -9 on the full disk changes nothing. */
	harness_kill_and_wait(&site.control, SIGKILL);
	site.port = 0;
	harness_receiver_start();
	harness_control_start();
	for (int i = 0; i < 500; i++) {
		if (harness_ask_db("SELECT count(*) FROM arrived WHERE kind = 'alert'") == 500)
			break;
		harness_sleep_ms(20);
	}
	assert_int_equal(
		harness_ask_db("SELECT count(DISTINCT id) FROM arrived WHERE kind = 'alert'"), 500);
	assert_int_equal(harness_ask_db("SELECT count(*) FROM arrived WHERE kind = 'alert'"), 500);
	harness_plane_stop(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(on_a_full_disk_alerts_are_kept_and_records_go),
		TEST(every_alert_arrives_once_when_control_is_killed),
		TEST(every_alert_arrives_once_when_anybody_is_killed),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s BANKEN-CONTROL\n", argv[0]);
		return 2;
	}
	site.program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
