/* Mailbox and statistics: what one process writes and another reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/api/mailbox.h"
#include "dataplane/api/stats.h"

static char folder[64], path[96];

static int set_up(void **state)
{
	snprintf(folder, sizeof(folder), "/dev/shm/banken-test-XXXXXX");
	snprintf(path, sizeof(path), "%s", mkdtemp(folder) ? folder : "");
	snprintf(path, sizeof(path), "%s/stats", folder);
	return 0;
}

static int tear_down(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", folder);
	return system(cmd);
}

static struct mailbox *open_box(bool reader)
{
	struct errmsg e = {0};
	struct mailbox *m = mailbox_open(folder, reader, &e);

	if (!m)
		fail_msg("%s", e.text);
	return m;
}

static void orders_and_answers_go_round(void **state)
{
	struct mailbox *control = open_box(false), *dataplane = open_box(true);
	struct mailbox_message m = {.kind = MAILBOX_RELOAD_RULES}, got;
	struct mailbox_answer a = {0};

	snprintf(m.reload.path, sizeof(m.reload.path), "/rules");
	assert_false(mailbox_next(dataplane, 1, &got));
	assert_int_equal(mailbox_post(control, &m), 0);
	assert_true(mailbox_next(dataplane, 1, &got));
	assert_int_equal(got.id, m.id);
	assert_string_equal(got.reload.path, "/rules");
	a.id = got.id;
	a.value = 5;
	snprintf(a.sentence, sizeof(a.sentence), "5 rules");
	assert_int_equal(mailbox_reply(dataplane, &a), 0);
	memset(&a, 0, sizeof(a));
	assert_true(mailbox_next_answer(control, &a));
	assert_int_equal(a.id, m.id);
	assert_string_equal(a.sentence, "5 rules");
	assert_false(mailbox_next_answer(control, &a));
	mailbox_close(control);
	mailbox_close(dataplane);
}

static void either_side_may_restart(void **state)
{
	struct mailbox *control = open_box(false), *dataplane;
	struct mailbox_message m = {.kind = MAILBOX_STOP}, got;
	uint64_t first;

	assert_int_equal(mailbox_post(control, &m), 0);
	first = m.id;
	mailbox_close(control);
	control = open_box(false);
	assert_int_equal(mailbox_post(control, &m), 0);
	assert_true(m.id != first);
	dataplane = open_box(true);
	assert_true(mailbox_next(dataplane, 1, &got));
	assert_int_equal(got.id, first);
	mailbox_close(dataplane);
	dataplane = open_box(true);
	assert_true(mailbox_next(dataplane, 1, &got));
	assert_int_equal(got.id, m.id);
	mailbox_close(control);
	mailbox_close(dataplane);
}

static void a_full_box_says_so(void **state)
{
	struct mailbox *control = open_box(false), *dataplane = open_box(true);
	struct mailbox_message m = {.kind = MAILBOX_STOP}, got;
	int n = 0;

	while (mailbox_post(control, &m) == 0)
		n++;
	assert_int_equal(n, 64);
	assert_true(mailbox_next(dataplane, 1, &got));
	assert_int_equal(mailbox_post(control, &m), 0);
	mailbox_close(control);
	mailbox_close(dataplane);
}

static void what_is_malformed_or_late_is_dropped_and_counted(void **state)
{
	struct mailbox *control = open_box(false), *dataplane = open_box(true);
	struct mailbox_message m = {.kind = 99}, got;

	mailbox_post(control, &m);
	m = (struct mailbox_message){.kind = MAILBOX_WATCH};
	mailbox_post(control, &m); /* no address */
	m.watch.host.n_ips = 1000000;
	mailbox_post(control, &m);
	m.watch.host.n_ips = 1;
	m.watch.host.n_exempt = 1;
	m.watch.host.exempt[0].bits = 200;
	mailbox_post(control, &m);
	m = (struct mailbox_message){.kind = MAILBOX_RELOAD_RULES};
	memset(m.reload.path, 'x', sizeof(m.reload.path));
	mailbox_post(control, &m);
	m = (struct mailbox_message){.kind = MAILBOX_STOP, .expires = 500};
	mailbox_post(control, &m);
	assert_false(mailbox_next(dataplane, 1000, &got));
	assert_int_equal(mailbox_refused(dataplane), 6);
	mailbox_post(control, &m);
	assert_true(mailbox_next(dataplane, 400, &got));
	mailbox_close(control);
	mailbox_close(dataplane);
}

static void each_side_is_taken_once(void **state)
{
	struct mailbox *control = open_box(false);
	struct errmsg e = {0};

	assert_null(mailbox_open(folder, false, &e));
	assert_non_null(strstr(e.text, "is in use by another running process"));
	mailbox_close(control);
	assert_null(mailbox_open("/nowhere", false, &e));
	assert_non_null(strstr(e.text, "/nowhere/mailbox.lock cannot be locked: No such file"));
}

static const struct stats_name names[] = {
	{"rx.packets", STATS_COUNT},
	{"decode.truncated", STATS_DROP},
	{"rx.missed", STATS_DROP_ESTIMATED},
	{"flow.active", STATS_GAUGE},
};

static void counters_are_read_by_name(void **state)
{
	struct errmsg e = {0};
	struct stats *s = stats_create(path, names, 4, 3, "0.1.0", &e);
	struct stats_reader *r = stats_reader_open(path, &e);
	struct stats_info info;
	enum stats_kind kind;
	char text[STATS_SENTENCE];

	assert_non_null(s);
	assert_non_null(r);
	for (unsigned w = 0; w < 3; w++)
		stats_set(s, w, 0, 100 + w);
	stats_set(s, 1, 2, 7);
	stats_set(s, 3, 0, 1000000); /* no such worker */
	stats_set(s, 0, 4, 1000000); /* no such counter */
	stats_heartbeat(s, 5000);
	stats_heartbeat(s, 6000);
	assert_int_equal(stats_reader_find(r, "rx.packets"), 0); /* as it was opened */
	stats_reader_refresh(r);
	assert_int_equal(stats_reader_find(r, "rx.packets"), 303);
	assert_int_equal(stats_reader_find(r, "rx.missed"), 7);
	assert_int_equal(stats_reader_find(r, "nothing"), 0);
	assert_int_equal(stats_reader_value(r, 2, 0), 102);
	assert_string_equal(stats_reader_name(r, 1, &kind), "decode.truncated");
	assert_int_equal(kind, STATS_DROP);
	assert_null(stats_reader_name(r, 4, NULL));
	stats_reader_info(r, &info);
	assert_int_equal(info.started, 5000);
	assert_int_equal(info.heartbeat, 6000);
	assert_int_equal(info.pid, getpid());
	assert_string_equal(info.version, "0.1.0");
	assert_false(stats_reader_sentence(r, 0, text));
	stats_say(s, 0, "the mirror port shows one direction only");
	assert_true(stats_reader_sentence(r, 0, text));
	assert_string_equal(text, "the mirror port shows one direction only");
	assert_false(stats_reader_sentence(r, STATS_SENTENCES, text));
	assert_false(stats_replaced(r));
	stats_close(s);
	s = stats_create(path, names, 4, 3, "0.1.0", &e);
	assert_true(stats_replaced(r));
	stats_reader_close(r);
	stats_close(s);
}

/* A worker stores while another process reads: what it reads belongs together. */
static void an_account_adds_up_at_every_reading(void **state)
{
	struct errmsg e = {0};
	struct stats *s = stats_create(path, names, 4, 2, "0.1.0", &e);
	struct stats_reader *r = stats_reader_open(path, &e);
	uint64_t seen = 0;
	pid_t child;

	assert_non_null(r);
	child = fork();
	for (uint64_t n = 1; child == 0 && n; n++) {
		stats_begin(s, 1);
		for (unsigned i = 0; i < 4; i++)
			stats_set(s, 1, i, n);
		stats_end(s, 1);
	}
	for (int i = 0; i < 20000 || (seen < 1000 && i < 100000000); i++) {
		stats_reader_refresh(r);
		seen = stats_reader_value(r, 1, 0);
		for (unsigned k = 1; k < 4; k++)
			assert_int_equal(stats_reader_value(r, 1, k), seen);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* Perhaps in the middle: the next writer's numbers are whole again. */
	stats_begin(s, 1);
	stats_set(s, 1, 0, 5);
	stats_end(s, 1);
	stats_reader_refresh(r);
	assert_int_equal(stats_reader_value(r, 1, 0), 5);
	stats_reader_close(r);
	stats_close(s);
}

static void write_word(long offset, uint32_t value)
{
	int fd = open(path, O_RDWR);

	assert_int_equal(pwrite(fd, &value, 4, offset), 4);
	close(fd);
}

static void wrong_statistics_have_a_sentence(void **state)
{
	struct errmsg e = {0};
	struct stats *s = stats_create(path, names, 4, 3, "0.1.0", &e);

	assert_null(stats_create(path, names, 4, 0, "x", &e));
	write_word(32, 4000); /* more counters than the file has */
	assert_null(stats_reader_open(path, &e));
	assert_non_null(strstr(e.text, "holds no statistics"));
	write_word(32, 0xffffffff);
	assert_null(stats_reader_open(path, &e));
	write_word(32, 4);
	write_word(36, 0xffffffff);
	assert_null(stats_reader_open(path, &e));
	write_word(36, 3);
	stats_reader_close(stats_reader_open(path, &e));
	assert_int_equal(truncate(path, 100), 0);
	assert_null(stats_reader_open(path, &e));
	assert_non_null(strstr(e.text, "holds no statistics"));
	unlink(path);
	assert_null(stats_reader_open(path, &e));
	assert_non_null(strstr(e.text, "cannot be opened"));
	stats_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(orders_and_answers_go_round),
		TEST(either_side_may_restart),
		TEST(a_full_box_says_so),
		TEST(what_is_malformed_or_late_is_dropped_and_counted),
		TEST(each_side_is_taken_once),
		TEST(counters_are_read_by_name),
		TEST(an_account_adds_up_at_every_reading),
		TEST(wrong_statistics_have_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
