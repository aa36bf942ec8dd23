/* Hours of a scope (P10). Private to this folder. */
#pragma once

#include "control/mitigator/policy/policy.h"

/* By the machine's time zone. */
bool roll_out_within(const struct policy_scope *s, uint64_t now);
