#include "control/mitigator/quarantine/guard.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const words[GUARD_REASON_COUNT] = {
	[GUARD_FINE] = "fine",
	[GUARD_NO_ADDRESS] = "no-address",
	[GUARD_PROTECTED] = "protected",
	[GUARD_PERHAPS_PROTECTED] = "perhaps-protected",
	[GUARD_NEVER_BLOCK] = "never-block",
	[GUARD_OUTSIDE] = "outside",
	[GUARD_KILL_SWITCH] = "kill-switch",
	[GUARD_MANY_ADDRESSES] = "many-addresses",
	[GUARD_UNPROVEN_SOURCE] = "unproven-source",
	[GUARD_MASS_HIT] = "mass-hit",
	[GUARD_FUSE_WINDOW] = "fuse-window",
	[GUARD_FUSE_SHARE] = "fuse-share",
};

const char *guard_reason_text(enum guard_reason r)
{
	return r < GUARD_REASON_COUNT ? words[r] : "unknown";
}

__attribute__((format(printf, 3, 4))) static struct guard_verdict verdict(enum guard_answer answer,
									  enum guard_reason reason,
									  const char *fmt, ...)
{
	struct guard_verdict v = {.answer = answer, .reason = reason};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v.text, sizeof(v.text), fmt, ap);
	va_end(ap);
	return v;
}

static bool has_address(const struct cut_target *t)
{
	return mac_addr_is_host(&t->mac) || t->ips_n > 0;
}

/* What holds whoever orders it. */
static struct guard_verdict check_never(const struct protect *protect, const struct guard_case *c)
{
	const struct protect_entry *e = protect_find(protect, c->target);

	if (!has_address(c->target))
		return verdict(GUARD_REFUSE, GUARD_NO_ADDRESS,
			       "no address that belongs to one host is known");
	if (e && e->source != PROTECT_PROPOSED)
		return verdict(GUARD_REFUSE, GUARD_PROTECTED, "protected as %s (%s%s%s)", e->role,
			       protect_source_text(e->source), e->note[0] ? ": " : "", e->note);
	/* What a person may order, a person may also order by the address. */
	if (c->unknown && c->person)
		return verdict(GUARD_REFUSE, GUARD_PERHAPS_PROTECTED,
			       "its MAC was never seen with an address and could be that of the "
			       "protected %s: order it by its address, or write that %s's MAC into "
			       "the protected list",
			       c->unknown->role, c->unknown->role);
	if (c->never_block)
		return verdict(GUARD_EXCEPT, GUARD_NEVER_BLOCK,
			       "a never-block exception covers the host");
	if (e && !c->person)
		return verdict(GUARD_HOLD, GUARD_PERHAPS_PROTECTED,
			       "perhaps a %s (%s), which a person must decide", e->role, e->note);
	return verdict(GUARD_CUT, GUARD_FINE, "allowed");
}

/* What holds an automatic cut back until a person has looked. */
static struct guard_verdict check_automatic(const struct fuse *fuse, const struct guard_case *c)
{
	const struct fuse_limits *l = fuse_get_limits(fuse);

	if (c->kill_switch)
		return verdict(GUARD_HOLD, GUARD_KILL_SWITCH, "the kill switch stands");
	if (!c->inside)
		return verdict(GUARD_HOLD, GUARD_OUTSIDE, "the host is not of a monitored network");
	if (c->perhaps_excepted)
		return verdict(GUARD_HOLD, GUARD_UNPROVEN_SOURCE,
			       "an address that is never to be blocked was seen behind its MAC and "
			       "behind another: one of the two is forged");
	if (c->mac_addresses > c->mac_addresses_max)
		return verdict(GUARD_HOLD, GUARD_MANY_ADDRESSES,
			       "%u addresses were seen behind its MAC (more than %u: a router or "
			       "a forger)",
			       c->mac_addresses, c->mac_addresses_max);
	if (!c->handshake && !c->binding)
		return verdict(GUARD_HOLD, GUARD_UNPROVEN_SOURCE,
			       "no completed handshake and no learnt MAC/IP/port binding: the "
			       "source could be forged");
	if (c->unknown)
		return verdict(GUARD_HOLD, GUARD_UNPROVEN_SOURCE,
			       "its MAC was never seen with an address and could be that of the "
			       "protected %s, whose MAC is not known",
			       c->unknown->role);
	if (fuse_is_mass(fuse, c->threat_hosts))
		return verdict(GUARD_HOLD, GUARD_MASS_HIT,
			       "the threat hit %u hosts within %llu s (more than %u)",
			       c->threat_hosts,
			       (unsigned long long)(l->mass_window_ns / 1000000000), l->mass_hosts);
	if (!fuse_has_room(fuse, c->host, c->now))
		return verdict(GUARD_HOLD, GUARD_FUSE_WINDOW,
			       "the fuse: %u hosts were cut within %llu s (at most %u)",
			       fuse_used(fuse, c->now),
			       (unsigned long long)(l->window_ns / 1000000000), l->hosts);
	if (!fuse_share_allows(fuse, c->segment_hosts, c->segment_cut))
		return verdict(GUARD_HOLD, GUARD_FUSE_SHARE,
			       "the fuse: %u of the segment's %u hosts are cut (at most %u %%)",
			       c->segment_cut, c->segment_hosts, l->share_percent);
	return verdict(GUARD_CUT, GUARD_FINE, "allowed");
}

struct guard_verdict guard_check(const struct protect *protect, const struct fuse *fuse,
				 const struct guard_case *c)
{
	struct guard_verdict v = check_never(protect, c);

	if (v.answer != GUARD_CUT || c->person)
		return v;
	return check_automatic(fuse, c);
}

bool guard_port_allowed(const struct port_facts *p)
{
	return p->known && !p->uplink && !p->phone && p->macs == 1 && !p->protected_mac;
}

char *guard_port_text(const struct port_facts *p, const char *port, char *ret, size_t cap)
{
	if (!p->known)
		snprintf(ret, cap, "the port is not known");
	else if (p->uplink)
		snprintf(ret, cap, "port %s is an uplink, which is never cut", port);
	else if (p->phone)
		snprintf(ret, cap, "an IP phone is at port %s: it would be cut with the host",
			 port);
	else if (p->protected_mac)
		snprintf(ret, cap, "somebody who is protected is behind port %s", port);
	else if (p->macs != 1)
		snprintf(ret, cap,
			 "%u hosts are behind port %s: all of them would be cut with the one",
			 p->macs, port);
	else
		snprintf(ret, cap, "%s", "");
	return ret;
}
