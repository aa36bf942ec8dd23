/* Assessments (C8): a customer is watched for some weeks, nothing of his is cut; then he gets a
 * report, and everything of his is wiped (wipe.h). Times are ns since 1970. Each call is a
 * transaction of its own. */
#pragma once

#include "control/centre/store/schedule.h"

enum { ASSESSMENT_DAYS = 30, ASSESSMENT_DAYS_MOST = 366 };

int assessments_open(struct store *s, struct errmsg *err);
/* ERR_NOTFOUND: no such customer; ERR_EXISTS: one is under way. */
int assessment_begin(struct store *s, const char *customer, unsigned days, const char *by,
		     uint64_t now, struct errmsg *err);
/* Before its time. ERR_NOTFOUND: none is under way. */
int assessment_end(struct store *s, const char *customer, uint64_t now, struct errmsg *err);
/* Ends what is over: the report of the month up to then is owed at once (those of the months before
 * came by themselves). How many ended, or negative. */
int assessments_look(struct store *s, const struct zone *ours, uint64_t now, struct errmsg *err);
/* ERR_DENIED with a sentence when the site, or the mitigator's, is of a customer under assessment:
 * nothing may be cut there, also not between its end and the wipe. */
int assessment_allows_cut(struct store *s, const char *site, const char *mitigator,
			  struct errmsg *err);
/* [{"customer", "name", "began", "until", "state": "runs" or "over", "reports_left",
 * "not_monitor"}]: reports and mails that have not gone, mitigators that are in another mode */
json_t *assessment_list(struct store *s, const char *customer);
