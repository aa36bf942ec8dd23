/* Compiles all databases of a plan, several at a time. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "signatures/plan/build.h"

enum { THREADS_MAX = 16 };

struct work {
	struct plan *plan;
	atomic_uint next;
	pthread_mutex_t lock; /* of the two below */
	int error;
	struct errmsg message;
};

static void *worker(void *arg)
{
	struct work *w = arg;

	for (;;) {
		unsigned i = atomic_fetch_add(&w->next, 1);
		struct errmsg e = {""};
		int err;

		if (i >= w->plan->nmatchers)
			return NULL;
		err = matcher_compile(w->plan->matchers[i], &e);
		if (err) {
			pthread_mutex_lock(&w->lock);
			w->error = err;
			w->message = e;
			pthread_mutex_unlock(&w->lock);
			return NULL;
		}
	}
}

int plan_compile(struct plan *p, unsigned threads, struct errmsg *e)
{
	struct work w = {.plan = p};
	pthread_t ids[THREADS_MAX];
	unsigned started = 0;

	if (threads > p->nmatchers)
		threads = p->nmatchers;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	pthread_mutex_init(&w.lock, NULL);
	while (started + 1 < threads && pthread_create(&ids[started], NULL, worker, &w) == 0)
		started++;
	worker(&w);
	while (started > 0)
		pthread_join(ids[--started], NULL);
	pthread_mutex_destroy(&w.lock);
	if (w.error && e)
		*e = w.message;
	return w.error;
}
