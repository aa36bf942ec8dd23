#include "control/centre/emergency/desk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	HELPERS = 3,   /* a slow server holds up one */
	END_MS = 2000, /* of a message under way; then it goes again */
	LOOK_EVERY_MS = 200,
	SILENT_EVERY_S = 15,
	ANSWER_MAX_S = 60, /* a helper that has not answered by then is given up */
};

struct emergency_helpers {
	struct delivery_server server;
	struct helper helper[HELPERS];
};

struct worker {
	struct emergency_desk *desk;
	struct helper *helper;
	struct emergency_message *message; /* under way; NULL = idle */
	uint64_t since;			   /* monotonic, ns */
};

struct emergency_desk {
	struct emergency_desk_setup setup;
	struct worker worker[HELPERS];
	struct loop_timer look, silent;
	uint64_t duties; /* that began so far */
};

struct emergency_helpers *emergency_helpers_start(const struct delivery_server *server,
						  const char *account, struct errmsg *err)
{
	struct emergency_helpers *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->server = *server;
	for (unsigned i = 0; i < HELPERS; i++) {
		if (delivery_start(&h->server, account, &h->helper[i], err) != ERR_OK) {
			emergency_helpers_stop(h);
			return NULL;
		}
	}
	return h;
}

void emergency_helpers_stop(struct emergency_helpers *h)
{
	if (!h)
		return;
	helper_end(h->helper, HELPERS, END_MS);
	free(h);
}

/* --- one message --- */

static void finish(struct worker *w, const char *error)
{
	struct emergency_desk *d = w->desk;
	struct errmsg err;

	if (error[0])
		log_warn(d->setup.log, "emergency %lld did not reach %s: %s; it is tried again",
			 (long long)w->message->about[0].id, w->message->to.address, error);
	else
		log_info(d->setup.log, "emergency %lld reached %s",
			 (long long)w->message->about[0].id, w->message->to.address);
	if (emergency_sent(d->setup.store, w->message, error, loop_wall(d->setup.loop), &err) !=
	    ERR_OK)
		log_error(d->setup.log, "%s", err.text);
	free(w->message);
	w->message = NULL;
}

static char *compose(struct emergency_desk *d, const struct emergency_message *m)
{
	char *text;

	switch (m->to.kind) {
	case RECIPIENT_SYSLOG:
		return emergency_syslog(m, &d->setup.sender);
	case RECIPIENT_WEBHOOK:
		text = emergency_webhook(m, &d->setup.sender);
		return text ? text : emergency_json(m);
	default:
		return emergency_mail(m, &d->setup.sender, loop_wall(d->setup.loop));
	}
}

static void send(struct worker *w)
{
	char *text = compose(w->desk, w->message);
	int rc = text ? delivery_send(w->helper, w->message->to.kind, w->message->to.address, text)
		      : ERR_NOMEM;

	free(text);
	w->since = loop_now(w->desk->setup.loop);
	if (rc != ERR_OK)
		finish(w, "the helper that sends is busy or gone");
}

static void answered(void *ctx, uint32_t events)
{
	struct worker *w = ctx;
	char error[256];

	(void)events;
	while (delivery_answer(w->helper, error) == 1) {
		if (w->message)
			finish(w, error);
	}
}

/* --- what is due --- */

static void give_work(struct emergency_desk *d)
{
	uint64_t wall = loop_wall(d->setup.loop);
	struct errmsg err;

	if (!duty_is_ours(d->setup.duty))
		return;
	/* What whoever was on duty before had under way is due again. */
	if (duty_has_begun(d->setup.duty, &d->duties) &&
	    emergency_recover(d->setup.store, &err) != ERR_OK) {
		d->duties = 0;
		log_error(d->setup.log, "%s", err.text);
		return;
	}
	if (emergency_plan(d->setup.store, &d->setup.rules, wall, &err) != ERR_OK) {
		log_error(d->setup.log, "%s", err.text);
		return;
	}
	for (unsigned i = 0; i < HELPERS; i++) {
		struct worker *w = &d->worker[i];
		int found;

		if (w->message)
			continue;
		w->message = calloc(1, sizeof(*w->message));
		if (!w->message)
			return;
		found = emergency_next(d->setup.store, &d->setup.rules, wall, w->message, &err);
		if (found == 1) {
			send(w);
			continue;
		}
		if (found < 0)
			log_error(d->setup.log, "%s", err.text);
		free(w->message);
		w->message = NULL;
		return;
	}
}

static void look(void *ctx)
{
	struct emergency_desk *d = ctx;
	uint64_t now = loop_now(d->setup.loop);

	for (unsigned i = 0; i < HELPERS; i++) {
		if (d->worker[i].message && now - d->worker[i].since > ANSWER_MAX_S * NS_PER_SEC)
			finish(&d->worker[i], "no answer within a minute");
	}
	give_work(d);
	loop_timer_set(d->setup.loop, &d->look, LOOK_EVERY_MS * NS_PER_MS);
}

static void look_for_silent(void *ctx)
{
	struct emergency_desk *d = ctx;
	struct errmsg err;

	if (duty_is_ours(d->setup.duty) &&
	    emergency_raise_silent(d->setup.store, d->setup.silent_after, loop_wall(d->setup.loop),
				   &err) != ERR_OK)
		log_error(d->setup.log, "%s", err.text);
	loop_timer_set(d->setup.loop, &d->silent, SILENT_EVERY_S * NS_PER_SEC);
}

struct emergency_desk *emergency_desk_new(const struct emergency_desk_setup *setup,
					  struct emergency_helpers *helpers, struct errmsg *err)
{
	struct emergency_desk *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->setup = *setup;
	for (unsigned i = 0; i < HELPERS; i++) {
		d->worker[i] = (struct worker){.desk = d, .helper = &helpers->helper[i]};
		loop_watch(setup->loop, helpers->helper[i].fd, EPOLLIN, answered, &d->worker[i]);
	}
	d->look = (struct loop_timer){.fn = look, .ctx = d};
	d->silent = (struct loop_timer){.fn = look_for_silent, .ctx = d};
	loop_timer_set(setup->loop, &d->look, LOOK_EVERY_MS * NS_PER_MS);
	if (setup->silent_after)
		loop_timer_set(setup->loop, &d->silent, SILENT_EVERY_S * NS_PER_SEC);
	return d;
}

void emergency_desk_delete(struct emergency_desk *d)
{
	if (!d)
		return;
	loop_timer_stop(d->setup.loop, &d->look);
	loop_timer_stop(d->setup.loop, &d->silent);
	for (unsigned i = 0; i < HELPERS; i++) {
		loop_unwatch(d->setup.loop, d->worker[i].helper->fd);
		free(d->worker[i].message);
	}
	free(d);
}
