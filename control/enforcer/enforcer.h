/* banken-enforcer: takes signed orders from its mitigator, keeps what it holds across everything,
 * and has the firewall hold it. A connection lost for days changes nothing in what is cut. */
#pragma once

#include "control/enforcer/carry.h"
#include "control/enforcer/held.h"
#include "control/enforcer/settings.h"
#include "control/wire/box.h"
#include "control/wire/link.h"
#include "control/wire/local.h"
#include "control/wire/presence.h"

enum { ENFORCER_PENDING = 8192, ENFORCER_MESSAGE_TEXT = 256 };

/* An order whose transaction is under way. */
struct pending {
	uint64_t token;
	char id[ACCEPT_ID_MAX];
	bool release;
	bool told_failed;
};

struct enforcer {
	struct enforcer_settings settings;
	struct accept_rules rules;
	struct log log;
	struct loop *loop;
	struct presence presence;
	struct tls_keys *keys;
	struct spool *spool;
	struct link *link;
	struct box *box; /* our certificate is renewed by way of the mitigator */
	struct held *held;
	struct carry *carry;
	struct notice_config notice_config;
	struct helper notice; /* fd -1: no page */
	struct local_server *local;
	struct loop_timer beat, rebuild;

	struct pending pending[ENFORCER_PENDING];
	size_t pending_n;
	uint64_t token;	   /* of the last transaction */
	uint64_t fresh;	   /* token of the rebuild under way, 0: none */
	uint64_t drifted;  /* when the tables were found changed last, monotonic */
	bool broken;	   /* the last rebuild failed: tried again */
	char trouble[256]; /* why */
	struct {
		uint64_t accepted, refused, again, expired, rebuilt, drift;
	} count;

	/* Changes of the transaction being made by `store`. */
	struct nft_change changes[ENFORCER_PENDING];
	struct nft_host hosts[ENFORCER_PENDING];
	size_t changes_n;
	bool whole; /* a change cannot be made alone: everything is laid anew */

	struct nft_count *counts; /* gathered until the last packet */
	size_t counts_n, counts_cap;
};

/* order.c */
struct link_ops orders_ops(struct enforcer *e);
/* Tells the mitigator; stored until it has it. */
void orders_tell(struct enforcer *e, const char *id, const struct held_answer *a,
		 const struct held_cut *cut);

/* `id` is answered when the next transaction is in force. */
void orders_await(struct enforcer *e, const char *id, bool release);

/* enforce.c */
/* At start: what is held is laid, what was under way is answered. */
int enforce_take_up(struct enforcer *e, struct errmsg *err);
void enforce_changes(struct enforcer *e);
/* Lays all tables anew from what is held. */
void enforce_rebuild(struct enforcer *e);
struct carry_ops enforce_ops(struct enforcer *e);
/* status.c */
int status_listen(struct enforcer *e, struct errmsg *err);
