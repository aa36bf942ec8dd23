/* Where each MAC is, as the switches tell, and what that means for a port (Q6): whether it may be
 * cut whole, or is an uplink, a hub, a phone with a PC behind it. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/send.h"
#include "dataplane/base/clock.h"

#define PORT_MEMORY NS_PER_DAY

static int by_mac(const void *a, const void *b)
{
	const struct known_port *x = a, *y = b;

	return memcmp(&x->at.mac, &y->at.mac, sizeof(x->at.mac));
}

static struct known_port *find(struct known_port *list, unsigned n, const struct mac_addr *mac)
{
	struct known_port key = {.at.mac = *mac};

	return n ? bsearch(&key, list, n, sizeof(*list), by_mac) : NULL;
}

/* A switch forgets a MAC after minutes of silence; we do not: a phone that says nothing for a while
 * is still behind the port of its PC (Q6). What was seen elsewhere since has moved. */
static unsigned keep_old(struct method *md, unsigned fresh, uint64_t now)
{
	unsigned n = fresh;

	for (unsigned k = 0; k < md->ports_n && n < MITIGATOR_PORTS; k++) {
		const struct known_port *old = &md->ports[k];

		if (now - old->seen < PORT_MEMORY && !find(md->ports_new, fresh, &old->at.mac))
			md->ports_new[n++] = *old;
	}
	return n;
}

static bool take_ports(struct mitigator *m, struct method *md, const struct driver_answer *a)
{
	struct known_port *swap = md->ports;
	struct cut_now now = mitigator_now(m);
	uint64_t asked = now.wall - (now.mono - md->ports_asked);
	unsigned fresh = md->ports_new_n;
	bool moved;

	for (unsigned k = 0; k < fresh; k++) {
		if (!md->ports_new[k].at.uplink)
			hosts_note_port(m->decide.hosts, &md->ports_new[k].at.mac,
					md->config.bridge, md->ports_new[k].at.port, asked);
	}
	qsort(md->ports_new, fresh, sizeof(*md->ports_new), by_mac);
	md->ports_new_n = keep_old(md, fresh, now.mono);
	qsort(md->ports_new, md->ports_new_n, sizeof(*md->ports_new), by_mac);
	md->ports = md->ports_new;
	md->ports_n = md->ports_new_n;
	md->ports_new = swap;
	md->ports_asked = md->ports_new_n = 0;
	/* Somebody showed up on another port: until it settles no binding proves anything (Q8). */
	/* At the first look nobody knows what happened before. */
	moved = !md->moves_known || a->moves != md->moves;
	if (moved)
		hosts_ports_moved(m->decide.hosts, md->config.bridge, now.wall);
	md->moves = a->moves;
	md->moves_known = true;
	return moved;
}

/* A cut came before the switch had told where the host is: its port follows, so that a changed MAC
 * does not help. The order is the same, so nothing changes in the life cycle. */
static void widen_cuts(struct mitigator *m, unsigned i)
{
	struct method *md = &m->methods[i];

	for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++) {
		struct cut *c = cuts_at(m->decide.cuts, k);
		const struct known_port *p = find(md->ports, md->ports_n, &c->target.mac);
		struct port_facts f;
		struct driver_order o;

		if (!p || c->whole_port || c->method != i || !(c->ordered & 1u << i) ||
		    c->state < CUT_ACKED || c->state > CUT_STILL_SEEN)
			continue;
		f = orders_port(m, &c->target);
		if (!guard_port_allowed(&f))
			continue;
		cuts_take_port(m->decide.cuts, c, md->config.bridge, p->at.port);
		o = send_order_of(m, c, DRIVER_APPLY, i);
		log_info(&m->log, "%s: its port %s is cut whole", o.command_id, p->at.port);
		send_order(m, i, &o);
	}
}

void ports_answer(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	struct method *md = &m->methods[i];

	if (a->outcome != DRIVER_DONE) {
		md->ports_asked = md->ports_new_n = 0;
		return;
	}
	for (unsigned k = 0; k < a->items_n && md->ports_new_n < MITIGATOR_PORTS; k++)
		md->ports_new[md->ports_new_n++] =
			(struct known_port){a->ports[k], mitigator_now(m).mono};
	if (!a->last)
		return;
	decide_ports_checked(&m->decide, take_ports(m, md, a), mitigator_now(m));
	widen_cuts(m, i);
}

/* Who else is there: what the switch says, and hosts that were on the port when it last said so. */
static void count_hosts(struct mitigator *m, struct method *md, const char *port,
			struct port_facts *ret)
{
	for (unsigned k = 0; k < hosts_count(m->decide.hosts); k++) {
		const struct host *h = hosts_at(m->decide.hosts, k);

		if (strcmp(h->switch_port, port) == 0 &&
		    strcmp(h->switch_name, md->config.bridge) == 0 && !mac_addr_is_zero(&h->mac) &&
		    !find(md->ports, md->ports_n, &h->mac))
			ret->macs++;
	}
}

static void count_port(struct mitigator *m, struct method *md, const char *port,
		       struct port_facts *ret)
{
	for (unsigned k = 0; k < md->ports_n; k++) {
		const struct known_port *p = &md->ports[k];
		struct cut_target t = {.mac = p->at.mac};
		struct host *h;

		if (strcmp(p->at.port, port) != 0)
			continue;
		h = hosts_by_mac(m->decide.hosts, &t.mac);
		if (h)
			host_target(h, &h->ips[0].ip, &t);
		ret->macs++;
		ret->uplink = ret->uplink || p->at.uplink;
		ret->protected_mac =
			ret->protected_mac || protect_find(m->decide.protect, &t) != NULL;
	}
	if (ret->macs == 1)
		count_hosts(m, md, port, ret);
}

struct port_facts orders_port(void *ctx, const struct cut_target *t)
{
	struct mitigator *m = ctx;
	struct port_facts f = {0};

	for (unsigned i = 0; i < m->methods_n; i++) {
		struct method *md = &m->methods[i];
		const struct known_port *p = find(md->ports, md->ports_n, &t->mac);

		if (!p)
			continue;
		f.known = true;
		count_port(m, md, p->at.port, &f);
	}
	return f;
}
