#include "control/helper/run.h"
#include "dataplane/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { IN, OUT, START, PIPES };

static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

static int find_program(const char *name, char *ret, size_t cap)
{
	if (name[0] == '/') {
		snprintf(ret, cap, "%s", name);
		return access(ret, X_OK) == 0 ? 0 : ERR_NOTFOUND;
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(ret, cap, "%s/%s", folders[i], name);
		if (access(ret, X_OK) == 0)
			return 0;
	}
	return ERR_NOTFOUND;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* In the child: nothing but the three standard descriptors, then the program. */
static _Noreturn void become(const char *path, const char *const *argv, int pipes[PIPES][2],
			     bool offline)
{
	static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	struct errmsg e;
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	/* A kernel without seccomp runs it all the same. */
	if (offline)
		(void)sandbox_enter(SANDBOX_RENDER, path, &e);
	if (dup2(pipes[IN][0], 0) >= 0 && dup2(pipes[OUT][1], 1) >= 0 && dup2(1, 2) >= 0)
		execve(path, (char *const *)argv, environment);
	error = errno;
	(void)!write(pipes[START][1], &error, sizeof(error));
	_exit(127);
}

static void keep_output(struct run_result *r, const char *chunk, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++) {
		if (r->len + 1 < r->cap)
			r->output[r->len++] = chunk[i];
		else
			r->cut_off = true;
	}
}

static bool peer_is_gone(const struct run_result *r)
{
	struct pollfd p = {r->peer, 0, 0};

	return r->peer > 0 && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Feeds input and gathers output until the program closes its side, time is up or nobody waits for
 * it any more. */
static int converse(int pipes[PIPES][2], struct slice input, int64_t deadline, struct run_result *r)
{
	int *in = &pipes[IN][1], out = pipes[OUT][0];
	size_t sent = 0;

	for (;;) {
		struct pollfd fds[3] = {
			{out, POLLIN, 0}, {*in, POLLOUT, 0}, {r->peer > 0 ? r->peer : -1, 0, 0}};
		int64_t left = deadline - now_ms();
		char chunk[4096];
		ssize_t n;

		if (left <= 0)
			return ERR_AGAIN;
		if (*in >= 0 && sent == input.len) {
			close(*in);
			*in = fds[1].fd = -1;
		}
		if (poll(fds, 3, (int)left) < 0 && errno != EINTR)
			return ERR_IO;
		if (fds[2].revents)
			return ERR_IO;
		if (*in >= 0 && fds[1].revents) {
			n = write(*in, input.data + sent, input.len - sent);
			/* A program that reads no further has what it wanted. */
			sent = n < 0 && errno != EAGAIN ? input.len : sent + (n > 0 ? n : 0);
		}
		if (!fds[0].revents)
			continue;
		n = read(out, chunk, sizeof(chunk));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return 0;
		keep_output(r, chunk, n);
	}
}

/* The program may close its output and linger: it has the rest of its time to end. */
static int await(pid_t pid, int64_t deadline, struct run_result *r)
{
	int status, rc = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
		if (now_ms() >= deadline || peer_is_gone(r)) {
			rc = ERR_AGAIN;
			break;
		}
		poll(NULL, 0, 1);
	}
	if (got == 0) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return rc;
}

static void close_both(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
	}
}

static int open_pipes(int pipes[PIPES][2])
{
	for (int i = 0; i < PIPES; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0) {
			for (; i > 0; i--)
				close_both(pipes[i - 1]);
			return ERR_IO;
		}
	}
	return 0;
}

/* 0, or the child's errno when the program could not be started. */
static int start_error(int pipes[PIPES][2])
{
	int error = 0;

	if (read(pipes[START][0], &error, sizeof(error)) != sizeof(error))
		return 0;
	return error;
}

/* Starts it; the parent's ends of IN and OUT stay open. 0 or errno. */
static int start(const char *path, const char *const *argv, int pipes[PIPES][2], bool offline,
		 pid_t *ret_pid)
{
	int error;

	*ret_pid = fork();
	if (*ret_pid == 0)
		become(path, argv, pipes, offline);
	error = *ret_pid < 0 ? errno : 0;
	close(pipes[IN][0]);
	close(pipes[OUT][1]);
	close(pipes[START][1]);
	if (!error)
		error = start_error(pipes);
	close(pipes[START][0]);
	if (error && *ret_pid > 0)
		waitpid(*ret_pid, NULL, 0);
	return error;
}

static int run_path(const char *path, const char *const *argv, struct slice input, int64_t deadline,
		    struct run_result *r)
{
	int pipes[PIPES][2], error, rc = 0;
	pid_t pid;

	if (open_pipes(pipes) < 0)
		return errno ? errno : EMFILE;
	error = start(path, argv, pipes, r->offline, &pid);
	if (!error) {
		fcntl(pipes[IN][1], F_SETFL, O_NONBLOCK);
		fcntl(pipes[OUT][0], F_SETFL, O_NONBLOCK);
		rc = converse(pipes, input, deadline, r);
	}
	if (pipes[IN][1] >= 0)
		close(pipes[IN][1]);
	close(pipes[OUT][0]);
	if (error)
		return error;
	if (await(pid, rc < 0 ? 0 : deadline, r) == 0)
		return 0;
	return peer_is_gone(r) ? ECANCELED : ETIMEDOUT;
}

int run_program(const char *const *argv, struct slice input, unsigned timeout_ms,
		struct run_result *ret, struct errmsg *e)
{
	void (*old)(int);
	char path[512];
	int error;

	ret->len = 0;
	ret->cut_off = false;
	ret->status = 0;
	if (ret->cap)
		ret->output[0] = 0;
	if (find_program(argv[0], path, sizeof(path)) < 0)
		return errmsg_set(e, ERR_NOTFOUND, "%s: there is no such program", argv[0]);
	old = signal(SIGPIPE, SIG_IGN);
	error = run_path(path, argv, input, now_ms() + timeout_ms, ret);
	signal(SIGPIPE, old);
	if (ret->cap)
		ret->output[ret->len] = 0;
	if (error == ETIMEDOUT)
		return errmsg_set(e, ERR_AGAIN, "%s: killed, it took longer than %u ms", path,
				  timeout_ms);
	if (error)
		return errmsg_set(e, ERR_IO, "%s: cannot be run: %s", path, strerror(error));
	return 0;
}
