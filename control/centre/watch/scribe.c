#include "control/centre/watch/scribe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	NICE = 10,
	MEMORY_GB = 8, /* address space of a helper */
	LOOK_EVERY_S = 5,
	END_MS = 200, /* of a helper with nothing to do */
};

/* A helper says HELLO when it begins; the second time it has been killed and forgot its order. */
enum { HELLO = 0 };

struct made {
	uint64_t id;
	char error[256]; /* "" = done */
};

struct scribe_helpers {
	struct helper desk[SCRIBE_DESKS];
};

struct desk {
	struct scribe *scribe;
	struct helper *helper;
	struct scribe_job *busy;
	struct scribe_job *first, **end; /* who waits */
	unsigned waiting;
	uint64_t id; /* of the last order */
	bool has_begun, is_gone;
};

struct scribe {
	struct loop *loop;
	const struct log *log;
	struct desk desk[SCRIBE_DESKS];
	struct loop_timer look;
};

/* --- the helper --- */

static void make(const struct store_where *where, const struct report_order *o, char ret[256])
{
	struct errmsg err = {""};
	struct store *s = store_open_to_read(where, &err);
	int rc = s ? report_make(s, o, &err) : ERR_IO;

	ret[0] = 0;
	if (rc != ERR_OK)
		snprintf(ret, 256, "%.250s", err.text[0] ? err.text : "no memory");
	store_close(s);
}

static void end_text(struct report_order *o)
{
	o->customer[sizeof(o->customer) - 1] = o->site[sizeof(o->site) - 1] = 0;
	o->name[sizeof(o->name) - 1] = o->stem[sizeof(o->stem) - 1] = 0;
	o->zone.name[sizeof(o->zone.name) - 1] = 0;
}

static void bound_memory(void)
{
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
	const struct rlimit memory = {(rlim_t)MEMORY_GB << 30, (rlim_t)MEMORY_GB << 30};

	setrlimit(RLIMIT_AS, &memory);
#endif
}

static void serve(int fd, void *arg)
{
	struct report_order o;
	struct made m = {.id = HELLO};

	setpriority(PRIO_PROCESS, 0, NICE);
	bound_memory();
	/* What one before us had not taken is told to have failed with it. */
	while (helper_receive_now(fd, &o, sizeof(o)) > 0)
		;
	helper_send(fd, &m, sizeof(m));
	while (helper_receive(fd, &o, sizeof(o)) == (ssize_t)sizeof(o)) {
		end_text(&o);
		m.id = o.id;
		if (o.kind == REPORT_OF_DAY || o.kind == REPORT_OF_MONTH)
			make(arg, &o, m.error);
		else
			snprintf(m.error, sizeof(m.error), "no such report");
		if (helper_send(fd, &m, sizeof(m)) != 0)
			return;
	}
}

struct scribe_helpers *scribe_helpers_start(const struct store_where *where, const char *account,
					    struct errmsg *err)
{
	struct scribe_helpers *h = calloc(1, sizeof(*h));
	const bool is_far = where->state && where->state[0];
	const struct helper_job job = {
		.name = "banken-report",
		.user = account,
		/* Beyond one machine the store is over the network. */
		.sandbox = is_far ? SANDBOX_DELIVER : SANDBOX_REPORT,
		.serve = serve,
		.arg = (void *)(uintptr_t)where,
	};

	if (!h)
		return NULL;
	for (int i = 0; i < SCRIBE_DESKS; i++)
		h->desk[i] = (struct helper){-1, -1};
	for (int i = 0; i < SCRIBE_DESKS; i++) {
		if (helper_start(&job, &h->desk[i], err) != ERR_OK) {
			scribe_helpers_stop(h);
			return NULL;
		}
	}
	return h;
}

/* A report under way is of no use to anybody any more, and nobody waits for it. */
void scribe_helpers_stop(struct scribe_helpers *h)
{
	if (!h)
		return;
	helper_end(h->desk, SCRIBE_DESKS, END_MS);
	free(h);
}

/* --- orders --- */

static void begin(struct desk *d)
{
	struct scribe_job *job = d->first;

	if (d->busy || !job || (!d->has_begun && !d->is_gone))
		return;
	d->first = job->next;
	if (!d->first)
		d->end = &d->first;
	d->waiting--;
	d->busy = job;
	job->since = loop_now(d->scribe->loop);
	job->order.id = ++d->id;
	if (helper_send(d->helper->fd, &job->order, sizeof(job->order)) == 0)
		return;
	d->is_gone = true; /* `done` is never called from within */
	loop_timer_set(d->scribe->loop, &d->scribe->look, 1);
}

static void settle(struct desk *d, const char *error)
{
	struct scribe_job *job = d->busy;

	d->busy = NULL;
	if (job)
		job->done(job, error);
	begin(d);
}

static void answered(void *ctx, uint32_t events)
{
	struct desk *d = ctx;
	struct made m;
	ssize_t n;

	while ((n = helper_receive_now(d->helper->fd, &m, sizeof(m))) == (ssize_t)sizeof(m)) {
		m.error[sizeof(m.error) - 1] = 0;
		if (d->busy && m.id == d->busy->order.id)
			settle(d, m.error);
		else if (d->busy && m.id == HELLO)
			settle(d, "the helper that makes reports was killed");
		d->has_begun = true;
		begin(d);
	}
	if (n != ERR_AGAIN) {
		loop_unwatch(d->scribe->loop, d->helper->fd);
		d->is_gone = true;
		loop_timer_set(d->scribe->loop, &d->scribe->look, 1);
	}
}

static void look(void *ctx)
{
	struct scribe *s = ctx;

	loop_timer_set(s->loop, &s->look, LOOK_EVERY_S * NS_PER_SEC);
	for (int i = 0; i < SCRIBE_DESKS; i++) {
		struct desk *d = &s->desk[i];

		if (d->busy && d->is_gone)
			settle(d, "the helper that makes reports is gone");
		else if (d->busy && loop_now(s->loop) - d->busy->since > SCRIBE_S * NS_PER_SEC)
			settle(d, "it was not made within half an hour");
	}
}

int scribe_do(struct scribe *s, struct scribe_job *job, struct errmsg *err)
{
	struct desk *d = &s->desk[job->desk];
	unsigned own = 0;

	for (const struct scribe_job *j = d->first; j; j = j->next)
		own += strcmp(j->order.customer, job->order.customer) == 0;
	if (d->waiting >= SCRIBE_WAITING || own >= SCRIBE_EACH)
		return errmsg_set(err, ERR_LIMIT, "%u reports wait already: ask again later",
				  d->waiting);
	job->next = NULL;
	*d->end = job;
	d->end = &job->next;
	d->waiting++;
	begin(d);
	return ERR_OK;
}

struct scribe *scribe_new(struct loop *loop, const struct log *log, struct scribe_helpers *helpers,
			  struct errmsg *err)
{
	struct scribe *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(err, ERR_NOMEM, "no memory for reports");
		return NULL;
	}
	s->loop = loop;
	s->log = log;
	for (int i = 0; i < SCRIBE_DESKS; i++) {
		struct desk *d = &s->desk[i];

		*d = (struct desk){.scribe = s, .helper = &helpers->desk[i], .end = &d->first};
		loop_watch(loop, d->helper->fd, EPOLLIN, answered, d);
	}
	s->look = (struct loop_timer){.fn = look, .ctx = s};
	loop_timer_set(loop, &s->look, LOOK_EVERY_S * NS_PER_SEC);
	return s;
}

void scribe_delete(struct scribe *s)
{
	if (!s)
		return;
	loop_timer_stop(s->loop, &s->look);
	for (int i = 0; i < SCRIBE_DESKS; i++) {
		struct desk *d = &s->desk[i];
		struct scribe_job *job, *next;

		loop_unwatch(s->loop, d->helper->fd);
		job = d->first;
		d->first = NULL;
		d->waiting = SCRIBE_WAITING; /* nothing new */
		if (d->busy)
			d->busy->done(d->busy, "the centre ends");
		d->busy = NULL;
		for (; job; job = next) {
			next = job->next;
			job->done(job, "the centre ends");
		}
	}
	free(s);
}
