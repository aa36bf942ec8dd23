/* What helper processes answer: results, what a switch holds, where each MAC is. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/quarantine/cut_store.h"
#include "control/mitigator/send.h"

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
	send_order(m, i, &o);
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
	struct driver_order o = send_order_of(m, c, DRIVER_APPLY, i);

	o.number = c->numbers[i];
	cut_command_id(m->name, c->id, o.number, o.command_id);
	log_warn(&m->log, "%s: %s no longer held it, ordered again", o.command_id,
		 m->methods[i].config.name);
	send_order(m, i, &o);
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

static bool take_ports(struct mitigator *m, struct method *md, const struct driver_answer *a)
{
	struct driver_port *swap = md->ports;
	struct cut_now now = mitigator_now(m);
	uint64_t asked = now.wall - (now.mono - md->ports_asked);
	bool moved;

	md->ports = md->ports_new;
	md->ports_n = md->ports_new_n;
	md->ports_new = swap;
	md->ports_asked = md->ports_new_n = 0;
	for (unsigned k = 0; k < md->ports_n; k++) {
		if (!md->ports[k].uplink)
			hosts_note_port(m->decide.hosts, &md->ports[k].mac, md->config.bridge,
					md->ports[k].port, asked);
	}
	/* Somebody showed up on another port: until it settles no binding proves anything (Q8). */
	/* At the first look nobody knows what happened before. */
	moved = !md->moves_known || a->moves != md->moves;
	if (moved)
		hosts_ports_moved(m->decide.hosts, md->config.bridge, now.wall);
	md->moves = a->moves;
	md->moves_known = true;
	return moved;
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
		o = send_order_of(m, c, DRIVER_APPLY, i);
		log_info(&m->log, "%s: its port %s is cut whole", o.command_id, p->port);
		send_order(m, i, &o);
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
	decide_ports_checked(&m->decide, take_ports(m, md, a), mitigator_now(m));
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
		send_result(m, &(struct cut_result){a->cut, a->number, i, a->verb == DRIVER_RELEASE,
						    answer_of(a->outcome), a->text});
}

void answers_on_helper(void *ctx, uint32_t events)
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
