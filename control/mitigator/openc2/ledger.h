/* The commands that were taken, by sender and id, in the mitigator's database. Private to
 * consumer.c. */
#pragma once

#include "control/mitigator/openc2/consumer.h"

struct ledger;

enum { LEDGER_DIGEST = 65 };

struct ledger_entry {
	char actor[64], id[OPENC2_REQUEST], digest[LEDGER_DIGEST], host[OPENC2_HOST], reason[160];
	enum openc2_action action;
	uint64_t time, start, end; /* ns since 1970; start 0: begun */
	uint64_t cut;		   /* 0: none */
	unsigned status;	   /* of a refusal, 0: look at the cut */
	char text[OPENC2_TEXT];
};

struct ledger *ledger_new(sqlite3 *db, struct errmsg *e);
void ledger_free(struct ledger *l);
/* ERR_NOTFOUND. */
int ledger_find(struct ledger *l, const char *actor, const char *id, struct ledger_entry *ret);
int ledger_save(struct ledger *l, const struct ledger_entry *en, struct errmsg *e);
void ledger_forget(struct ledger *l, const char *actor, const char *id);
/* The next one whose time has come. ERR_NOTFOUND. */
int ledger_due(struct ledger *l, uint64_t now, struct ledger_entry *ret);
unsigned ledger_waiting(struct ledger *l);
