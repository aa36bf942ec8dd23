#include "control/sensor/forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "control/helper/syslog.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum { TIMEOUT_S = 20, LOOK_MS = 1000 };

struct queue {
	struct forward *all;
	const struct forward_way *way;
	char *lines[FORWARD_LINES];
	unsigned head, n;
	unsigned flying; /* the first of them, that the helper has; 0: it is idle */
	size_t bytes;
	uint64_t sent, lost, rests_until; /* monotonic */
	char error[256];
};

struct forward {
	struct forward_setup setup;
	struct loop_timer timer;
	unsigned n;
	struct queue *queues[FORWARD_WAYS];
};

/* --- where to --- */

static int parse_one(const char *text, size_t len, struct forward_way *ret, struct errmsg *e)
{
	const char *is = memchr(text, '=', len);
	size_t word = is ? (size_t)(is - text) : 0;

	for (int f = 0; is && f < SIEM_FORMATS; f++) {
		const char *address = is + 1;

		if (strlen(siem_format_words[f]) != word ||
		    strncmp(siem_format_words[f], text, word) != 0)
			continue;
		if (len - word - 1 >= sizeof(ret->address) ||
		    (strncmp(address, "tls://", 6) != 0 && strncmp(address, "tcp://", 6) != 0))
			break;
		*ret = (struct forward_way){.format = (enum siem_format)f, .helper = {.fd = -1}};
		snprintf(ret->address, sizeof(ret->address), "%.*s", (int)(len - word - 1),
			 address);
		return ERR_OK;
	}
	return errmsg_set(e, ERR_INVALID,
			  "forward.to: \"%.*s\" is not eve=, cef= or leef= with tls://HOST:6514 or "
			  "tcp://HOST:514",
			  (int)(len < 100 ? len : 100), text);
}

int forward_parse(const char *text, struct forward_ways *ret, struct errmsg *e)
{
	ret->n = 0;
	while (*(text += strspn(text, " ,"))) {
		size_t len = strcspn(text, " ,");

		if (ret->n == FORWARD_WAYS)
			return errmsg_set(e, ERR_LIMIT, "forward.to: at most %d targets",
					  FORWARD_WAYS);
		if (parse_one(text, len, &ret->items[ret->n], e) != ERR_OK)
			return ERR_INVALID;
		ret->n++;
		text += len;
	}
	return ERR_OK;
}

/* --- the helper process --- */

struct sending {
	const char *address, *ca_file;
};

/* A packet is lines with a zero behind; the answer is "" or why not. */
static void serve(int fd, void *arg)
{
	static char packet[FORWARD_PACKET + 1];
	const struct sending *s = arg;
	ssize_t n;

	while ((n = helper_receive(fd, packet, sizeof(packet))) > 0) {
		char error[256];

		packet[n - 1] = 0;
		syslog_deliver(s->address, s->ca_file, packet, TIMEOUT_S, error);
		if (helper_send(fd, error, sizeof(error)) != 0)
			return;
	}
}

int forward_helpers(struct forward_ways *ways, const char *ca_file, const char *user,
		    struct errmsg *e)
{
	for (unsigned i = 0; i < ways->n; i++) {
		struct sending s = {ways->items[i].address, ca_file};
		const struct helper_job job = {.name = "banken-forward",
					       .user = user,
					       .sandbox = SANDBOX_DELIVER,
					       .serve = serve,
					       .arg = &s};
		int rc = helper_start(&job, &ways->items[i].helper, e);

		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

void forward_helpers_stop(struct forward_ways *ways)
{
	for (unsigned i = 0; i < ways->n; i++) {
		if (ways->items[i].helper.fd >= 0)
			helper_stop(&ways->items[i].helper);
	}
}

/* --- queues --- */

static char *line_at(const struct queue *q, unsigned i)
{
	return q->lines[(q->head + i) % FORWARD_LINES];
}

static void drop_first(struct queue *q)
{
	char *line = line_at(q, 0);

	q->bytes -= strlen(line);
	free(line);
	q->head = (q->head + 1) % FORWARD_LINES;
	q->n--;
}

/* As many as fit into one turn, and at least one: none is longer. */
static void send_some(struct queue *q)
{
	uint64_t now = loop_now(q->all->setup.loop);
	size_t len = 0;
	char *packet;

	if (q->flying || !q->n || now < q->rests_until || q->way->helper.fd < 0)
		return;
	packet = malloc(FORWARD_PACKET);
	if (!packet)
		return;
	for (unsigned i = 0; i < q->n; i++) {
		size_t n = strlen(line_at(q, i));

		if (len + n + 1 > FORWARD_PACKET)
			break;
		memcpy(packet + len, line_at(q, i), n);
		len += n;
		q->flying++;
	}
	packet[len] = 0;
	if (helper_send(q->way->helper.fd, packet, len + 1) != 0)
		q->flying = 0;
	free(packet);
}

static void finish(struct queue *q, const char *error)
{
	const struct forward_setup *s = &q->all->setup;

	if (error[0]) {
		if (!q->error[0])
			log_warn(s->log, "forwarding: %s; it is tried again", error);
		q->rests_until = loop_now(s->loop) + FORWARD_REST_S * NS_PER_SEC;
	} else {
		q->sent += q->flying;
		for (; q->flying; q->flying--)
			drop_first(q);
	}
	q->flying = 0;
	snprintf(q->error, sizeof(q->error), "%s", error);
}

static void answered(void *ctx, uint32_t events)
{
	struct queue *q = ctx;
	char error[256];
	ssize_t n;

	(void)events;
	while ((n = helper_receive_now(q->way->helper.fd, error, sizeof(error))) > 0) {
		error[sizeof(error) - 1] = 0;
		finish(q, error);
	}
	if (n != ERR_AGAIN) {
		loop_unwatch(q->all->setup.loop, q->way->helper.fd);
		finish(q, "the process that sends is gone");
		return;
	}
	send_some(q);
}

static void look(void *ctx)
{
	struct forward *f = ctx;

	for (unsigned i = 0; i < f->n; i++)
		send_some(f->queues[i]);
	loop_timer_set(f->setup.loop, &f->timer, LOOK_MS * NS_PER_MS);
}

/* Nothing is made ready for which there is no room. */
static void offer(struct queue *q, const struct siem_alert *a, size_t len)
{
	char *line;

	if (q->n == FORWARD_LINES || q->bytes + len > FORWARD_BYTES) {
		q->lost++;
		return;
	}
	line = siem_line(a, q->way->format, q->all->setup.sensor, "banken-control");
	if (!line || strlen(line) >= FORWARD_PACKET) {
		free(line);
		q->lost++;
		return;
	}
	q->bytes += strlen(line);
	q->lines[(q->head + q->n++) % FORWARD_LINES] = line;
	send_some(q);
}

void forward_offer(struct forward *f, struct slice eve, uint64_t time)
{
	struct siem_alert a = {.time = time, .sensor = f->setup.sensor, .site = f->setup.site};
	char *text = malloc(eve.len + 1);

	if (text) {
		memcpy(text, eve.data, eve.len);
		text[eve.len] = 0;
	}
	a.eve = text;
	for (unsigned i = 0; i < f->n; i++) {
		if (text)
			offer(f->queues[i], &a, eve.len);
		else
			f->queues[i]->lost++;
	}
	free(text);
}

json_t *forward_status(const struct forward *f)
{
	json_t *list = json_array();

	for (unsigned i = 0; f && i < f->n; i++) {
		const struct queue *q = f->queues[i];

		json_array_append_new(list,
				      json_pack("{ss ss sI sI sI so}", "address", q->way->address,
						"format", siem_format_words[q->way->format],
						"waiting", (json_int_t)q->n, "sent",
						(json_int_t)q->sent, "lost", (json_int_t)q->lost,
						"error", json_string(q->error) ?: json_null()));
	}
	return list;
}

/* --- life --- */

struct forward *forward_new(const struct forward_setup *setup)
{
	struct forward *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->setup = *setup;
	for (unsigned i = 0; i < setup->ways->n; i++) {
		struct queue *q = calloc(1, sizeof(*q));

		if (!q) {
			forward_delete(f);
			return NULL;
		}
		*q = (struct queue){.all = f, .way = &setup->ways->items[i]};
		f->queues[f->n++] = q;
		if (q->way->helper.fd >= 0)
			loop_watch(setup->loop, q->way->helper.fd, EPOLLIN, answered, q);
	}
	f->timer = (struct loop_timer){.fn = look, .ctx = f};
	loop_timer_set(setup->loop, &f->timer, LOOK_MS * NS_PER_MS);
	return f;
}

void forward_delete(struct forward *f)
{
	if (!f)
		return;
	loop_timer_stop(f->setup.loop, &f->timer);
	for (unsigned i = 0; i < f->n; i++) {
		struct queue *q = f->queues[i];

		if (q->way->helper.fd >= 0)
			loop_unwatch(f->setup.loop, q->way->helper.fd);
		while (q->n)
			drop_first(q);
		free(q);
	}
	free(f);
}
