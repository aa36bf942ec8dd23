/* Hosts of the site: which MAC, addresses and switch port belong together, since when and by what
 * proof. The identity is the MAC; a host known by address only (behind a router) is its address.
 *
 * A pair of MAC and address is proven by ARP, ND or DHCP, or by a completed handshake where nothing
 * speaks against it. An address that two MACs claim is contested: then it proves nothing, for one
 * of them may be forged (Q8). Owner: the mitigator's loop. Times: ns since 1970. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/host/facts.h"
#include "control/mitigator/policy/judge.h"
#include "control/mitigator/quarantine/target.h"
#include "control/wire/message.h"

enum {
	HOSTS_MAX = 32768, /* the one unseen for longest goes, unless it is held */
	HOST_TEXT = 64,
	HOST_DISPUTED = 6,
};

struct host_ip {
	struct ip_addr ip;
	uint64_t first_seen, last_seen;
	uint64_t proven; /* when it last was, 0: never */
};

struct host {
	char id[24]; /* "host-000017" */
	uint64_t number;
	struct mac_addr mac; /* all zero: known by address only */
	struct host_ip ips[TARGET_IPS];
	unsigned ips_n;
	uint32_t vlan;
	char name[HOST_TEXT], user[HOST_TEXT], vendor[HOST_TEXT], sensor[HOST_TEXT];
	char os[HOST_TEXT], role[HOST_TEXT]; /* as name and user: the best of `facts` */
	struct host_facts facts;
	char switch_name[TARGET_TEXT], switch_port[TARGET_TEXT];
	uint64_t port_since;   /* it is on this port, 0: not known */
	uint64_t port_checked; /* the switch said so last, and no MAC had moved; not stored */
	uint64_t contested;    /* another MAC claimed one of its addresses last */
	/* It showed these while another's claim stood. The first stay: a forger must not be able to
	 * push out what the host itself showed. */
	struct ip_addr disputed[HOST_DISPUTED];
	unsigned disputed_n;
	uint64_t introduced; /* ARP, ND or DHCP first gave its MAC an address, 0: never yet */
	bool router;	     /* a role says so */
	uint64_t released;   /* a person released it: older alerts do not cut it again */
	uint64_t watched;    /* it was treated and is judged more strictly until then */
	uint64_t first_seen, last_seen, alerts;
	enum level level; /* of the last judgement */
	uint64_t level_since, judge_due;
	struct judge_run run;
	unsigned pins; /* open incidents and cuts: it is not evicted */
	bool dirty;    /* not stored yet */
	uint64_t saved;
};

struct hosts;

struct hosts *hosts_new(void);
void hosts_free(struct hosts *t);
unsigned hosts_count(const struct hosts *t);
struct host *hosts_at(struct hosts *t, unsigned i); /* in no order */
struct host *hosts_by_mac(struct hosts *t, const struct mac_addr *mac);
struct host *hosts_by_ip(struct hosts *t, const struct ip_addr *ip);
struct host *hosts_by_id(struct hosts *t, const char *id);
/* Puts a stored host back; NULL when there is no room or it is there. */
struct host *hosts_restore(struct hosts *t, const struct host *h);

/* How sure it is that the host is who the alert's frames say. */
struct host_proof {
	bool pair; /* MAC and address belong together, nothing speaks against it */
	char doubt[128];
};

/* The host an alert is about, made when it is new. NULL: no address, or no room. */
struct host *hosts_note_alert(struct hosts *t, const struct alert *a, const char *sensor,
			      uint64_t now, struct host_proof *ret);
/* One fact; NULL when it is about no host. */
struct host *hosts_note_fact(struct hosts *t, const struct host_fact *f, const char *sensor,
			     uint64_t now);
/* The switch was asked at `now` and says that the MAC is on that port. */
void hosts_note_port(struct hosts *t, const struct mac_addr *mac, const char *switch_name,
		     const char *port, uint64_t now);
/* MACs moved between ports: no binding is older than this. */
void hosts_ports_moved(struct hosts *t, const char *switch_name, uint64_t now);

/* MAC, address and port have been together for `age`, nobody contested it, and the switch confirmed
 * it after `since`, when a frame of the host was seen: a forged MAC would have shown as a move
 * (Q8). */
struct host_binding {
	uint64_t age, since, now;
};

bool host_binding_holds(const struct host *h, const struct ip_addr *ip,
			const struct host_binding *b);
/* What to cut: the MAC and the proven addresses; of a router's MAC only `ip`. */
void host_target(const struct host *h, const struct ip_addr *ip, struct cut_target *ret);
/* Addresses seen behind the MAC. */
unsigned host_addresses(const struct host *h);
/* For messages; points into the host. */
struct host_ident host_ident_of(const struct host *h);
