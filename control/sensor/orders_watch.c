/* Watches: a host that was cut is counted by the dataplane's workers, and the mitigator hears of it
 * every 200 ms. */
#include <string.h>

#include "control/sensor/orders_state.h"
#include "control/sensor/target.h"
#include "control/wire/local.h"
#include "dataplane/api/paths.h"
#include "dataplane/base/hash.h"

/* Watch orders are kept under this destination until no watch is left, so that a restart of
 * control goes on with them. */
#define KEPT "self.watches"

/* The same for the same command, so that a watch that is ordered again goes on counting. */
static uint64_t watch_id_of(const char *command_id)
{
	static const struct hash_key fixed = {0x62616e6b656e3031ULL, 0x7761746368696431ULL};

	return hash_bytes(&fixed, command_id, strlen(command_id)) | 1;
}

static struct watching *find_watch(struct orders *o, const char *command_id)
{
	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		if (strcmp(o->watches[i].command_id, command_id) == 0)
			return &o->watches[i];
	}
	return NULL;
}

static unsigned slot_of(const struct orders *o, const struct watching *w)
{
	return (unsigned)(w - o->watches);
}

static void post_watch(struct orders *o, struct watching *w)
{
	w->order.expires = w->expires;
	if (orders_post(o, &w->order, "", &w->host, slot_of(o, w)))
		snprintf(w->refused, sizeof(w->refused), "the dataplane does not read its mailbox");
}

static void read_watch(struct orders *o, struct watching *w, struct report *ret)
{
	struct watch_result *r = &ret->watch;
	struct watch_counts c = {0};
	uint64_t generation;

	*ret = (struct report){.kind = REPORT_WATCH, .time = loop_wall(o->setup.loop)};
	*r = (struct watch_result){
		.command_id = w->command_id,
		.host = w->host,
		.since = w->since,
		.until = ret->time,
		.number = ++w->number,
	};
	if (!health_dataplane(o->setup.health, ret->time, &generation))
		r->blind_reason = "banken-dataplane does not run";
	else if (!o->reader || !watch_read(o->reader, slot_of(o, w), w->order.watch.watch_id, &c))
		r->blind_reason =
			w->refused[0] ? w->refused : "the dataplane has not begun to watch yet";
	r->blind = r->blind_reason;
	r->attempts = c.attempts;
	r->answers = c.answers;
	r->sessions = c.sessions;
	r->exempt_attempts = c.exempt_attempts;
	r->exempt_answers = c.exempt_answers;
	r->first_attempt = c.first_attempt;
	r->last_attempt = c.last_attempt;
	r->first_answer = c.first_answer;
	r->last_answer = c.last_answer;
	r->last_peer = c.last_peer;
}

/* Once the last watch has ended none of the kept orders matters any more. */
static void forget_kept(struct orders *o)
{
	struct spool *spool = o->setup.outbox->spool;
	uint64_t number = 0;
	struct slice payload;

	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		if (o->watches[i].command_id[0])
			return;
	}
	while (spool_next(spool, KEPT, LANE_STATE, number, &number, &payload, NULL) == 0)
		payload_free(&payload);
	if (number > 0)
		(void)spool_acknowledge(spool, KEPT, LANE_STATE, number, NULL);
}

/* The last result is kept until the mitigator has it. */
static void end_watch(struct orders *o, struct watching *w)
{
	struct mailbox_message m = {.kind = MAILBOX_UNWATCH};
	struct errmsg e = {0};
	struct report r;

	read_watch(o, w, &r);
	if (outbox_send(o->setup.outbox, &r, LANE_URGENT, OUTBOX_FOR_MITIGATOR, r.time, &e))
		log_warn(o->setup.log, "the last result of watch %s is lost: %s", w->command_id,
			 e.text);
	m.watch.slot = slot_of(o, w);
	(void)mailbox_post(o->mailbox, &m);
	w->command_id[0] = '\0';
	forget_kept(o);
}

static void begin_watch(struct orders *o, const struct watch_order *order,
			const struct mailbox_host *host)
{
	struct watching *w = find_watch(o, order->command_id);
	bool again = w;

	if (!w)
		w = find_watch(o, "");
	if (!w) {
		orders_refuse(o, order->command_id, &order->host, "all watch slots are in use");
		return;
	}
	if (!again) {
		*w = (struct watching){.since = loop_wall(o->setup.loop)};
		w->order.kind = MAILBOX_WATCH;
		w->order.watch.watch_id = watch_id_of(order->command_id);
		orders_copy_id(w->command_id, order->command_id);
	}
	w->host = orders_bare(&order->host);
	w->expires = order->expires;
	w->order.watch.slot = slot_of(o, w);
	w->order.watch.host = *host;
	post_watch(o, w);
}

void orders_watch_take(struct orders *o, const struct watch_order *order)
{
	uint64_t now = loop_wall(o->setup.loop);
	struct mailbox_host host;
	struct errmsg e = {0};
	struct watching *w;

	if (order->stop) {
		w = find_watch(o, order->command_id);
		if (w && order->command_id[0])
			end_watch(o, w);
	} else if (order->expires <= now) {
		orders_refuse(o, order->command_id, &order->host, "the order has expired");
	} else if (target_fill(&order->host, &order->exempt, &host, &e)) {
		orders_refuse(o, order->command_id, &order->host, e.text);
	} else {
		begin_watch(o, order, &host);
	}
}

static void look_at_file(struct orders *o)
{
	char path[128];

	if (o->reader && !watch_replaced(o->reader))
		return;
	paths_file(path, sizeof(path), o->setup.rundir, PATHS_WATCH);
	watch_reader_close(o->reader);
	o->reader = watch_reader_open(path, NULL);
}

/* A dataplane that was started anew knows nothing of our watches. */
static bool dataplane_is_new(struct orders *o)
{
	uint64_t generation;
	bool changed;

	health_look(o->setup.health);
	(void)health_dataplane(o->setup.health, loop_wall(o->setup.loop), &generation);
	changed = o->generation != 0 && generation != o->generation;
	o->generation = generation;
	return changed;
}

bool orders_watch_tick(struct orders *o)
{
	uint64_t now = loop_wall(o->setup.loop);
	bool restarted = dataplane_is_new(o), busy = false;
	struct report r;

	look_at_file(o);
	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		struct watching *w = &o->watches[i];

		if (w->command_id[0] == '\0')
			continue;
		if (w->expires <= now) {
			end_watch(o, w);
			continue;
		}
		if (restarted || (w->refused[0] && w->number % ORDERS_POST_AGAIN == 0))
			post_watch(o, w);
		read_watch(o, w, &r);
		outbox_pass(o->setup.outbox, &r);
		busy = true;
	}
	return busy;
}

void orders_watch_keep(struct orders *o, const struct watch_order *order, struct slice payload)
{
	if (!order->stop && find_watch(o, order->command_id))
		(void)spool_put(o->setup.outbox->spool, KEPT, LANE_STATE, payload,
				loop_wall(o->setup.loop), NULL);
}

/* After a restart. Each is checked as if it came now. */
void orders_watch_resume(struct orders *o)
{
	uint64_t number = 0, now = loop_wall(o->setup.loop);
	struct slice payload;

	while (spool_next(o->setup.outbox->spool, KEPT, LANE_STATE, number, &number, &payload,
			  NULL) == 0) {
		struct message *m = message_decode(payload, NULL);

		if (m && m->kind == MESSAGE_WATCH && m->watch.expires > now)
			orders_take(o, m);
		message_free(m);
		payload_free(&payload);
	}
	forget_kept(o);
}

json_t *orders_watch_json(const struct orders *o)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		const struct watching *w = &o->watches[i];
		char ip[IP_ADDR_TEXT];

		if (w->command_id[0])
			json_array_append_new(
				list, json_pack("{s:o, s:s, s:I, s:I, s:i}", "command",
						local_text(w->command_id), "host",
						ip_addr_text(&w->host.ip, ip, false), "since",
						(json_int_t)w->since, "expires",
						(json_int_t)w->expires, "results", (int)w->number));
	}
	return list;
}
