/* The report's sentences in both languages; private to report/. */
#pragma once

#include "control/report/daily.h"

enum report_text {
	TEXT_TITLE,
	TEXT_SO_FAR,
	TEXT_PERIOD,
	TEXT_SUMMARY,
	TEXT_QUIET_DAY,
	TEXT_THREATS,
	TEXT_HOSTS,
	TEXT_ROOT_CAUSE,
	TEXT_HANDLING,
	TEXT_BLIND,
	TEXT_NO_BLIND,
	TEXT_BY_HOUR,
	TEXT_THREAT,
	TEXT_CATEGORY,
	TEXT_SEVERITY,
	TEXT_TECHNIQUE,
	TEXT_HITS,
	TEXT_HOST_COUNT,
	TEXT_FIRST,
	TEXT_LAST,
	TEXT_HOST,
	TEXT_LEVEL,
	TEXT_ALERTS,
	TEXT_CUT,
	TEXT_CUT_AT,
	TEXT_VERIFIED_AT,
	TEXT_RELEASED_AT,
	TEXT_NONE,
	TEXT_UNKNOWN_CAUSE,
	TEXT_TRAFFIC,
	TEXT_ALL_SITES,
	TEXT_FIRST_SIGN,
	TEXT_FIRST_SIGN_FILE,
	TEXT_FIRST_SIGN_WHY,
	TEXT_COUNT
};

const char *report_text(enum report_language language, enum report_text text);
/* The standard steps for a host in that state of its cut, NULL-terminated. */
const char *const *report_steps(enum report_language language, const char *cut_state);
/* Levels, states and severities as people say them; the word itself when it is not known. */
const char *report_word(enum report_language language, const char *word);
