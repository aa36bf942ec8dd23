/* One command and its answer over HTTPS. */
#pragma once

#include "control/mitigator/drivers/driver.h"
#include "control/mitigator/openc2/message.h"

struct talk;

/* The connection is kept between commands. NULL with a sentence. */
struct talk *talk_new(const struct driver_config *c, struct errmsg *e);
void talk_free(struct talk *t);

/* 0 with the consumer's answer (openc2_message_done is owed). ERR_AGAIN: not reached within
 * timeout_ms; ERR_LIMIT: it wants fewer requests; ERR_DENIED: its or our certificate is refused;
 * ERR_INVALID: what came is no OpenC2. Each with a sentence. */
int talk_ask(struct talk *t, const struct openc2_command *c, unsigned timeout_ms,
	     struct openc2_message *ret, struct errmsg *e);
