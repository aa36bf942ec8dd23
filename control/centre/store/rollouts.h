/* Files, configuration versions and roll-outs in the store. Times are ns since 1970. */
#pragma once

#include "control/centre/fleet/rollout.h"
#include "control/centre/store/fleet.h"

int rollout_tables(struct store *s, struct errmsg *err);

/* ---- files: kept beside the store under their SHA-256 ---- */

struct fleet_file {
	char sha256[FLEET_HEX], kind[16], version[64];
	uint64_t size, made;
	char author[WIRE_NAME_MAX], reason[FLEET_WORDS];
};

int fleet_file_put(struct store *s, const struct fleet_file *f, struct errmsg *err);
/* By hash, or by kind and version. 1: found. */
int fleet_file_find(struct store *s, const char *sha256, const char *kind, const char *version,
		    struct fleet_file *ret, struct errmsg *err);
json_t *fleet_files(struct store *s, struct errmsg *err);

/* ---- configuration: documents by scope ("fleet", "customer:ID", "site:NAME", "box:NAME") ---- */

/* The new version's number, or an error. */
int64_t config_put(struct store *s, const char *scope, const char *body, const char *author,
		   const char *reason, uint64_t now, struct errmsg *err);
struct config_version {
	char scope[WIRE_NAME_MAX + 16], state[16]; /* draft, approved, refused */
	char author[WIRE_NAME_MAX], reviewer[WIRE_NAME_MAX];
	uint64_t version;
	char *body; /* the caller's to free */
};
/* 1: found. */
int config_find(struct store *s, const char *scope, uint64_t version, struct config_version *ret,
		struct errmsg *err);
int config_review(struct store *s, const char *scope, uint64_t version, bool approved,
		  const char *reviewer, const char *note, uint64_t now, struct errmsg *err);
json_t *configs(struct store *s, const char *customer, const char *scope, struct errmsg *err);
/* Which version of a scope a box has, 0 none; and says so. */
uint64_t config_layer(struct store *s, const char *box, const char *scope, struct errmsg *err);
int config_layer_set(struct store *s, const char *box, const char *scope, uint64_t version,
		     struct errmsg *err);

/* ---- what boxes have ---- */

int fleet_has_set(struct store *s, const char *box, const char *kind, const char *sha256,
		  const char *version, struct errmsg *err);
int fleet_has(struct store *s, const char *box, const char *kind, char ret_sha256[FLEET_HEX],
	      char ret_version[64], struct errmsg *err);

/* It is another machine now: nothing of ours is in force there. */
int fleet_has_nothing(struct store *s, const char *box, struct errmsg *err);

/* ---- roll-outs ---- */

/* What the engine does not need to know. */
struct rollout_about {
	char kind[16], version[64];
	char scope[WIRE_NAME_MAX + 16]; /* whom it is for; of configuration also which */
	char sha256[FLEET_HEX];		/* of files, else "" */
	char author[WIRE_NAME_MAX], reason[FLEET_WORDS];
	uint64_t made;
};

int64_t rollout_new_id(struct store *s, struct errmsg *err);
int rollout_put(struct store *s, const struct rollout *r, const struct rollout_about *a,
		struct errmsg *err);
int rollout_keep(struct store *s, const struct rollout *r, struct errmsg *err);
struct rollout_box_more {
	char sha256[FLEET_HEX], version[64]; /* it was offered */
	char was_sha256[FLEET_HEX], was_version[64];
	uint64_t was_layer;
	char text[256]; /* what it said */
};
int rollout_box_keep(struct store *s, uint64_t id, const struct rollout_box *b,
		     const struct rollout_box_more *m, struct errmsg *err);
/* Calls for each kept roll-out, oldest first, with its boxes; `r` is the callee's then. */
int rollout_each(struct store *s,
		 int (*take)(void *ctx, struct rollout *r, const struct rollout_about *a,
			     struct rollout_box_more *more),
		 void *ctx, struct errmsg *err);
