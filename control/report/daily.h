/* The daily report (R1): one model, rendered as HTML, JSON or CSV, in Japanese or English. The same
 * model gives the same bytes (R5). Text in the model is hostile: the renderers escape it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/report/report.h"

enum { DAILY_HOURS = 25 }; /* a day with a time change may have them */

struct report_threat { /* part 1: what was detected */
	char *name, *category, *technique, *severity, *source;
	uint64_t first, last; /* ns since 1970 */
	uint64_t hits;
	unsigned hosts;
};

struct report_host { /* parts 2 to 4: who needs action, how it came in, what to do */
	char *name, *ip, *mac, *level, *cut_state, *cut_reason;
	char *site, *actor; /* who cut or released it last */
	char *root_cause;   /* correlation's sentence; "" = the first sign below stands for it */
	char *sign, *sign_peer, *sign_url, *sign_file; /* first sign of trouble in the period */
	char *sign_reason[2]; /* why, in English and Japanese; "" = a rule's hit */
	uint64_t sign_at;
	uint64_t cut_at, verified_at, released_at;
	char *root_cause_ja;
	char *about;	    /* user, system, role, maker, as far as known */
	char **handling[2]; /* steps in order; none = the standard ones for its state */
	size_t handling_count[2];
	uint64_t alerts;
};

struct report_blind { /* R3 */
	char *sensor, *sentence;
};

/* What each sensor saw (R3). */
struct report_sensor {
	char *name;
	uint64_t packets, lost, up_s;
	uint64_t first; /* ns; when it was first heard of, ever */
};

struct report_daily {
	char *customer, *site;	 /* customer: his name */
	uint64_t from, to, made; /* ns; `made` before `to`: "so far today" */
	struct zone zone;
	struct report_threat *threats;
	size_t threat_count;
	struct report_host *hosts;
	size_t host_count;
	struct report_blind *blind;
	size_t blind_count;
	struct report_sensor *sensors;
	size_t sensor_count;
	uint64_t alerts, packets, lost;
	uint64_t hosts_seen;		/* that alerts were of */
	unsigned per_hour[DAILY_HOURS]; /* alerts by hours since `from`, for the plot */
};

/* Grows one of the lists by a zeroed entry; NULL when there is no memory. */
struct report_threat *report_add_threat(struct report_daily *d);
struct report_host *report_add_host(struct report_daily *d);
struct report_blind *report_add_blind(struct report_daily *d);
struct report_sensor *report_add_sensor(struct report_daily *d);
/* `language`: of enum report_language. */
int report_add_handling(struct report_host *h, unsigned language, const char *step);
void report_daily_free(struct report_daily *d);

/* Whole documents. ERR_IO when `out` could not take them. */
int report_daily_html(const struct report_daily *d, enum report_language language, FILE *out);
int report_daily_json(const struct report_daily *d, FILE *out);
int report_daily_csv(const struct report_daily *d, FILE *out);
/* The chief figures in a few lines, for a mail. */
int report_daily_text(const struct report_daily *d, enum report_language language, FILE *out);

/* Seconds of the period so far that a sensor was not heard of. */
uint64_t report_daily_away(const struct report_daily *d, const struct report_sensor *s);
/* Hours of the day: 23 to 25. */
unsigned report_daily_hours(const struct report_daily *d);
