/* Times as people and lists write them. */
#pragma once

#include <stdint.h>

enum { WHEN_TEXT = 32 };

/* "2026-03-29", "2026-03-29T01:30", "2026-03-29 01:30:00.5", with "Z" or an offset such as +09:00
 * behind a time of day (without: UTC, whatever the machine's zone is), or seconds since 1970 such
 * as 1774747800. To ns since 1970; 0 or ERR_INVALID. */
int when_parse(const char *text, uint64_t *ret);
/* "2026-03-29T01:30:00Z", with a fraction where there is one; returns ret. */
char *when_text(uint64_t ns, char ret[WHEN_TEXT]);
