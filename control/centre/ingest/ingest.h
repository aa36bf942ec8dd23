/* What arrives from sensors and mitigators -> store, each message once. */
#pragma once

#include "control/centre/fleet/fleet.h"
#include "control/centre/store/store.h"
#include "control/wire/link.h"

struct ingest {
	struct store *store;
	const struct log *log;
	struct loop *loop;
	struct fleet *fleet;	    /* may be NULL */
	struct link_server *server; /* set when there is one */
	uint64_t stored, malformed, foreign;
	bool told_full; /* that the disk is */
	/* What a mitigator says of an order of ours; may be NULL. */
	void (*status)(void *ctx, const char *mitigator, const struct command_status *s);
	void *ctx;
};

/* For link_setup.ops: store, up and down, with `ingest` as their ctx. */
struct link_ops ingest_ops(struct ingest *in);
