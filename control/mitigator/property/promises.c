#include "control/mitigator/property/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 5 }; /* a block grows no more after so many */

void broken(const struct site *s, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "case %llu: ", (unsigned long long)s->case_number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

struct told *told_of(struct site *s, uint64_t cut)
{
	if (cut < s->first_cut || cut - s->first_cut >= CUTS_TOLD)
		broken(s, "more cuts than the test holds");
	return &s->told[cut - s->first_cut];
}

static bool touches(const struct cut_target *t, const struct machine *m)
{
	return (!mac_addr_is_zero(&t->mac) && mac_addr_eq(&t->mac, &m->mac)) ||
	       target_has_ip(t, &m->ip);
}

/* ---- who is cut ---- */

static void check_target(const struct site *s, const struct cut *c)
{
	char name[TARGET_NAME];

	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (!touches(&c->target, m))
			continue;
		/* Who is behind a box that nobody knows shows only by and by: check_box. */
		if (s->nat && m->behind_router)
			continue;
		if (m->guarded)
			broken(s, "the protected machine %u is cut as %s", i,
			       target_text(&c->target, name));
		if (!m->guilty && !c->approved && !(s->nat && i == 0))
			broken(s, "the innocent machine %u is cut automatically as %s (%s)", i,
			       target_text(&c->target, name), c->note);
		if (m->role == ROLE_PERHAPS && !c->approved)
			broken(s, "machine %u, which perhaps is a server, is cut automatically", i);
		if (c->whole_port && mac_addr_eq(&c->target.mac, &m->mac) &&
		    (m->phone || m->beside || m->stale))
			broken(s, "the port of machine %u is cut whole: %s", i,
			       m->phone	   ? "an IP phone is there"
			       : m->beside ? "somebody protected is there"
					   : "nobody knows the port");
		if (c->whole_port && m->shared && !m->behind_router)
			broken(s, "the port of machine %u is cut whole, others are behind it", i);
	}
}

/* A box that nobody knows, with more addresses behind it than one host has. */
static void check_box(const struct site *s, const struct cut *c)
{
	unsigned n = 0;

	if (!s->nat || !mac_addr_eq(&c->target.mac, &s->machines[0].mac))
		return;
	for (unsigned i = 0; i < s->n; i++)
		n += mac_addr_eq(&s->machines[i].mac, &c->target.mac) && s->machines[i].fresh;
	if (n > s->router_addresses)
		broken(s, "a box with %u addresses behind it is cut automatically, over %u it asks",
		       n, s->router_addresses);
}

/* A repeat offender's block lasts twice as long each time. */
static void check_repeat(struct site *s, const struct cut *c)
{
	const struct told *own = told_of(s, c->id);
	uint64_t least = s->policy->sets[0].every;
	unsigned before = 0;

	if (c->causes != CAUSE_BIT(CAUSE_BLOCK))
		return;
	for (unsigned i = 0; i < CUTS_TOLD && s->told[i].state; i++)
		before += &s->told[i] != own && s->told[i].host == own->host && s->told[i].sent;
	for (unsigned i = 0; i < before && i < REPEATS; i++)
		least *= 2;
	if (c->ends[CAUSE_BLOCK] < s->now.wall + least)
		broken(s, "the %u. block of a host lasts %llu s, not %llu s at least", before + 1,
		       (unsigned long long)((c->ends[CAUSE_BLOCK] - s->now.wall) / NS_PER_SEC),
		       (unsigned long long)(least / NS_PER_SEC));
}

/* Hosts automatically cut within any window up to now. */
static void check_fuse(struct site *s, const struct cut *c)
{
	struct host *h = hosts_by_id(s->d.hosts, c->host_id);
	uint64_t number = h ? h->number : 0;
	unsigned within = 0;

	if (s->orders_n == ORDERS_MAX)
		broken(s, "more orders than the test holds");
	for (unsigned i = 0; i < s->orders_n; i++) {
		if (s->orders[i].host == number)
			s->orders[i].time = 0; /* a host is one host */
		within += s->orders[i].time && s->now.mono - s->orders[i].time < s->fuse_window;
	}
	s->orders[s->orders_n++] = (struct order){s->now.mono, number};
	if (within + 1 > s->fuse_hosts)
		broken(s, "%u hosts are cut within the window, %u may be", within + 1,
		       s->fuse_hosts);
}

static void check_share(struct site *s)
{
	unsigned cut = 0, most = hosts_count(s->d.hosts) * s->share / 100;

	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		const struct cut *c = cuts_at(s->d.cuts, i);

		cut += c->counted && (cut_state_in_force(c->state) || c->state == CUT_REQUESTED);
	}
	if (cut > (most ? most : 1))
		broken(s, "%u of %u hosts are cut at once, more than %u %%", cut,
		       hosts_count(s->d.hosts), s->share);
}

/* Machines that the threat certainly hit within the window. */
static void check_mass(struct site *s)
{
	bool hit[MACHINES_MAX] = {false};
	unsigned n = 0;

	for (unsigned i = 0; s->alert && i < s->hits_n; i++) {
		const struct hit *h = &s->hits[i];

		if (h->sid != s->alert->sid || s->now.mono - h->time >= s->mass_window)
			continue;
		n += !hit[h->machine];
		hit[h->machine] = true;
	}
	if (n > s->mass_hosts)
		broken(s, "a threat that hit %u hosts at once cuts, over %u it must ask", n,
		       s->mass_hosts);
}

/* Nobody said yes: everything must allow it. */
static void check_automatic(struct site *s, const struct cut *c)
{
	if (s->mode != MODE_AUTOMATIC)
		broken(s, "a host is cut automatically in mode %s", policy_mode_text(s->mode));
	if (s->d.kill_switch)
		broken(s, "a host is cut automatically though the kill switch stands");
	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (m->spared && touches(&c->target, m) &&
		    !(s->nat && m->behind_router && !m->fresh))
			broken(s, "machine %u is cut against a never-block exception", i);
	}
	for (unsigned i = 0; s->alert && c->causes & CAUSE_BIT(CAUSE_THREAT) && i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (!m->behind_router && mac_addr_eq(&m->mac, &c->target.mac) &&
		    s->alert->time <= m->released)
			broken(s, "what was seen before a person released machine %u cuts it again",
			       i);
	}
	check_fuse(s, c);
	check_share(s);
	if (c->causes & CAUSE_BIT(CAUSE_THREAT))
		check_mass(s);
	check_box(s, c);
}

/* ---- what happens to a cut ---- */

static void on_order(void *ctx, const struct cut *c, unsigned method)
{
	struct site *s = ctx;

	check_target(s, c);
	told_of(s, c->id)->held |= 1u << method;
}

static void on_undo(void *ctx, const struct cut *c, unsigned method)
{
	struct site *s = ctx;

	if (s->away[method])
		return;
	told_of(s, c->id)->held &= ~(1u << method);
	cuts_result(s->d.cuts,
		    &(struct cut_result){c->id, c->number, method, true, CUT_ANSWER_DONE, "gone"},
		    s->now);
}

static void check_end(struct site *s, const struct cut *c, enum cut_state from)
{
	struct told *t = told_of(s, c->id);
	bool safe = strstr(c->note, "judged safe") != NULL;

	if (c->state == CUT_ENDING && t->threat)
		broken(s, "a threat's cut ends by itself");
	if (c->state == CUT_ENDING && cut_end(c) > s->now.wall)
		broken(s, "a cut ends %llu s early",
		       (unsigned long long)((cut_end(c) - s->now.wall) / NS_PER_SEC));
	if ((c->state == CUT_RELEASING || c->state == CUT_RELEASED) && from < CUT_RELEASING &&
	    t->threat && safe)
		broken(s, "permit at safe lifts a threat's cut");
	if ((c->state == CUT_RELEASING || c->state == CUT_RELEASED) && from < CUT_RELEASING &&
	    !s->person && !safe && !strstr(c->note, "protected now"))
		broken(s, "a cut is released, and nobody did: %s", c->note);
	if (cut_state_final(c->state) && t->held)
		broken(s, "a cut that is %s still stands at a method", cut_state_text(c->state));
	s->ended += c->state == CUT_EXPIRED;
}

/* Where two must say yes, two have. */
static void check_yes(struct site *s, const struct cut *c)
{
	if (s->approvals < 2 || !s->person)
		return;
	if (!c->first_yes[0] || strcmp(c->first_yes, s->person) == 0)
		broken(s, "one person said yes, two must");
}

static uint64_t number_of(struct site *s, const struct cut *c)
{
	struct host *h = hosts_by_id(s->d.hosts, c->host_id);

	return h ? h->number : 0;
}

static void remember(struct site *s, const struct cut *c)
{
	struct told *t = told_of(s, c->id);

	t->end = cut_end(c);
	if (c->causes)
		t->threat = c->causes & CAUSE_BIT(CAUSE_THREAT);
	t->state = c->state;
	t->sent = t->sent || c->sent;
	t->host = number_of(s, c);
}

static void on_changed(void *ctx, const struct cut *c, enum cut_state from)
{
	struct site *s = ctx;
	char name[TARGET_NAME];
	bool again = from == CUT_RELEASING || from == CUT_ENDING;

	if (s->loud)
		printf("%.3f cut %llu of %s: %s -> %s: %s\n", (double)s->now.mono / 1e9,
		       (unsigned long long)c->id, target_text(&c->target, name),
		       cut_state_text(from), cut_state_text(c->state), c->note);
	if (c->counted && !c->approved &&
	    (c->state == CUT_REQUESTED || (again && c->state == CUT_SENT))) {
		s->automatic++;
		s->again += again;
		check_automatic(s, c);
	}
	told_of(s, c->id)->host = number_of(s, c);
	if (c->state == CUT_REQUESTED && from == CUT_NEW && !s->person)
		check_repeat(s, c);
	if (c->state == CUT_REQUESTED && from == CUT_HELD)
		check_yes(s, c);
	/* Nothing new is tried while the kill switch stands. */
	if (c->state == CUT_SENT && !c->approved && s->d.kill_switch &&
	    (from == CUT_REQUESTED || from == CUT_STILL_SEEN || from == CUT_FAILED))
		broken(s, "a cut that was %s is ordered though the kill switch stands",
		       cut_state_text(from));
	s->held += c->state == CUT_HELD;
	check_end(s, c, from);
	remember(s, c);
}

static void on_cut(void *ctx, const struct cut *c)
{
}

static void on_watch(void *ctx, const struct cut *c, bool on)
{
}

struct cut_sink promises_sink(struct site *s)
{
	return (struct cut_sink){on_cut, on_order, on_undo, on_watch,	on_cut,
				 on_cut, on_cut,   on_cut,  on_changed, s};
}

/* The switch knows its ports, and forgets nobody. */
struct port_facts promises_port(void *ctx, const struct cut_target *t)
{
	struct site *s = ctx;

	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];
		struct port_facts f = {
			.known = !m->stale, .phone = m->phone, .protected_mac = m->beside};

		if (m->behind_router || !mac_addr_eq(&m->mac, &t->mac))
			continue;
		for (unsigned k = 0; k < s->n; k++) {
			f.macs += !s->machines[k].behind_router &&
				  strcmp(s->machines[k].port, m->port) == 0;
			f.protected_mac =
				f.protected_mac || (s->machines[k].guarded &&
						    strcmp(s->machines[k].port, m->port) == 0);
		}
		f.uplink = m->port[0] == 'u';
		return f;
	}
	return (struct port_facts){0};
}

/* ---- as time passes ---- */

void promises_check(struct site *s)
{
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		const struct cut *c = cuts_at(s->d.cuts, i);

		if (cut_state_final(c->state))
			continue;
		remember(s, c);
		if (c->state != CUT_ENDING && c->state != CUT_RELEASING && cut_end(c) &&
		    s->now.wall > cut_end(c) + NS_PER_SEC)
			broken(s, "a cut that is %s goes on after its end",
			       cut_state_text(c->state));
		/* What has no end has a date at which a person is asked to look, and it is renewed.
		 */
		if (c->state >= CUT_SENT && c->state < CUT_RELEASING && !cut_end(c) &&
		    (!c->review || s->now.wall > c->review + NS_PER_SEC))
			broken(s, "a cut that is %s has no end, and nobody is asked to look",
			       cut_state_text(c->state));
		if (c->state == CUT_HELD && (!c->review || s->now.wall > c->review + NS_PER_SEC))
			broken(s, "a question waits for ever");
		if (c->causes & CAUSE_BIT(CAUSE_BLOCK) && !c->ends[CAUSE_BLOCK])
			broken(s, "a block without an end");
	}
}

void promises_clock(struct site *s, int64_t delta)
{
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		const struct cut *c = cuts_at(s->d.cuts, i);
		struct told *t = told_of(s, c->id);

		if (cut_state_final(c->state))
			continue;
		remember(s, c);
		t->end += t->end ? (uint64_t)delta : 0;
	}
	s->now.wall += (uint64_t)delta;
	decide_clock_set(&s->d, delta, s->now);
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		const struct cut *c = cuts_at(s->d.cuts, i);

		if (!cut_state_final(c->state) && cut_end(c) != told_of(s, c->id)->end)
			broken(s, "the clock was set, and a cut's length changed");
	}
}

void promises_end(struct site *s)
{
	if (cuts_count(s->d.cuts))
		broken(s, "%u cuts stay after a person released all: %s", cuts_count(s->d.cuts),
		       cut_state_text(cuts_at(s->d.cuts, 0)->state));
	for (unsigned i = 0; i < CUTS_TOLD && s->told[i].state; i++) {
		if (s->told[i].held)
			broken(s, "cut %llu has no owner and still stands at a method",
			       (unsigned long long)(s->first_cut + i));
	}
}
