/* What a box (a sensor or mitigator) does for the centre that manages it: renews its certificate in
 * time, trusts whom the centre says (a new CA, revoked certificates), takes files into force
 * (artefact.h). One thread: the loop's. */
#pragma once

#include <jansson.h>

#include "control/wire/artefact.h"

enum {
	BOX_LOOK_MOST_S = 3600, /* between two looks at the certificate's dates */
	BOX_ASK_S = 60,		/* between two requests for a new one, at least ... */
	BOX_LIFE_SHARE = 20,	/* ... or this part of its life */
	BOX_LAST_TRIES = 4,	/* in what is left, when that is less than either */
};

struct box_setup {
	struct loop *loop;
	const struct log *log;
	struct tls_keys *keys;
	const char *keys_folder;
	const char *folder; /* of artefacts */
	const struct artefact_handler *handlers;
	size_t n_handlers;
	/* To the centre: kept until it has it (0 = kept), or now or never. */
	int (*send)(void *ctx, const struct message *m, struct errmsg *e);
	bool (*pass)(void *ctx, const struct message *m);
	/* The keys were read again; with `own` our certificate is a new one. For
	 * link_keys_changed. */
	void (*keys_changed)(void *ctx, bool own);
	void *ctx;
};

struct box;

struct box *box_new(const struct box_setup *setup, struct errmsg *e);
void box_delete(struct box *b);

/* A message of the centre; true when it was the box's. `*ret_rc` (numbered messages): ERR_IO when
 * the disk refused and it must come again. */
bool box_take(struct box *b, const struct message *m, int *ret_rc, struct errmsg *e);
void box_passing(struct box *b, const struct message *m);
/* The link to the centre is there. */
void box_up(struct box *b);

struct artefact_box *box_artefacts(struct box *b);
/* Versions in force, for health reports: at most ARTEFACT_KINDS; how many. Text lives until the
 * next call. */
size_t box_versions(struct box *b, struct component_version *ret);
/* What an operator must know: one sentence, "" = nothing. */
const char *box_problem(const struct box *b);
/* {"certificate_until", "trust", "artefacts", "problem"} */
json_t *box_json(const struct box *b);
