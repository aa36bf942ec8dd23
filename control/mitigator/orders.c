/* The cuts' sink, what enforcers and sensors answer, and the drivers' start and end. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/letter.h"
#include "control/mitigator/send.h"
#include "dataplane/base/clock.h"

enum {
	WATCH_LIFE_S = 60,
	STUCK_S = 15, /* an answer that did not come by then is asked for again */
	LOOK_S = 30,  /* between looks whether a driver that holds nothing is there */
};

/* ---- answers by link ---- */

static bool is_peer(const struct method *md, const struct identity *peer)
{
	enum wire_role role = strcmp(md->desc->name, "enforcer") == 0 ? ROLE_ENFORCER : ROLE_SENSOR;

	return md->desc->place == DRIVER_LINK && peer->role == role &&
	       (!md->config.peer[0] || strcmp(md->config.peer, peer->name) == 0);
}

/* An enforcer still holds what ended here: told again, it lets go. */
static void on_unknown_status(struct mitigator *m, unsigned i, const struct command_status *s,
			      uint64_t cut, uint32_t number)
{
	struct driver_order o = {.verb = DRIVER_RELEASE,
				 .cut = cut,
				 .number = number + 1,
				 .issued = mitigator_now(m).wall};

	if (s->state != COMMAND_STATE_ACKED)
		return;
	o.order_expires = o.issued + SEND_ORDER_LIFE_S * NS_PER_SEC;
	o.target.mac = s->host.mac;
	target_add_ip(&o.target, &s->host.ip);
	cut_command_id(m->name, cut, number + 1, o.command_id);
	snprintf(o.replaces, sizeof(o.replaces), "%.95s", s->command_id);
	snprintf(o.actor, sizeof(o.actor), "automatic");
	snprintf(o.reason, sizeof(o.reason), "the cut ended here, but was still held there");
	log_warn(&m->log, "%s is still held by %s: released", s->command_id,
		 m->methods[i].config.name);
	send_order(m, i, &o);
}

static void on_link_answer(struct mitigator *m, unsigned i, const struct command_status *s,
			   uint64_t cut, uint32_t number)
{
	struct cut *c = cuts_find(m->decide.cuts, cut);
	struct cut_result r = {.cut = cut, .number = number, .method = i, .text = s->reason};

	if (!c) {
		on_unknown_status(m, i, s, cut, number);
		return;
	}
	if (s->drops)
		cuts_drops(m->decide.cuts, c, s->drops, mitigator_now(m));
	r.undo = s->state == COMMAND_STATE_RELEASED || s->state == COMMAND_STATE_EXPIRED ||
		 c->state == CUT_RELEASING || c->state == CUT_ENDING;
	switch (s->state) {
	case COMMAND_STATE_ACKED:
	case COMMAND_STATE_RELEASED:
	case COMMAND_STATE_EXPIRED:
		r.answer = CUT_ANSWER_DONE;
		break;
	case COMMAND_STATE_REFUSED:
		r.answer = CUT_ANSWER_REFUSED;
		break;
	default:
		r.answer = CUT_ANSWER_FAILED;
		break;
	}
	/* An acknowledgement of the cut is none of its release, which has a number of its own. */
	if (r.undo && s->state == COMMAND_STATE_ACKED && number != c->number)
		return;
	cuts_result(m->decide.cuts, &r, mitigator_now(m));
}

void orders_status(struct mitigator *m, const struct command_status *s, const struct identity *peer)
{
	uint32_t number;
	uint64_t cut;

	if (!cut_command_parse(m->name, s->command_id, &cut, &number)) {
		log_warn(&m->log, "%s answers to an order that is not ours: %s", peer->name,
			 s->command_id);
		return;
	}
	if (s->state == COMMAND_STATE_REFUSED || s->state == COMMAND_STATE_FAILED)
		log_warn(&m->log, "%s: %s says %s: %s", s->command_id, peer->name,
			 command_state_text(s->state), s->reason);
	for (unsigned i = 0; i < m->methods_n; i++) {
		/* By the driver's name where two have the same peer. */
		if (is_peer(&m->methods[i], peer) &&
		    (!s->method[0] || strcmp(s->method, m->methods[i].desc->name) == 0)) {
			on_link_answer(m, i, s, cut, number);
			return;
		}
	}
}

/* Whatever it should hold is ordered again; what it holds already it answers as before. A sensor is
 * asked to watch what is watched: a cut may have been confirmed before it was connected. */
void orders_peer_up(struct mitigator *m, const struct identity *peer)
{
	for (unsigned k = 0; peer->role == ROLE_SENSOR && k < cuts_count(m->decide.cuts); k++)
		cuts_at(m->decide.cuts, k)->watch_renew = 0;
	for (unsigned i = 0; i < m->methods_n; i++) {
		if (!is_peer(&m->methods[i], peer))
			continue;
		for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++) {
			struct cut *c = cuts_at(m->decide.cuts, k);
			struct driver_order o;

			if (!(c->ordered & 1u << i) || c->method != i)
				continue;
			if (c->state < CUT_SENT || c->state > CUT_FAILED)
				continue;
			o = send_order_of(m, c, DRIVER_APPLY, i);
			send_order(m, i, &o);
		}
	}
}

/* ---- the cuts' sink ---- */

static void sink_keep(void *ctx, const struct cut *c)
{
	undo_keep(ctx, c);
}

static void sink_order(void *ctx, const struct cut *c, unsigned method)
{
	struct mitigator *m = ctx;
	struct driver_order o = send_order_of(m, c, DRIVER_APPLY, method);
	char name[TARGET_NAME];

	log_info(&m->log, "%s: %s is ordered to cut %s: %s", o.command_id,
		 m->methods[method].config.name, target_text(&c->target, name), c->reason);
	send_order(m, method, &o);
}

static void sink_undo(void *ctx, const struct cut *c, unsigned method)
{
	struct mitigator *m = ctx;
	struct driver_order o = send_order_of(m, c, DRIVER_RELEASE, method);

	if (c->tries == 0)
		log_info(&m->log, "%s: %s is ordered to release: %s", o.command_id,
			 m->methods[method].config.name, c->note);
	send_order(m, method, &o);
}

/* Every sensor that is here looks: who sees the host, tells. */
static void sink_watch(void *ctx, const struct cut *c, bool on)
{
	struct mitigator *m = ctx;
	struct driver_order o = send_order_of(m, c, DRIVER_APPLY, c->method);
	struct message msg = {.kind = MESSAGE_WATCH};
	struct driver_letter *l = calloc(1, sizeof(*l));
	struct link_status s;
	struct errmsg e;

	if (!l)
		return;
	msg.watch = (struct watch_order){.command_id = c->watch_id,
					 .host = letter_host(&o),
					 .exempt = letter_exempt(&o, l),
					 .issued = o.issued,
					 .expires = o.issued + WATCH_LIFE_S * NS_PER_SEC,
					 .stop = !on};
	/* Several methods move a host to another VLAN: its MAC is enough to know it there. */
	if (mac_addr_is_host(&o.target.mac))
		msg.watch.host.vlan = 0;
	for (unsigned i = 0; i < MITIGATOR_SENSORS && link_server_peer(m->server, i, &s); i++) {
		if (s.peer.role == ROLE_SENSOR && send_signed(m, s.peer.name, &msg, &e) < 0)
			log_warn(&m->log, "%s cannot be asked to watch: %s", s.peer.name, e.text);
	}
	free(l);
}

static void sink_message(void *ctx, const struct cut *c)
{
	tell_people(ctx, "message", c, c->reason);
}

static void sink_ask(void *ctx, const struct cut *c)
{
	tell_people(ctx, "ask", c, c->note);
}

static void sink_alarm(void *ctx, const struct cut *c)
{
	tell_people(ctx, "alarm", c, c->note);
}

static void sink_event(void *ctx, const struct cut *c)
{
	tell_cut_event(ctx, c);
}

/* Without effect: first of all whether the methods still hold it. */
static void sink_changed(void *ctx, const struct cut *c, enum cut_state from)
{
	struct mitigator *m = ctx;

	tell_cut_changed(m, c, from);
	for (unsigned i = 0; c->state == CUT_STILL_SEEN && i < m->methods_n; i++)
		m->methods[i].list_next = 0;
}

struct cut_sink orders_sink(struct mitigator *m)
{
	return (struct cut_sink){sink_keep, sink_order, sink_undo,  sink_watch,	  sink_message,
				 sink_ask,  sink_alarm, sink_event, sink_changed, m};
}

/* ---- time ---- */

static bool holds_any(struct mitigator *m, unsigned i)
{
	for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++) {
		if (cuts_at(m->decide.cuts, k)->ordered & 1u << i)
			return true;
	}
	return false;
}

static void ask(struct mitigator *m, unsigned i, enum driver_verb verb, uint64_t *asked)
{
	struct driver_order o = {.verb = verb};

	*asked = mitigator_now(m).mono;
	send_to_helper(m, i, &o);
}

static bool is_free(uint64_t asked, uint64_t now)
{
	return asked == 0 || now - asked > STUCK_S * NS_PER_SEC;
}

void orders_tick(struct mitigator *m)
{
	uint64_t now = mitigator_now(m).mono;

	for (unsigned i = 0; i < m->methods_n; i++) {
		struct method *md = &m->methods[i];

		if (md->desc->place != DRIVER_HELPER)
			continue;
		/* At the start once, whatever is known: for what a crash left behind. */
		if (now >= md->list_next && is_free(md->list_asked, now) &&
		    (holds_any(m, i) || !md->listed || md->desc->wants || now >= md->look_next)) {
			md->held_n = 0;
			md->look_next = now + LOOK_S * NS_PER_SEC;
			md->listed = true;
			md->list_next = now + md->desc->list_ms * NS_PER_MS;
			ask(m, i, DRIVER_LIST, &md->list_asked);
		}
		if (md->desc->has_ports && now >= md->ports_next && is_free(md->ports_asked, now)) {
			md->ports_new_n = 0;
			md->ports_next = now + m->settings.ports_every * NS_PER_SEC;
			ask(m, i, DRIVER_PORTS, &md->ports_asked);
		}
	}
}

/* ---- start and end ---- */

static int start_one(struct mitigator *m, unsigned i, struct errmsg *e)
{
	struct method *md = &m->methods[i];
	char name[16];
	struct helper_job job = {
		.name = name, .user = "", .serve = driver_serve, .arg = &md->config};

	md->owner = m;
	md->desc = driver_find(md->config.type);
	md->helper.fd = -1;
	if (md->desc->warning && md->desc->warning(&md->config))
		log_warn(&m->log, "driver %s: %s", md->config.name, md->desc->warning(&md->config));
	snprintf(m->cut_methods[i].name, sizeof(m->cut_methods[i].name), "%s", md->config.name);
	m->cut_methods[i].holds = md->desc->holds;
	m->cut_methods[i].beside = md->desc->wants != NULL;
	job.keep = md->desc->keep;
	job.sandbox = md->desc->sandbox;
	if (md->desc->has_ports) {
		md->ports = calloc(MITIGATOR_PORTS, sizeof(*md->ports));
		md->ports_new = calloc(MITIGATOR_PORTS, sizeof(*md->ports_new));
		if (!md->ports || !md->ports_new)
			return errmsg_set(e, ERR_NOMEM, "no memory");
	}
	if (md->desc->place != DRIVER_HELPER)
		return 0;
	snprintf(name, sizeof(name), "banken-%.8s", md->config.type);
	/* Open vSwitch's sockets are root's; an operator's command runs as we do. */
	if (md->desc->unprivileged || strcmp(md->desc->name, "command") == 0)
		job.user = m->settings.user;
	return helper_start(&job, &md->helper, e);
}

int orders_start(struct mitigator *m, struct errmsg *e)
{
	struct driver_config configs[DRIVERS_MAX];
	int n = settings_drivers(&m->settings, configs, e);

	for (int i = 0; i < n; i++) {
		m->methods[i].config = configs[i];
		m->methods_n++;
		if (start_one(m, (unsigned)i, e) < 0)
			return ERR_IO;
	}
	m->answer = calloc(1, sizeof(*m->answer));
	return n < 0 ? n : m->answer ? 0 : errmsg_set(e, ERR_NOMEM, "no memory");
}

int orders_attach(struct mitigator *m, struct errmsg *e)
{
	for (unsigned i = 0; i < m->methods_n; i++) {
		struct method *md = &m->methods[i];

		if (md->helper.fd >= 0 &&
		    loop_watch(m->loop, md->helper.fd, EPOLLIN, answers_on_helper, md) < 0)
			return errmsg_set(e, ERR_IO, "driver %s: its helper cannot be watched",
					  md->config.name);
	}
	return 0;
}

void orders_stop(struct mitigator *m)
{
	for (unsigned i = 0; i < m->methods_n; i++) {
		if (m->methods[i].helper.fd >= 0)
			loop_unwatch(m->loop, m->methods[i].helper.fd);
		helper_stop(&m->methods[i].helper);
		free(m->methods[i].held);
		free(m->methods[i].ports);
		free(m->methods[i].ports_new);
	}
	free(m->answer);
}
