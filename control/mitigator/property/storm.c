/* Random alerts, forged and late ones, people who meddle, switches that are away, clocks that are
 * set, restarts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/property/site.h"

/* ---- time ---- */

/* A look at the switch: who forged another's MAC made it move (and the owner made it move back). */
static void look_at_switch(struct site *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (!m->behind_router && m->port[0] != 'u')
			hosts_note_port(s->d.hosts, &m->mac, "br0", m->port, s->now.wall);
	}
	if (s->moved)
		hosts_ports_moved(s->d.hosts, "br0", s->now.wall);
	decide_ports_checked(&s->d, s->moved, s->now);
	s->moved = false;
}

static void set_clock(struct site *s)
{
	int64_t by = (int64_t)(1 + below(s, 7200)) * (int64_t)NS_PER_SEC;

	if (chance(s, 50))
		by = -by;
	promises_clock(s, by);
	s->hits_n = 0; /* alerts say another time from now on */
	for (unsigned i = 0; i < s->n; i++) {
		if (s->machines[i].released)
			s->machines[i].released += (uint64_t)by;
	}
}

static void pass(struct site *s, uint64_t ns)
{
	s->now.wall += ns;
	s->now.mono += ns;
	if (chance(s, 2))
		set_clock(s);
	decide_tick(&s->d, s->now);
	if (chance(s, 50))
		look_at_switch(s);
	for (int i = 0; i < 2; i++) {
		cuts_tick(s->d.cuts, s->now);
		cuts_effects(s->d.cuts, s->now);
	}
	promises_check(s);
}

/* ---- alerts ---- */

/* What a forger can do: any address of anybody, but no handshake from an address that is not his;
 * from his own he may pretend another MAC. */
static void forge(struct site *s, struct alert *a, const struct machine *who)
{
	const struct machine *victim = &s->machines[below(s, s->n)];
	/* Nobody can tell who a MAC belongs to that never showed the address. */
	unsigned how = !victim->silent || victim->shown ? below(s, 4) : 0;

	/* What is behind a box that nobody knows is counted, so it is left alone. */
	if (s->nat && (victim->behind_router || victim == &s->machines[0]))
		return;

	s->moved = s->moved || how > 0;
	switch (how) {
	case 0: /* another's address */
		a->host.ip = victim->ip;
		a->handshake_completed = false;
		break;
	case 1: /* another's MAC and address */
		a->host.ip = victim->ip;
		a->host.mac = victim->mac;
		a->handshake_completed = false;
		break;
	case 2: /* another's MAC, a handshake from the own address */
		a->host.mac = victim->mac;
		break;
	case 3: /* another's MAC, a handshake from an address that nobody has */
		a->host.mac = victim->mac;
		a->host.ip.bytes[14] = 200;
		break;
	}
}

/* Whom a forged one is counted for is decide's own affair; a router's MAC says nothing of how many
 * are behind it. */
static void note_hit(struct site *s, const struct alert *a, const struct machine *who, bool forged)
{
	/* After a restart the time of the alert counts. */
	if (a->time == s->now.wall && !forged && a->severity <= SEVERITY_MEDIUM &&
	    !who->behind_router && who != &s->machines[0] && s->hits_n < HITS_MAX)
		s->hits[s->hits_n++] =
			(struct hit){s->now.mono, a->sid, (unsigned)(who - s->machines)};
}

static void strike(struct site *s)
{
	struct machine *who = &s->machines[below(s, s->n)];
	bool forged = who->guilty && chance(s, 40);
	char id[24];
	struct alert a = {.id = id,
			  .msg = "m",
			  .classtype = "",
			  .category = "",
			  .url = "",
			  .gid = 1,
			  .sid = 1 + below(s, SIDS),
			  .host_is_source = true,
			  .time = s->now.wall,
			  .severity = 1 + below(s, 4)};

	snprintf(id, sizeof(id), "a-%u", ++s->struck);
	a.host.mac = who->mac;
	a.host.ip = who->ip;
	a.handshake_completed = chance(s, 60);
	/* Innocent machines do nothing; who is not guilty only appears forged. */
	if (!who->guilty && !who->guarded)
		return;
	/* A sensor was away: it tells of before. */
	if (chance(s, 10))
		a.time -= (uint64_t)below(s, 900) * NS_PER_SEC;
	who->shown = true;
	who->fresh = who->fresh || (!forged && a.time == s->now.wall);
	if (forged)
		forge(s, &a, who);
	/* Who shows its address with another MAC has moved it there, and an exception by that
	 * address goes with it: it is no longer among those that are known to be behind the router.
	 */
	if (a.handshake_completed && ip_addr_eq(&a.host.ip, &who->ip) &&
	    !mac_addr_eq(&a.host.mac, &who->mac))
		who->fresh = false;
	if (s->loud)
		printf("%.3f alert %u of machine %d: MAC ..%02x, address .%u.%u, %s\n",
		       (double)s->now.mono / 1e9, a.sid, (int)(who - s->machines),
		       a.host.mac.bytes[4], a.host.ip.bytes[14], a.host.ip.bytes[15],
		       a.handshake_completed ? "handshake" : "no handshake");
	note_hit(s, &a, who, forged);
	s->alert = &a;
	decide_alert(&s->d, &a, "sensor", s->now);
	s->alert = NULL;
}

/* ---- people ---- */

/* A host as people name it: by address, by MAC, or by what the list of questions shows. */
static const char *any_name(struct site *s, char ret[CUT_ID_TEXT])
{
	const struct machine *m = &s->machines[below(s, s->n)];
	unsigned open = cuts_count(s->d.cuts);
	const struct cut *c;

	switch (below(s, 3)) {
	case 0:
		/* Nobody can tell who a MAC belongs to that showed other addresses only. */
		if (ip_addr_is_zero(&m->other) || m->shown)
			return mac_addr_text(&m->mac, ret);
		break;
	case 1:
		if (!open)
			break;
		c = cuts_at(s->d.cuts, below(s, open));
		return cut_command_id("m", c->id, c->number, ret);
	default:
		break;
	}
	return ip_addr_text(&m->ip, ret, false);
}

static void release(struct site *s, const struct decide_order *o)
{
	struct told before[MACHINES_MAX];
	struct mac_addr macs[MACHINES_MAX];
	unsigned n = 0;
	struct errmsg e;

	for (unsigned i = 0; i < cuts_count(s->d.cuts) && n < MACHINES_MAX; i++) {
		const struct cut *c = cuts_at(s->d.cuts, i);

		before[n].state = c->state;
		before[n].end = c->id;
		macs[n++] = c->target.mac;
	}
	if (decide_person_releases(&s->d, o, s->now, &e) < 0)
		return;
	/* Whose cut changed is whom the person found safe. */
	for (unsigned i = 0; i < n; i++) {
		const struct cut *c = cuts_find(s->d.cuts, before[i].end);

		if (!c || c->state == before[i].state)
			continue;
		for (unsigned k = 0; k < s->n; k++) {
			if (!mac_addr_is_zero(&macs[i]) &&
			    mac_addr_eq(&s->machines[k].mac, &macs[i]))
				s->machines[k].released = s->now.wall;
		}
	}
}

/* People approve what they are asked, release, and cut by hand, also nonsense. */
static void meddle(struct site *s)
{
	char name[CUT_ID_TEXT];
	struct decide_order o = {.host = any_name(s, name),
				 .actor = chance(s, 50) ? "yamada" : "sato",
				 .reason = "r",
				 .mitigator = "m"};
	struct errmsg e;

	if (chance(s, 50))
		o.end = s->now.wall + (uint64_t)(1 + below(s, 600)) * NS_PER_SEC;
	s->person = o.actor;
	switch (below(s, 4)) {
	case 0:
		decide_person_cuts(&s->d, &o, s->now, &e);
		break;
	case 1:
		release(s, &o);
		break;
	default:
		decide_person_answers(&s->d, &o, chance(s, 70), s->now, &e);
		break;
	}
	s->person = NULL;
	if (chance(s, 10))
		site_protect_one(s);
}

/* ---- methods ---- */

static void answer_orders(struct site *s)
{
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		struct cut *c = cuts_at(s->d.cuts, i);

		if (c->state == CUT_SENT && !s->away[c->method] && chance(s, 80))
			cuts_result(s->d.cuts,
				    &(struct cut_result){c->id, c->number, c->method, false,
							 chance(s, 80) ? CUT_ANSWER_DONE
								       : CUT_ANSWER_FAILED,
							 "answered"},
				    s->now);
		if ((c->state == CUT_ACKED || c->state == CUT_VERIFIED) && chance(s, 5))
			cuts_lost(s->d.cuts, c, c->method, s->now);
	}
}

static void end_all(struct site *s)
{
	s->person = "yamada";
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		struct cut *c = cuts_at(s->d.cuts, i);

		if (c->state == CUT_HELD)
			cuts_event(s->d.cuts, c, CUT_EV_REFUSE, "yamada", "no", s->now);
		else if (!cut_state_final(c->state))
			cuts_drop_causes(s->d.cuts, c, UINT32_MAX, "yamada", "all clear", s->now);
	}
	s->person = NULL;
}

/* In the end nothing stands that nobody owns: a person releases all, and all is released. While
 * incidents are open a judgement may ask anew. */
static void clear_up(struct site *s)
{
	memset(s->away, 0, sizeof(s->away));
	decide_stop(&s->d, false);
	for (int i = 0; i < 12; i++) {
		end_all(s);
		pass(s, 10 * NS_PER_MIN);
	}
	end_all(s);
	for (int i = 0; i < 3; i++) {
		cuts_tick(s->d.cuts, s->now);
		cuts_effects(s->d.cuts, s->now);
		s->now.mono += 10 * NS_PER_MIN;
	}
	promises_end(s);
}

void storm(struct site *s)
{
	unsigned length = 1 + below(s, STORM_MAX);

	/* Who meddles only at times, and a worm that strikes fast, are storms of their own. */
	unsigned slow = chance(s, 50) ? 3000 : 300, people = chance(s, 50) ? 5 : 25;
	unsigned restarts = chance(s, 20) ? 5 : 0; /* a restart is dear */

	pass(s, below(s, 200) * NS_PER_SEC);
	for (unsigned i = 0; i < length; i++) {
		strike(s);
		if (chance(s, people))
			meddle(s);
		if (chance(s, 8))
			decide_stop(&s->d, chance(s, 40));
		if (chance(s, 5))
			s->away[below(s, METHODS)] = chance(s, 50);
		pass(s, (uint64_t)below(s, chance(s, 10) ? 600000 : slow) * NS_PER_MS);
		answer_orders(s);
		if (chance(s, restarts))
			site_restart(s);
	}
	clear_up(s);
}
