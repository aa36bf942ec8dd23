/* Whatever a file does to its reader costs the verdict on this file alone. */
#include "dataplane/evidence/inspector.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/base/sandbox.h"

enum { KIND = 7, FILES = 1000, MUCH = 1 << 26 };

/* --- in the inspector: a file is what is to be done --- */

static void say(struct inspector_out *out, const char *text)
{
	inspector_say(out, KIND, slice_of(text));
}

static void nap(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void unpack_all(struct inspector_out *out)
{
	size_t got = 0;

	for (unsigned i = 0; i < 64; i++) {
		char *p = malloc(MUCH);

		if (!p)
			break;
		memset(p, 1, 4096);
		got += MUCH;
	}
	say(out, got < (size_t)INSPECTOR_MEMORY + MUCH ? "bounded" : "boundless");
}

static void flood(struct inspector_out *out)
{
	static uint8_t bytes[INSPECTOR_MESSAGE];

	while (inspector_say(out, KIND, SLICE(bytes, sizeof(bytes))))
		;
}

static void chatter(struct inspector_out *out)
{
	static const uint8_t nonsense[4096] = {0xff, 0xff, 0xff, 0xff};

	while (write(out->fd, nonsense, sizeof(nonsense)) > 0)
		;
}

static void look(void *ctx, struct slice bytes, struct inspector_out *out)
{
	char order[64] = "";

	memcpy(order, bytes.data, bytes.len < 63 ? bytes.len : 63);
	say(out, order);
	if (strcmp(order, "crash") == 0)
		*(volatile int *)ctx = 1; /* NULL */
	else if (strcmp(order, "abort") == 0)
		abort();
	else if (strcmp(order, "socket") == 0)
		(void)!socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(order, "unlink") == 0)
		(void)!unlink("/nonexistent/file");
	else if (strcmp(order, "open") == 0)
		say(out, open("/etc/passwd", O_RDONLY) < 0 ? "not opened" : "opened");
	else if (strcmp(order, "create") == 0)
		say(out, open("/tmp/banken-inspector", O_CREAT | O_WRONLY, 0600) < 0 ? "not made"
										     : "made");
	else if (strcmp(order, "memory") == 0)
		unpack_all(out);
	else if (strcmp(order, "flood") == 0)
		flood(out);
	else if (strcmp(order, "chatter") == 0)
		chatter(out);
	else if (strcmp(order, "leave") == 0)
		_exit(0);
	else if (strcmp(order, "refuse") == 0)
		_exit(9);
	while (strcmp(order, "spin") == 0)
		;
	while (strcmp(order, "sleep") == 0)
		nap(1000);
	if (strcmp(order, "slow") == 0)
		nap(30);
}

/* --- in the test --- */

static struct inspector *start(unsigned cpu_s, unsigned patience_s)
{
	const struct inspector_config config = {.look = look,
						.bytes = 1 << 20,
						.core = -1,
						.cpu_s = cpu_s,
						.patience_s = patience_s};
	struct inspector *i;
	struct errmsg err = {""};

	if (inspector_new(&config, &i, &err) != ERR_OK)
		fail_msg("%s", err.text);
	return i;
}

/* How it ended; `last`: the last that was said. */
static enum inspector_end ask(struct inspector *i, const char *order, char last[64])
{
	struct inspector_said said;
	struct slice message;
	uint16_t kind;

	last[0] = 0;
	inspector_ask(i, slice_of(order), &said);
	while (inspector_message(&said.messages, &kind, &message)) {
		assert_int_equal(kind, KIND);
		snprintf(last, 64, "%.*s", (int)(message.len < 63 ? message.len : 63),
			 (const char *)message.data);
	}
	return said.end;
}

static void expect(struct inspector *i, const char *order, enum inspector_end end,
		   const char *answer)
{
	char last[64];
	enum inspector_end got = ask(i, order, last);

	if (got != end || strcmp(last, answer) != 0)
		fail_msg("%s: %s, \"%s\"", order, inspector_end_names[got], last);
}

static void a_file_costs_itself_alone(void **state)
{
	struct inspector *i = start(60, 600);
	int before = inspector_pid(i);

	expect(i, "good", INSPECTOR_DONE, "good");
	assert_int_equal(inspector_pid(i), before);
	expect(i, "crash", INSPECTOR_CRASHED, "crash");
	expect(i, "good", INSPECTOR_DONE, "good");
	assert_int_not_equal(inspector_pid(i), before);
	expect(i, "abort", INSPECTOR_CRASHED, "abort");
	expect(i, "chatter", INSPECTOR_NONSENSE, "chatter");
	expect(i, "leave", INSPECTOR_CRASHED, "leave"); /* nor is it out of work then */
	expect(i, "refuse", INSPECTOR_CRASHED, "refuse");
	expect(i, "good", INSPECTOR_DONE, "good");
	inspector_delete(i);
}

static void forbidden_calls(void **state)
{
	struct inspector *i;

	if (sandbox_state() == SANDBOX_NOT_BUILT)
		skip();
	i = start(60, 600);
	expect(i, "socket", INSPECTOR_CRASHED, "socket");
	expect(i, "unlink", INSPECTOR_CRASHED, "unlink");
	expect(i, "open", INSPECTOR_DONE, "not opened");
	expect(i, "create", INSPECTOR_DONE, "not made");
	expect(i, "memory", INSPECTOR_DONE, "bounded");
	expect(i, "good", INSPECTOR_DONE, "good");
	inspector_delete(i);
}

static void hangs_are_ended(void **state)
{
	struct inspector *i = start(1, 600);

	expect(i, "spin", INSPECTOR_TIME, "spin");
	expect(i, "good", INSPECTOR_DONE, "good");
	inspector_delete(i);
	i = start(600, 1);
	expect(i, "sleep", INSPECTOR_TIME, "sleep");
	inspector_delete(i);
	i = start(600, 600);
	expect(i, "good", INSPECTOR_DONE, "good");
	assert_true(inspector_pid(i) > 1);
	kill(inspector_pid(i), SIGSTOP); /* it is ended all the same */
	inspector_delete(i);
}

static void floods_are_cut(void **state)
{
	struct inspector *i = start(60, 600);
	struct inspector_said said;

	inspector_ask(i, SLICE_LIT("flood"), &said);
	assert_int_equal(said.end, INSPECTOR_DONE);
	assert_true(said.full);
	assert_in_range(said.messages.len, INSPECTOR_MESSAGES / 2, INSPECTOR_MESSAGES);
	expect(i, "good", INSPECTOR_DONE, "good");
	inspector_delete(i);
}

static void large_files(void **state)
{
	struct inspector *i = start(60, 600);
	struct inspector_said said;
	uint8_t *bytes = calloc(1, 3 << 20);

	memcpy(bytes, "good", 4);
	for (unsigned n = 0; n < 3; n++) {
		inspector_ask(i, SLICE(bytes, 3 << 20), &said);
		assert_int_equal(said.end, INSPECTOR_DONE);
		expect(i, "again", INSPECTOR_DONE, "again");
	}
	assert_int_equal(inspector_most(i), 1 << 20);
	free(bytes);
	inspector_delete(i);
}

static void crashes_while_a_thousand_pass(void **state)
{
	struct inspector *i = start(60, 600);
	unsigned done = 0, crashed = 0;
	char last[64], order[32];

	for (unsigned n = 0; n < FILES; n++) {
		snprintf(order, sizeof(order), "file %u", n);
		if (n % 50 == 7)
			crashed += ask(i, "crash", last) == INSPECTOR_CRASHED;
		else if (ask(i, order, last) == INSPECTOR_DONE && strcmp(last, order) == 0)
			done++;
	}
	assert_int_equal(crashed, FILES / 50);
	assert_int_equal(done, FILES - FILES / 50);
	inspector_delete(i);
}

/* Ends what reads files now, and the next one. */
static _Noreturn void kill_two(const struct inspector *i)
{
	int before = 0;

	for (unsigned n = 0; n < 2;) {
		int pid = inspector_pid(i);

		if (pid > 1 && pid != before) {
			kill(pid, SIGKILL);
			before = pid;
			n++;
		}
		nap(1);
	}
	_exit(0);
}

/* Kills from outside cost nothing: the file is given again. */
static void killed_again_and_again(void **state)
{
	struct inspector *i = start(60, 600);
	struct inspector_said said;
	unsigned again = 0;

	for (unsigned n = 0; n < 30; n++) {
		pid_t killer = fork();

		if (killer == 0)
			kill_two(i);
		inspector_ask(i, SLICE_LIT("slow"), &said);
		assert_int_equal(said.end, INSPECTOR_DONE);
		assert_int_equal(waitpid(killer, NULL, 0), killer);
		again += said.again;
	}
	assert_true(again > 0);
	inspector_delete(i);
}

/* Its supervisor ended, too: nobody waits, every file says so. */
static void without_a_supervisor(void **state)
{
	struct inspector *i = start(60, 600);
	char path[64], last[64];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", inspector_pid(i));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d (%*[^)]) %*c %d", &parent), 1);
	fclose(f);
	assert_true(parent > 1 && parent != getpid());
	kill(parent, SIGKILL);
	while (ask(i, "good", last) == INSPECTOR_DONE)
		nap(10);
	expect(i, "good", INSPECTOR_ABSENT, "");
	inspector_delete(i);
}

static int refuse(void *ctx, struct errmsg *err)
{
	return errmsg_set(err, ERR_DENIED, "no rights to give up");
}

static void a_start_that_fails_is_told(void **state)
{
	const struct inspector_config config = {.look = look, .enter = refuse, .core = -1};
	struct inspector *i;
	struct errmsg err = {""};

	assert_int_equal(inspector_new(&config, &i, &err), ERR_IO);
	assert_non_null(strstr(err.text, "ended at its start"));
	assert_null(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_costs_itself_alone),
		cmocka_unit_test(forbidden_calls),
		cmocka_unit_test(hangs_are_ended),
		cmocka_unit_test(floods_are_cut),
		cmocka_unit_test(large_files),
		cmocka_unit_test(crashes_while_a_thousand_pass),
		cmocka_unit_test(killed_again_and_again),
		cmocka_unit_test(without_a_supervisor),
		cmocka_unit_test(a_start_that_fails_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
