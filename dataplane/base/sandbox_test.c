/* Each list lets its process work and ends it at a forbidden call, with a line that names the call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/base/sandbox.h"
#include "dataplane/base/sandbox_lists.h"
#include "dataplane/base/slice.h"

static char said[512]; /* standard error of the last process */

/* Runs `work` in a process of its own within `list`; its wait status. */
static int within(enum sandbox_list list, bool supervise, int (*work)(enum sandbox_list))
{
	int pipe_fd[2], status = 0;
	struct errmsg e = {""};
	ssize_t n, at = 0;
	pid_t pid;

	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipe_fd[1], 2);
		if (supervise && sandbox_supervise(list, "test", &e) != ERR_OK)
			_exit(99);
		if (sandbox_enter(list, "test", &e) != ERR_OK) {
			(void)!write(2, e.text, strlen(e.text));
			_exit(98);
		}
		_exit(work(list));
	}
	close(pipe_fd[1]);
	while (at + 1 < (ssize_t)sizeof(said) &&
	       (n = read(pipe_fd[0], said + at, sizeof(said) - 1 - at)) > 0)
		at += n;
	said[at] = 0;
	close(pipe_fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* ---- what must work ---- */

static void *in_thread(void *arg)
{
	*(int *)arg = 7;
	return NULL;
}

static int use_memory(void)
{
	char *p = malloc(8 << 20), *q;

	if (!p)
		return 1;
	memset(p, 1, 8 << 20);
	q = realloc(p, 32 << 20);
	if (!q)
		return 2;
	free(q);
	q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q == MAP_FAILED || mprotect(q, 4096, PROT_READ) < 0 || munmap(q, 4096) < 0)
		return 3;
	return 0;
}

static int use_files(void)
{
	char path[] = "/tmp/banken-sandbox-XXXXXX", more[64];
	struct tm tm;
	time_t now = time(NULL);
	int fd = mkstemp(path), lock;
	FILE *f;

	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0)
		return 11;
	lock = fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK});
	snprintf(more, sizeof(more), "%s.2", path);
	if (lock < 0 || rename(path, more) < 0 || unlink(more) < 0 || close(fd) < 0)
		return 12;
	f = fopen("/etc/passwd", "r");
	if (!f || fgetc(f) == EOF || !localtime_r(&now, &tm))
		return 13;
	fclose(f);
	return 0;
}

static int use_thread(void)
{
	pthread_t t;
	int seven = 0;

	if (pthread_create(&t, NULL, in_thread, &seven) || pthread_join(t, NULL) || seven != 7)
		return 21;
	return 0;
}

static int use_network(void)
{
	struct addrinfo *list = NULL;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int in = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0), got;
	char c = 0;

	if (bind(in, (struct sockaddr *)&a, len) < 0 || listen(in, 1) < 0 ||
	    getsockname(in, (struct sockaddr *)&a, &len) < 0 ||
	    connect(out, (struct sockaddr *)&a, len) < 0)
		return 31;
	got = accept(in, NULL, NULL);
	if (got < 0 || send(out, "x", 1, 0) != 1 || recv(got, &c, 1, 0) != 1 || c != 'x')
		return 32;
	/* Whatever the name service of this machine does. */
	(void)!getaddrinfo("localhost", "80", NULL, &list);
	if (list)
		freeaddrinfo(list);
	/* Families that are none of ours are not there. */
	if (socket(AF_X25, SOCK_STREAM, 0) >= 0)
		return 33;
	return 0;
}

static int use_program(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "test $(echo x | wc -c) = 2", NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 41;
	return 0;
}

static int work(enum sandbox_list list)
{
	const struct sandbox_row *row = &sandbox_rows[list];
	int rc = use_memory();

	if (rc == 0 && (row->open || row->groups & CALLS_FILES))
		rc = use_files();
	if (rc == 0 && !(row->groups & CALLS_COMPUTE))
		rc = use_thread();
	if (rc == 0 && row->sockets >= SOCKETS_NET && row->sockets != SOCKETS_ANY)
		rc = use_network();
	if (rc == 0 && (row->open || row->groups & CALLS_EXEC))
		rc = use_program();
	/* Newer than the list: not there, but no offence. */
	if (rc == 0 && !row->open && (syscall(500) >= 0 || errno != ENOSYS))
		rc = 51;
	return rc;
}

static void test_work(void **state)
{
	for (int list = 0; list < SANDBOX_LISTS; list++) {
		int status = within(list, false, work);

		if (status)
			print_error("%s: status %x, %s\n", sandbox_name(list), (unsigned)status,
				    said);
		assert_int_equal(status, 0);
		assert_int_equal(within(list, true, work), 0);
	}
}

/* ---- what must end the process ---- */

static int try_exec(enum sandbox_list l)
{
	execl("/bin/true", "true", NULL);
	return 0;
}

static int try_fork(enum sandbox_list l)
{
	if (fork() == 0)
		_exit(0);
	return 0;
}

static int try_ptrace(enum sandbox_list l)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 0;
}

static int try_packet_socket(enum sandbox_list l)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

static int try_dial(enum sandbox_list l)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

	return connect(0, (struct sockaddr *)&a, sizeof(a)) < 0;
}

static int try_stream_socket(enum sandbox_list l)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int try_bind(enum sandbox_list l)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	return bind(0, (struct sockaddr *)&a, sizeof(a)) < 0;
}

static int try_kill(enum sandbox_list l)
{
	return kill(getpid(), 0) < 0;
}

static int try_setuid(enum sandbox_list l)
{
	return setresuid(0, 0, 0) < 0;
}

static int try_call(enum sandbox_list l)
{
	return (int)syscall(SYS_unshare, CLONE_NEWNET);
}

static int try_mount(enum sandbox_list l)
{
	return (int)syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
}

static int try_module(enum sandbox_list l)
{
	return (int)syscall(SYS_init_module, NULL, 0, "");
}

static int try_bpf(enum sandbox_list l)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int try_reading_memory(enum sandbox_list l)
{
	return (int)syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0);
}

static int try_silencing(enum sandbox_list l)
{
	return signal(SIGSYS, SIG_IGN) == SIG_ERR;
}

static int try_unlink(enum sandbox_list l)
{
	return unlink("/nonexistent/banken");
}

static int try_mkdir(enum sandbox_list l)
{
	return mkdir("/nonexistent/banken", 0700);
}

static int try_socketpair(enum sandbox_list l)
{
	int fds[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static int try_memfd(enum sandbox_list l)
{
	return memfd_create("x", 0);
}

static int try_thread(enum sandbox_list l)
{
	return (int)syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL);
}

enum { E = 1 << SANDBOX_TOOL | 1 << SANDBOX_RENDER }; /* those that start programs */
#define ALL	((1u << SANDBOX_LISTS) - 1 - (1u << SANDBOX_OPERATOR))
#define INSPECT (1u << SANDBOX_INSPECT)
#define DEAF	(1u << SANDBOX_DATAPLANE | 1u << SANDBOX_OFFLINE | 1u << SANDBOX_NOTICE | INSPECT)

static const struct {
	const char *name;
	int (*attempt)(enum sandbox_list);
	unsigned lists; /* that end at it */
} forbidden[] = {
	{"execve", try_exec, ALL & ~E},
	{"clone", try_fork, ALL & ~E},
	{"kill", try_kill, ALL & ~E},
	{"setresuid", try_setuid, ALL & ~E},
	{"rt_sigaction", try_silencing, ALL & ~E},
	{"ptrace", try_ptrace, ALL},
	{"unshare", try_call, ALL},
	{"mount", try_mount, ALL},
	{"init_module", try_module, ALL},
	{"bpf", try_bpf, ALL & ~(1u << SANDBOX_DATAPLANE)},
	{"process_vm_readv", try_reading_memory, ALL},
	{"socket", try_packet_socket, ALL},
	{"socket", try_stream_socket, DEAF},
	{"connect", try_dial, DEAF},
	{"bind", try_bind, DEAF & ~(1u << SANDBOX_DATAPLANE)},
	{"unlink", try_unlink, INSPECT},
	{"mkdir", try_mkdir, INSPECT},
	{"socketpair", try_socketpair, INSPECT},
	{"memfd_create", try_memfd, INSPECT},
	{"clone", try_thread, INSPECT},
};

static void test_forbidden(void **state)
{
	char line[64];

	for (unsigned i = 0; i < ARRAY_SIZE(forbidden); i++) {
		for (int list = 0; list < SANDBOX_LISTS; list++) {
			int status;

			if (!(forbidden[i].lists & 1u << list))
				continue;
			status = within(list, false, forbidden[i].attempt);
			snprintf(line, sizeof(line), "test: forbidden system call %s (",
				 forbidden[i].name);
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS ||
			    !strstr(said, line))
				print_error("%s in %s: status %x, said \"%s\"\n", forbidden[i].name,
					    sandbox_name(list), (unsigned)status, said);
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGSYS);
			assert_non_null(strstr(said, line));
		}
	}
}

/* A thread's offence ends the whole process. */
static void *offend(void *arg)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return NULL;
}

static int offend_in_thread(enum sandbox_list l)
{
	pthread_t t;

	pthread_create(&t, NULL, offend, NULL);
	pthread_join(t, NULL);
	return 0;
}

static void test_thread(void **state)
{
	int status = within(SANDBOX_MITIGATOR, false, offend_in_thread);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int write_and_execute(enum sandbox_list l)
{
	void *p = mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int bind_or_load(enum sandbox_list l)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	if (syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM)
		return 1;
	return bind(0, (struct sockaddr *)&a, sizeof(a)) < 0 ? errno : 0;
}

static int refused(enum sandbox_list l)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
}

static int render_dials(enum sandbox_list l)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int opens(enum sandbox_list l)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

/* What is told no and goes on. */
static void test_refused(void **state)
{
	for (int list = SANDBOX_CONTROL; list <= SANDBOX_DELIVER; list++)
		assert_int_equal(within(list, false, write_and_execute), EPERM << 8);
	assert_int_equal(within(SANDBOX_DATAPLANE, false, write_and_execute), 0);
	assert_int_equal(within(SANDBOX_DATAPLANE, false, bind_or_load), EPERM << 8);
	assert_int_equal(within(SANDBOX_OPERATOR, false, refused), EPERM << 8);
	assert_int_equal(within(SANDBOX_INSPECT, false, opens), EPERM << 8);
	assert_int_equal(within(SANDBOX_INSPECT, false, write_and_execute), EPERM << 8);
	assert_int_equal(within(SANDBOX_RENDER, false, render_dials), EAFNOSUPPORT << 8);
}

/* Whoever starts the program may look on, or switch it off. */
static void test_off(void **state)
{
	setenv("BANKEN_SANDBOX", "off", 1);
	assert_int_equal(sandbox_state(), SANDBOX_OFF);
	assert_int_equal(within(SANDBOX_OFFLINE, false, try_exec), 0);
	setenv("BANKEN_SANDBOX", "log", 1);
	assert_int_equal(within(SANDBOX_OFFLINE, false, try_exec), 0);
	unsetenv("BANKEN_SANDBOX");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),   cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_thread), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_off),
	};

	unsetenv("BANKEN_SANDBOX");
	if (sandbox_state() == SANDBOX_NOT_BUILT) {
		puts("built without the sandbox");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
