/* Orders to drivers and what comes back: helper processes, enforcers, sensors. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/letter.h"
#include "control/mitigator/mitigator.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

enum {
	ORDER_LIFE_S = 60, /* an order must be begun within; it is repeated with a new life */
	WATCH_LIFE_S = 60,
	STUCK_S = 15, /* an answer that did not come by then is asked for again */
};

/* ---- an order from a cut ---- */

static void add_exempts(const struct mitigator *m, const struct cut *c, struct driver_order *o)
{
	const struct policy *p = m->policy;
	const struct policy_scope *s = NULL;

	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (strcmp(p->scopes[i].name, c->scope) == 0)
			s = &p->scopes[i];
	}
	if (!s && c->target.ips_n)
		s = policy_scope_of(p, &c->target.ips[0]);
	for (unsigned i = 0; s && i < s->exempt_n && o->exempts_n < DRIVER_EXEMPTS; i++)
		o->exempts[o->exempts_n++] =
			(struct driver_prefix){s->exempt[i].addr, s->exempt[i].bits};
	/* Exempt addresses behind a gateway need the gateway's hardware address. */
	for (unsigned i = 0; i < p->protected_n && o->resolves_n < DRIVER_RESOLVES; i++) {
		const struct policy_protected *g = &p->protected_hosts[i];

		if (g->has_prefix && g->prefix.bits == 128 && strcmp(g->role, "gateway") == 0)
			o->resolves[o->resolves_n++] = g->prefix.addr;
	}
}

static struct driver_order order_of(const struct mitigator *m, const struct cut *c,
				    enum driver_verb verb, unsigned method)
{
	uint64_t now = mitigator_now(m).wall;
	struct driver_order o = {.verb = verb,
				 .cut = c->id,
				 .number = c->number,
				 .target = c->target,
				 .whole_port = c->whole_port,
				 .cause = cut_cause_wire(c->causes),
				 .lease_expires = cut_end(c),
				 .issued = now,
				 .order_expires = now + ORDER_LIFE_S * NS_PER_SEC,
				 .review = c->review};

	o.block = o.lease_expires && c->causes == CAUSE_BIT(CAUSE_BLOCK);
	cut_command_id(m->name, c->id, c->number, o.command_id);
	if (verb == DRIVER_RELEASE)
		cut_command_id(m->name, c->id, c->numbers[method], o.replaces);
	snprintf(o.threat_id, sizeof(o.threat_id), "%.95s", c->threat_id);
	snprintf(o.actor, sizeof(o.actor), "%s", c->actor);
	snprintf(o.reason, sizeof(o.reason), "%s", c->reason);
	add_exempts(m, c, &o);
	return o;
}

static void result(struct mitigator *m, const struct cut_result *r)
{
	if (mitigator_begin(m, NULL) == 0)
		cuts_result(m->decide.cuts, r, mitigator_now(m));
}

/* ---- by link ---- */

/* The peer of the driver: named, else the first connected of the role. */
static bool peer_of(const struct mitigator *m, const struct method *md, enum wire_role role,
		    char ret[WIRE_NAME_MAX])
{
	struct link_status s;

	if (md->config.peer[0]) {
		snprintf(ret, WIRE_NAME_MAX, "%s", md->config.peer);
		return true;
	}
	for (unsigned i = 0; link_server_peer(m->server, i, &s); i++) {
		if (s.peer.role == role) {
			snprintf(ret, WIRE_NAME_MAX, "%s", s.peer.name);
			return true;
		}
	}
	return false;
}

static int send_signed(struct mitigator *m, const char *peer, const struct message *msg,
		       struct errmsg *e)
{
	struct slice payload;
	int rc = sign_message(m->keys, msg, &payload, e);

	if (rc == 0) {
		rc = spool_put(m->spool, peer, LANE_URGENT, payload, mitigator_now(m).wall, e);
		payload_free(&payload);
	}
	if (rc == 0)
		link_server_wake(m->server, peer);
	return rc;
}

static void order_by_link(struct mitigator *m, unsigned i, const struct driver_order *o)
{
	struct method *md = &m->methods[i];
	enum wire_role role = strcmp(md->desc->name, "enforcer") == 0 ? ROLE_ENFORCER : ROLE_SENSOR;
	struct driver_letter *l = calloc(1, sizeof(*l));
	struct driver_config named = md->config;
	struct errmsg e = {""};
	char peer[WIRE_NAME_MAX];
	int rc = l ? 0 : ERR_NOMEM;

	if (rc == 0 && !peer_of(m, md, role, peer))
		rc = errmsg_set(&e, ERR_NOTFOUND, "no %s was ever connected", role_text(role));
	if (rc == 0) {
		snprintf(named.peer, sizeof(named.peer), "%s", peer);
		rc = md->desc->letter(&named, o, l);
	}
	if (rc == 0)
		rc = send_signed(m, peer, &l->message, &e);
	free(l);
	if (rc < 0)
		result(m, &(struct cut_result){o->cut, o->number, i, o->verb == DRIVER_RELEASE,
					       CUT_ANSWER_AWAY, e.text});
}

/* ---- by helper ---- */

static void order_by_helper(struct mitigator *m, unsigned i, const struct driver_order *o)
{
	struct method *md = &m->methods[i];

	if (md->helper.fd >= 0 && helper_send(md->helper.fd, o, sizeof(*o)) == 0)
		return;
	if (o->cut)
		result(m, &(struct cut_result){o->cut, o->number, i, o->verb == DRIVER_RELEASE,
					       CUT_ANSWER_AWAY, "its helper does not keep up"});
}

static void order(struct mitigator *m, unsigned i, const struct driver_order *o)
{
	if (m->methods[i].desc->place == DRIVER_HELPER)
		order_by_helper(m, i, o);
	else
		order_by_link(m, i, o);
}

static enum cut_answer answer_of(enum driver_outcome o)
{
	return o == DRIVER_DONE	     ? CUT_ANSWER_DONE
	       : o == DRIVER_REFUSED ? CUT_ANSWER_REFUSED
	       : o == DRIVER_AWAY    ? CUT_ANSWER_AWAY
				     : CUT_ANSWER_FAILED;
}

/* ---- what a driver holds against what it should ---- */

/* Our flows without a cut of ours: an end that a crash took, or a lost database. */
static void on_orphan(struct mitigator *m, unsigned i, const struct driver_held *h)
{
	struct driver_order o = {.verb = DRIVER_RELEASE, .cut = h->cut};
	struct decide_order adopt = {.actor = "automatic", .mitigator = m->name};
	char mac[MAC_ADDR_TEXT];
	struct errmsg e = {""};
	struct cut known;

	if (cut_store_find(m->store, h->cut, &known, &e) == 0) {
		log_warn(&m->log, "%s still held cut %llu, which is %s: released",
			 m->methods[i].config.name, (unsigned long long)h->cut,
			 cut_state_text(known.state));
	} else {
		/* Nobody knows why it is cut: it stays cut and gets an owner. */
		cut_store_skip(m->store, h->cut, &e);
		adopt.host = mac_addr_text(&h->mac, mac);
		adopt.reason = "found cut on the switch without a record: adopted";
		if (mac_addr_is_host(&h->mac) &&
		    decide_person_cuts(&m->decide, &adopt, mitigator_now(m), &e) < 0)
			log_warn(&m->log, "cut %llu of an unknown origin: %s",
				 (unsigned long long)h->cut, e.text);
	}
	order(m, i, &o);
}

static const struct driver_held *find_held(const struct method *md, uint64_t cut)
{
	for (unsigned k = 0; k < md->held_n; k++) {
		if (md->held[k].cut == cut)
			return &md->held[k];
	}
	return NULL;
}

/* A method further down the ladder forgot it: told again, without a change of state. */
static void remind(struct mitigator *m, unsigned i, const struct cut *c)
{
	struct driver_order o = order_of(m, c, DRIVER_APPLY, i);

	o.number = c->numbers[i];
	cut_command_id(m->name, c->id, o.number, o.command_id);
	log_warn(&m->log, "%s: %s no longer held it, ordered again", o.command_id,
		 m->methods[i].config.name);
	order(m, i, &o);
}

static void check_cut(struct mitigator *m, unsigned i, struct cut *c, uint64_t asked)
{
	const struct driver_held *h = find_held(&m->methods[i], c->id);
	bool ordered = c->ordered & 1u << i && c->entered < asked;

	if (h)
		cuts_drops(m->decide.cuts, c, h->drops, mitigator_now(m));
	else if (ordered && c->method != i && c->state >= CUT_SENT && c->state <= CUT_FAILED)
		remind(m, i, c);
	else if (ordered && c->state >= CUT_ACKED && c->state <= CUT_STILL_SEEN)
		cuts_lost(m->decide.cuts, c, i, mitigator_now(m));
}

static void reconcile(struct mitigator *m, unsigned i)
{
	struct method *md = &m->methods[i];
	uint64_t asked = md->list_asked;

	for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++)
		check_cut(m, i, cuts_at(m->decide.cuts, k), asked);
	for (unsigned k = 0; k < md->held_n; k++) {
		if (!cuts_find(m->decide.cuts, md->held[k].cut))
			on_orphan(m, i, &md->held[k]);
	}
}

static void on_list(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	struct method *md = &m->methods[i];

	if (a->outcome != DRIVER_DONE) {
		if (!md->away)
			log_warn(&m->log, "driver %s: %s", md->config.name, a->text);
		md->away = true;
		md->list_asked = md->held_n = 0;
		return;
	}
	if (md->held_n + a->items_n > md->held_cap) {
		unsigned cap = md->held_n + a->items_n + DRIVER_ITEMS;
		struct driver_held *more = realloc(md->held, cap * sizeof(*more));

		if (!more)
			return;
		md->held = more;
		md->held_cap = cap;
	}
	memcpy(md->held + md->held_n, a->held, a->items_n * sizeof(a->held[0]));
	md->held_n += a->items_n;
	if (!a->last)
		return;
	if (md->away)
		log_info(&m->log, "driver %s is back", md->config.name);
	md->away = false;
	reconcile(m, i);
	md->held_n = 0;
	md->list_asked = 0;
}

/* ---- port tables ---- */

static void take_ports(struct mitigator *m, struct method *md, const struct driver_answer *a)
{
	struct driver_port *swap = md->ports;
	struct cut_now now = mitigator_now(m);

	md->ports = md->ports_new;
	md->ports_n = md->ports_new_n;
	md->ports_new = swap;
	md->ports_asked = md->ports_new_n = 0;
	for (unsigned k = 0; k < md->ports_n; k++) {
		if (!md->ports[k].uplink)
			hosts_note_port(m->decide.hosts, &md->ports[k].mac, md->config.bridge,
					md->ports[k].port, now.wall);
	}
	/* Somebody showed up on another port: until it settles no binding proves anything (Q8). */
	if (md->moves_known && a->moves != md->moves)
		hosts_ports_moved(m->decide.hosts, md->config.bridge, now.wall);
	md->moves = a->moves;
	md->moves_known = true;
}

static const struct driver_port *port_of(const struct method *md, const struct mac_addr *mac)
{
	for (unsigned k = 0; k < md->ports_n; k++) {
		if (mac_addr_eq(&md->ports[k].mac, mac))
			return &md->ports[k];
	}
	return NULL;
}

/* A cut came before the switch had told where the host is: its port follows, so that a changed MAC
 * does not help. The order is the same, so nothing changes in the life cycle. */
static void widen_cuts(struct mitigator *m, unsigned i)
{
	struct method *md = &m->methods[i];

	for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++) {
		struct cut *c = cuts_at(m->decide.cuts, k);
		const struct driver_port *p = port_of(md, &c->target.mac);
		struct port_facts f;
		struct driver_order o;

		if (!p || c->whole_port || c->method != i || !(c->ordered & 1u << i) ||
		    c->state < CUT_ACKED || c->state > CUT_STILL_SEEN)
			continue;
		f = orders_port(m, &c->target);
		if (!guard_port_allowed(&f))
			continue;
		cuts_take_port(m->decide.cuts, c, md->config.bridge, p->port);
		o = order_of(m, c, DRIVER_APPLY, i);
		log_info(&m->log, "%s: its port %s is cut whole", o.command_id, p->port);
		order(m, i, &o);
	}
}

static void on_ports(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	struct method *md = &m->methods[i];

	if (a->outcome != DRIVER_DONE) {
		md->ports_asked = md->ports_new_n = 0;
		return;
	}
	for (unsigned k = 0; k < a->items_n && md->ports_new_n < MITIGATOR_PORTS; k++)
		md->ports_new[md->ports_new_n++] = a->ports[k];
	if (!a->last)
		return;
	take_ports(m, md, a);
	widen_cuts(m, i);
}

static void port_facts(struct mitigator *m, const struct method *md, const char *port,
		       struct port_facts *ret)
{
	for (unsigned k = 0; k < md->ports_n; k++) {
		struct cut_target t = {.mac = md->ports[k].mac};
		struct host *h;

		if (strcmp(md->ports[k].port, port) != 0)
			continue;
		h = hosts_by_mac(m->decide.hosts, &t.mac);
		if (h)
			host_target(h, &h->ips[0].ip, &t);
		ret->macs++;
		ret->uplink = ret->uplink || md->ports[k].uplink;
		ret->protected_mac =
			ret->protected_mac || protect_find(m->decide.protect, &t) != NULL;
	}
}

struct port_facts orders_port(void *ctx, const struct cut_target *t)
{
	struct mitigator *m = ctx;
	struct port_facts f = {0};

	for (unsigned i = 0; i < m->methods_n; i++) {
		const struct method *md = &m->methods[i];

		for (unsigned k = 0; k < md->ports_n; k++) {
			if (!mac_addr_eq(&md->ports[k].mac, &t->mac))
				continue;
			f.known = true;
			port_facts(m, md, md->ports[k].port, &f);
		}
	}
	return f;
}

/* ---- answers of helpers ---- */

static void on_answer(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	if (mitigator_begin(m, NULL) < 0)
		return;
	if (a->verb == DRIVER_LIST)
		on_list(m, i, a);
	else if (a->verb == DRIVER_PORTS)
		on_ports(m, i, a);
	else
		result(m, &(struct cut_result){a->cut, a->number, i, a->verb == DRIVER_RELEASE,
					       answer_of(a->outcome), a->text});
}

static void on_helper(void *ctx, uint32_t events)
{
	struct method *md = ctx;
	struct mitigator *m = md->owner;
	ssize_t n;

	while ((n = helper_receive(md->helper.fd, m->answer, sizeof(*m->answer))) > 0) {
		if (driver_answer_check(m->answer, (size_t)n))
			on_answer(m, (unsigned)(md - m->methods), m->answer);
	}
	if (n == 0) {
		log_error(&m->log, "the helper of driver %s is gone; stopped to be started anew",
			  md->config.name);
		loop_unwatch(m->loop, md->helper.fd);
		m->stopping = true;
	}
}

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
	o.order_expires = o.issued + ORDER_LIFE_S * NS_PER_SEC;
	o.target.mac = s->host.mac;
	target_add_ip(&o.target, &s->host.ip);
	cut_command_id(m->name, cut, number + 1, o.command_id);
	snprintf(o.replaces, sizeof(o.replaces), "%.95s", s->command_id);
	snprintf(o.actor, sizeof(o.actor), "automatic");
	snprintf(o.reason, sizeof(o.reason), "the cut ended here, but was still held there");
	log_warn(&m->log, "%s is still held by %s: released", s->command_id,
		 m->methods[i].config.name);
	order(m, i, &o);
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

/* Whatever it should hold is ordered again; what it holds already it answers as before. */
void orders_peer_up(struct mitigator *m, const struct identity *peer)
{
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
			o = order_of(m, c, DRIVER_APPLY, i);
			order(m, i, &o);
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
	struct driver_order o = order_of(m, c, DRIVER_APPLY, method);
	char name[TARGET_NAME];

	log_info(&m->log, "%s: %s is ordered to cut %s: %s", o.command_id,
		 m->methods[method].config.name, target_text(&c->target, name), c->reason);
	order(m, method, &o);
}

static void sink_undo(void *ctx, const struct cut *c, unsigned method)
{
	struct mitigator *m = ctx;
	struct driver_order o = order_of(m, c, DRIVER_RELEASE, method);

	if (c->tries == 0)
		log_info(&m->log, "%s: %s is ordered to release: %s", o.command_id,
			 m->methods[method].config.name, c->note);
	order(m, method, &o);
}

/* Every sensor that is here looks: who sees the host, tells. */
static void sink_watch(void *ctx, const struct cut *c, bool on)
{
	struct mitigator *m = ctx;
	struct driver_order o = order_of(m, c, DRIVER_APPLY, c->method);
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
	order_by_helper(m, i, &o);
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
		    (holds_any(m, i) || !md->listed)) {
			md->held_n = 0;
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
	snprintf(m->cut_methods[i].name, sizeof(m->cut_methods[i].name), "%s", md->config.name);
	m->cut_methods[i].holds = md->desc->holds;
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
	if (strcmp(md->desc->name, "command") == 0)
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
		    loop_watch(m->loop, md->helper.fd, EPOLLIN, on_helper, md) < 0)
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
