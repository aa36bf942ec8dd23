#include "control/mitigator/drivers/radius/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	TRIES = 3,
	/* The waits between them double: 1/7, 2/7 and 4/7 of the time. */
	PARTS = (1 << TRIES) - 1,
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void give_up(struct radius_call *c, int error)
{
	c->end = RADIUS_UNREACHABLE;
	snprintf(c->why, sizeof(c->why), "%s",
		 error == ECONNREFUSED ? "nothing listens on this port" : strerror(error));
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Binds to the port if it is free, else to any. */
static int bind_port(struct radius_call *c)
{
	struct sockaddr_storage own = {.ss_family = c->device.to.ss_family};
	struct sockaddr_in *four = (struct sockaddr_in *)&own;
	socklen_t len = c->device.to_len;

	four->sin_port = htons(c->port); /* at the same place in both families */
	if (bind(c->fd, (struct sockaddr *)&own, len) < 0) {
		four->sin_port = 0;
		if (bind(c->fd, (struct sockaddr *)&own, len) < 0)
			return -1;
	}
	if (connect(c->fd, (struct sockaddr *)&c->device.to, len) < 0 ||
	    getsockname(c->fd, (struct sockaddr *)&own, &len) < 0)
		return -1;
	c->port = ntohs(four->sin_port);
	return 0;
}

void radius_open(struct radius_call *calls, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct radius_call *c = &calls[i];

		c->end = RADIUS_SILENT;
		c->sent = c->forged = c->malformed = 0;
		c->why[0] = 0;
		c->fd = socket(c->device.to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			       0);
		if (c->fd < 0 || bind_port(c) < 0)
			give_up(c, errno);
	}
}

static void transmit(struct radius_call *c)
{
	if (c->fd < 0)
		return;
	c->sent++;
	if (send(c->fd, c->request.bytes, c->request.n, 0) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS)
		give_up(c, errno);
}

/* A wrong answer ends nothing: anybody may send one. */
static void receive(struct radius_call *c, struct slice secret)
{
	uint8_t bytes[RADIUS_MAX + 1];
	ssize_t n;

	while (c->fd >= 0 && (n = recv(c->fd, bytes, sizeof(bytes), 0)) != -1) {
		enum radius_fit fit =
			radius_read(&c->request, SLICE(bytes, (size_t)n), secret, &c->answer);

		c->forged += fit == RADIUS_FORGED;
		c->malformed += fit == RADIUS_NO_RADIUS || fit == RADIUS_FOREIGN;
		if (fit != RADIUS_FITS)
			continue;
		c->end = RADIUS_ANSWERED;
		close(c->fd);
		c->fd = -1;
	}
	if (c->fd >= 0 && errno != EAGAIN && errno != EINTR)
		give_up(c, errno);
}

/* Until all are answered or the time is over. */
static bool listen_until(struct radius_call *calls, unsigned n, struct slice secret, int64_t end)
{
	for (;;) {
		struct pollfd fds[DRIVER_DEVICES];
		unsigned open = 0;
		int64_t left = end - now_ms();

		for (unsigned i = 0; i < n; i++) {
			fds[i] = (struct pollfd){calls[i].fd, POLLIN, 0};
			open += calls[i].fd >= 0;
		}
		if (open == 0)
			return true;
		if (left <= 0)
			return false;
		poll(fds, n, (int)left);
		for (unsigned i = 0; i < n; i++) {
			if (fds[i].revents)
				receive(&calls[i], secret);
		}
	}
}

void radius_converse(struct radius_call *calls, unsigned n, struct slice secret,
		     unsigned timeout_ms)
{
	int64_t begin = now_ms();
	bool all = false;

	n = n < DRIVER_DEVICES ? n : DRIVER_DEVICES;
	for (unsigned t = 1; t <= TRIES && !all; t++) {
		int64_t until = (int64_t)timeout_ms * ((1 << t) - 1) / PARTS;

		for (unsigned i = 0; i < n; i++)
			transmit(&calls[i]);
		all = listen_until(calls, n, secret, begin + until);
	}
	for (unsigned i = 0; i < n; i++) {
		if (calls[i].fd >= 0)
			close(calls[i].fd);
		calls[i].fd = -1;
	}
}
