/* Shared by config.c and rollouts.c. */
#pragma once

#include "control/centre/fleet/rollouts.h"

enum { CONFIG_SCOPES = 4, CONFIG_SCOPE = WIRE_NAME_MAX + 16 };

/* The scopes of a box, the widest first. */
void config_scopes(const struct fleet_box *b, char ret[CONFIG_SCOPES][CONFIG_SCOPE]);
json_t *config_write(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e);
json_t *config_judge(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e);
json_t *config_compare(struct fleet *f, const json_t *request, struct errmsg *e);
/* The box's whole document with `scope` at `version`, as a file; size 0: nothing is left. */
int config_document(struct fleet *f, const struct fleet_box *box, const char *scope,
		    uint64_t version, struct fleet_file *ret, struct errmsg *e);

/* Takes the file at `path` (it is moved) under its hash, and notes it. */
int rollouts_keep_file(struct fleet *f, const char *path, const struct fleet_file *file,
		       struct errmsg *e);
