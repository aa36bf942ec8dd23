/* Whether a host may be cut (Q6-Q8). Pure over what it is given, so that a property test can try
 * any topology; the order of the checks is the order of importance. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/quarantine/fuse.h"
#include "control/mitigator/quarantine/protect.h"
#include "control/mitigator/quarantine/target.h"

enum guard_answer {
	GUARD_CUT,
	GUARD_HOLD,   /* ask a person */
	GUARD_REFUSE, /* never, not even when a person agrees */
	GUARD_EXCEPT, /* a never-block exception */
};

enum guard_reason {
	GUARD_FINE,
	GUARD_NO_ADDRESS,	 /* nothing that belongs to one host */
	GUARD_PROTECTED,	 /* on the protected list */
	GUARD_PERHAPS_PROTECTED, /* a role that was learnt, but not for sure */
	GUARD_NEVER_BLOCK,	 /* exception */
	GUARD_OUTSIDE,		 /* not a host of this site */
	GUARD_KILL_SWITCH,	 /* people have stopped all cuts */
	GUARD_MANY_ADDRESSES,	 /* a router or a forger: one MAC, many addresses */
	GUARD_UNPROVEN_SOURCE,	 /* could be forged */
	GUARD_MASS_HIT,
	GUARD_FUSE_WINDOW,
	GUARD_FUSE_SHARE,
	GUARD_REASON_COUNT
};

struct guard_case {
	const struct cut_target *target;
	/* Protected by its address, its MAC nobody knows, and the target's MAC could be it. */
	const struct protect_entry *unknown;
	bool person;		/* a person ordered or approved it */
	bool inside;		/* of a monitored network */
	bool never_block;	/* an exception in force covers it */
	bool perhaps_excepted;	/* by an address that another MAC claims, too */
	bool kill_switch;	/* stands */
	bool handshake;		/* a completed TCP handshake proves the source */
	bool binding;		/* the learnt MAC/IP/port binding holds */
	uint32_t mac_addresses; /* addresses seen behind the MAC */
	uint32_t mac_addresses_max;
	uint32_t threat_hosts; /* hosts the threat hit within the mass window */
	uint32_t segment_hosts, segment_cut;
	uint64_t own_cut; /* its own, on the way out and wanted again: not counted; 0: none */
	uint64_t host;	  /* its number, for the fuse */
	uint64_t now;	  /* monotonic, ns */
};

struct guard_verdict {
	enum guard_answer answer;
	enum guard_reason reason;
	char text[256]; /* one sentence */
};

struct guard_verdict guard_check(const struct protect *protect, const struct fuse *fuse,
				 const struct guard_case *c);
const char *guard_reason_text(enum guard_reason r); /* "unproven-source" */

/* What the switch knows of a port. */
struct port_facts {
	bool known;
	bool uplink;	    /* configured, or a neighbour switch was heard */
	bool phone;	    /* an IP phone was heard there: the PC is behind it */
	uint32_t macs;	    /* behind it */
	bool protected_mac; /* one of them is protected */
};

/* A whole port may be cut only when nobody but the host is behind it (uplinks, many MACs, the PC
 * behind a phone); otherwise the MAC alone. */
bool guard_port_allowed(const struct port_facts *p);
/* Why not, in one sentence; "" when it may. Returns ret. */
char *guard_port_text(const struct port_facts *p, const char *port, char *ret, size_t cap);
