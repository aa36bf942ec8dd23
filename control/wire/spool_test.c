#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/message.h"
#include "control/wire/spool.h"
#include "control/wire/testdir.h"

static char folder[64], path[128];

static int set_up(void **state)
{
	testdir_make(folder);
	snprintf(path, sizeof(path), "%s/spool.db", folder);
	return 0;
}

static int tear_down(void **state)
{
	char small[96];

	snprintf(small, sizeof(small), "%s/small", folder);
	umount2(small, MNT_DETACH);
	testdir_remove(folder);
	return 0;
}

static struct spool *open_spool(uint64_t max_bytes)
{
	struct spool_config c = {
		.path = path, .max_bytes = max_bytes, .ballast_bytes = 65536, .no_sync = true};
	struct errmsg e = {0};
	struct spool *s = spool_open(&c, NULL, &e);

	if (!s)
		fail_msg("%s", e.text);
	return s;
}

static void put(struct spool *s, const char *dest, enum lane lane, const char *text)
{
	struct errmsg e = {0};

	if (spool_put(s, dest, lane, SLICE_STR(text), 1000, &e))
		fail_msg("%s", e.text);
}

/* The next record's text, or "" */
static const char *next(struct spool *s, const char *dest, enum lane lane, uint64_t *after)
{
	static char text[64];
	struct errmsg e = {0};
	struct slice p;
	int rc = spool_next(s, dest, lane, *after, after, &p, &e);

	if (rc == ERR_NOTFOUND)
		return "";
	assert_int_equal(rc, 0);
	snprintf(text, sizeof(text), "%.*s", (int)p.len, (const char *)p.data);
	payload_free(&p);
	return text;
}

static void records_wait_in_order_until_acknowledged(void **state)
{
	struct spool *s = open_spool(0);
	struct spool_stats st;
	uint64_t after = 0, identity = spool_identity(s);

	put(s, "centre", LANE_URGENT, "a1");
	put(s, "centre", LANE_URGENT, "a2");
	put(s, "mitigator", LANE_URGENT, "m1");
	put(s, "centre", LANE_RECORDS, "r1");
	assert_string_equal(next(s, "centre", LANE_URGENT, &after), "a1");
	assert_int_equal(after, 1);
	assert_string_equal(next(s, "centre", LANE_URGENT, &after), "a2");
	assert_string_equal(next(s, "centre", LANE_URGENT, &after), "");
	spool_stats(s, "centre", &st);
	assert_int_equal(st.records, 3);
	assert_int_equal(st.bytes, 6);
	assert_int_equal(st.oldest, 1000);
	assert_int_equal(spool_acknowledge(s, "centre", LANE_URGENT, 1, NULL), 0);
	spool_close(s);

	s = open_spool(0);
	assert_true(spool_identity(s) == identity);
	after = 0;
	assert_string_equal(next(s, "centre", LANE_URGENT, &after), "a2");
	after = 0;
	assert_string_equal(next(s, "mitigator", LANE_URGENT, &after), "m1");
	assert_int_equal(spool_acknowledge(s, "centre", LANE_URGENT, 2, NULL), 0);
	/* Numbers are never given twice, even by an empty lane after a restart. */
	spool_close(s);
	s = open_spool(0);
	put(s, "centre", LANE_URGENT, "a3");
	after = 0;
	assert_string_equal(next(s, "centre", LANE_URGENT, &after), "a3");
	assert_int_equal(after, 3);
	spool_close(s);
}

static void acknowledging_what_was_never_sent_is_refused(void **state)
{
	struct spool *s = open_spool(0);
	struct errmsg e = {0};

	put(s, "centre", LANE_STATE, "x");
	assert_int_equal(spool_acknowledge(s, "centre", LANE_STATE, 2, &e), ERR_INVALID);
	assert_string_equal(e.text, "centre acknowledged what was never sent to it");
	assert_int_equal(spool_acknowledge(s, "nobody", LANE_STATE, 0, &e), ERR_INVALID);
	assert_int_equal(spool_acknowledge(s, "centre", (enum lane)9, 0, &e), ERR_INVALID);
	spool_close(s);
}

static void a_rolled_back_batch_leaves_nothing(void **state)
{
	struct spool *s = open_spool(0);
	struct errmsg e = {0};
	struct spool_stats st;
	uint64_t after = 0;

	assert_int_equal(spool_begin(s, &e), 0);
	put(s, "a", LANE_URGENT, "1");
	assert_int_equal(spool_set_value(s, "place", 7, &e), 0);
	spool_rollback(s);
	spool_stats(s, "a", &st);
	assert_int_equal(st.records, 0);
	assert_int_equal(spool_value(s, "place"), 0);
	assert_int_equal(spool_begin(s, &e), 0);
	put(s, "a", LANE_URGENT, "2");
	assert_int_equal(spool_set_value(s, "place", 8, &e), 0);
	assert_int_equal(spool_commit(s, &e), 0);
	assert_string_equal(next(s, "a", LANE_URGENT, &after), "2");
	assert_int_equal(after, 1);
	assert_int_equal(spool_value(s, "place"), 8);
	spool_close(s);
}

static void over_the_limit_records_go_first_and_are_counted(void **state)
{
	static const char block[1000];
	struct spool *s = open_spool(100000); /* 50,000 for records and state */
	struct errmsg e = {0};
	struct spool_stats st;
	uint64_t number;
	struct slice p;

	for (int i = 0; i < 80; i++)
		assert_int_equal(spool_put(s, "c", LANE_RECORDS, SLICE(block, 1000), 1, &e), 0);
	spool_stats(s, "c", &st);
	assert_int_equal(st.records, 50);
	assert_int_equal(st.dropped_other, 30);
	assert_int_equal(spool_next(s, "c", LANE_RECORDS, 0, &number, &p, &e), 0);
	assert_int_equal(number, 31); /* the oldest went */
	payload_free(&p);
	for (int i = 0; i < 100; i++)
		assert_int_equal(spool_put(s, "c", LANE_URGENT, SLICE(block, 1000), 1, &e), 0);
	spool_stats(s, "c", &st);
	assert_int_equal(st.dropped_urgent, 0);
	assert_int_equal(st.dropped_other, 80);
	/* Alerts fill everything: records and state find no room, a new alert drops the oldest. */
	assert_int_equal(spool_put(s, "c", LANE_RECORDS, SLICE(block, 1000), 1, &e), ERR_LIMIT);
	assert_int_equal(spool_put(s, "c", LANE_STATE, SLICE(block, 1000), 1, &e), ERR_LIMIT);
	assert_int_equal(spool_put(s, "c", LANE_URGENT, SLICE(block, 1000), 1, &e), 0);
	spool_stats(s, "c", &st);
	assert_int_equal(st.records, 100);
	assert_int_equal(st.dropped_urgent, 1);
	assert_int_equal(st.dropped_other, 82);
	spool_close(s);
	s = open_spool(100000);
	spool_stats(s, "c", &st);
	assert_int_equal(st.records, 100);
	assert_int_equal(st.dropped_other, 82);
	spool_close(s);
}

static void a_killed_process_loses_nothing_committed(void **state)
{
	pid_t pid = fork();
	struct spool_stats st;
	struct spool *s;
	int status;

	if (pid == 0) {
		s = open_spool(0);
		for (int i = 0; i < 500; i++)
			put(s, "c", LANE_URGENT, "alert");
		(void)spool_begin(s, NULL);
		put(s, "c", LANE_URGENT, "not committed");
		kill(getpid(), 9);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	s = open_spool(0);
	spool_stats(s, "c", &st);
	assert_int_equal(st.records, 500);
	spool_close(s);
}

static void a_second_process_is_told(void **state)
{
	struct spool_config c = {.path = path};
	struct spool *s = open_spool(0);
	struct errmsg e = {0};

	assert_null(spool_open(&c, NULL, &e));
	assert_non_null(strstr(e.text, "spool.db is in use by another process"));
	spool_close(s);
}

static void a_damaged_file_is_put_aside(void **state)
{
	struct spool_config c = {.path = path, .ballast_bytes = 65536};
	FILE *f = fopen(path, "w");
	struct errmsg e = {0};
	bool damaged = false;
	struct spool *s;
	char cmd[256];

	for (int i = 0; i < 5000; i++)
		fputs("this is no database ", f);
	fclose(f);
	s = spool_open(&c, &damaged, &e);
	assert_non_null(s);
	assert_true(damaged);
	put(s, "c", LANE_URGENT, "goes on");
	spool_close(s);
	snprintf(cmd, sizeof(cmd), "ls %s.damaged-* >/dev/null", path);
	assert_int_equal(system(cmd), 0);
}

/* A real full disk: a tmpfs of 16 MiB. */
static void on_a_full_disk_alerts_still_find_room(void **state)
{
	static const char block[8000];
	struct spool_config c = {.ballast_bytes = 4 << 20};
	struct spool_stats before, st;
	struct errmsg e = {0};
	struct spool *s;
	char small[96], db[128];
	int rc = 0, kept = 0;

	if (geteuid() != 0)
		skip();
	snprintf(small, sizeof(small), "%s/small", folder);
	snprintf(db, sizeof(db), "%s/spool.db", small);
	mkdir(small, 0700);
	if (mount("none", small, "tmpfs", 0, "size=16m"))
		skip();
	c.path = db;
	s = spool_open(&c, NULL, &e);
	assert_non_null(s);
	for (int i = 0; i < 10000 && rc == 0; i++)
		rc = spool_put(s, "c", LANE_RECORDS, SLICE(block, sizeof(block)), 1, &e);
	assert_int_equal(rc, ERR_IO);
	assert_non_null(strstr(e.text, "is full"));
	assert_non_null(
		strstr(e.text, "alerts use their reserved share, then the oldest records go"));
	assert_true(spool_disk_full(s, NULL));
	spool_stats(s, "c", &before);
	/* Records: the newest stay, the oldest go. */
	for (int i = 0; i < 500; i++) {
		rc = spool_put(s, "c", LANE_RECORDS, SLICE(block, sizeof(block)), 1, &e);
		kept += rc == 0;
	}
	assert_true(kept >= 480);
	spool_stats(s, "c", &st);
	assert_true(st.dropped_other > before.dropped_other);
	kept = 0;
	for (int i = 0; i < 1000; i++)
		kept += spool_put(s, "c", LANE_URGENT, SLICE(block, 1000), 1, &e) == 0;
	assert_true(kept >= 990);
	spool_stats(s, "c", &st);
	assert_int_equal(st.dropped_urgent, 0);
	spool_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_wait_in_order_until_acknowledged, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(acknowledging_what_was_never_sent_is_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rolled_back_batch_leaves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(over_the_limit_records_go_first_and_are_counted,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_process_loses_nothing_committed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_second_process_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_put_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(on_a_full_disk_alerts_still_find_room, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
