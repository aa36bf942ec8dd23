/* Reports as files, each written whole or not at all:
 *   REPORTS/daily-SITE-2026-11-22.{en,ja}.html  .json  .csv
 *   REPORTS/monthly-SITE-2026-11.{en,ja}.html   .json  .csv
 * SITE is "all" where a report is of more than one. FILE.sig beside each is its signature. Final
 * ones, of a period that is over, are kept version by version, with PDFs and the text of the mail:
 *   REPORTS/final/daily-CUSTOMER-2026-11-21.v1.{en,ja}.{html,pdf,txt}  .json  .csv */
#pragma once

#include <stdint.h>

#include "control/centre/store/schedule.h"
#include "control/centre/store/store.h"
#include "control/wire/tls.h"
#include "dataplane/base/err.h"

struct report_files {
	struct store *store;
	const char *folder;
	struct zone zone;
	struct tls_keys *keys; /* to sign with */
};

/* The day, or month, that holds `when`; `now`: made then, so far when it has not ended. `ret_path`
 * gets the English page's path. */
int report_file_daily(const struct report_files *f, const struct store_scope *scope, uint64_t when,
		      uint64_t now, char *ret_path, size_t cap, struct errmsg *err);
int report_file_monthly(const struct report_files *f, const struct store_scope *scope,
			uint64_t when, uint64_t now, char *ret_path, size_t cap,
			struct errmsg *err);

/* All forms of a final report but the PDFs; the same run gives the same bytes. `ret_stem`: path
 * without ".en.html". */
int report_file_final(const struct report_files *f, const struct report_run *r, char *ret_stem,
		      size_t cap, struct errmsg *err);
void report_file_final_stem(const struct report_files *f, const struct report_run *r, char *ret,
			    size_t cap);
/* Signs the file `part` that a helper made, and gives it its name. */
int report_file_adopt(const struct report_files *f, const char *part, const char *path,
		      struct errmsg *err);
