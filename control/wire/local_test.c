#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/limits.h"
#include "control/wire/local.h"
#include "control/wire/testdir.h"
#include "dataplane/base/slice.h"

static char folder[64], path[96];

static json_t *echo(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e)
{
	return json_pack("{s:O?, s:i}", "text", json_object_get(request, "text"), "uid",
			 (int)peer->uid);
}

static json_t *refuse(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	errmsg_set(e, ERR_INVALID, "%s",
		   json_object_get(request, "cut") ? "cut in a \xe6\x97"
						   : "that host is protected");
	return NULL;
}

static json_t *stop(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e)
{
	loop_stop(*(struct loop **)ctx);
	return json_object();
}

static const struct local_command commands[] = {
	{"echo", "gives the text back", echo, false},
	{"fail", "always fails", refuse, false},
	{"stop", "ends the server", stop, true},
};

/* The server runs in a child until it is told to stop. */
static pid_t start(void)
{
	pid_t pid = fork();
	struct loop *loop;
	struct local_setup s = {.path = path,
				.group = (gid_t)-1,
				.commands = commands,
				.n_commands = 3,
				.ctx = &loop};
	struct local_server *server;

	if (pid)
		return pid;
	loop = loop_new(NULL);
	s.loop = loop;
	server = local_server_new(&s, NULL);
	if (!server)
		_exit(1);
	loop_run(loop);
	/* The last answer is on its way. */
	loop_once(loop, 50);
	local_server_delete(server);
	loop_delete(loop);
	_exit(0);
}

static int set_up(void **state)
{
	testdir_make(folder);
	snprintf(path, sizeof(path), "%s/banken-test.sock", folder);
	*state = (void *)(intptr_t)start();
	for (int i = 0; i < 2000 && access(path, F_OK); i++)
		usleep(10000);
	return access(path, F_OK);
}

static int tear_down(void **state)
{
	kill((pid_t)(intptr_t)*state, 9);
	waitpid((pid_t)(intptr_t)*state, NULL, 0);
	testdir_remove(folder);
	return 0;
}

static json_t *ask(const char *request)
{
	json_t *r = json_loads(request, 0, NULL), *a;
	struct errmsg e = {0};

	a = local_ask(path, r, 20000, &e);
	json_decref(r);
	if (!a)
		fail_msg("%s", e.text);
	return a;
}

static void questions_are_answered(void **state)
{
	json_t *a = ask("{\"do\":\"echo\",\"text\":\"\\u00e9\\n\"}");

	assert_true(json_is_true(json_object_get(a, "ok")));
	assert_string_equal(json_string_value(json_object_get(a, "text")), "\xc3\xa9\n");
	assert_int_equal(json_integer_value(json_object_get(a, "uid")), getuid());
	json_decref(a);
	a = ask("{\"do\":\"help\"}");
	assert_int_equal(json_array_size(json_object_get(a, "commands")), 3);
	json_decref(a);
}

static void failures_are_sentences(void **state)
{
	static const struct {
		const char *request, *sentence;
	} cases[] = {
		{"{\"do\":\"fail\"}", "that host is protected"},
		{"{\"do\":\"fail\",\"cut\":1}", "cut in a \xef\xbf\xbd\xef\xbf\xbd"},
		{"{\"do\":\"dance\"}", "there is no 'dance' here; 'help' lists what there is"},
		{"{}", "a request is a JSON object on one line with the key 'do'"},
		{"{\"do\":7}", "a request is a JSON object on one line with the key 'do'"},
		{"[]", "a request is a JSON object on one line with the key 'do'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *a = ask(cases[i].request);

		assert_true(json_is_false(json_object_get(a, "ok")));
		assert_string_equal(json_string_value(json_object_get(a, "error")),
				    cases[i].sentence);
		json_decref(a);
	}
}

static int raw(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void hostile_lines_are_survived(void **state)
{
	static char big[LOCAL_LINE_MAX + 100000];
	char answer[256] = "";
	int fd = raw();

	memset(big, 'x', sizeof(big));
	for (size_t at = 0; at < sizeof(big);) {
		ssize_t n = send(fd, big + at, sizeof(big) - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	assert_true(read(fd, answer, sizeof(answer) - 1) > 0);
	assert_non_null(strstr(answer, "the request is too long"));
	close(fd);
	fd = raw();
	assert_int_equal(write(fd, "\x00\xff\n{\n", 5), 5);
	assert_true(read(fd, answer, sizeof(answer) - 1) > 0);
	close(fd);
	json_decref(ask("{\"do\":\"echo\"}"));
}

static void only_some_may_change_things(void **state)
{
	json_t *a;

	if (getuid() != 0)
		skip();
	if (fork() == 0) {
		struct errmsg e = {0};
		json_t *r = json_pack("{s:s}", "do", "stop");

		/* Another user who can reach the socket. */
		if (chmod(folder, 0755) || chmod(path, 0666) || setgid(65534) || setuid(65534))
			_exit(3);
		a = local_ask(path, r, 20000, &e);
		_exit(a && json_is_false(json_object_get(a, "ok")) ? 0 : 1);
	}
	int status;

	wait(&status);
	assert_int_equal(status, 0);
	a = ask("{\"do\":\"stop\"}");
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
}

static void nobody_there_has_a_sentence(void **state)
{
	json_t *r = json_pack("{s:s}", "do", "help");
	struct errmsg e = {0};
	char other[192];

	snprintf(other, sizeof(other), "%s/banken-none.sock", folder);
	assert_null(local_ask(other, r, 100, &e));
	assert_non_null(strstr(e.text, "banken-none does not run ("));
	json_decref(r);
}

static void a_living_socket_is_not_taken(void **state)
{
	struct loop *loop = loop_new(NULL);
	struct local_setup s = {.loop = loop, .path = path, .group = (gid_t)-1};
	struct errmsg e = {0};

	assert_null(local_server_new(&s, &e));
	assert_non_null(strstr(e.text, "is served by a running process already"));
	/* A dead one's is. */
	kill((pid_t)(intptr_t)*state, 9);
	waitpid((pid_t)(intptr_t)*state, NULL, 0);
	struct local_server *server = local_server_new(&s, &e);

	assert_non_null(server);
	local_server_delete(server);
	loop_delete(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_are_answered),	   TEST(failures_are_sentences),
		TEST(hostile_lines_are_survived),  TEST(only_some_may_change_things),
		TEST(nobody_there_has_a_sentence), TEST(a_living_socket_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
