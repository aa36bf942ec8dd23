/* What a mitigator calls its own. Each numbers its incidents for itself ("incident-000017"), so
 * that the centre says whose: "MITIGATOR:incident-000017". A cut's number says it already
 * ("MITIGATOR-17.2"); one that says another's is left out: nobody writes in somebody else's. */
#pragma once

#include <stdint.h>

#include "control/wire/message.h"

/* Gives the state's incidents the centre's ids, and takes foreign cuts out; how many of those.
 * *ret_ids: memory of the ids, to be freed after the message was stored. */
uint64_t own_state(const char *mitigator, struct mitigator_state *m, void **ret_ids);
