#include "control/centre/watch/forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "control/wire/siem.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	LOOK_EVERY_MS = 500,
	TARGETS_MOST = 64,
	BATCH = 64,
	ANSWER_MAX_S = 60,
	RETRY_S = 5,
	TRIM_EVERY_S = 60,
};

struct forward {
	struct forward_setup setup;
	struct helper *helper;
	struct loop_timer timer;
	struct forward_target under_way;
	uint64_t since; /* monotonic; 0 = idle */
	uint64_t to;	/* number of the last of the batch */
	unsigned batch;
	uint64_t rest[TARGETS_MOST]; /* not before, by the target's place */
	unsigned place;		     /* of the one under way */
	uint64_t trimmed;
};

char *forward_line(const struct forward_item *i, enum forward_format format, const char *host)
{
	const struct siem_alert a = {.time = i->time,
				     .eve = i->eve,
				     .sensor = i->sensor,
				     .site = i->site,
				     .customer = i->customer};

	return siem_line(&a, (enum siem_format)format, host, "banken-centre");
}

/* --- a batch --- */

static void finish(struct forward *f, const char *error)
{
	struct errmsg err = {""};
	uint64_t at = error[0] ? f->under_way.at : f->to;

	f->since = 0;
	if (forward_sent(f->setup.store, &f->under_way, at, error[0] ? 0 : f->batch, error, &err) !=
	    ERR_OK)
		log_error(f->setup.log, "%s", err.text);
	if (!error[0])
		return;
	f->rest[f->place] = loop_now(f->setup.loop) + RETRY_S * NS_PER_SEC;
	log_warn(f->setup.log, "forwarding to %s: %s; it is tried again", f->under_way.address,
		 error);
}

/* As many as fit into one order; a record that is no JSON is passed over. */
static char *compose(struct forward *f, struct forward_item *items, int n)
{
	char *text = NULL;
	size_t len = 0, size;
	FILE *out = open_memstream(&text, &size);

	f->batch = 0;
	for (int i = 0; out && i < n; i++) {
		char *line = forward_line(&items[i], f->under_way.format, f->setup.host);

		if (line && len && len + strlen(line) >= DELIVERY_TEXT) {
			free(line);
			break;
		}
		if (line && strlen(line) < DELIVERY_TEXT) {
			fputs(line, out);
			len += strlen(line);
			f->batch++;
		}
		free(line);
		f->to = items[i].number;
	}
	if (!out || fclose(out) != 0)
		return NULL;
	return text;
}

static bool begin(struct forward *f, const struct forward_target *t, unsigned place)
{
	struct forward_item items[BATCH];
	struct errmsg err = {""};
	int n = forward_next(f->setup.store, t, items, BATCH, &err);
	char *text;

	if (n < 0)
		log_error(f->setup.log, "%s", err.text);
	if (n <= 0)
		return false;
	f->under_way = *t;
	f->place = place;
	text = compose(f, items, n);
	for (int i = 0; i < n; i++)
		free(items[i].eve);
	f->since = loop_now(f->setup.loop);
	if (!text)
		finish(f, "no memory");
	else if (!text[0])
		finish(f, "");
	else if (delivery_send(f->helper, RECIPIENT_SYSLOG, t->address, text) != ERR_OK)
		finish(f, "the helper that sends is busy or gone");
	free(text);
	return true;
}

/* The target after the last one first, so that each has its turn. */
static void go_on(struct forward *f)
{
	struct forward_target list[TARGETS_MOST];
	struct errmsg err = {""};
	uint64_t now = loop_now(f->setup.loop);
	int n;

	if (f->since || !duty_is_ours(f->setup.duty))
		return;
	n = forward_targets(f->setup.store, list, TARGETS_MOST, &err);
	if (n < 0)
		log_error(f->setup.log, "%s", err.text);
	for (int i = 1; i <= n; i++) {
		unsigned place = (f->place + (unsigned)i) % (unsigned)n;

		if (f->rest[place] <= now && begin(f, &list[place], place))
			return;
	}
}

static void answered(void *ctx, uint32_t events)
{
	struct forward *f = ctx;
	char error[256];
	int rc;

	while ((rc = delivery_answer(f->helper, error)) == 1) {
		if (f->since)
			finish(f, error);
	}
	if (rc < 0)
		loop_unwatch(f->setup.loop, f->helper->fd);
	go_on(f);
}

static void look(void *ctx)
{
	struct forward *f = ctx;
	struct errmsg err = {""};
	uint64_t now = loop_now(f->setup.loop);

	if (f->since && now - f->since > ANSWER_MAX_S * NS_PER_SEC)
		finish(f, "no answer within a minute");
	go_on(f);
	if (now - f->trimmed > TRIM_EVERY_S * NS_PER_SEC) {
		f->trimmed = now;
		if (forward_trim(f->setup.store, &err) != ERR_OK)
			log_error(f->setup.log, "%s", err.text);
	}
	loop_timer_set(f->setup.loop, &f->timer, LOOK_EVERY_MS * NS_PER_MS);
}

struct forward *forward_new(const struct forward_setup *setup, struct helper *helper,
			    struct errmsg *err)
{
	struct forward *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->setup = *setup;
	f->helper = helper;
	if (forwards_open(setup->store, err) != ERR_OK) {
		free(f);
		return NULL;
	}
	loop_watch(setup->loop, helper->fd, EPOLLIN, answered, f);
	f->timer = (struct loop_timer){.fn = look, .ctx = f};
	loop_timer_set(setup->loop, &f->timer, LOOK_EVERY_MS * NS_PER_MS);
	return f;
}

void forward_delete(struct forward *f)
{
	if (!f)
		return;
	loop_timer_stop(f->setup.loop, &f->timer);
	loop_unwatch(f->setup.loop, f->helper->fd);
	free(f);
}
