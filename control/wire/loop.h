/* The event loop of a control program: descriptors by epoll, timers, signals. One thread owns it
 * and everything that hangs on it. A callback may watch, unwatch and delete whatever it likes,
 * itself included: an unwatched descriptor gets no further call, not even one already due. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "dataplane/base/err.h"

struct loop;

/* `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as they came. */
typedef void (*loop_fd_fn)(void *ctx, uint32_t events);
typedef void (*loop_timer_fn)(void *ctx);

/* Lies in its owner, who stops it before he goes. Zeroed = not set. */
struct loop_timer {
	loop_timer_fn fn;
	void *ctx;
	uint64_t due;	/* monotonic ns; 0: not set */
	uint32_t place; /* loop's own use */
};

struct loop *loop_new(struct errmsg *e);
/* Closes nothing that others opened. */
void loop_delete(struct loop *l);

/* Begins or changes what is waited for. ERR_NOMEM, ERR_IO. */
int loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx);
void loop_unwatch(struct loop *l, int fd);

/* Once, in `delay` ns; sets anew when it is set. ERR_NOMEM when there are too many. */
int loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t delay);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* The signals go to `fn` (as `events`: the number) instead of their default. */
int loop_signals(struct loop *l, const int *signals, unsigned n, loop_fd_fn fn, void *ctx);

/* Time of the last wake-up: monotonic, and since 1970 (clock.h). */
uint64_t loop_now(const struct loop *l);
uint64_t loop_wall(const struct loop *l);

/* Until loop_stop. */
int loop_run(struct loop *l);
/* One round, waiting at most `timeout_ms` (-1: as long as it takes). */
int loop_once(struct loop *l, int timeout_ms);
void loop_stop(struct loop *l);
