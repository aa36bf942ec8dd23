/* Time is passed in, never read below the worker loop: nanoseconds since 1970-01-01 UTC in a
 * uint64_t, from the packet offline and from the worker's clock live. */
#pragma once

#include <stdint.h>

#define NS_PER_US   1000ULL
#define NS_PER_MS   1000000ULL
#define NS_PER_SEC  1000000000ULL
#define NS_PER_MIN  (60 * NS_PER_SEC)
#define NS_PER_HOUR (3600 * NS_PER_SEC)
#define NS_PER_DAY  (86400 * NS_PER_SEC)
