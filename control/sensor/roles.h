/* Roles that show by what a host does and not by what it says (Q6): whose MAC carries the traffic
 * of others is a gateway, who answers questions for names is a name server. They are likely, not
 * sure: the mitigator asks before it cuts such a host. */
#pragma once

#include "control/sensor/host/identity.h"
#include "control/sensor/hosts.h"
#include "dataplane/api/record.h"

/* Adds to the `n` facts of the record; how many there are then. */
unsigned roles_read(struct hosts *h, const struct record_head *head, struct slice eve,
		    struct identity_fact facts[IDENTITY_FACTS], unsigned n);
/* Whether records of that type can show one. */
bool roles_want(const char *type);
