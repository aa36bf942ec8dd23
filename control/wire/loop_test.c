#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "dataplane/base/clock.h"

static struct loop *loop;

static int set_up(void **state)
{
	loop = loop_new(NULL);
	return loop ? 0 : -1;
}

static int tear_down(void **state)
{
	loop_delete(loop);
	return 0;
}

/* ---- timers ---- */

enum { TIMERS = 200 };

struct alarm {
	struct loop_timer timer;
	unsigned rung;
	uint64_t delay, last;
};

static uint64_t latest;
static bool in_order;

static void ring(void *ctx)
{
	struct alarm *a = ctx;

	a->rung++;
	in_order &= a->delay >= latest;
	latest = a->delay;
}

static void timers_ring_in_order_once(void **state)
{
	static struct alarm alarms[TIMERS];

	latest = 0;
	in_order = true;
	for (unsigned i = 0; i < TIMERS; i++) {
		alarms[i] = (struct alarm){.timer = {ring, &alarms[i], 0, 0},
					   .delay = (i * 7919 % TIMERS) * 100000};
		assert_int_equal(loop_timer_set(loop, &alarms[i].timer, alarms[i].delay), 0);
	}
	/* Every third is stopped, every fifth set anew to the same time. */
	for (unsigned i = 0; i < TIMERS; i++) {
		if (i % 3 == 0)
			loop_timer_stop(loop, &alarms[i].timer);
		else if (i % 5 == 0)
			loop_timer_set(loop, &alarms[i].timer, alarms[i].delay);
	}
	for (int i = 0; i < 100; i++)
		loop_once(loop, 2);
	for (unsigned i = 0; i < TIMERS; i++) {
		assert_int_equal(alarms[i].rung, i % 3 != 0);
		assert_int_equal(alarms[i].timer.due, 0);
	}
	assert_true(in_order);
}

static void ring_again(void *ctx)
{
	struct alarm *a = ctx;

	a->rung++;
	loop_timer_set(loop, &a->timer, 0);
}

static void a_timer_that_sets_itself_does_not_starve_the_rest(void **state)
{
	struct alarm a = {.timer = {ring_again, &a, 0, 0}};

	loop_timer_set(loop, &a.timer, 0);
	for (int i = 0; i < 10; i++)
		loop_once(loop, 0);
	assert_true(a.rung >= 5 && a.rung <= 10);
	loop_timer_stop(loop, &a.timer);
	loop_timer_stop(loop, &a.timer); /* twice is once */
}

/* ---- descriptors ---- */

struct end {
	int fd[2];
	unsigned calls;
	struct end *drops; /* whom it closes when it is called */
};

static void called(void *ctx, uint32_t events)
{
	struct end *e = ctx;
	char c;

	e->calls++;
	assert_int_equal(read(e->fd[0], &c, 1), 1);
	if (!e->drops)
		return;
	loop_unwatch(loop, e->drops->fd[0]);
	close(e->drops->fd[0]);
	/* The number is taken by somebody else at once. */
	assert_int_equal(open("/dev/null", O_RDONLY), e->drops->fd[0]);
}

static void an_unwatched_descriptor_gets_no_call_that_was_due(void **state)
{
	struct end a = {.drops = NULL}, b = {.drops = NULL};

	assert_int_equal(pipe(a.fd), 0);
	assert_int_equal(pipe(b.fd), 0);
	a.drops = &b;
	b.drops = &a;
	assert_int_equal(loop_watch(loop, a.fd[0], EPOLLIN, called, &a), 0);
	assert_int_equal(loop_watch(loop, b.fd[0], EPOLLIN, called, &b), 0);
	assert_int_equal(write(a.fd[1], "x", 1) + write(b.fd[1], "x", 1), 2);
	loop_once(loop, 100);
	loop_once(loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	for (int i = 0; i < 2; i++) {
		close(a.fd[i]);
		close(b.fd[i]);
	}
}

static void wrong_descriptors_are_refused(void **state)
{
	assert_int_equal(loop_watch(loop, -1, EPOLLIN, called, NULL), ERR_LIMIT);
	assert_int_equal(loop_watch(loop, 60000, EPOLLIN, called, NULL), ERR_IO);
	loop_unwatch(loop, -1);
	loop_unwatch(loop, 1 << 20);
}

/* ---- signals ---- */

static void got_signal(void *ctx, uint32_t number)
{
	*(uint32_t *)ctx = number;
	loop_stop(loop);
}

static void a_signal_ends_the_loop(void **state)
{
	static const int signals[] = {SIGUSR1};
	uint32_t number = 0;

	assert_int_equal(loop_signals(loop, signals, 1, got_signal, &number), 0);
	kill(getpid(), SIGUSR1);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(number, SIGUSR1);
}

/* ---- log ---- */

static void a_log_line_is_one_clean_line(void **state)
{
	static char hostile[4000];
	struct log log = {"banken-test", LOG_LEVEL_INFO, -1};
	char line[4096];
	ssize_t n;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	log.fd = fd[1];
	log_info(&log, "from %s", "a\nb\x1b[31m\x7f \xff \xe6\x97\xa5");
	log_debug(&log, "not at this level");
	n = read(fd[0], line, sizeof(line));
	assert_true(n > 0 && line[n - 1] == '\n');
	line[n - 1] = '\0';
	assert_null(strchr(line, '\n'));
	assert_non_null(strstr(line, " banken-test info: from a?b?[31m? ? \xe6\x97\xa5"));
	memset(hostile, 'x', sizeof(hostile) - 1);
	log_error(&log, "%s", hostile);
	n = read(fd[0], line, sizeof(line));
	assert_true(n > 100 && n < 2100 && line[n - 1] == '\n');
	log_error(NULL, "nobody hears");
	assert_int_equal(log_level_parse("warn"), LOG_LEVEL_WARN);
	assert_int_equal(log_level_parse("loud"), -1);
	close(fd[0]);
	close(fd[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timers_ring_in_order_once),
		TEST(a_timer_that_sets_itself_does_not_starve_the_rest),
		TEST(an_unwatched_descriptor_gets_no_call_that_was_due),
		TEST(wrong_descriptors_are_refused),
		TEST(a_signal_ends_the_loop),
		TEST(a_log_line_is_one_clean_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
