#include "control/api/password.h"

#include <argon2.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

/* OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. */
enum { PASSES = 2, MEMORY_KIB = 19 * 1024, LANES = 1, SALT = 16, HASH = 32, WAITING_MAX = 16 };

struct passwords {
	struct loop *loop;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;
	struct password_job *first, **last, *finished;
	unsigned waiting;
	bool stop;
	int event; /* something is finished */
};

void password_hash(const char *password, char ret[API_HASH_MAX])
{
	unsigned char salt[SALT];

	ret[0] = 0;
	if (getrandom(salt, sizeof(salt), 0) != sizeof(salt) ||
	    argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt,
				  sizeof(salt), HASH, ret, API_HASH_MAX) != ARGON2_OK)
		ret[0] = 0;
}

bool password_is(const char *password, const char *hash)
{
	char nobody[API_HASH_MAX];

	if (!hash[0]) { /* an unknown account must not answer sooner */
		password_hash(password, nobody);
		return false;
	}
	return argon2id_verify(hash, password, strlen(password)) == ARGON2_OK;
}

static void work(struct password_job *job)
{
	if (job->checks)
		job->right = password_is(job->given, job->against);
	if (job->fresh[0])
		password_hash(job->fresh, job->hash);
}

static void *worker(void *ctx)
{
	struct passwords *p = ctx;

	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		struct password_job *job = p->first;

		if (!job) {
			pthread_cond_wait(&p->more, &p->lock);
			continue;
		}
		p->first = job->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
		pthread_mutex_unlock(&p->lock);
		work(job);
		pthread_mutex_lock(&p->lock);
		job->next = p->finished;
		p->finished = job;
		(void)eventfd_write(p->event, 1);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void finish(void *ctx, uint32_t events)
{
	struct passwords *p = ctx;
	struct password_job *job, *next;
	eventfd_t n;

	(void)events;
	(void)eventfd_read(p->event, &n);
	pthread_mutex_lock(&p->lock);
	job = p->finished;
	p->finished = NULL;
	pthread_mutex_unlock(&p->lock);
	for (; job; job = next) {
		next = job->next;
		job->done(job);
	}
}

/* Signals are the loop's, whether it has asked for them already or does so later: one that this
 * thread took would end the program. */
static int start_thread(struct passwords *p)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&p->thread, NULL, worker, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

struct passwords *passwords_new(struct loop *loop, struct errmsg *e)
{
	struct passwords *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->loop = loop;
	p->last = &p->first;
	p->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	if (p->event < 0 || loop_watch(loop, p->event, EPOLLIN, finish, p) != ERR_OK ||
	    start_thread(p) != 0) {
		errmsg_set(e, ERR_IO,
			   "no thread for passwords: is the limit of processes reached?");
		if (p->event >= 0) {
			loop_unwatch(loop, p->event);
			close(p->event);
		}
		free(p);
		return NULL;
	}
	return p;
}

void passwords_delete(struct passwords *p)
{
	struct password_job *job, *next;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	loop_unwatch(p->loop, p->event);
	finish(p, 0);
	for (job = p->first; job; job = next) {
		next = job->next;
		job->done(job);
	}
	close(p->event);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int passwords_do(struct passwords *p, struct password_job *job)
{
	int rc = ERR_AGAIN;

	job->next = NULL;
	pthread_mutex_lock(&p->lock);
	if (p->waiting < WAITING_MAX) {
		*p->last = job;
		p->last = &job->next;
		p->waiting++;
		pthread_cond_signal(&p->more);
		rc = ERR_OK;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}
