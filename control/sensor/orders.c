#include "control/sensor/orders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/sensor/orders_state.h"
#include "control/sensor/target.h"
#include "control/wire/local.h"
#include "control/wire/sign.h"

/* ---- answers ---- */

void orders_copy_id(char ret[ORDERS_ID_MAX], const char *id)
{
	snprintf(ret, ORDERS_ID_MAX, "%s", id);
}

/* Only what has no text: texts belong to the message. */
struct host_ident orders_bare(const struct host_ident *h)
{
	return (struct host_ident){.ip = h->ip, .mac = h->mac, .vlan = h->vlan, .side = h->side};
}

struct answered {
	const char *command_id, *method, *reason;
	const struct host_ident *host;
	enum command_state state;
	uint64_t value;
};

static void answer_as(struct orders *o, const struct answered *a)
{
	struct message m = {.kind = MESSAGE_STATUS};
	uint64_t now = loop_wall(o->setup.loop);
	char actor[96];
	struct errmsg e = {0};
	int rc;

	snprintf(actor, sizeof(actor), "banken-control %s", o->setup.outbox->sensor);
	m.status = (struct command_status){
		.command_id = a->command_id,
		.state = a->state,
		.time = now,
		.actor = actor,
		.reason = a->reason,
		.method = a->method,
		.host = *a->host,
		.sessions_cut = a->value,
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
		log_warn(o->setup.log, "the answer to order %s is lost: %s", a->command_id, e.text);
}

static void answer(struct orders *o, const char *command_id, const struct host_ident *host,
		   enum command_state state, const char *reason, uint64_t value)
{
	const struct answered a = {.command_id = command_id,
				   .method = "reset",
				   .reason = reason,
				   .host = host,
				   .state = state,
				   .value = value};

	answer_as(o, &a);
}

void orders_refuse(struct orders *o, const char *command_id, const struct host_ident *host,
		   const char *reason)
{
	struct host_ident h = orders_bare(host);

	o->refused++;
	log_warn(o->setup.log, "order %.64s refused: %s", command_id, reason);
	answer(o, command_id, &h, COMMAND_STATE_REFUSED, reason, 0);
}

/* ---- the mailbox ---- */

int orders_post(struct orders *o, struct mailbox_message *m, const char *command_id,
		const struct host_ident *host, unsigned slot)
{
	struct pending *p = &o->pending[o->next_pending % ORDERS_PENDING];
	int rc = mailbox_post(o->mailbox, m);

	if (rc)
		return rc;
	o->next_pending++;
	*p = (struct pending){.id = m->id, .host = *host, .slot = slot};
	p->watch_id = m->kind == MAILBOX_WATCH ? m->watch.watch_id : 0;
	p->posted = loop_now(o->setup.loop);
	orders_copy_id(p->command_id, command_id);
	if (o->timer.due == 0)
		(void)loop_timer_set(o->setup.loop, &o->timer, ORDERS_RESULT_MS * NS_PER_MS);
	return 0;
}

static void take_answer(struct orders *o, const struct mailbox_answer *a)
{
	struct pending *p = o->pending;

	while (p < o->pending + ORDERS_PENDING && p->id != a->id)
		p++;
	if (p == o->pending + ORDERS_PENDING)
		return;
	p->id = 0;
	if (p->slot < WATCH_SLOTS) {
		struct watching *w = &o->watches[p->slot];

		if (w->order.watch.watch_id == p->watch_id)
			snprintf(w->refused, MAILBOX_SENTENCE, "%s",
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

/* True while answers are awaited. */
static bool drop_unanswered(struct orders *o)
{
	uint64_t now = loop_now(o->setup.loop);
	bool any = false;

	for (unsigned i = 0; i < ORDERS_PENDING; i++) {
		struct pending *p = &o->pending[i];
		struct mailbox_answer none = {.id = p->id, .rc = ERR_AGAIN};

		if (p->id == 0)
			continue;
		any = true;
		if (now - p->posted < ORDERS_ANSWER_SECONDS * NS_PER_SEC)
			continue;
		snprintf(none.sentence, sizeof(none.sentence),
			 "the dataplane gave no answer within %d s", ORDERS_ANSWER_SECONDS);
		take_answer(o, &none);
	}
	return any;
}

/* ---- resets ---- */

static bool done_before(struct orders *o, const char *command_id)
{
	for (unsigned i = 0; i < ORDERS_REMEMBERED; i++) {
		if (strcmp(o->done[i], command_id) == 0)
			return true;
	}
	orders_copy_id(o->done[o->next_done++ % ORDERS_REMEMBERED], command_id);
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
	struct host_ident host = orders_bare(&order->host);
	struct mailbox_message m;
	struct errmsg e = {0};

	if (order->order_expires <= now) {
		orders_refuse(o, order->command_id, &host, "the order has expired");
		return;
	}
	if (done_before(o, order->command_id))
		return;
	if (fill_reset(order, &m, &e)) {
		orders_refuse(o, order->command_id, &host, e.text);
		return;
	}
	if (!health_dataplane(o->setup.health, now, &generation))
		answer(o, order->command_id, &host, COMMAND_STATE_FAILED,
		       "banken-dataplane does not run", 0);
	else if (orders_post(o, &m, order->command_id, &host, WATCH_SLOTS))
		answer(o, order->command_id, &host, COMMAND_STATE_FAILED,
		       "the dataplane does not read its mailbox", 0);
}

/* ---- the self-test ---- */

/* No answer: what comes of it is the answer. */
static void take_self_test(struct orders *o, const struct message *m)
{
	const struct self_test_order *t = &m->self_test;
	struct mailbox_message post = {.kind = MAILBOX_SELF_TEST};
	uint64_t now = loop_wall(o->setup.loop);
	struct identity signer;
	struct errmsg e = {0};

	if (t->id[0] == '\0' || strlen(t->id) >= sizeof(post.self_test.text) || t->number < 1024 ||
	    t->number > 65535)
		errmsg_set(&e, ERR_INVALID, "its id or number is malformed");
	else if (sign_check(o->setup.keys, m, ROLE_SET(ROLE_CENTRE), &signer, &e) == 0 &&
		 t->order_expires <= now)
		errmsg_set(&e, ERR_INVALID, "it has expired");
	if (e.text[0]) {
		o->refused++;
		log_warn(o->setup.log, "a self-test was ordered and is refused: %s", e.text);
		return;
	}
	if (done_before(o, t->id))
		return;
	post.expires = t->order_expires;
	post.self_test.port = (uint16_t)t->number;
	snprintf(post.self_test.text, sizeof(post.self_test.text), "%s", t->id);
	if (mailbox_post(o->mailbox, &post))
		log_warn(o->setup.log, "self-test %s: the dataplane does not read its mailbox",
			 t->id);
	else
		log_info(o->setup.log, "self-test %s: the dataplane is given its frame", t->id);
}

/* ---- samples (E4) ---- */

static void take_collect(struct orders *o, const struct message *m)
{
	const struct collect_order *c = &m->collect;
	static const struct host_ident nobody;
	struct sample_answer said = {COMMAND_STATE_REFUSED, ""};
	struct answered a = {.command_id = c->command_id,
			     .method = "sample",
			     .reason = said.text,
			     .host = &nobody};
	uint64_t now = loop_wall(o->setup.loop);
	struct identity signer;
	struct errmsg e = {0};

	if (c->command_id[0] == '\0' || strlen(c->command_id) >= ORDERS_ID_MAX)
		errmsg_set(&e, ERR_INVALID, "The order has no id, or one that is too long.");
	else if (sign_check(o->setup.keys, m, ROLE_SET(ROLE_MITIGATOR), &signer, &e) == 0 &&
		 c->issued > now + ORDERS_SKEW_SECONDS * NS_PER_SEC)
		errmsg_set(&e, ERR_DENIED, "The order comes from the future: check the clocks.");
	if (!e.text[0] && done_before(o, c->command_id))
		return;
	if (e.text[0]) {
		o->refused++;
		log_warn(o->setup.log, "a sample was ordered and is refused: %s", e.text);
		snprintf(said.text, sizeof(said.text), "%.290s", e.text);
	} else if (!o->setup.samples) {
		snprintf(said.text, sizeof(said.text), "This sensor hands over no samples.");
	} else {
		samples_take(o->setup.samples, c, signer.name, now, &said);
	}
	a.state = said.state;
	answer_as(o, &a);
}

/* ---- what comes in ---- */

void orders_take(struct orders *o, const struct message *m)
{
	bool is_watch = m->kind == MESSAGE_WATCH;
	const char *id = is_watch ? m->watch.command_id : m->reset.command_id;
	const struct host_ident *host = is_watch ? &m->watch.host : &m->reset.host;
	uint64_t issued = is_watch ? m->watch.issued : m->reset.issued;
	struct identity signer;
	struct errmsg e = {0};

	if (m->kind == MESSAGE_SELF_TEST) {
		take_self_test(o, m);
		return;
	}
	if (m->kind == MESSAGE_COLLECT) {
		take_collect(o, m);
		return;
	}
	if (m->kind == MESSAGE_PERSON_ORDER) {
		evidence_take(&o->setup.evidence, m);
		return;
	}
	if (!is_watch && m->kind != MESSAGE_RESET) {
		log_warn(o->setup.log, "a %s from a peer: not understood here",
			 message_kind_text(m->kind));
		return;
	}
	if (id[0] == '\0')
		orders_refuse(o, id, host, "the order has no id");
	else if (strlen(id) >= ORDERS_ID_MAX)
		orders_refuse(o, id, host, "the order's id is too long");
	else if (sign_check(o->setup.keys, m, ROLE_SET(ROLE_MITIGATOR), &signer, &e))
		orders_refuse(o, id, host, e.text);
	else if (issued > loop_wall(o->setup.loop) + ORDERS_SKEW_SECONDS * NS_PER_SEC)
		orders_refuse(o, id, host, "the order comes from the future: check the clocks");
	else if (is_watch)
		orders_watch_take(o, &m->watch);
	else
		take_reset(o, &m->reset);
}

/* What the centre steers; true when it was that. */
static bool take_steering(struct orders *o, const struct link_item *item, const struct message *m,
			  int *ret_rc, struct errmsg *e)
{
	*ret_rc = 0;
	return item->role == ROLE_CENTRE && o->setup.box && box_take(o->setup.box, m, ret_rc, e);
}

static int take_item(struct orders *o, const struct link_item *item, struct errmsg *ret_e)
{
	struct errmsg e = {0};
	struct message *m = message_decode(item->payload, &e);
	int rc = 0;

	if (!m) {
		o->refused++;
		log_warn(o->setup.log, "%s sent what cannot be read: %s", item->peer, e.text);
		return 0;
	}
	if (take_steering(o, item, m, &rc, ret_e)) {
		message_free(m);
		return rc;
	}
	orders_take(o, m);
	if (m->kind == MESSAGE_WATCH)
		orders_watch_keep(o, &m->watch, item->payload);
	message_free(m);
	return 0;
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
		rc = take_item(o, &items[i], e);
		if (rc)
			return rc;
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
	if (orders_post(o, &m, "", &nobody, WATCH_SLOTS))
		return errmsg_set(e, ERR_AGAIN, "the dataplane does not read its mailbox");
	snprintf(o->reload, sizeof(o->reload), "ordered, not done yet");
	return 0;
}

json_t *orders_json(const struct orders *o)
{
	return json_pack("{s:o, s:I, s:o}", "watches", orders_watch_json(o), "refused",
			 (json_int_t)o->refused, "reload", local_text(o->reload));
}

/* ---- life ---- */

static void tick(void *ctx)
{
	struct orders *o = ctx;
	struct mailbox_answer a;
	bool busy;

	while (mailbox_next_answer(o->mailbox, &a))
		take_answer(o, &a);
	busy = orders_watch_tick(o);
	busy |= drop_unanswered(o);
	if (busy)
		(void)loop_timer_set(o->setup.loop, &o->timer, ORDERS_RESULT_MS * NS_PER_MS);
}

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
	orders_watch_resume(o);
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
