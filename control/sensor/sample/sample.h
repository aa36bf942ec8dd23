/* Files carved from traffic, handed over on a person's order (E4). The order comes signed from the
 * mitigator; what may leave is this sensor's own word (`samples.file-types`, which the centre
 * cannot set): refused with a sentence otherwise. What leaves is sealed for one public key, so that
 * neither mitigator nor centre can read it, and every order, refusal and hand-over is a line of
 * STATE/custody.log, each bound to the one before. One thread. */
#pragma once

#include <jansson.h>

#include "control/sensor/conf.h"
#include "control/sensor/outbox.h"
#include "control/wire/log.h"
#include "control/wire/message.h"

enum {
	SAMPLE_PART = 256 << 10, /* bytes of a message */
	SAMPLE_INFOS = 4096,	 /* entries of a folder looked at for its name */
};

struct samples;

struct samples_setup {
	const struct log *log;
	const struct conf_samples *conf; /* outlives it */
	const char *statedir;
	struct outbox *outbox;
};

struct sample_answer {
	enum command_state state; /* ACKED, REFUSED or FAILED */
	char text[300];
};

/* NULL with a sentence when the custody log cannot be written. */
struct samples *samples_new(const struct samples_setup *setup, struct errmsg *e);
void samples_free(struct samples *s);

/* An order whose signature was checked; `signer`: who gave it. */
void samples_take(struct samples *s, const struct collect_order *o, const char *signer,
		  uint64_t now, struct sample_answer *ret);
/* {"ordered", "refused", "handed_over", "file_types"} */
json_t *samples_json(const struct samples *s);
