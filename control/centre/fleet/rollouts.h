/* Roll-outs at work: the engine (rollout.h) with the store, the boxes' health and the link. Private
 * to the fleet, but for rollouts_add_file. */
#pragma once

#include <jansson.h>

#include "control/centre/store/rollouts.h"
#include "control/wire/artefact.h"

enum {
	ROLLOUTS_MOST = 256, /* that are looked after; the oldest that are over go */
	ROLLOUTS_TURN_S = 2,
	ROLLOUTS_FORGET_S = 30, /* without a word a box's health is not known */
};

struct fleet;
struct rollouts;

struct rollouts *rollouts_new(struct fleet *f, struct errmsg *e);
void rollouts_delete(struct rollouts *r);

/* A box is there. */
void rollouts_up(struct rollouts *r, const struct identity *peer);
void rollouts_down(struct rollouts *r, const char *peer);
/* That name is a machine that has nothing yet. */
void rollouts_anew(struct rollouts *r, const char *box);
void rollouts_want(struct rollouts *r, const char *peer, const struct artefact_want *w);
int rollouts_result(struct rollouts *r, const char *peer, const struct artefact_result *a,
		    struct errmsg *e);
int rollouts_health(struct rollouts *r, const char *peer, const struct report *report,
		    struct errmsg *e);
int rollouts_versions(struct rollouts *r, const char *peer,
		      const struct component_version_list *list, struct errmsg *e);

/* "what": files, configurations ("scope"), diff ("scope", "from", "to"), rollouts, rollout ("id"),
 * keys. */
json_t *rollouts_read(struct rollouts *r, const json_t *request, struct errmsg *e);
/* "what": file ("kind", "version", "path"), configuration ("scope", "body", "reason"), review
 * ("scope", "version", "approve", "note"), rollout ("kind", "version" or "scope" and "version",
 * "customer", "site", "role", "group", "rings", "soak_s", "limit"), pause, resume, stop, back
 * ("id"), group ("box", "group"). */
json_t *rollouts_change(struct rollouts *r, const json_t *request, const char *actor,
			struct errmsg *e);
