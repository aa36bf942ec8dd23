#include "control/mitigator/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char self[] = "automatic";

/* ---- the ladder and the segment ---- */

static void take_ladder(const struct decide *d, const struct policy_scope *s, struct cut *c)
{
	unsigned n;
	const struct cut_method *m = cuts_methods(d->cuts, &n);

	for (unsigned k = 0; s && k < s->methods_n; k++) {
		for (unsigned i = 0; i < n; i++) {
			if (strcmp(m[i].name, s->methods[k]) == 0)
				c->ladder[c->ladder_n++] = (uint8_t)i;
		}
	}
	if (c->ladder_n)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (!m[i].beside)
			c->ladder[c->ladder_n++] = (uint8_t)i;
	}
}

/* The network the host is of: the scope's prefix that contains it, else its /24 or /64. */
static struct policy_prefix segment_of(const struct policy_scope *s, const struct cut_target *t)
{
	struct policy_prefix p = {.bits = 0};

	if (t->ips_n == 0)
		return p;
	for (unsigned i = 0; s && i < s->networks_n; i++) {
		if (ip_addr_in_prefix(&t->ips[0], &s->networks[i].addr, s->networks[i].bits))
			return s->networks[i];
	}
	p.addr = t->ips[0];
	p.bits = ip_addr_is_v4(&t->ips[0]) ? 120 : 64;
	return p;
}

static bool host_in(const struct host *h, const struct policy_prefix *p)
{
	for (unsigned i = 0; i < h->ips_n; i++) {
		if (ip_addr_in_prefix(&h->ips[i].ip, &p->addr, p->bits))
			return true;
	}
	return false;
}

static void count_segment(struct decide *d, const struct policy_scope *s, struct guard_case *g)
{
	struct policy_prefix p = segment_of(s, g->target);

	g->segment_hosts = g->segment_cut = 0;
	for (unsigned i = 0; i < hosts_count(d->hosts); i++)
		g->segment_hosts += host_in(hosts_at(d->hosts, i), &p);
	for (unsigned i = 0; i < cuts_count(d->cuts); i++) {
		const struct cut *c = cuts_at(d->cuts, i);

		if ((cut_state_in_force(c->state) || c->state == CUT_REQUESTED) &&
		    c->id != g->own_cut && c->target.ips_n &&
		    ip_addr_in_prefix(&c->target.ips[0], &p.addr, p.bits))
			g->segment_cut++;
	}
}

/* ---- guards ---- */

/* Who has the address is known by its MAC, and not by a claim alone. */
static bool mac_is_known(const struct decide *d, const struct ip_addr *ip)
{
	const struct host *owner = hosts_by_ip(d->hosts, ip);

	for (unsigned i = 0; owner && i < owner->ips_n; i++) {
		if (owner->ips[i].proven && ip_addr_eq(&owner->ips[i].ip, ip))
			return !mac_addr_is_zero(&owner->mac);
	}
	return false;
}

/* A host of the site that is protected by its address alone and was not seen yet may be behind any
 * MAC that was never seen with an address. NULL: none. */
static const struct protect_entry *perhaps_behind(const struct decide *d,
						  const struct cut_target *t)
{
	if (mac_addr_is_zero(&t->mac) || t->ips_n)
		return NULL;
	for (unsigned i = 0; i < protect_count(d->protect); i++) {
		const struct protect_entry *e = protect_at(d->protect, i);

		/* Our own MACs are on the list. */
		if (!e->has_prefix || e->has_mac || e->source == PROTECT_PROPOSED ||
		    strcmp(e->role, "mitigator") == 0 || !policy_scope_of(d->policy, &e->prefix))
			continue;
		if (e->bits != 128 || !mac_is_known(d, &e->prefix))
			return e;
	}
	return NULL;
}

static struct guard_verdict check(struct decide *d, const struct policy_scope *s,
				  struct guard_case *g)
{
	struct guard_verdict v;

	g->unknown = perhaps_behind(d, g->target);
	g->kill_switch = d->kill_switch;
	g->mac_addresses_max = d->policy->router_addresses;
	/* Counting a segment is the dearest, so it comes when all else allows. */
	g->segment_hosts = UINT32_MAX;
	v = guard_check(d->protect, d->fuse, g);
	if (v.answer != GUARD_CUT || g->person)
		return v;
	count_segment(d, s, g);
	return guard_check(d->protect, d->fuse, g);
}

static bool is_excepted(struct decide *d, const struct host *h, const struct ip_addr *ip,
			uint64_t now)
{
	struct alert named = {.host = host_ident_of(h), .host_is_source = true};
	int never;

	named.host.ip = *ip;
	never = policy_exception_of(d->policy, NEVER_BLOCK, &named, "", now);
	if (never >= 0)
		d->count.exceptions[never]++;
	return never >= 0;
}

/* A never-block exception by source or sensor alone, whatever the rule: it holds for what is cut by
 * judgements and by other systems, too. By an address that another MAC claims as well it may be
 * this host's or not: a person decides, as everybody can forge either. */
static void find_exceptions(struct decide *d, const struct host *h, uint64_t now,
			    struct guard_case *g)
{
	for (unsigned i = 0; i < h->ips_n && !g->never_block; i++)
		g->never_block = is_excepted(d, h, &h->ips[i].ip, now);
	for (unsigned i = 0; i < h->disputed_n && !g->never_block && !g->perhaps_excepted; i++)
		g->perhaps_excepted = is_excepted(d, h, &h->disputed[i], now);
}

static struct guard_case case_of_alert(struct decide *d, const struct host *h,
				       const struct request_context *rc, const struct cut_target *t)
{
	const struct alert *a = rc->alert;
	int never = policy_exception_of(d->policy, NEVER_BLOCK, a, rc->sensor, rc->now.wall);
	struct guard_case g;

	if (never >= 0)
		d->count.exceptions[never]++;
	g = (struct guard_case){
		.target = t,
		.host = h->number,
		.inside = rc->scope != NULL,
		.never_block = never >= 0,
		.handshake = a->handshake_completed && rc->proof.pair,
		/* Frames that were just seen can prove it only after the next look at the
		 * switch: until then it is held (decide_ports_checked). */
		.binding = false,
		.mac_addresses = host_addresses(h),
		.threat_hosts = rc->threat_hosts,
		.now = rc->now.mono,
	};
	/* By this address of it, or by any that would be cut with it. */
	find_exceptions(d, h, rc->now.wall, &g);
	return g;
}

/* Whether the switch or a handshake has shown that the address is another host's. A mere claim of
 * another's does not take it from its owner. */
static bool surely_others(const struct decide *d, const struct host *h, const struct ip_addr *ip)
{
	const struct host *owner = hosts_by_ip(d->hosts, ip);

	if (!owner || owner == h)
		return false;
	for (unsigned i = 0; i < owner->ips_n; i++) {
		if (owner->ips[i].proven && ip_addr_eq(&owner->ips[i].ip, ip))
			return true;
	}
	return false;
}

/* An address that the host shows counts for its protection even while it is not proven, unless it
 * is surely somebody else's: then it is the host that is to be asked about. */
static struct cut_target with_shown(const struct decide *d, const struct host *h,
				    const struct cut_target *t, const struct ip_addr *claimed)
{
	struct cut_target wide = *t;

	if (claimed && !surely_others(d, h, claimed))
		target_add_ip(&wide, claimed);
	for (unsigned i = 0; h && i < h->disputed_n; i++) {
		if (!surely_others(d, h, &h->disputed[i]))
			target_add_ip(&wide, &h->disputed[i]);
	}
	for (unsigned i = 0; h && i < h->ips_n; i++) {
		if (!surely_others(d, h, &h->ips[i].ip))
			target_add_ip(&wide, &h->ips[i].ip);
	}
	return wide;
}

/* ---- opening ---- */

static enum cut_event event_of(const struct guard_verdict *v, enum policy_mode mode)
{
	switch (v->answer) {
	case GUARD_REFUSE:
		return CUT_EV_REFUSE;
	case GUARD_EXCEPT:
		return CUT_EV_EXCEPT;
	case GUARD_HOLD:
		return mode < MODE_APPROVE ? CUT_EV_OUTSIDE : CUT_EV_HOLD;
	case GUARD_CUT:
		break;
	}
	return mode == MODE_AUTOMATIC ? CUT_EV_REQUEST
	       : mode == MODE_APPROVE ? CUT_EV_HOLD
				      : CUT_EV_OUTSIDE;
}

static void count(struct decide *d, enum cut_event ev)
{
	d->count.cut += ev == CUT_EV_REQUEST;
	d->count.held += ev == CUT_EV_HOLD;
	d->count.refused += ev == CUT_EV_REFUSE;
	d->count.excepted += ev == CUT_EV_EXCEPT;
	d->count.outside += ev == CUT_EV_OUTSIDE;
}

/* Why it enters its first state. */
static void sentence(const struct cut *c, const struct guard_verdict *v, enum cut_event ev,
		     enum policy_mode mode, char ret[CUT_REASON])
{
	if (v->answer != GUARD_CUT)
		snprintf(ret, CUT_REASON, "%s", v->text);
	else if (ev == CUT_EV_OUTSIDE)
		snprintf(ret, CUT_REASON, "mode %s: would have been cut", policy_mode_text(mode));
	else if (ev == CUT_EV_HOLD)
		snprintf(ret, CUT_REASON, "mode %s: a person decides", policy_mode_text(mode));
	else
		snprintf(ret, CUT_REASON, "%s", c->reason);
}

/* A new cut; or `leaving`, one on its way out that is wanted again. */
static void open_cut(struct decide *d, struct cut *c, struct cut *leaving,
		     const struct guard_verdict *v, enum policy_mode mode, struct cut_now now)
{
	enum cut_event ev = event_of(v, mode);
	struct port_facts port = d->sink.port(d->sink.ctx, &c->target);
	struct host *h;

	/* Anything else is asked when it is gone. */
	if (leaving && ev != CUT_EV_REQUEST)
		return;
	sentence(c, v, ev, mode, c->note);
	c->held_for = v->reason;
	c->whole_port = guard_port_allowed(&port);
	snprintf(c->mode, sizeof(c->mode), "%s", policy_mode_text(mode));
	c->counted = ev == CUT_EV_REQUEST && !c->approved;
	c->fused = c->counted ? now.wall : 0;
	count(d, ev);
	h = hosts_by_id(d->hosts, c->host_id);
	if (c->counted && h)
		fuse_count_cut(d->fuse, h->number, now.mono);
	if (leaving) {
		cuts_again(d->cuts, leaving, c, now);
		return;
	}
	if (!cuts_open(d->cuts, c, ev, now, &d->e))
		return;
	if (h && (ev == CUT_EV_REQUEST || ev == CUT_EV_HOLD))
		h->pins++;
}

static struct cut cut_of_host(struct decide *d, const struct host *h, const struct policy_scope *s,
			      const struct ip_addr *ip)
{
	struct cut c = {.actor = "automatic"};

	snprintf(c.host_id, sizeof(c.host_id), "%s", h->id);
	snprintf(c.scope, sizeof(c.scope), "%s", s ? s->name : "");
	host_target(h, ip, &c.target);
	take_ladder(d, s, &c);
	return c;
}

static void describe_threat(struct cut *c, const struct request_context *rc)
{
	const struct alert *a = rc->alert;

	c->causes = CAUSE_BIT(CAUSE_THREAT);
	c->threat_hosts = rc->threat_hosts;
	c->severity = a->severity;
	c->detected = a->time;
	c->reported = rc->now.wall;
	threat_id_of(a, c->threat_id);
	snprintf(c->threat_name, sizeof(c->threat_name), "%s", a->msg);
	snprintf(c->alert_id, sizeof(c->alert_id), "%s", a->id);
	snprintf(c->incident_id, sizeof(c->incident_id), "%s", rc->incident->id);
	snprintf(c->category, sizeof(c->category), "%s", a->category);
	snprintf(c->url, sizeof(c->url), "%s", a->url);
	snprintf(c->reason, sizeof(c->reason), "%.100s (rule %.39s, seen by %.60s)", a->msg,
		 c->threat_id, rc->sensor);
}

/* ---- what there is already ---- */

static void approve_held(struct decide *d, struct cut *c, const struct cut_target *t,
			 const struct guard_case *g, struct cut_now now)
{
	c->target = *t;
	c->counted = true;
	c->fused = now.wall;
	fuse_count_cut(d->fuse, g->host, now.mono);
	d->count.cut++;
	cuts_event(d->cuts, c, CUT_EV_APPROVE, self,
		   g->handshake ? "its source is proven now by a completed handshake"
				: "its source is proven now: the switch confirms MAC, address and "
				  "port",
		   now);
}

/* A question that was only about the source is answered by a proof. */
static void answer_held(struct decide *d, struct host *h, struct cut *c,
			const struct request_context *rc)
{
	struct cut_target t, wide;
	struct guard_case g;

	if (c->held_for != GUARD_UNPROVEN_SOURCE ||
	    decide_mode(d, rc->scope, h, rc->now.wall) != MODE_AUTOMATIC)
		return;
	host_target(h, &rc->alert->host.ip, &t);
	wide = with_shown(d, h, &t, &rc->alert->host.ip);
	g = case_of_alert(d, h, rc, &wide);
	if (check(d, rc->scope, &g).answer == GUARD_CUT)
		approve_held(d, c, &t, &g, rc->now);
}

static const struct policy_scope *scope_named(const struct decide *d, const char *name)
{
	for (unsigned i = 0; i < d->policy->scopes_n; i++) {
		if (strcmp(d->policy->scopes[i].name, name) == 0)
			return &d->policy->scopes[i];
	}
	return NULL;
}

static void recheck_held(struct decide *d, struct cut *c, struct cut_now now)
{
	const struct incident *in = incidents_of_host(d->incidents, c->host_id);
	const struct policy_scope *s = scope_named(d, c->scope);
	struct host *h = hosts_by_id(d->hosts, c->host_id);
	struct host_ident ident;
	struct guard_case g;
	struct cut_target t, wide;

	if (!h || !in || !s || decide_mode(d, s, h, now.wall) != MODE_AUTOMATIC ||
	    in->proven < (c->causes & CAUSE_BIT(CAUSE_THREAT) ? s->cut_at : h->level))
		return;
	ident = host_ident_of(h);
	host_target(h, c->target.ips_n ? &c->target.ips[0] : &ident.ip, &t);
	wide = with_shown(d, h, &t, NULL);
	g = (struct guard_case){.target = &wide,
				.host = h->number,
				.inside = true,
				.binding = true,
				.mac_addresses = host_addresses(h),
				.threat_hosts = c->threat_hosts,
				.now = now.mono};
	find_exceptions(d, h, now.wall, &g);
	if (check(d, s, &g).answer == GUARD_CUT)
		approve_held(d, c, &t, &g, now);
}

static void settle_proof(struct decide *d, struct incident *i, bool moved, struct cut_now now)
{
	struct host *h = hosts_by_id(d->hosts, i->host_id);
	struct host_binding b = {d->policy->binding_age, i->unproven_since, now.wall};

	/* The switch did not speak of this host yet. */
	if (!moved && h && h->port_checked <= i->unproven_since && now.wall - b.since < b.age)
		return;
	if (!moved && h && host_binding_holds(h, &i->unproven_ip, &b) && i->unproven > i->proven) {
		i->proven = i->unproven;
		incidents_save(d->incidents, i, &d->e);
	}
	i->unproven_since = 0;
	i->unproven = LEVEL_UNSPECIFIED;
}

void decide_ports_checked(struct decide *d, bool moved, struct cut_now now)
{
	for (unsigned i = 0; i < incidents_count(d->incidents); i++) {
		if (incidents_at(d->incidents, i)->unproven_since)
			settle_proof(d, incidents_at(d->incidents, i), moved, now);
	}
	for (unsigned i = 0; i < cuts_count(d->cuts); i++) {
		struct cut *c = cuts_at(d->cuts, i);

		if (c->state == CUT_HELD && c->held_for == GUARD_UNPROVEN_SOURCE)
			recheck_held(d, c, now);
	}
}

static bool leaves(const struct cut *c)
{
	return c && (c->state == CUT_RELEASING || c->state == CUT_ENDING);
}

/* The host has an open cut, which is what the alert adds to. */
static void join_open(struct decide *d, struct host *h, struct cut *c,
		      const struct request_context *rc)
{
	if (c->state == CUT_HELD)
		answer_held(d, h, c, rc);
	else
		cuts_add_cause(d->cuts, c, CAUSE_THREAT, 0, self, "a threat was detected too",
			       rc->now);
}

/* ---- the three ways ---- */

void request_threat_cut(struct decide *d, struct host *h, const struct request_context *rc)
{
	enum policy_mode mode = decide_mode(d, rc->scope, h, rc->now.wall);
	enum level cut_at = rc->scope ? rc->scope->cut_at : LEVEL_DANGER;
	struct cut_target wide;
	struct guard_verdict v;
	struct guard_case g;
	struct cut c, *open;

	if (rc->incident->level < cut_at)
		return;
	/* What was seen before a person released the host does not cut it again, nor what is seen
	 * shortly after when the policy grants that. */
	if (rc->alert->time && h->released &&
	    rc->alert->time <= h->released + d->policy->release_grace) {
		d->count.stale++;
		return;
	}
	c = cut_of_host(d, h, rc->scope, &rc->alert->host.ip);
	open = cuts_of_host(d->cuts, h->id);
	if (!open)
		open = cuts_of_target(d->cuts, &c.target);
	if (open && !leaves(open)) {
		join_open(d, h, open, rc);
		return;
	}
	wide = with_shown(d, h, &c.target, &rc->alert->host.ip);
	g = case_of_alert(d, h, rc, &wide);
	g.own_cut = open ? open->id : 0;
	v = check(d, rc->scope, &g);
	/* One record a incident says why it was not cut. */
	if (event_of(&v, mode) != CUT_EV_REQUEST && event_of(&v, mode) != CUT_EV_HOLD) {
		if (rc->incident->marked)
			return;
		rc->incident->marked = true;
		incidents_save(d->incidents, rc->incident, &d->e);
	}
	describe_threat(&c, rc);
	open_cut(d, &c, open, &v, mode, rc->now);
}

void request_policy_cut(struct decide *d, struct host *h, enum cut_cause cause, uint64_t end,
			const char *reason, struct cut_now now)
{
	struct host_ident ident = host_ident_of(h);
	const struct policy_scope *s = decide_scope_of(d, h);
	enum policy_mode mode = decide_mode(d, s, h, now.wall);
	const struct incident *in = incidents_of_host(d->incidents, h->id);
	struct cut *open = cuts_of_host(d->cuts, h->id);
	struct cut_target wide;
	struct guard_verdict v;
	struct guard_case g;
	struct cut c;

	if (open && !leaves(open)) {
		cuts_add_cause(d->cuts, open, cause, end, self, reason, now);
		return;
	}
	if (mode < MODE_APPROVE)
		return;
	c = cut_of_host(d, h, s, &ident.ip);
	c.causes = CAUSE_BIT(cause);
	c.ends[cause] = end;
	c.reported = c.detected = now.wall;
	snprintf(c.reason, sizeof(c.reason), "%s", reason);
	snprintf(c.threat_id, sizeof(c.threat_id), "policy");
	wide = with_shown(d, h, &c.target, &ident.ip);
	g = (struct guard_case){.target = &wide,
				.host = h->number,
				.inside = s != NULL,
				.handshake = in && in->proven >= h->level,
				.mac_addresses = host_addresses(h),
				.own_cut = open ? open->id : 0,
				.now = now.mono};
	find_exceptions(d, h, now.wall, &g);
	v = check(d, s, &g);
	open_cut(d, &c, open, &v, mode, now);
}

/* ---- what persons order ---- */

static struct host *host_named(struct decide *d, const char *name)
{
	struct mac_addr mac;
	struct ip_addr ip;

	if (mac_addr_parse(name, &mac) == 0)
		return hosts_by_mac(d->hosts, &mac);
	if (ip_addr_parse(name, &ip) == 0)
		return hosts_by_ip(d->hosts, &ip);
	return hosts_by_id(d->hosts, name);
}

/* By host, or by the id of one of the cut's commands. */
static struct cut *cut_named(struct decide *d, const struct decide_order *o)
{
	struct host *h = host_named(d, o->host);
	struct cut_target t = {0};
	struct ip_addr ip;
	uint32_t number;
	uint64_t id;

	if (h && cuts_of_host(d->cuts, h->id))
		return cuts_of_host(d->cuts, h->id);
	if (cut_command_parse(o->mitigator, o->host, &id, &number)) {
		struct cut *c = cuts_find(d->cuts, id);

		return c && !cut_state_final(c->state) ? c : NULL;
	}
	if (mac_addr_parse(o->host, &t.mac) < 0 && ip_addr_parse(o->host, &ip) == 0)
		target_add_ip(&t, &ip);
	return t.ips_n || !mac_addr_is_zero(&t.mac) ? cuts_of_target(d->cuts, &t) : NULL;
}

/* A host that was never seen can be cut by its address all the same. */
static int target_named(struct decide *d, const char *name, struct cut *c, struct errmsg *e)
{
	struct host *h = host_named(d, name);
	struct host_ident ident;
	struct ip_addr ip;

	if (h) {
		ident = host_ident_of(h);
		if (ip_addr_parse(name, &ip) == 0)
			ident.ip = ip;
		*c = cut_of_host(d, h, decide_scope_of(d, h), &ident.ip);
		return 0;
	}
	if (mac_addr_parse(name, &c->target.mac) == 0) {
		take_ladder(d, NULL, c);
	} else if (ip_addr_parse(name, &ip) == 0) {
		target_add_ip(&c->target, &ip);
		take_ladder(d, policy_scope_of(d->policy, &ip), c);
	} else {
		return errmsg_set(e, ERR_NOTFOUND,
				  "\"%.64s\" is no host that was seen, no address and no MAC",
				  name);
	}
	snprintf(c->host_id, sizeof(c->host_id), "%.100s", name);
	return 0;
}

int decide_person_cuts(struct decide *d, const struct decide_order *o, struct cut_now now,
		       struct errmsg *e)
{
	struct cut *open = cut_named(d, o), c = {0};
	struct cut_target wide;
	struct guard_verdict v;
	struct guard_case g;
	struct host *h;

	if (open && open->state == CUT_HELD)
		return decide_person_answers(d, o, true, now, e);
	if (open && !leaves(open)) {
		cuts_add_cause(d->cuts, open, CAUSE_MANUAL, o->end, o->actor, o->reason, now);
		return 0;
	}
	if (target_named(d, o->host, &c, e) < 0)
		return ERR_NOTFOUND;
	wide = with_shown(d, hosts_by_id(d->hosts, c.host_id), &c.target, NULL);
	g = (struct guard_case){.target = &wide, .person = true, .now = now.mono};
	v = check(d, NULL, &g);
	if (v.answer != GUARD_CUT)
		return errmsg_set(e, ERR_DENIED, "not cut: %s", v.text);
	if (c.ladder_n == 0)
		return errmsg_set(e, ERR_INVALID, "not cut: no driver is configured");
	c.causes = CAUSE_BIT(CAUSE_MANUAL);
	c.ends[CAUSE_MANUAL] = o->end;
	c.approved = true;
	c.detected = c.reported = now.wall;
	snprintf(c.actor, sizeof(c.actor), "%s", o->actor);
	snprintf(c.reason, sizeof(c.reason), "%s", o->reason);
	snprintf(c.threat_id, sizeof(c.threat_id), "manual");
	open_cut(d, &c, open, &v, MODE_AUTOMATIC, now);
	h = hosts_by_id(d->hosts, c.host_id);
	return cuts_of_host(d->cuts, c.host_id) || h
		       ? 0
		       : errmsg_set(e, ERR_IO, "not cut: %s", d->e.text);
}

/* ---- what other systems order ---- */

/* That it names the host stands for the proof of a source; all else is as for an automatic cut. */
static struct guard_verdict check_program(struct decide *d, const struct host *h,
					  const struct cut_target *t, const struct cut *open,
					  struct cut_now now)
{
	const struct policy_scope *s = decide_scope_of(d, h);
	struct cut_target wide = with_shown(d, h, t, NULL);
	struct guard_case g = {.target = &wide,
			       .host = h->number,
			       .inside = s != NULL,
			       .handshake = true,
			       .mac_addresses = host_addresses(h),
			       .own_cut = open ? open->id : 0,
			       .now = now.mono};

	find_exceptions(d, h, now.wall, &g);
	return check(d, s, &g);
}

int decide_program_cuts(struct decide *d, const struct decide_order *o, struct cut_now now,
			struct cut **ret, struct errmsg *e)
{
	struct cut *open = cut_named(d, o), c = {0};
	struct host *h = host_named(d, o->host);
	const struct policy_scope *s = h ? decide_scope_of(d, h) : NULL;
	enum policy_mode mode = h ? decide_mode(d, s, h, now.wall) : MODE_MONITOR;
	struct guard_verdict v;

	*ret = open;
	if (open && !leaves(open)) {
		cuts_add_cause(d->cuts, open, CAUSE_PROGRAM, o->end, o->actor, o->reason, now);
		return 0;
	}
	if (!h || target_named(d, o->host, &c, e) < 0)
		return errmsg_set(
			e, ERR_NOTFOUND,
			"no sensor has seen a host \"%.64s\" (a person may order it by its "
			"address)",
			o->host);
	v = check_program(d, h, &c.target, open, now);
	if (v.answer == GUARD_REFUSE || v.answer == GUARD_EXCEPT)
		return errmsg_set(e, ERR_DENIED, "not cut: %s", v.text);
	if (mode < MODE_APPROVE)
		return errmsg_set(e, ERR_DENIED, "not cut: the mode is %s", policy_mode_text(mode));
	if (c.ladder_n == 0)
		return errmsg_set(e, ERR_DENIED, "not cut: no driver is configured");
	c.causes = CAUSE_BIT(CAUSE_PROGRAM);
	c.ends[CAUSE_PROGRAM] = o->end;
	c.detected = c.reported = now.wall;
	snprintf(c.actor, sizeof(c.actor), "%s", o->actor);
	snprintf(c.reason, sizeof(c.reason), "%s", o->reason);
	snprintf(c.threat_id, sizeof(c.threat_id), "program");
	open_cut(d, &c, open, &v, mode, now);
	*ret = cuts_of_host(d->cuts, c.host_id);
	if (leaves(*ret))
		return errmsg_set(e, ERR_AGAIN, "its release is under way; order it again then");
	return *ret ? 0 : errmsg_set(e, ERR_IO, "not cut: %s", d->e.text);
}

int decide_program_releases(struct decide *d, const struct decide_order *o, struct cut_now now,
			    struct cut **ret, struct errmsg *e)
{
	struct cut *c = *ret = cut_named(d, o);

	if (!c || c->state == CUT_RELEASING || c->state == CUT_ENDING)
		return 0;
	if (!(c->causes & CAUSE_BIT(CAUSE_PROGRAM)))
		return errmsg_set(e, ERR_DENIED,
				  "it was not cut by such an order (%s): a person releases it",
				  cut_cause_text((enum cut_cause)__builtin_ctz(c->causes)));
	cuts_drop_causes(d->cuts, c, CAUSE_BIT(CAUSE_PROGRAM), o->actor, o->reason, now);
	return 0;
}

/* ---- what the vendor orders ---- */

int decide_vendor_cuts(struct decide *d, const struct decide_order *o, bool ask, struct cut_now now,
		       struct cut **ret, struct errmsg *e)
{
	struct cut *open = cut_named(d, o), c = {0};
	struct host *h = host_named(d, o->host);
	struct guard_verdict v;

	*ret = open;
	if (open && !leaves(open)) {
		cuts_add_cause(d->cuts, open, CAUSE_VENDOR, o->end, o->actor, o->reason, now);
		return 0;
	}
	if (!h || target_named(d, o->host, &c, e) < 0)
		return errmsg_set(e, ERR_NOTFOUND, "no sensor has seen a host \"%.64s\"", o->host);
	v = check_program(d, h, &c.target, open, now);
	if (v.answer == GUARD_REFUSE || v.answer == GUARD_EXCEPT)
		return errmsg_set(e, ERR_DENIED, "not cut: %s", v.text);
	if (c.ladder_n == 0)
		return errmsg_set(e, ERR_DENIED, "not cut: no driver is configured");
	c.causes = CAUSE_BIT(CAUSE_VENDOR);
	c.ends[CAUSE_VENDOR] = o->end;
	c.detected = c.reported = now.wall;
	snprintf(c.actor, sizeof(c.actor), "%s", o->actor);
	snprintf(c.reason, sizeof(c.reason), "%s", o->reason);
	snprintf(c.threat_id, sizeof(c.threat_id), "vendor");
	open_cut(d, &c, open, &v, ask ? MODE_APPROVE : MODE_AUTOMATIC, now);
	*ret = cuts_of_host(d->cuts, c.host_id);
	if (leaves(*ret))
		return errmsg_set(e, ERR_AGAIN, "its release is under way; order it again then");
	return *ret ? 0 : errmsg_set(e, ERR_IO, "not cut: %s", d->e.text);
}

int decide_vendor_releases(struct decide *d, const struct decide_order *o, struct cut_now now,
			   struct errmsg *e)
{
	struct cut *c = cut_named(d, o);

	if (!c || leaves(c))
		return 0;
	if (!(c->causes & CAUSE_BIT(CAUSE_VENDOR)))
		return errmsg_set(e, ERR_DENIED,
				  "the vendor did not order it: a person releases it");
	cuts_drop_causes(d->cuts, c, CAUSE_BIT(CAUSE_VENDOR), o->actor, o->reason, now);
	return 0;
}

/* ---- persons again ---- */

int decide_person_releases(struct decide *d, const struct decide_order *o, struct cut_now now,
			   struct errmsg *e)
{
	struct cut *c = cut_named(d, o);
	struct host *h;

	if (!c)
		return errmsg_set(e, ERR_NOTFOUND, "\"%.64s\" is not cut", o->host);
	h = hosts_by_id(d->hosts, c->host_id);
	if (h) {
		h->released = now.wall;
		h->dirty = true;
		incidents_forgive(d->incidents, h->id, now.wall);
		if (c->causes & CAUSE_BIT(CAUSE_THREAT) && c->sent)
			decide_watch(d, h, now);
	}
	cuts_drop_causes(d->cuts, c, UINT32_MAX, o->actor, o->reason, now);
	return 0;
}

int decide_person_acts(struct decide *d, const struct decide_order *o, enum policy_action action,
		       const char *text, struct cut_now now, struct errmsg *e)
{
	struct host *h = host_named(d, o->host);
	struct decide_order until = *o;

	if (!h)
		return errmsg_set(e, ERR_NOTFOUND, "\"%.64s\" is no host that was seen", o->host);
	switch (action) {
	case ACTION_MAIL:
		d->sink.mail(d->sink.ctx, h, text);
		return 0;
	case ACTION_MESSAGE:
		d->sink.message(d->sink.ctx, h, text);
		return 0;
	case ACTION_COMMAND:
		d->sink.command(d->sink.ctx, h, text);
		return 0;
	case ACTION_PERMIT:
		return decide_person_releases(d, o, now, e);
	case ACTION_BLOCK:
		until.end = now.wall + policy_set_of(d->policy, decide_scope_of(d, h))->every;
		return decide_person_cuts(d, &until, now, e);
	default:
		return decide_person_cuts(d, o, now, e);
	}
}

enum decide_restored decide_restores(struct decide *d, const struct decide_restore *r,
				     struct cut_now now)
{
	uint32_t causes =
		CAUSE_BIT(CAUSE_THREAT) | CAUSE_BIT(CAUSE_POLICY) | CAUSE_BIT(CAUSE_BLOCK);
	struct host *h = mac_addr_is_zero(r->mac) ? hosts_by_ip(d->hosts, r->ip)
						  : hosts_by_mac(d->hosts, r->mac);
	struct cut_target t = {.mac = *r->mac};
	struct cut *c;

	if (mac_addr_is_zero(r->mac))
		target_add_ip(&t, r->ip);
	c = h ? cuts_of_host(d->cuts, h->id) : NULL;
	if (!c)
		c = cuts_of_target(d->cuts, &t);
	if (!c || strcmp(c->threat_id, r->threat) != 0 || c->state == CUT_RELEASING ||
	    c->state == CUT_ENDING)
		return RESTORE_NOT_CUT;
	if (strcmp(r->threat, "manual") == 0)
		causes |= CAUSE_BIT(CAUSE_MANUAL);
	if (h) {
		h->released = now.wall;
		h->dirty = true;
	}
	if (c->causes & ~causes) {
		cuts_drop_causes(d->cuts, c, causes, r->actor, r->reason, now);
		return RESTORE_KEPT;
	}
	cuts_drop_causes(d->cuts, c, causes, r->actor, r->reason, now);
	return RESTORE_RELEASED;
}

/* Where two persons must say yes, the first is noted; the same person twice is one. */
static bool needs_another(struct decide *d, struct cut *c, const char *actor, struct errmsg *e)
{
	const struct policy_scope *s = scope_named(d, c->scope);

	if (e)
		e->text[0] = 0;
	if (!s || s->approvals < 2)
		return false;
	if (c->first_yes[0] && !policy_same_person(d->policy, c->first_yes, actor))
		return false;
	if (c->first_yes[0])
		errmsg_set(e, ERR_DENIED,
			   "%s said yes already: a second person must, too (scope %s)", actor,
			   s->name);
	else
		cuts_first_yes(d->cuts, c, actor);
	return true;
}

int decide_person_answers(struct decide *d, const struct decide_order *o, bool yes,
			  struct cut_now now, struct errmsg *e)
{
	struct cut *c = cut_named(d, o);
	struct cut_target wide;
	struct guard_verdict v;
	struct guard_case g;

	if (!c || c->state != CUT_HELD)
		return errmsg_set(e, ERR_NOTFOUND, "\"%.64s\" waits for no answer", o->host);
	if (!yes) {
		cuts_event(d->cuts, c, CUT_EV_REFUSE, o->actor, o->reason, now);
		return 0;
	}
	/* What is protected stays so, whoever says yes. */
	wide = with_shown(d, hosts_by_id(d->hosts, c->host_id), &c->target, NULL);
	g = (struct guard_case){.target = &wide, .person = true, .now = now.mono};
	v = check(d, NULL, &g);
	if (v.answer != GUARD_CUT)
		return errmsg_set(e, ERR_DENIED, "not cut: %s", v.text);
	if (needs_another(d, c, o->actor, e))
		return e && e->text[0] ? ERR_DENIED : DECIDE_ONE_OF_TWO;
	c->approved = true;
	snprintf(c->actor, sizeof(c->actor), "%s", o->actor);
	cuts_event(d->cuts, c, CUT_EV_APPROVE, o->actor, o->reason, now);
	return 0;
}
