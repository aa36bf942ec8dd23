/* Hours of a scope (P10), or of the mandate (Q13). */
#pragma once

#include "control/mitigator/policy/policy.h"

/* By the machine's time zone. */
bool roll_out_within(const struct policy_scope *s, uint64_t now);
