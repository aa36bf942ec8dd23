/* Reports as files: how they are called, and the centre's signature beside each.
 *   REPORTS/daily-SITE-2026-11-22.{en,ja}.html  .json  .csv
 *   REPORTS/monthly-SITE-2026-11.{en,ja}.html   .json  .csv
 * SITE is "all" where a report is of more than one. FILE.sig beside each is its signature. Final
 * ones, of a period that is over, are kept version by version, with PDFs and the text of the mail:
 *   REPORTS/final/daily-CUSTOMER-2026-11-21.v1.{en,ja}.{html,pdf,txt}  .json  .csv
 * What they hold is made elsewhere (report_make.h), as FILE.part: a file is there whole and signed
 * or not at all. */
#pragma once

#include <stdint.h>

#include "control/centre/report_make.h"
#include "control/wire/tls.h"
#include "dataplane/base/err.h"

struct report_files {
	struct store *store;
	const char *folder;
	struct zone zone;
	struct tls_keys *keys; /* to sign with */
};

/* The order for the day, or month, that holds `when`: all forms but texts, into the folder, which
 * is made. `now`: it is made then. */
int report_file_order(const struct report_files *f, enum report_period kind,
		      const struct store_scope *scope, uint64_t when, uint64_t now,
		      struct report_order *ret, struct errmsg *err);
/* The order for a final one, all forms; `made` is when it was due, so that the same run gives the
 * same bytes. */
int report_file_final_order(const struct report_files *f, const struct report_run *r,
			    struct report_order *ret, struct errmsg *err);
/* How files of a scope's reports begin: "daily-CUSTOMER-SITE"; a date follows. */
void report_file_name(enum report_period kind, const struct store_scope *scope, char *ret,
		      size_t cap);
/* Path without ".en.html". */
void report_file_final_stem(const struct report_files *f, const struct report_run *r, char *ret,
			    size_t cap);
/* Signs what was made by an order, and gives the files their names. */
int report_file_adopt_all(const struct report_files *f, const struct report_order *o,
			  struct errmsg *err);
/* Signs the file `part` that a helper made, and gives it its name. */
int report_file_adopt(const struct report_files *f, const char *part, const char *path,
		      struct errmsg *err);
