/* OpenC2 1.0 over HTTPS as a producer: has another system's consumer cut the host (profile
 * SLPF 1.0: deny, allow, delete; or contain and allow of the draft ER). Who is there is proven by
 * the CA that is configured, who we are by a certificate, a token, or both. Blocks: for the helper.
 *
 * A consumer that answers 102 is asked again by the same command, which orders nothing, until it
 * says 200 or the driver's time is over. What was ordered is kept in the driver's book with the
 * rule's number, by which it is deleted again. The consumer's list of rules cannot be asked for in
 * OpenC2: LIST asks for its features, so that one that is away shows, and answers from the book. */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_openc2;

/* settings.c: the configuration's own sentence for each mistake. */
int driver_openc2_check(const struct driver_config *c, struct errmsg *e);
