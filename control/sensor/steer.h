/* What the centre steers on this sensor: its certificate, whom it trusts, and the part of its
 * configuration that may be set from there (managed.h). A configuration version is tried by
 *starting everything but the process again; whatever goes wrong, the one before is in force
 *afterwards.
 *
 *	STATE/managed.yaml     in force, laid over the sensor's own file
 *	STATE/managed.new      to be tried at the next start
 *	STATE/managed.trying   is being tried: found at a start, the try killed the program */
#pragma once

#include "control/sensor/conf.h"
#include "control/sensor/deployed.h"
#include "control/sensor/firmware.h"
#include "control/sensor/outbox.h"
#include "control/wire/box.h"

struct steer;

/* What became of a try; lies with who starts again. */
struct steer_try {
	char failed[ARTEFACT_HASH]; /* SHA-256 of the version that could not be used, "" = none */
	char why[256];
};

/* At each start, before anything is made of `conf`: lays the version in force, or the one to be
 * tried, over it. `base`: the sensor's own. */
void steer_apply(const struct conf *base, struct config *memory, struct conf *conf,
		 const struct log *log, struct steer_try *try);
/* Everything runs: what was tried is in force. */
void steer_works(const struct conf *conf, const struct log *log);
/* It does not start with it; true when there was something that was tried and is taken back. */
bool steer_take_back(const struct conf *conf, const char *why, struct steer_try *try);

struct steer_setup {
	struct loop *loop;
	const struct log *log;
	struct tls_keys *keys;
	const struct conf *conf;
	struct outbox *outbox;
	const struct steer_try *try;
	struct deployed *deployed; /* takes rule sets; NULL: they are refused */
	struct firmware *firmware; /* takes releases of the box; NULL: they are refused */
	void (*again)(void *ctx);  /* start again, with the new configuration */
	void *ctx;
};

struct steer *steer_new(const struct steer_setup *setup, struct errmsg *e);
void steer_delete(struct steer *s);
struct box *steer_box(struct steer *s);

/* For the link to the centre. */
void steer_passing(void *steer, struct slice payload);
