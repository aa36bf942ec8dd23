#include "control/centre/watch/duty.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/store/lease.h"
#include "dataplane/base/clock.h"

struct duty {
	struct duty_setup setup;
	char holder[160];
	struct loop_timer timer;
	uint64_t until;	 /* monotonic, ns: by then it must have been renewed */
	uint64_t begins; /* how often it began */
};

static const char lease[] = "duty";

static void ask(struct duty *d)
{
	uint64_t asked = loop_now(d->setup.loop);
	struct errmsg err = {""};
	bool was = duty_is_ours(d);
	int rc = lease_take(d->setup.store, lease, d->holder, DUTY_LEASE_S * NS_PER_SEC,
			    loop_wall(d->setup.loop), &err);

	if (rc < 0) {
		log_warn(d->setup.log, "who is on duty is not known: %s", err.text);
		return;
	}
	/* From before the question on: the answer may have taken long. */
	d->until = rc ? asked + (DUTY_LEASE_S - DUTY_MARGIN_S) * NS_PER_SEC : 0;
	if (rc && !was) {
		d->begins++;
		log_info(d->setup.log, "on duty: reports, emergencies and looks are made here");
	} else if (!rc && was) {
		log_info(d->setup.log, "not on duty any more: another centre is");
	}
}

static void renew(void *ctx)
{
	struct duty *d = ctx;

	ask(d);
	loop_timer_set(d->setup.loop, &d->timer, DUTY_RENEW_S * NS_PER_SEC);
}

bool duty_is_ours(const struct duty *d)
{
	return duty_is_alone(d) || loop_now(d->setup.loop) < d->until;
}

bool duty_is_alone(const struct duty *d)
{
	return !d || d->setup.is_alone;
}

const char *duty_holder(const struct duty *d)
{
	return duty_is_alone(d) ? "alone" : d->holder;
}

bool duty_has_begun(const struct duty *d, uint64_t *seen)
{
	uint64_t begins = duty_is_alone(d) ? 1 : d->begins;
	bool has = begins != *seen && duty_is_ours(d);

	if (has)
		*seen = begins;
	return has;
}

struct duty *duty_new(const struct duty_setup *setup, struct errmsg *err)
{
	struct duty *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->setup = *setup;
	snprintf(d->holder, sizeof(d->holder), "%.80s-%d-%llx", setup->name, getpid(),
		 (unsigned long long)loop_wall(setup->loop));
	if (setup->is_alone)
		return d;
	if (lease_open(setup->store, err) != ERR_OK) {
		free(d);
		return NULL;
	}
	d->timer = (struct loop_timer){.fn = renew, .ctx = d};
	renew(d);
	return d;
}

void duty_delete(struct duty *d)
{
	struct errmsg err;

	if (!d)
		return;
	if (!d->setup.is_alone) {
		loop_timer_stop(d->setup.loop, &d->timer);
		if (duty_is_ours(d))
			lease_give(d->setup.store, lease, d->holder, &err);
	}
	free(d);
}
