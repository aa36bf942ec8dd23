/* New rules while traffic runs: read and compiled in a thread of their own at the lowest priority
 * on the main thread's core, then swapped between two bursts. The main thread goes on with orders,
 * resets and statistics meanwhile. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/worker/installed.h"
#include "dataplane/worker/live_private.h"

enum { LEAST_NICE = 19 };

struct live_reload {
	pthread_t thread;
	const struct options *options;
	uint64_t order; /* the mailbox message to answer */
	/* the thread's until `done` */
	struct ruleset fresh;
	struct errmsg why;
	int rc;
	_Atomic bool done;
};

/* Threads that compile inherit it. Where the policy is refused, niceness is what there is. */
static void least_priority(void)
{
	const struct sched_param none = {0};

	(void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LEAST_NICE);
}

static void *compile(void *ctx)
{
	struct live_reload *r = ctx;

	least_priority();
	r->rc = ruleset_load(r->options, &r->fresh, &r->why);
	atomic_store_explicit(&r->done, true, memory_order_release);
	return NULL;
}

int reload_begin(struct live *live, uint64_t order, struct mailbox_answer *answer)
{
	struct live_reload *r;

	if (live->reload) {
		snprintf(answer->sentence, sizeof(answer->sentence),
			 "rules are being read already; try again when they are");
		return ERR_AGAIN;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return ERR_NOMEM;
	r->options = live->options;
	r->order = order;
	if (pthread_create(&r->thread, NULL, compile, r) != 0) {
		free(r);
		snprintf(answer->sentence, sizeof(answer->sentence), "no thread for it; try again");
		return ERR_NOMEM;
	}
	live->reload = r;
	return ERR_OK;
}

/* Another set was put in force: once a second a look at one link. What cannot be loaded is told
 * once and the old rules stay. */
void reload_look(struct live *live, uint64_t now_ns)
{
	const char *folder = installed_folder(live->options->rules_folder, true);
	struct mailbox_answer answer = {0};
	char link[PATH_MAX];

	if (!folder || live->reload || now_ns - live->rules_looked_ns < NS_PER_SEC)
		return;
	live->rules_looked_ns = now_ns;
	if (!installed_link(folder, link) || strcmp(link, live->rules_link) == 0)
		return;
	snprintf(live->rules_link, sizeof(live->rules_link), "%s", link);
	if (reload_begin(live, 0, &answer) != ERR_OK)
		live->rules_link[0] = '\0';
}

/* The engine before the last one is freed, so that streams that began with the old one finish with
 * it. */
static void swap(struct live *live, const struct ruleset *fresh)
{
	for (unsigned i = 0; i < live->workers; i++)
		atomic_store_explicit(&live->worker[i].next_engine, fresh->engine,
				      memory_order_release);
	live_grace(live);
	ruleset_free(&live->old_rules);
	live->old_rules = live->rules;
	live->rules = *fresh;
	live->reloads++;
}

static void answer_of(struct live *live, struct live_reload *r, struct mailbox_answer *answer)
{
	answer->rc = r->rc;
	if (r->rc == ERR_OK && !r->fresh.engine) {
		answer->rc = ERR_INVALID;
		errmsg_set(&r->why, ERR_INVALID, "not one rule was loaded, %u failed",
			   r->fresh.failed);
		ruleset_free(&r->fresh);
	}
	if (answer->rc != ERR_OK) {
		snprintf(answer->sentence, sizeof(answer->sentence), "%.*s; the old rules stay",
			 (int)sizeof(answer->sentence) - 32, r->why.text);
		return;
	}
	swap(live, &r->fresh);
	answer->value = live->rules.loaded;
	snprintf(answer->sentence, sizeof(answer->sentence),
		 "%u rules loaded, %u skipped, %u failed", live->rules.loaded, live->rules.skipped,
		 live->rules.failed);
}

void reload_turn(struct live *live)
{
	struct live_reload *r = live->reload;
	struct mailbox_answer answer = {0};

	if (!r || !atomic_load_explicit(&r->done, memory_order_acquire))
		return;
	pthread_join(r->thread, NULL);
	answer.id = r->order;
	answer_of(live, r, &answer);
	if (r->order)
		mailbox_reply(live->mailbox, &answer);
	else
		fprintf(stderr, "banken-dataplane: new rule set: %s\n", answer.sentence);
	live->reload = NULL;
	free(r);
}
