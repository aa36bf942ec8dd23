/* Programs run with input, output, time-out and bounds; helpers answer, crash and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/helper/helper.h"
#include "control/helper/run.h"

static char output[256];

static int run(const char *const *argv, const char *input, unsigned ms, struct run_result *r)
{
	struct errmsg e;

	*r = (struct run_result){.output = output, .cap = sizeof(output)};
	return run_program(argv, SLICE_STR(input), ms, r, &e);
}

static void test_run(void **state)
{
	struct run_result r;

	assert_int_equal(run((const char *[]){"cat", NULL}, "hello", 5000, &r), 0);
	assert_string_equal(output, "hello");
	assert_int_equal(r.status, 0);
	assert_int_equal(run((const char *[]){"/bin/false", NULL}, "", 5000, &r), 0);
	assert_int_equal(r.status, 1);
	assert_int_equal(run((const char *[]){"no-such-program", NULL}, "", 5000, &r),
			 ERR_NOTFOUND);
	/* No shell: what looks like one is an argument. */
	assert_int_equal(run((const char *[]){"echo", "$(id); a|b", NULL}, "", 5000, &r), 0);
	assert_string_equal(output, "$(id); a|b\n");
}

static void test_run_bounds(void **state)
{
	static char big[300000];
	struct run_result r;
	time_t before = time(NULL);

	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(run((const char *[]){"cat", NULL}, big, 5000, &r), 0);
	assert_true(r.cut_off);
	assert_int_equal(r.len, sizeof(output) - 1);
	/* A program that reads nothing does not hang the writer. */
	assert_int_equal(run((const char *[]){"true", NULL}, big, 5000, &r), 0);
	assert_int_equal(run((const char *[]){"sleep", "20", NULL}, "", 100, &r), ERR_AGAIN);
	assert_int_equal(
		run((const char *[]){"sh", "-c", "sleep 20 & exec sleep 20", NULL}, big, 100, &r),
		ERR_AGAIN);
	assert_true(time(NULL) - before < 10);
}

/* Answers each packet with itself; "die" kills it. */
static void echo(int fd, void *arg)
{
	char buf[64];
	ssize_t n;

	while ((n = helper_receive(fd, buf, sizeof(buf))) > 0) {
		if (n == 3 && memcmp(buf, "die", 3) == 0)
			raise(SIGKILL);
		helper_send(fd, buf, (size_t)n);
	}
}

static void exchange(struct helper *h, const char *text)
{
	struct pollfd p = {h->fd, POLLIN, 0};
	char buf[64];

	assert_int_equal(helper_send(h->fd, text, strlen(text)), 0);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(helper_receive(h->fd, buf, sizeof(buf)), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void test_helper(void **state)
{
	struct helper_job job = {.name = "test-helper", .user = "", .serve = echo};
	struct helper h;
	struct errmsg e;
	char buf[8];

	assert_int_equal(helper_start(&job, &h, &e), 0);
	assert_int_equal(helper_receive(h.fd, buf, sizeof(buf)), ERR_AGAIN);
	exchange(&h, "one");
	assert_int_equal(helper_send(h.fd, "die", 3), 0);
	exchange(&h, "two");
	helper_stop(&h);
}

/* Runs the program that the packet names; says first that it begins. */
static void run_it(int fd, void *arg)
{
	const char *argv[] = {arg, "600", NULL};
	struct run_result r = {.peer = fd};
	struct errmsg e;
	char buf[64];

	while (helper_receive(fd, buf, sizeof(buf)) > 0) {
		helper_send(fd, "go", 2);
		run_program(argv, SLICE(NULL, 0), 600000, &r, &e);
	}
}

/* Knows no end. */
static void hang(int fd, void *arg)
{
	char buf[64];

	while (helper_receive(fd, buf, sizeof(buf)) > 0) {
		helper_send(fd, "go", 2);
		for (;;)
			pause();
	}
}

/* What is at work ends all the same: a program that it runs at once, itself when it is killed. */
static void test_end(void **state)
{
	struct helper_job job[] = {
		{.name = "test-run", .user = "", .serve = run_it, .arg = (void *)"sleep"},
		{.name = "test-hang", .user = "", .serve = hang}};
	static const unsigned wait_ms[] = {60000, 50};
	struct errmsg e;

	for (size_t i = 0; i < ARRAY_SIZE(job); i++) {
		struct helper h;
		struct pollfd p;
		time_t begin = time(NULL);
		pid_t pid;

		assert_int_equal(helper_start(&job[i], &h, &e), 0);
		pid = h.pid;
		p = (struct pollfd){h.fd, POLLIN, 0};
		assert_int_equal(helper_send(h.fd, "x", 1), 0);
		assert_int_equal(poll(&p, 1, 60000), 1);
		helper_end(&h, 1, wait_ms[i]);
		assert_int_equal(h.fd, -1);
		assert_true(time(NULL) - begin < 50);
		assert_int_equal(kill(pid, 0), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_bounds),
		cmocka_unit_test(test_helper),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
