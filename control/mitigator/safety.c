/* What keeps the wrong machine from being cut although nobody wrote it down (Q6), and what holds
 * when the rules change under cuts that stand: the protected list, the kill switch, the clock. */
#include <stdio.h>
#include <string.h>

#include "control/mitigator/request.h"

static const char self[] = "automatic";

/* ---- what is learnt ---- */

/* As sensors call roles, and as the protected list does. */
static const struct {
	const char *said, *role;
} roles[] = {
	{"gateway", "gateway"},
	{"router", "router"},
	{"dns", "dns"},
	{"dns-server", "dns"},
	{"dhcp", "dhcp"},
	{"dhcp-server", "dhcp"},
	{"domain-controller", "domain-controller"},
	{"directory-server", "domain-controller"},
	{"switch", "switch"},
};

static const char *role_of(const char *said)
{
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (strcmp(roles[i].said, said) == 0)
			return roles[i].role;
	}
	return NULL;
}

/* Roles that a sensor is sure of protect; likely ones make it ask, for an attacker can play a role,
 * too. True when the list has grown. */
static bool learn(struct decide *d, const struct host_ident *who, const struct host_known *k)
{
	struct protect_entry e = {.since = k->first, .mac = who->mac};
	const char *role = role_of(k->value);
	bool grown = false;

	if (!role)
		return false;
	e.source = k->confidence == CONFIDENCE_KNOWN ? PROTECT_LEARNT : PROTECT_PROPOSED;
	e.has_mac = mac_addr_is_host(&e.mac);
	snprintf(e.role, sizeof(e.role), "%s", role);
	snprintf(e.note, sizeof(e.note), "learnt from %.60s", k->source);
	if (e.has_mac)
		grown = protect_add(d->protect, &e) == 0;
	/* Each on its own: behind a gateway's MAC are other addresses. */
	e.has_mac = false;
	e.prefix = who->ip;
	e.bits = 128;
	e.has_prefix = ip_addr_is_host(&who->ip);
	if (e.has_prefix)
		grown = protect_add(d->protect, &e) == 0 || grown;
	return grown;
}

void safety_role(struct decide *d, const struct host_ident *who, const struct host_fact *f,
		 struct cut_now now)
{
	struct host_known k = {.confidence = f->confidence, .first = now.wall};

	snprintf(k.value, sizeof(k.value), "%s", f->value ? f->value : "");
	snprintf(k.source, sizeof(k.source), "%s", f->source ? f->source : "");
	if (learn(d, who, &k))
		safety_protected(d, now);
}

/* What was learnt before a restart, from the hosts' own facts. */
void safety_recall(struct decide *d, struct cut_now now)
{
	bool grown = false;

	for (unsigned i = 0; i < hosts_count(d->hosts); i++) {
		const struct host *h = hosts_at(d->hosts, i);

		for (unsigned k = 0; k < h->facts.n; k++) {
			struct host_ident who = host_ident_of(h);

			if (h->facts.items[k].kind == HOST_FACT_ROLE)
				grown = learn(d, &who, &h->facts.items[k]) || grown;
		}
	}
	if (grown)
		safety_protected(d, now);
}

/* A gateway that people named by its address: what comes with its MAC is of others, too. */
void safety_router(struct decide *d, struct host *h)
{
	const struct protect_entry *p;
	struct cut_target t;

	host_target(h, &h->ips[0].ip, &t);
	p = protect_find(d->protect, &t);
	if (p && p->source != PROTECT_PROPOSED &&
	    (strcmp(p->role, "gateway") == 0 || strcmp(p->role, "router") == 0))
		h->router = true;
}

/* ---- what stands when the rules change ---- */

/* Whoever ordered it: what is protected is not cut. Not yet ordered: it never is; in force: it is
 * released, and people are told. */
static void spare(struct decide *d, struct cut *c, const struct protect_entry *p,
		  struct cut_now now)
{
	char why[CUT_REASON];

	snprintf(why, sizeof(why), "protected now as %s (%s%s%s)", p->role,
		 protect_source_text(p->source), p->note[0] ? ": " : "", p->note);
	if (c->state == CUT_REQUESTED || c->state == CUT_HELD) {
		c->held_for = GUARD_PROTECTED;
		cuts_event(d->cuts, c, CUT_EV_REFUSE, self, why, now);
	} else if (p->source != PROTECT_LEARNT) {
		cuts_drop_causes(d->cuts, c, UINT32_MAX, self, why, now);
	}
}

void safety_protected(struct decide *d, struct cut_now now)
{
	for (unsigned i = 0; i < cuts_count(d->cuts); i++) {
		struct cut *c = cuts_at(d->cuts, i);
		const struct protect_entry *p;

		if (cut_state_final(c->state) || c->state == CUT_RELEASING ||
		    c->state == CUT_ENDING)
			continue;
		p = protect_find(d->protect, &c->target);
		if (p && p->source != PROTECT_PROPOSED)
			spare(d, c, p, now);
	}
}

void decide_protect(struct decide *d, const struct protect_entry *e, struct cut_now now)
{
	if (protect_add(d->protect, e) == 0)
		safety_protected(d, now);
}

bool decide_watch(struct decide *d, struct host *h, struct cut_now now)
{
	if (!d->policy->watch || h->watched > now.wall)
		return false;
	h->watched = now.wall + d->policy->watch;
	h->dirty = true;
	return true;
}

void decide_stop(struct decide *d, bool stopped)
{
	d->kill_switch = stopped;
	cuts_stop(d->cuts, stopped);
}

static uint64_t moved(uint64_t when, int64_t delta)
{
	if (!when)
		return 0;
	return delta < 0 && when <= (uint64_t)-delta ? 1 : when + (uint64_t)delta;
}

void decide_clock_set(struct decide *d, int64_t delta, struct cut_now now)
{
	cuts_clock_set(d->cuts, delta, now);
	for (unsigned i = 0; i < hosts_count(d->hosts); i++) {
		struct host *h = hosts_at(d->hosts, i);

		h->judge_due = moved(h->judge_due, delta);
		h->released = moved(h->released, delta);
	}
}
