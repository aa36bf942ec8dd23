/* Orders of other systems (a SOAR) in OpenC2 1.0: from a request's bytes to an order and its
 * answer. Knows no HTTP and no drivers: it calls `openc2_ops`. What it may, is decided by those as
 * for an automatic cut. Each command is remembered by its id (of its sender): sent again it changes
 * nothing and is answered with how things stand now, which is how a sender waits for "verified".
 *
 *   query features
 *   deny, contain   device, mac_addr, ipv4_net, ipv6_net (one host)     cut
 *   allow           the same                                            take back one's own cut
 *   delete          slpf:rule_number                                    the same, by its number
 *   cancel          command                                             the same, or forget one
 * that has not begun Owner: the mitigator's loop; the caller's transaction. */
#pragma once

#include <sqlite3.h>

#include "control/mitigator/openc2/message.h"
#include "control/mitigator/quarantine/state.h"

enum {
	OPENC2_KEPT = 20000,	   /* commands remembered; the oldest that are done go */
	OPENC2_WAITING = 1000,	   /* that begin later */
	OPENC2_A_MINUTE = 6000,	   /* commands taken, as the API has it: 1,000 releases fit */
	OPENC2_AHEAD_S = 31536000, /* start_time, stop_time and duration reach no further */
	OPENC2_PERMITTED = 32,	   /* addresses that an order wants left reachable */
	OPENC2_HOST = 128,
};

struct openc2_prefix {
	struct ip_addr addr;
	uint8_t bits; /* of the 128 */
};

struct openc2_order {
	char host[OPENC2_HOST]; /* MAC, address or a host's id; "": by the cut's number */
	uint64_t cut;
	const char *actor, *reason;
	uint64_t end; /* ns since 1970, 0: until it is taken back */
	struct openc2_prefix permitted[OPENC2_PERMITTED];
	unsigned permitted_n;
};

/* How a cut stands. */
struct openc2_state {
	enum cut_state state;
	bool others; /* stands also because of somebody else */
	char command_id[96], method[32], note[256];
};

struct openc2_ops {
	/* The turn's transaction. */
	int (*begin)(void *ctx, struct errmsg *e);
	int (*commit)(void *ctx, struct errmsg *e);
	/* A host's id by its name or id. ERR_NOTFOUND, ERR_INVALID when several have the name. */
	int (*find)(void *ctx, const char *text, bool is_name, char ret[OPENC2_HOST],
		    struct errmsg *e);
	/* ERR_UNSUPPORTED when addresses are to be left reachable that the policy cuts off. The
	 * cut's number; of a release 0 when nothing was cut. */
	int (*cut)(void *ctx, const struct openc2_order *o, uint64_t *ret, struct errmsg *e);
	int (*release)(void *ctx, const struct openc2_order *o, uint64_t *ret, struct errmsg *e);
	int (*look)(void *ctx, uint64_t cut, struct openc2_state *ret, struct errmsg *e);
	/* Within the transaction. Takes `detail`. */
	void (*audit)(void *ctx, const char *actor, const char *what, json_t *detail);
	void *ctx;
};

struct openc2_consumer;

/* `name`: ours, told in "from". The database stays the caller's and must outlive it. */
struct openc2_consumer *openc2_consumer_new(sqlite3 *db, const char *name,
					    const struct openc2_ops *ops, struct errmsg *e);
void openc2_consumer_free(struct openc2_consumer *c);

struct openc2_asking {
	struct slice body;
	const char *type, *id; /* Content-Type, X-Request-ID; "" none */
	const char *account;   /* "": nobody known */
	const char *from;      /* address, for the audit */
	bool may_see, may_order;
	uint64_t now; /* ns since 1970 */
};

struct openc2_reply {
	unsigned status; /* of OpenC2; of HTTP the same, but 200 for 102 and 204 without text */
	const char *type;
	char *text; /* malloc'ed; NULL: nothing is to be said */
	char id[OPENC2_REQUEST];
};

void openc2_consumer_answer(struct openc2_consumer *c, const struct openc2_asking *q,
			    struct openc2_reply *ret);
/* Commands whose time has come, within the caller's transaction; every second or so is enough. */
void openc2_consumer_tick(struct openc2_consumer *c, uint64_t now);
