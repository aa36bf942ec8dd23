/* A random site, what may happen to it, and what must hold whatever happens (Q3-Q9). The truth
 * about machines is kept apart from what decide knows. Private to the property test. */
#pragma once

#include <sqlite3.h>

#include "control/mitigator/decide.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

enum {
	MACHINES_MAX = 40,
	STORM_MAX = 90,
	FUSE_MAX = 8,
	ORDERS_MAX = 4096,
	CUTS_TOLD = 2048, /* cuts of one case */
	SIDS = 6,
	HITS_MAX = 1024,
	METHODS = 2,
};

/* The truth about a machine, which decide does not know. */
struct machine {
	struct mac_addr mac;
	struct ip_addr ip;
	bool guilty, guarded, behind_router;
	bool silent;	      /* a protected one, named by its address alone and not seen yet */
	struct ip_addr other; /* ... but for this one, which nobody named; all zero: none */
	bool shown;	      /* it was seen with the address that is protected */
	bool by_mac;	      /* protected by its MAC alone */
	enum { ROLE_NO, ROLE_PERHAPS, ROLE_SURE } role; /* that a sensor tells of it */
	/* Of its port, as the switch has it: an IP phone was heard, somebody protected is there
	 * whom its table does not have, the port itself is not known. */
	bool phone, beside, stale;
	bool fresh;	   /* behind the router, and its address was seen with the router's MAC */
	bool spared;	   /* a never-block exception names its address */
	bool shared;	   /* another machine is behind the same port, or it is an uplink */
	uint64_t released; /* wall, when a person last said it was safe */
	char port[24];
};

/* What the test remembers of a cut: ends by its own clocks, causes, where it stands. */
struct told {
	uint64_t end;
	bool threat, sent;
	uint64_t host;
	unsigned held; /* methods that hold it */
	enum cut_state state;
};

struct order {
	uint64_t time, host;
};

struct hit {
	uint64_t time;
	unsigned sid, machine;
};

struct site {
	uint64_t random;
	struct machine machines[MACHINES_MAX];
	unsigned n, fuse_hosts, share, mass_hosts, approvals, router_addresses;
	bool nat; /* the router is nobody's that people know of */
	enum policy_mode mode;
	uint64_t fuse_window, mass_window, case_number;
	sqlite3 *db;
	struct cut_store *store;
	struct cuts_setup setup;
	struct decide d;
	struct policy *policy;
	struct cut_now now;
	struct order orders[ORDERS_MAX]; /* automatic ones */
	unsigned orders_n;
	struct hit hits[HITS_MAX];
	unsigned hits_n;
	struct told told[CUTS_TOLD];
	uint64_t first_cut;	   /* number of the case's first */
	unsigned struck;	   /* alerts so far */
	const struct alert *alert; /* that is being decided on */
	const char *person;	   /* who acts now; NULL: nobody */
	bool away[METHODS];	   /* it confirms nothing */
	uint64_t automatic, held, ended, again;
	bool loud;
	bool moved; /* a MAC was on two ports since the last look */
};

/* site.c */
uint64_t site_roll(struct site *s);
unsigned below(struct site *s, unsigned n);
bool chance(struct site *s, unsigned percent);
void site_set_up(struct site *s);
void site_begin(struct site *s);
void site_end(struct site *s);
void site_done(struct site *s);
/* As a kill -9 and a new start would: only what is stored is left. */
void site_restart(struct site *s);
/* People write one more machine into the protected list. */
void site_protect_one(struct site *s);

/* storm.c */
void storm(struct site *s);

/* promises.c */
__attribute__((format(printf, 2, 3))) _Noreturn void broken(const struct site *s, const char *fmt,
							    ...);
struct cut_sink promises_sink(struct site *s);
struct port_facts promises_port(void *ctx, const struct cut_target *t);
/* After time has passed. */
void promises_check(struct site *s);
/* Sets the clock by `delta`. */
void promises_clock(struct site *s, int64_t delta);
/* At the end of all. */
void promises_end(struct site *s);
struct told *told_of(struct site *s, uint64_t cut);
