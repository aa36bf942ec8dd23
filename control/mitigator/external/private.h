/* Shared by the readers of this folder. */
#pragma once

#include "control/mitigator/external/external.h"

/* Copied without control characters and broken UTF-8, cut at a character. */
void external_text(char *to, size_t cap, const char *from, size_t len);
enum external_outcome external_outcome_of(const char *action);
uint64_t external_time(const char *text);
