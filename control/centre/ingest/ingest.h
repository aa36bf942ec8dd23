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
	/* Something of a peer's came; may be NULL. */
	void (*changed)(void *ctx, const char *peer, unsigned parts); /* set of enum ingest_part */
	void *ctx;
};

enum ingest_part {
	INGEST_ALERTS = 1,
	INGEST_INCIDENTS = 2,
	INGEST_HOSTS = 4,
	INGEST_CUTS = 8,
	INGEST_SENSORS = 16,
	INGEST_EMERGENCIES = 32,
	INGEST_MANDATES = 64,
};

/* For link_setup.ops: store, up and down, with `ingest` as their ctx. */
struct link_ops ingest_ops(struct ingest *in);
