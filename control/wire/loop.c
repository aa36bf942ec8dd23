#include "control/wire/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/base/clock.h"

enum { BATCH = 64, TIMERS_MAX = 65536, FDS_MAX = 65536 };

struct watch {
	loop_fd_fn fn; /* NULL: not watched */
	void *ctx;
	uint32_t turn; /* tells an event of an earlier watch of the same number apart */
	uint32_t events;
};

struct loop {
	int epoll;
	bool stopped;
	uint64_t now, wall;
	struct watch *watches; /* by descriptor */
	size_t n_watches;
	struct loop_timer **heap; /* earliest first; place = index + 1 */
	uint32_t n_timers, cap_timers;
	uint32_t turn;
	int signal_fd;
	loop_fd_fn signal_fn;
	void *signal_ctx;
};

static void read_clocks(struct loop *l)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	l->now = (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
	clock_gettime(CLOCK_REALTIME, &t);
	l->wall = (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

struct loop *loop_new(struct errmsg *e)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l) {
		errmsg_set(e, ERR_NOMEM, "no memory for the event loop");
		return NULL;
	}
	l->signal_fd = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		errmsg_set(e, ERR_IO, "cannot make an event loop: %s", strerror(errno));
		free(l);
		return NULL;
	}
	read_clocks(l);
	return l;
}

void loop_delete(struct loop *l)
{
	if (!l)
		return;
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	close(l->epoll);
	free(l->watches);
	free(l->heap);
	free(l);
}

/* ---- descriptors ---- */

static int make_room(struct loop *l, int fd)
{
	size_t n = (size_t)fd + 1;
	struct watch *w;

	if (fd < 0 || fd >= FDS_MAX)
		return ERR_LIMIT;
	if (n <= l->n_watches)
		return 0;
	n = n < 64 ? 64 : n * 2;
	w = realloc(l->watches, n * sizeof(*w));
	if (!w)
		return ERR_NOMEM;
	memset(w + l->n_watches, 0, (n - l->n_watches) * sizeof(*w));
	l->watches = w;
	l->n_watches = n;
	return 0;
}

int loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx)
{
	struct epoll_event ev = {.events = events};
	struct watch *w;
	bool known;
	int rc = make_room(l, fd);

	if (rc)
		return rc;
	w = &l->watches[fd];
	known = w->fn;
	if (known && w->events == events && w->fn == fn && w->ctx == ctx)
		return 0;
	ev.data.u64 = (uint64_t)(known ? w->turn : l->turn + 1) << 32 | (uint32_t)fd;
	if (epoll_ctl(l->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev))
		return ERR_IO;
	if (!known)
		w->turn = ++l->turn;
	w->fn = fn;
	w->ctx = ctx;
	w->events = events;
	return 0;
}

void loop_unwatch(struct loop *l, int fd)
{
	if (fd < 0 || (size_t)fd >= l->n_watches || !l->watches[fd].fn)
		return;
	l->watches[fd].fn = NULL;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* ---- timers ---- */

static void heap_put(struct loop *l, uint32_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

static void heap_up(struct loop *l, uint32_t i)
{
	struct loop_timer *t = l->heap[i];

	while (i > 0 && l->heap[(i - 1) / 2]->due > t->due) {
		heap_put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(l, i, t);
}

static void heap_down(struct loop *l, uint32_t i)
{
	struct loop_timer *t = l->heap[i];

	for (uint32_t child; (child = 2 * i + 1) < l->n_timers; i = child) {
		if (child + 1 < l->n_timers && l->heap[child + 1]->due < l->heap[child]->due)
			child++;
		if (t->due <= l->heap[child]->due)
			break;
		heap_put(l, i, l->heap[child]);
	}
	heap_put(l, i, t);
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	uint32_t i = t->place - 1;
	struct loop_timer *last;

	if (t->due == 0)
		return;
	t->due = 0;
	last = l->heap[--l->n_timers];
	if (last == t)
		return;
	heap_put(l, i, last);
	heap_up(l, i);
	heap_down(l, last->place - 1);
}

int loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t delay)
{
	loop_timer_stop(l, t);
	if (l->n_timers == l->cap_timers) {
		uint32_t cap = l->cap_timers ? l->cap_timers * 2 : 16;
		struct loop_timer **heap;

		if (cap > TIMERS_MAX)
			return ERR_LIMIT;
		heap = realloc(l->heap, cap * sizeof(struct loop_timer *));
		if (!heap)
			return ERR_NOMEM;
		l->heap = heap;
		l->cap_timers = cap;
	}
	t->due = l->now + delay;
	l->heap[l->n_timers++] = t;
	heap_up(l, l->n_timers - 1);
	return 0;
}

/* Those due when the round began; a timer that sets itself anew waits for the next round. */
static void run_timers(struct loop *l)
{
	uint64_t now = l->now;

	for (uint32_t left = l->n_timers; left > 0 && l->n_timers > 0; left--) {
		struct loop_timer *t = l->heap[0];

		if (t->due > now)
			break;
		loop_timer_stop(l, t);
		t->fn(t->ctx);
	}
}

/* ---- signals ---- */

static void signal_ready(void *ctx, uint32_t events)
{
	struct loop *l = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info))
		l->signal_fn(l->signal_ctx, info.ssi_signo);
}

int loop_signals(struct loop *l, const int *signals, unsigned n, loop_fd_fn fn, void *ctx)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return ERR_IO;
	l->signal_fd = signalfd(l->signal_fd, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->signal_fd < 0)
		return ERR_IO;
	l->signal_fn = fn;
	l->signal_ctx = ctx;
	return loop_watch(l, l->signal_fd, EPOLLIN, signal_ready, l);
}

/* ---- running ---- */

uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

uint64_t loop_wall(const struct loop *l)
{
	return l->wall;
}

static int wait_ms(struct loop *l, int timeout_ms)
{
	uint64_t due, ms;

	if (l->n_timers == 0)
		return timeout_ms;
	read_clocks(l);
	due = l->heap[0]->due;
	ms = due <= l->now ? 0 : (due - l->now + NS_PER_MS - 1) / NS_PER_MS;
	if (ms > 60000)
		ms = 60000;
	return timeout_ms >= 0 && (uint64_t)timeout_ms < ms ? timeout_ms : (int)ms;
}

int loop_once(struct loop *l, int timeout_ms)
{
	struct epoll_event ev[BATCH];
	int n = epoll_wait(l->epoll, ev, BATCH, wait_ms(l, timeout_ms));

	if (n < 0 && errno != EINTR)
		return ERR_IO;
	read_clocks(l);
	for (int i = 0; i < n; i++) {
		uint32_t fd = (uint32_t)ev[i].data.u64, turn = (uint32_t)(ev[i].data.u64 >> 32);
		struct watch *w = fd < l->n_watches ? &l->watches[fd] : NULL;

		if (w && w->fn && w->turn == turn)
			w->fn(w->ctx, ev[i].events);
	}
	run_timers(l);
	return 0;
}

int loop_run(struct loop *l)
{
	int rc = 0;

	while (!l->stopped && rc == 0)
		rc = loop_once(l, -1);
	return rc;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
