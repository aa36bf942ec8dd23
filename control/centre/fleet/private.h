/* Shared by the files of the fleet. */
#pragma once

#include "control/centre/fleet/fleet.h"
#include "dataplane/base/clock.h"

struct fleet {
	struct fleet_setup setup;
	char folder[512]; /* setup.folder */
	struct link_server *server;
	struct door *door;
	struct enrol enrol;
	struct loop_timer timer; /* the centre's own certificate */
	struct rollouts *rollouts;
	char problem[256];
};

/* Who did what into the centre's audit log; `detail` is given away. */
void fleet_audit(void *fleet, const char *actor, const char *what, json_t *detail);
/* Who asks: the account, or the user of the socket. */
void fleet_actor(const struct local_peer *peer, char ret[64]);
const char *fleet_text(const json_t *request, const char *key);

/* trust.c */
/* A certificate was revoked, or a CA changed: our own keys are read again, who may not speak is cut
 * off, everybody is told. */
void fleet_trust_changed(struct fleet *f);
/* A box gets the trust that is in force, if it has not got it. */
void fleet_trust_send(struct fleet *f, const char *name);
int fleet_trust_result(struct fleet *f, const char *peer, const struct trust_result *r,
		       struct errmsg *e);
json_t *fleet_rotate(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e);
void fleet_own_certificate(struct fleet *f);
/* At the start: our folder says whom we trust as the store and the CA do. */
int fleet_trust_begin(struct fleet *f, struct errmsg *e);
