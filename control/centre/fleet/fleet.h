/* The centre's fleet: who is enrolled and trusted (C1), which files each box has in force and how
 * new ones are rolled out (C7, E5). One thread: the loop's. */
#pragma once

#include <jansson.h>

#include "control/centre/fleet/door.h"
#include "control/centre/watch/duty.h"
#include "control/wire/audit.h"
#include "control/wire/link.h"
#include "control/wire/local.h"
#include "control/wire/spool.h"

struct fleet;
struct rollouts;

struct fleet_setup {
	struct loop *loop;
	const struct log *log;
	struct store *store;
	struct spool *spool;
	struct tls_keys *keys;
	const char *keys_folder;
	const char *folder; /* of the files to be rolled out */
	struct helper *ca;  /* fd -1: nobody is enrolled here */
	uint64_t life_s;    /* of certificates */
	uint64_t stale_s;   /* silence after which a box is stale */
	struct audit *audit;
	const struct duty *duty; /* NULL: alone */
};

struct fleet *fleet_new(const struct fleet_setup *setup, struct errmsg *e);
/* The server that the boxes dial; it is made after the fleet. */
void fleet_serve(struct fleet *f, struct link_server *server);
void fleet_delete(struct fleet *f);

/* For link_ops.stranger. */
void fleet_stranger(void *fleet, struct tls_conn *conn, const char *where);
/* A box is there: false when it may not be (the caller drops it). */
bool fleet_up(struct fleet *f, const struct identity *peer);
/* A connection of that box is over. */
void fleet_down(struct fleet *f, const struct identity *peer);
/* For link_ops.passing. */
void fleet_passing(struct fleet *f, const struct identity *peer, struct slice payload);
/* What a box says, within the transaction that stores it. 0 also for what is none of the fleet's.
 */
int fleet_message(struct fleet *f, const char *peer, const struct message *m, struct errmsg *e);

/* Where the bytes of a file lie that can be rolled out. */
void fleet_path(const struct fleet *f, const char *sha256, char ret[512]);
/* Commands of the local socket and the pages. Each takes "customer" ("" = all), which the pages set
 * from the account. */
json_t *fleet_do_enrol(void *fleet, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e);
json_t *fleet_do_read(void *fleet, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e);
json_t *fleet_do_change(void *fleet, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);
