/* Carries changes out in a helper process that alone may touch the firewall (CAP_NET_ADMIN). The
 * program's side queues and never blocks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/enforcer/nft.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct carry;

struct carry_ops {
	/* The transaction with that token is in force, or failed with the sentence. */
	void (*done)(void *ctx, uint64_t token, bool ok, const char *sentence);
	/* Counters, `last` with the last of them; `wrong`: the tables are not as they should be. */
	void (*counts)(void *ctx, const struct nft_count *c, size_t n, bool last,
		       const char *wrong);
	/* The helper crashed and runs again: no transaction under way will be answered. */
	void (*restarted)(void *ctx);
	/* The helper is gone for good. */
	void (*lost)(void *ctx);
	void *ctx;
};

/* Forks: before threads, keys and the loss of rights. */
struct carry *carry_start(const struct nft_layout *layout, const char *user, struct errmsg *e);
/* Joins the loop. */
int carry_attach(struct carry *c, struct loop *loop, const struct log *log,
		 const struct carry_ops *ops);
void carry_stop(struct carry *c);

/* One transaction: begin, changes, end; `done` comes with its token. ERR_NOMEM. */
int carry_begin(struct carry *c, bool fresh);
int carry_change(struct carry *c, enum nft_op op, const struct nft_host *host);
int carry_end(struct carry *c, uint64_t token);
/* Asks for counters unless an answer is still awaited. */
void carry_ask_counts(struct carry *c);
