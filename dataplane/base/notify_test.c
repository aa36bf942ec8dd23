/* What the service manager hears; and that nothing happens without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/base/notify.h"

static int manager(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, path, strlen(path));
	if (path[0] == '@')
		a.sun_path[0] = 0;
	assert_int_equal(bind(fd, (struct sockaddr *)&a,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
			 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static void heard(int fd, const char *line)
{
	char got[64] = "";
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	assert_int_equal(n, line ? (ssize_t)strlen(line) : -1);
	assert_string_equal(got, line ? line : "");
}

static void talk(const char *path)
{
	struct notify n;
	char pid[16];
	int fd = manager(path);

	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "4000000", 1);
	notify_open(&n);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_int_equal(n.alive_every, 2000000000);
	notify_say(&n, "READY=1");
	heard(fd, "READY=1");
	notify_alive(&n, 1000000000);
	heard(fd, "WATCHDOG=1");
	notify_alive(&n, 1500000000);
	heard(fd, NULL);
	notify_alive(&n, 2000000000);
	heard(fd, "WATCHDOG=1");
	close(fd);
	notify_say(&n, "STOPPING=1"); /* the manager is gone: no signal, no wait */
	notify_close(&n);
}

static void test_talk(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/banken-notify-%d", getpid());
	talk(path);
	unlink(path);
	path[0] = '@';
	talk(path);
}

static void test_none(void **state)
{
	static const char *const wrong[] = {NULL, "", "relative", "/tmp/no/such/socket"};
	struct notify n;

	for (unsigned i = 0; i < 4; i++) {
		if (wrong[i])
			setenv("NOTIFY_SOCKET", wrong[i], 1);
		setenv("WATCHDOG_USEC", "1000", 1);
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		notify_say(&n, "READY=1");
		notify_alive(&n, 1);
		notify_close(&n);
	}
}

static void test_not_for_us(void **state)
{
	struct notify n;
	int fd = manager("@banken-notify-test-other");

	setenv("WATCHDOG_PID", "1", 1);
	setenv("WATCHDOG_USEC", "1000000", 1);
	notify_open(&n);
	assert_int_equal(n.alive_every, 0);
	notify_alive(&n, 1);
	heard(fd, NULL);
	notify_close(&n);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_talk), cmocka_unit_test(test_none),
					   cmocka_unit_test(test_not_for_us)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
