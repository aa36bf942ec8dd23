/* The contract of drivers: whatever carries a cut out. Each is one folder and one const descriptor;
 * drivers.c lists them. A driver that runs programs or needs rights is served by a helper process
 * (HELPER, blocking); one that talks to another program of ours fills a message (LINK).
 *
 * Every verb is idempotent: the same order again gives the same answer and changes nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/helper/privs.h"
#include "control/mitigator/quarantine/target.h"
#include "control/wire/message.h"

enum {
	DRIVER_EXEMPTS = 64,  /* prefixes left reachable */
	DRIVER_RESOLVES = 8,  /* neighbours whose hardware address may be asked for */
	DRIVER_UPLINKS = 32,  /* ports named as uplinks */
	DRIVER_ARGUMENTS = 8, /* of an operator's command */
	DRIVER_DEVICES = 64,  /* of one driver for switches */
	DRIVER_WORDS = 8,     /* of a list of words */
	DRIVER_NAMES = 32,    /* never sinkholed */
	DRIVER_ITEMS = 1024,  /* of one packet of a list; longer lists come in several */
	DRIVER_BATCH = 64,    /* releases at once */
	DRIVERS_MAX = 16,     /* configured drivers of one mitigator */
	DRIVER_NAME = 32,
	DRIVER_ID = 96, /* a command's id */
};

enum driver_verb {
	DRIVER_APPLY = 1,
	DRIVER_RELEASE,
	DRIVER_LIST,  /* the cuts it holds now, with their drop counters */
	DRIVER_PORTS, /* where each MAC is */
};

enum driver_outcome {
	DRIVER_DONE = 1,
	DRIVER_REFUSED, /* it will not, and asking again does not help */
	DRIVER_FAILED,	/* it could not */
	DRIVER_AWAY,	/* not reachable now */
};

struct driver_prefix {
	struct ip_addr addr;
	uint8_t bits; /* of the 128 */
};

/* Plain old data: crosses a socketpair to a helper of the same program. */
struct driver_order {
	enum driver_verb verb;
	uint64_t cut;	 /* the mitigator's number of the cut, under 2^48 */
	uint32_t number; /* of the command within the cut */
	struct cut_target target;
	bool whole_port; /* the port may be cut, not only the MAC */
	bool block;	 /* ends by itself (Q3) */
	bool retry;	 /* it had no effect before: what stands already is ordered anew */
	enum command_cause cause;
	uint64_t lease_expires; /* ns since 1970; 0: never */
	uint64_t issued, order_expires, review;
	uint8_t exempts_n, resolves_n;
	struct driver_prefix exempts[DRIVER_EXEMPTS];
	struct ip_addr resolves[DRIVER_RESOLVES];
	char command_id[DRIVER_ID], replaces[DRIVER_ID];
	char threat_id[DRIVER_ID], actor[DRIVER_ID], reason[256];
	char host[TARGET_TEXT]; /* its name, "" not known */
	char url[128];		/* that the threat concerned, or a name; "" none */
};

struct driver_held {
	uint64_t cut;
	uint64_t drops; /* frames of the host, or to it, that were dropped */
	struct mac_addr mac;
};

struct driver_port {
	struct mac_addr mac;
	uint16_t vlan;
	bool uplink;
	char port[TARGET_TEXT];
};

struct driver_answer {
	enum driver_verb verb;
	enum driver_outcome outcome;
	uint64_t cut;
	uint32_t number;
	uint64_t drops;
	/* PORTS: how often MACs moved between ports so far; a change within the time that a binding
	 * must prove means that it proves nothing. */
	uint64_t moves;
	uint16_t items_n;
	bool last;	/* no further packet of this answer */
	char text[256]; /* one sentence for people */
	union {
		struct driver_held held[DRIVER_ITEMS];
		struct driver_port ports[DRIVER_ITEMS];
	};
};

/* One configured driver. Unused members are "" or 0. */
struct driver_config {
	char name[DRIVER_NAME]; /* by which ladders name it */
	char type[DRIVER_NAME]; /* the descriptor's name */
	uint32_t timeout_ms;	/* of one order */
	/* openvswitch */
	char bridge[TARGET_TEXT], folder[128]; /* of its sockets */
	char uplinks[DRIVER_UPLINKS][TARGET_TEXT];
	uint8_t uplinks_n;
	uint16_t priority; /* of its flows */
	/* command */
	char program[256], arguments[DRIVER_ARGUMENTS][128];
	uint8_t arguments_n;
	/* enforcer, reset: the name in its certificate, "" = all of them */
	char peer[DRIVER_NAME * 2];
	/* radius, snmp */
	char devices[DRIVER_DEVICES][TARGET_TEXT];
	uint8_t devices_n;
	char order[DRIVER_NAME];
	uint16_t vlan, normal_vlan;
	char secret_file[256]; /* shared secret, community */
	char book[256];	       /* file of what is cut and what was there before */
	/* radius */
	char vendor[DRIVER_NAME], mac_format[DRIVER_NAME], sessions[256];
	char identify[DRIVER_WORDS][DRIVER_NAME];
	uint8_t identify_n;
	bool proxy_state, shared_book; /* the book is read by a RADIUS server */
	/* snmp */
	char version[8], user[DRIVER_NAME], auth[DRIVER_NAME], privacy[DRIVER_NAME];
	char auth_file[256], privacy_file[256], port_lists[DRIVER_NAME];
	bool accept_plain;
	uint32_t bounce_ms;
	/* openc2; `order` too */
	char url[256], ca_file[256], cert_file[256], key_file[256], token_file[256];
	char asset_id[64], target[DRIVER_NAME];
	/* sinkhole */
	char server[DRIVER_NAME], zone_file[256], zone[TARGET_TEXT], control[256], pid_file[256];
	char resolver[TARGET_TEXT], sinkhole[2][TARGET_TEXT], never[DRIVER_NAMES][128];
	uint8_t sinkhole_n, never_n;
};

enum driver_place { DRIVER_HELPER, DRIVER_LINK };

/* A message with room for what it points to. */
struct driver_letter {
	struct message message;
	char texts[DRIVER_EXEMPTS][IP_PREFIX_TEXT];
	const char *exempt[DRIVER_EXEMPTS];
	struct ip_addr more[TARGET_IPS];
};

/* Receives an answer's packets on the helper's side. */
struct driver_sink {
	void (*answer)(struct driver_sink *s, const struct driver_answer *a);
};

struct driver_desc {
	const char *name;
	const char *summary; /* one line for `banken quarantine methods` */
	enum driver_place place;
	bool holds;	   /* a cut stays until it is released; otherwise it only ends sessions */
	bool has_ports;	   /* answers DRIVER_PORTS */
	uint32_t list_ms;  /* between looks at what it holds */
	bool unprivileged; /* HELPER: needs no right that the mitigator itself has not */
	cap_mask keep;	   /* HELPER: capabilities all the same */
	enum sandbox_list sandbox; /* HELPER: what it may ask of the kernel */
	/* Not NULL: it cuts nobody, but goes beside the ladder with every cut that it wants. */
	bool (*wants)(const struct driver_config *c, const struct driver_order *o);
	/* One sentence when the configuration cannot work. */
	int (*check)(const struct driver_config *c, struct errmsg *e);
	/* What a person should be warned of at the start; NULL: nothing. */
	const char *(*warning)(const struct driver_config *c);
	/* HELPER: carries out, may block for c->timeout_ms; answers through the sink. `scratch` is
	 * an answer to fill. */
	void (*run)(const struct driver_config *c, const struct driver_order *o,
		    struct driver_answer *scratch, struct driver_sink *sink);
	/* HELPER, may be NULL: up to DRIVER_BATCH releases at once, each answered on its own. */
	void (*release_many)(const struct driver_config *c, const struct driver_order *orders,
			     unsigned n, struct driver_answer *scratch, struct driver_sink *sink);
	/* LINK: fills the message that orders it; ERR_UNSUPPORTED for a verb without one. */
	int (*letter)(const struct driver_config *c, const struct driver_order *o,
		      struct driver_letter *ret);
};

/* NULL when there is no such driver. */
const struct driver_desc *driver_find(const char *type);
const struct driver_desc *driver_at(unsigned i); /* NULL behind the last */
const char *driver_outcome_text(enum driver_outcome o);

/* Orders in the sequence they came: one that a later one of the same cut makes needless goes (as if
 * it had been lost: who ordered it does not wait), releases come first. How many are left. */
unsigned driver_orders_sort(struct driver_order *orders, unsigned n);
/* A helper's `serve`: arg is the driver_config. Reads orders until the program is gone. */
void driver_serve(int fd, void *arg);
/* Bytes of an answer's packet, and whether `n` bytes that came are one. */
size_t driver_answer_size(const struct driver_answer *a);
bool driver_answer_check(const struct driver_answer *a, size_t n);
/* For run(): one packet without items. */
void driver_say(struct driver_sink *sink, struct driver_answer *a, enum driver_outcome outcome,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
