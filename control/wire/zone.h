/* Named time zones ("Asia/Tokyo", "Europe/Berlin", "UTC") by the C library and its zone data, so
 * that days begin at people's midnight and a day with a time change has 23 or 25 hours. Times are
 * ns since 1970 UTC. Not for several threads: TZ belongs to the process. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "dataplane/base/err.h"

enum { ZONE_NAME = 64, ZONE_TEXT = 32 };

struct zone {
	char name[ZONE_NAME]; /* "" = UTC */
};

/* ERR_INVALID with a sentence when this machine has no zone of that name. */
int zone_set(struct zone *z, const char *name, struct errmsg *err);

/* This machine's: TZ, else what /etc/localtime points to, else UTC. */
void zone_of_machine(struct zone *z);

/* Wall clock there. */
void zone_local(const struct zone *z, uint64_t ns, struct tm *ret);
/* Hours east of UTC then, in minutes. */
int zone_offset(const struct zone *z, uint64_t ns);

/* Midnight that begins the day or month of `ns`, and the one `n` days or months after (before, when
 * negative) that one. */
uint64_t zone_day(const struct zone *z, uint64_t ns, int n);
uint64_t zone_month(const struct zone *z, uint64_t ns, int n);
/* Midnight of "2026-11-22", first midnight of "2026-11"; 0 when the text is no such date. */
uint64_t zone_date(const struct zone *z, const char *text);

/* "2026-11-21 09:00:05", "" for 0; "2026-11-21"; "2026-11"; "UTC+09:00". All return `ret`. */
const char *zone_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT]);
const char *zone_day_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT]);
const char *zone_month_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT]);
const char *zone_offset_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT]);
