#include "control/helper/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/base/clock.h"

enum {
	RESTART_MS = 200,
	LOOK_MS = 5,	  /* whether one has ended */
	KILLED_MS = 1000, /* a killed one has ended by then, unless the kernel keeps it */
};

/* Everything but standard output, standard error and the socket belongs to the program. */
static void close_others(int fd, int keep)
{
	int null = open("/dev/null", O_RDONLY);

	if (null >= 0)
		dup2(null, 0);
	for (int i = 3; i < 4096; i++) {
		if (i != fd && i != keep)
			close(i);
	}
}

static void serve(int fd, const struct helper_job *job)
{
	struct errmsg e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (privs_confine(job->sandbox, job->name, &e) < 0) {
		fprintf(stderr, "%s: %s\n", job->name, e.text);
		_exit(1);
	}
	job->serve(fd, job->arg);
	_exit(0);
}

/* Keeps one server running until it ends by itself, which it does when the peer is gone. */
static _Noreturn void supervise(int fd, const struct helper_job *job)
{
	struct errmsg e;
	int rc;

	prctl(PR_SET_NAME, job->name);
	signal(SIGINT, SIG_IGN); /* the program decides when to end, and closes the socket */
	signal(SIGTERM, SIG_IGN);
	close_others(fd, job->keep_fd);
	rc = privs_become(job->user, job->keep, job->keep != 0, &e);
	if (rc == 0)
		rc = sandbox_supervise(job->sandbox, job->name, &e);
	if (rc < 0 && rc != ERR_UNSUPPORTED) {
		fprintf(stderr, "%s: %s\n", job->name, e.text);
		_exit(1);
	}
	for (;;) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0)
			serve(fd, job);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			_exit(WEXITSTATUS(status));
		fprintf(stderr, "%s: ended by signal %d, started again\n", job->name,
			WTERMSIG(status));
		poll(NULL, 0, RESTART_MS);
	}
}

int helper_start(const struct helper_job *job, struct helper *ret, struct errmsg *e)
{
	int pair[2], room = HELPER_PACKET_MAX * 8;
	pid_t parent = getpid();

	*ret = (struct helper){-1, -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return errmsg_set(e, ERR_IO, "%s: no socketpair: %s", job->name, strerror(errno));
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	ret->pid = fork();
	if (ret->pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return errmsg_set(e, ERR_IO, "%s: no process: %s", job->name, strerror(errno));
	}
	if (ret->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		supervise(pair[1], job);
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	ret->fd = pair[0];
	return 0;
}

void helper_stop(struct helper *h)
{
	if (h->fd >= 0)
		close(h->fd);
	if (h->pid > 0)
		waitpid(h->pid, NULL, 0);
	*h = (struct helper){-1, -1};
}

static bool is_gone(struct helper *h)
{
	if (h->pid > 0 && waitpid(h->pid, NULL, WNOHANG) != 0)
		h->pid = -1;
	return h->pid <= 0;
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool all_gone(struct helper *h, size_t n, unsigned wait_ms)
{
	uint64_t end = now() + wait_ms * NS_PER_MS;

	for (;;) {
		size_t left = 0;

		for (size_t i = 0; i < n; i++)
			left += !is_gone(&h[i]);
		if (left == 0 || now() >= end)
			return left == 0;
		poll(NULL, 0, LOOK_MS);
	}
}

/* With a supervisor its server dies, and with that the program that it runs (PR_SET_PDEATHSIG). One
 * with more rights than ours cannot be killed; it finds the socket closed. tgkill: a confined
 * program has no kill. */
void helper_end(struct helper *h, size_t n, unsigned wait_ms)
{
	for (size_t i = 0; i < n; i++) {
		if (h[i].fd >= 0)
			close(h[i].fd);
		h[i].fd = -1;
	}
	if (all_gone(h, n, wait_ms))
		return;
	for (size_t i = 0; i < n; i++) {
		if (h[i].pid > 0)
			tgkill(h[i].pid, h[i].pid, SIGKILL);
	}
	all_gone(h, n, KILLED_MS);
	for (size_t i = 0; i < n; i++)
		h[i].pid = -1;
}

static ssize_t receive(int fd, void *buf, size_t cap, int flags)
{
	ssize_t n;

	do {
		n = recv(fd, buf, cap, flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : 0;
	return n;
}

ssize_t helper_receive(int fd, void *buf, size_t cap)
{
	return receive(fd, buf, cap, 0);
}

ssize_t helper_receive_now(int fd, void *buf, size_t cap)
{
	return receive(fd, buf, cap, MSG_DONTWAIT);
}

int helper_send(int fd, const void *packet, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, packet, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : ERR_IO;
}
