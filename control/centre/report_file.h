/* Daily reports as files: REPORTS/daily-SITE-YYYY-MM-DD.{en,ja}.html, written whole or not at all.
 */
#pragma once

#include <stdint.h>

#include "control/centre/store/store.h"
#include "dataplane/base/err.h"

/* The day that holds `now` in the given zone; `ret_path` gets the English file's path. */
int report_file_daily(struct store *s, const char *folder, const char *site, uint64_t now,
		      int utc_offset_minutes, char *ret_path, size_t cap, struct errmsg *err);
