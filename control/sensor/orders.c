#include "control/sensor/orders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/sensor/target.h"
#include "control/wire/sign.h"
#include "dataplane/api/mailbox.h"
#include "dataplane/api/paths.h"
#include "dataplane/api/watch.h"
#include "dataplane/base/hash.h"

enum {
	RESULT_MS = 200,
	ID_MAX = 128,
	PENDING = 64,	  /* orders whose answer is awaited */
	REMEMBERED = 256, /* ids of resets already done */
	SKEW_SECONDS = 300,
	ANSWER_SECONDS = 15, /* the dataplane's time for an answer */
};

/* Watch orders are kept under this destination until no watch is left, so that a restart of
 * control goes on with them. */
#define KEPT "self.watches"

struct watching {
	char command_id[ID_MAX]; /* "" = free */
	struct mailbox_message order;
	struct host_ident host;	 /* without texts */
	uint64_t since, expires; /* wall clock */
	uint32_t number;
	char refused[MAILBOX_SENTENCE]; /* by the dataplane */
};

struct pending {
	uint64_t id;		 /* of the mailbox; 0 = free */
	char command_id[ID_MAX]; /* "" = a reload or a watch */
	struct host_ident host;
	unsigned slot;	 /* WATCH_SLOTS: no watch */
	uint64_t posted; /* monotonic */
};

struct orders {
	struct orders_setup setup;
	struct mailbox *mailbox;
	struct watch_reader *reader;
	struct loop_timer timer;
	struct watching watches[WATCH_SLOTS];
	struct pending pending[PENDING];
	char done[REMEMBERED][ID_MAX];
	unsigned next_pending, next_done;
	uint64_t generation; /* of the dataplane that has our watches */
	uint64_t refused;
	char reload[MAILBOX_SENTENCE];
};

static void tick(void *ctx);

/* ---- answers ---- */

static void copy_id(char ret[ID_MAX], const char *id)
{
	snprintf(ret, ID_MAX, "%s", id);
}

/* Only what has no text: texts belong to the message. */
static struct host_ident bare(const struct host_ident *h)
{
	return (struct host_ident){.ip = h->ip, .mac = h->mac, .vlan = h->vlan, .side = h->side};
}

static void answer(struct orders *o, const char *command_id, const struct host_ident *host,
		   enum command_state state, const char *reason, uint64_t value)
{
	struct message m = {.kind = MESSAGE_STATUS};
	uint64_t now = loop_wall(o->setup.loop);
	char actor[96];
	struct errmsg e = {0};
	int rc;

	snprintf(actor, sizeof(actor), "banken-control %s", o->setup.outbox->sensor);
	m.status = (struct command_status){
		.command_id = command_id,
		.state = state,
		.time = now,
		.actor = actor,
		.reason = reason,
		.method = "reset",
		.host = *host,
		.sessions_cut = value,
	};
	rc = outbox_begin(o->setup.outbox, &e);
	if (rc == 0)
		rc = outbox_message(o->setup.outbox, &m, LANE_URGENT, OUTBOX_FOR_MITIGATOR, now,
				    &e);
	if (rc == 0)
		rc = outbox_commit(o->setup.outbox, &e);
	else
		outbox_rollback(o->setup.outbox);
	if (rc)
		log_warn(o->setup.log, "the answer to order %s is lost: %s", command_id, e.text);
}

static void refuse(struct orders *o, const char *command_id, const struct host_ident *host,
		   const char *reason)
{
	struct host_ident h = bare(host);

	o->refused++;
	log_warn(o->setup.log, "order %.64s refused: %s", command_id, reason);
	answer(o, command_id, &h, COMMAND_STATE_REFUSED, reason, 0);
}

/* ---- posting ---- */

/* The same for the same command, so that a watch that is ordered again goes on counting. */
static uint64_t watch_id_of(const char *command_id)
{
	static const struct hash_key fixed = {0x62616e6b656e3031ULL, 0x7761746368696431ULL};

	return hash_bytes(&fixed, command_id, strlen(command_id)) | 1;
}

static int post(struct orders *o, struct mailbox_message *m, const char *command_id,
		const struct host_ident *host, unsigned slot)
{
	struct pending *p = &o->pending[o->next_pending % PENDING];
	int rc = mailbox_post(o->mailbox, m);

	if (rc)
		return rc;
	o->next_pending++;
	*p = (struct pending){.id = m->id, .host = *host, .slot = slot};
	p->posted = loop_now(o->setup.loop);
	copy_id(p->command_id, command_id);
	if (o->timer.due == 0)
		(void)loop_timer_set(o->setup.loop, &o->timer, RESULT_MS * NS_PER_MS);
	return 0;
}

static void take_answer(struct orders *o, const struct mailbox_answer *a)
{
	struct pending *p = o->pending;

	while (p < o->pending + PENDING && p->id != a->id)
		p++;
	if (p == o->pending + PENDING)
		return;
	p->id = 0;
	if (p->slot < WATCH_SLOTS) {
		char *refused = o->watches[p->slot].refused;

		snprintf(refused, MAILBOX_SENTENCE, "%s",
			 a->rc == 0	  ? ""
			 : a->sentence[0] ? a->sentence
					  : "refused");
	} else if (p->command_id[0]) {
		answer(o, p->command_id, &p->host,
		       a->rc == 0 ? COMMAND_STATE_ACKED : COMMAND_STATE_FAILED,
		       a->sentence[0] ? a->sentence
				      : (a->rc == 0 ? "resets are being sent" : "failed"),
		       a->value);
	} else {
		snprintf(o->reload, sizeof(o->reload), "%s",
			 a->sentence[0] ? a->sentence : (a->rc == 0 ? "done" : "failed"));
		log_info(o->setup.log, "rules: %s", o->reload);
	}
}

/* ---- watches ---- */

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
	if (post(o, &w->order, "", &w->host, slot_of(o, w)))
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
	else if (w->refused[0])
		r->blind_reason = w->refused;
	else if (!o->reader || !watch_read(o->reader, slot_of(o, w), w->order.watch.watch_id, &c))
		r->blind_reason = "the dataplane has not begun to watch yet";
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
		refuse(o, order->command_id, &order->host, "all watch slots are in use");
		return;
	}
	if (!again) {
		*w = (struct watching){.since = loop_wall(o->setup.loop)};
		w->order.kind = MAILBOX_WATCH;
		w->order.watch.watch_id = watch_id_of(order->command_id);
		copy_id(w->command_id, order->command_id);
	}
	w->host = bare(&order->host);
	w->expires = order->expires;
	w->order.watch.slot = slot_of(o, w);
	w->order.watch.host = *host;
	post_watch(o, w);
}

static void take_watch(struct orders *o, const struct watch_order *order)
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
		refuse(o, order->command_id, &order->host, "the order has expired");
	} else if (target_fill(&order->host, &order->exempt, &host, &e)) {
		refuse(o, order->command_id, &order->host, e.text);
	} else {
		begin_watch(o, order, &host);
	}
}

/* ---- resets ---- */

static bool done_before(struct orders *o, const char *command_id)
{
	for (unsigned i = 0; i < REMEMBERED; i++) {
		if (strcmp(o->done[i], command_id) == 0)
			return true;
	}
	copy_id(o->done[o->next_done++ % REMEMBERED], command_id);
	return false;
}

static int fill_reset(const struct reset_order *order, struct mailbox_message *ret,
		      struct errmsg *e)
{
	*ret = (struct mailbox_message){.expires = order->order_expires};
	if (order->one_flow) {
		ret->kind = MAILBOX_RESET_FLOW;
		ret->reset_flow.src = order->flow.src;
		ret->reset_flow.dst = order->flow.dst;
		ret->reset_flow.sport = (uint16_t)order->flow.src_port;
		ret->reset_flow.dport = (uint16_t)order->flow.dst_port;
		ret->reset_flow.vlan = (uint16_t)order->flow.vlan;
		return 0;
	}
	ret->kind = MAILBOX_RESET_HOST;
	ret->reset_host.keep_until = order->keep_until;
	return target_fill(&order->host, &order->exempt, &ret->reset_host.host, e);
}

static void take_reset(struct orders *o, const struct reset_order *order)
{
	uint64_t now = loop_wall(o->setup.loop), generation;
	struct host_ident host = bare(&order->host);
	struct mailbox_message m;
	struct errmsg e = {0};

	if (order->order_expires <= now) {
		refuse(o, order->command_id, &host, "the order has expired");
		return;
	}
	if (done_before(o, order->command_id))
		return;
	if (fill_reset(order, &m, &e)) {
		refuse(o, order->command_id, &host, e.text);
		return;
	}
	if (!health_dataplane(o->setup.health, now, &generation))
		answer(o, order->command_id, &host, COMMAND_STATE_FAILED,
		       "banken-dataplane does not run", 0);
	else if (post(o, &m, order->command_id, &host, WATCH_SLOTS))
		answer(o, order->command_id, &host, COMMAND_STATE_FAILED,
		       "the dataplane does not read its mailbox", 0);
}

/* ---- time ---- */

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

/* True while answers are awaited. */
static bool drop_unanswered(struct orders *o)
{
	uint64_t now = loop_now(o->setup.loop);
	bool any = false;

	for (unsigned i = 0; i < PENDING; i++) {
		struct pending *p = &o->pending[i];
		struct mailbox_answer none = {.id = p->id, .rc = ERR_AGAIN};

		if (p->id == 0)
			continue;
		any = true;
		if (now - p->posted < ANSWER_SECONDS * NS_PER_SEC)
			continue;
		snprintf(none.sentence, sizeof(none.sentence),
			 "the dataplane gave no answer within %d s", ANSWER_SECONDS);
		take_answer(o, &none);
	}
	return any;
}

static void tick(void *ctx)
{
	struct orders *o = ctx;
	uint64_t now = loop_wall(o->setup.loop);
	bool restarted = dataplane_is_new(o), busy = false;
	struct mailbox_answer a;
	struct report r;

	look_at_file(o);
	while (mailbox_next_answer(o->mailbox, &a))
		take_answer(o, &a);
	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		struct watching *w = &o->watches[i];

		if (w->command_id[0] == '\0')
			continue;
		if (w->expires <= now) {
			end_watch(o, w);
			continue;
		}
		if (restarted)
			post_watch(o, w);
		read_watch(o, w, &r);
		outbox_pass(o->setup.outbox, &r);
		busy = true;
	}
	busy |= drop_unanswered(o);
	if (busy)
		(void)loop_timer_set(o->setup.loop, &o->timer, RESULT_MS * NS_PER_MS);
}

/* ---- what comes in ---- */

static void take_message(struct orders *o, const struct message *m)
{
	bool is_watch = m->kind == MESSAGE_WATCH;
	const char *id = is_watch ? m->watch.command_id : m->reset.command_id;
	const struct host_ident *host = is_watch ? &m->watch.host : &m->reset.host;
	uint64_t issued = is_watch ? m->watch.issued : m->reset.issued;
	struct identity signer;
	struct errmsg e = {0};

	if (!is_watch && m->kind != MESSAGE_RESET) {
		log_warn(o->setup.log, "a %s from a peer: not understood here",
			 message_kind_text(m->kind));
		return;
	}
	if (id[0] == '\0')
		refuse(o, id, host, "the order has no id");
	else if (sign_check(o->setup.keys, m, ROLE_SET(ROLE_MITIGATOR), &signer, &e))
		refuse(o, id, host, e.text);
	else if (issued > loop_wall(o->setup.loop) + SKEW_SECONDS * NS_PER_SEC)
		refuse(o, id, host, "the order comes from the future: check the clocks");
	else if (is_watch)
		take_watch(o, &m->watch);
	else
		take_reset(o, &m->reset);
}

static void take_item(struct orders *o, const struct link_item *item)
{
	struct errmsg e = {0};
	struct message *m = message_decode(item->payload, &e);

	if (!m) {
		o->refused++;
		log_warn(o->setup.log, "%s sent what cannot be read: %s", item->peer, e.text);
		return;
	}
	take_message(o, m);
	if (m->kind == MESSAGE_WATCH && !m->watch.stop && find_watch(o, m->watch.command_id))
		(void)spool_put(o->setup.outbox->spool, KEPT, LANE_STATE, item->payload,
				loop_wall(o->setup.loop), NULL);
	message_free(m);
}

/* After a restart. Each is checked as if it came now. */
static void take_kept(struct orders *o)
{
	uint64_t number = 0, now = loop_wall(o->setup.loop);
	struct slice payload;

	while (spool_next(o->setup.outbox->spool, KEPT, LANE_STATE, number, &number, &payload,
			  NULL) == 0) {
		struct message *m = message_decode(payload, NULL);

		if (m && m->kind == MESSAGE_WATCH && m->watch.expires > now)
			take_message(o, m);
		message_free(m);
		payload_free(&payload);
	}
	forget_kept(o);
}

/* What was done before a crash between doing and acknowledging comes again; orders are the same
 * when they come twice (a watch goes on, a reset is remembered or has expired). */
int orders_store(struct orders *o, const struct link_item *items, size_t n, struct errmsg *e)
{
	struct spool *spool = o->setup.outbox->spool;

	for (size_t i = 0; i < n; i++) {
		char key[160];
		int rc;

		snprintf(key, sizeof(key), "seen.%s.%016" PRIx64 ".%d", items[i].peer,
			 items[i].spool, (int)items[i].lane);
		if (items[i].number <= spool_value(spool, key))
			continue;
		take_item(o, &items[i]);
		rc = spool_set_value(spool, key, items[i].number, e);
		if (rc)
			return rc;
	}
	return 0;
}

int orders_reload(struct orders *o, const char *path, struct errmsg *e)
{
	struct mailbox_message m = {.kind = MAILBOX_RELOAD_RULES};
	struct host_ident nobody = {0};
	uint64_t now = loop_wall(o->setup.loop), generation;

	if (strlen(path) >= sizeof(m.reload.path))
		return errmsg_set(e, ERR_LIMIT, "the path is too long");
	snprintf(m.reload.path, sizeof(m.reload.path), "%s", path);
	m.expires = now + 60 * NS_PER_SEC;
	if (!health_dataplane(o->setup.health, now, &generation))
		return errmsg_set(e, ERR_AGAIN, "banken-dataplane does not run");
	if (post(o, &m, "", &nobody, WATCH_SLOTS))
		return errmsg_set(e, ERR_AGAIN, "the dataplane does not read its mailbox");
	snprintf(o->reload, sizeof(o->reload), "ordered, not done yet");
	return 0;
}

json_t *orders_json(const struct orders *o)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		const struct watching *w = &o->watches[i];
		char ip[IP_ADDR_TEXT];

		if (w->command_id[0])
			json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:i}",
							      "command", w->command_id, "host",
							      ip_addr_text(&w->host.ip, ip, false),
							      "since", (json_int_t)w->since,
							      "expires", (json_int_t)w->expires,
							      "results", (int)w->number));
	}
	return json_pack("{s:o, s:I, s:s}", "watches", list, "refused", (json_int_t)o->refused,
			 "reload", o->reload);
}

/* ---- life ---- */

struct orders *orders_new(const struct orders_setup *setup, struct errmsg *e)
{
	struct orders *o = calloc(1, sizeof(*o));

	if (!o) {
		errmsg_set(e, ERR_NOMEM, "no memory for orders");
		return NULL;
	}
	o->setup = *setup;
	o->timer = (struct loop_timer){.fn = tick, .ctx = o};
	o->mailbox = mailbox_open(setup->rundir, false, e);
	if (!o->mailbox) {
		free(o);
		return NULL;
	}
	take_kept(o);
	return o;
}

void orders_free(struct orders *o)
{
	if (!o)
		return;
	loop_timer_stop(o->setup.loop, &o->timer);
	watch_reader_close(o->reader);
	mailbox_close(o->mailbox);
	free(o);
}
