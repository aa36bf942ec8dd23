#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/buffer.h"
#include "control/wire/limits.h"
#include "control/wire/local.h"

enum { CHUNK = 16 << 10 };

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "/run/banken/banken-control.sock" -> "banken-control", for sentences. */
static void program_of(const char *path, char *ret, size_t cap)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	snprintf(ret, cap, "%.*s", (int)(dot ? dot - name : (long)strlen(name)), name);
}

static int connect_to(const char *path, struct errmsg *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char program[64];
	int fd;

	program_of(path, program, sizeof(program));
	if (strlen(path) >= sizeof(addr.sun_path))
		return errmsg_set(e, ERR_LIMIT, "path of the local socket is too long: %s", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	if (errno == EACCES)
		return errmsg_set(e, ERR_DENIED,
				  "you may not ask %s (%s: permission denied): be "
				  "root or in its group",
				  program, path);
	return errmsg_set(e, ERR_NOTFOUND, "%s does not run (%s: %s)", program, path,
			  strerror(errno));
}

static bool wait_for(int fd, short events, long until)
{
	struct pollfd p = {.fd = fd, .events = events};
	long left = until - now_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static bool send_line(int fd, const char *text, long until)
{
	struct buffer b = {0};
	bool ok = buffer_put(&b, SLICE_STR(text)) && buffer_put(&b, SLICE_LIT("\n"));

	while (ok && b.len > 0) {
		struct slice s = buffer_content(&b);
		ssize_t n = -1;

		if (wait_for(fd, POLLOUT, until))
			n = send(fd, s.data, s.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		ok = n > 0;
		if (ok)
			buffer_take(&b, (size_t)n);
	}
	buffer_done(&b);
	return ok;
}

/* The answer's line in `in`; its length, 0 when it did not come. */
static size_t read_line(int fd, struct buffer *in, long until)
{
	while (in->len <= LOCAL_LINE_MAX && wait_for(fd, POLLIN, until)) {
		uint8_t *room = buffer_room(in, CHUNK);
		ssize_t n = room ? read(fd, room, CHUNK) : -1;
		const uint8_t *end;

		if (n <= 0)
			return 0;
		buffer_added(in, (size_t)n);
		end = memchr(buffer_content(in).data, '\n', in->len);
		if (end)
			return (size_t)(end - buffer_content(in).data);
	}
	return 0;
}

json_t *local_ask(const char *path, const json_t *request, int timeout_ms, struct errmsg *e)
{
	char *text = json_dumps(request, JSON_COMPACT);
	long until = now_ms() + timeout_ms;
	struct buffer in = {0};
	json_t *answer = NULL;
	char program[64];
	int fd;

	if (!text) {
		errmsg_set(e, ERR_INVALID, "the request is not JSON");
		return NULL;
	}
	program_of(path, program, sizeof(program));
	fd = connect_to(path, e);
	if (fd >= 0) {
		size_t len = send_line(fd, text, until) ? read_line(fd, &in, until) : 0;

		if (len > 0)
			answer = json_loadb((const char *)buffer_content(&in).data, len, 0, NULL);
		if (!json_is_object(answer)) {
			json_decref(answer);
			answer = NULL;
			errmsg_set(e, ERR_IO, "%s gave no answer within %d ms", program,
				   timeout_ms);
		}
		close(fd);
	}
	buffer_done(&in);
	free(text);
	return answer;
}
