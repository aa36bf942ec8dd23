/* A helper process for what needs more rights or may hang: forked before the program gives up its
 * rights, talks over a socketpair of whole packets, started again when it crashes, gone when the
 * program is gone. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "control/helper/privs.h"
#include "dataplane/base/err.h"

enum { HELPER_PACKET_MAX = 96 * 1024 }; /* bytes of one packet either way */

struct helper_job {
	const char *name; /* shown by ps, at most 15 characters */
	const char *user; /* "" = stay root when started so */
	cap_mask keep;
	/* What it may ask of the kernel; left out, what programs of others may. */
	enum sandbox_list sandbox;
	/* Serves packets on fd until the peer closes it; blocking. Returns when it does. */
	void (*serve)(int fd, void *arg);
	void *arg;
	int keep_fd; /* one more descriptor that it needs, such as a listening socket; 0: none */
};

struct helper {
	pid_t pid;
	int fd; /* non-blocking, close-on-exec; -1 when it could not be started */
};

int helper_start(const struct helper_job *job, struct helper *ret, struct errmsg *e);
/* Closes the socket and waits for its end. */
void helper_stop(struct helper *h);
/* Closes the sockets of all N, gives them WAIT_MS to end, and kills who is at work still, with the
 * programs that it runs: for what is done again later. Returns WAIT_MS plus a second later at
 * most. Those never started are left out. */
void helper_end(struct helper *h, size_t n, unsigned wait_ms);

/* One whole packet: bytes received, 0 when the peer is gone, ERR_AGAIN when none is there. */
ssize_t helper_receive(int fd, void *buf, size_t cap);
/* The same without waiting, on a socket that waits otherwise. */
ssize_t helper_receive_now(int fd, void *buf, size_t cap);
/* 0, ERR_AGAIN when the peer does not keep up, ERR_IO when it is gone. */
int helper_send(int fd, const void *packet, size_t len);
