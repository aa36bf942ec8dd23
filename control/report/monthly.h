/* The monthly report (R2): figures of a month and of those before it, told as sentences, plots and
 * tables in Japanese or English. One model; the same model gives the same bytes (R5). Text in the
 * model is hostile: the renderers escape it. Times are ns since 1970, durations ns. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "control/report/report.h"

enum {
	MONTHLY_BACK = 12, /* months before, for the trend */
	MONTHLY_DAYS = 31,
};

struct monthly_figures { /* of one month */
	uint64_t from;
	bool is_known; /* something was recorded that month */
	uint64_t alerts[REPORT_SEVERITIES];
	uint64_t hosts; /* with alerts */
	uint64_t incidents, cuts, releases;
	uint64_t packets, lost, down_s;
};

struct monthly_threat {
	char *name, *category, *technique;
	enum report_severity severity;
	uint64_t hits, hits_before; /* the month before */
	uint64_t first, last;
	unsigned hosts, days;
};

struct monthly_host {
	char *name, *ip, *site, *about, *worst, *cut_state;
	uint64_t hits;
	uint64_t incidents;
	unsigned days, threats;
};

struct monthly_technique { /* ATT&CK: what was seen */
	char *tactic, *technique;
	uint64_t hits;
};

struct monthly_incident {
	char *title, *host, *site, *level, *cut_state;
	char *root_cause[REPORT_LANGUAGES];
	uint64_t opened, closed;
};

struct monthly_times { /* of `n` cases: how long it took */
	uint64_t n, median, p90, longest;
};

struct monthly_blind { /* R3: what a sensor did not see */
	char *sensor;
	uint64_t packets, lost, down_s;
	char *sentence[REPORT_LANGUAGES]; /* of the mirror port; NULL = none */
};

struct monthly_advisory { /* written by an analyst, versioned */
	char *author, *text[REPORT_LANGUAGES];
	unsigned version;
	uint64_t time;
};

struct report_monthly {
	char *customer, *site; /* "" = all */
	struct zone zone;
	uint64_t from, to, made;			/* `made` before `to`: so far */
	struct monthly_figures month[MONTHLY_BACK + 1]; /* [0] this one, [1] the one before */
	uint64_t day[MONTHLY_DAYS][REPORT_SEVERITIES];
	uint64_t cuts_of_day[MONTHLY_DAYS];
	uint64_t hour_of_week[7][24]; /* alerts; Monday first */
	unsigned days;
	struct monthly_threat *threats; /* most hits first */
	size_t threat_count;
	struct monthly_threat *gone; /* of the month before, not seen any more */
	size_t gone_count;
	struct monthly_host *hosts;
	size_t host_count;
	struct monthly_technique *techniques;
	size_t technique_count;
	struct monthly_incident *incidents;
	size_t incident_count;
	struct monthly_times detect, contain, recover;
	struct monthly_times contain_before; /* the month before */
	struct monthly_blind *blind;
	size_t blind_count;
	struct monthly_advisory advisory; /* text NULL = none was written */
	uint64_t waiting;		  /* hosts that still need a person */
};

/* Each grows its list by a zeroed entry; NULL when there is no memory. */
struct monthly_threat *monthly_add_threat(struct report_monthly *m, bool is_gone);
struct monthly_host *monthly_add_host(struct report_monthly *m);
struct monthly_technique *monthly_add_technique(struct report_monthly *m);
struct monthly_incident *monthly_add_incident(struct report_monthly *m);
struct monthly_blind *monthly_add_blind(struct report_monthly *m);
void report_monthly_free(struct report_monthly *m);

/* Median, nine tenths and longest of `n` durations, which are sorted by this. */
struct monthly_times monthly_times_of(uint64_t *durations, size_t n);
uint64_t monthly_alerts(const struct monthly_figures *f);

/* What the figures say, a sentence a line; each ends with a newline. */
void report_tendency(const struct report_monthly *m, enum report_language language, FILE *out);

/* Whole documents. ERR_IO when `out` could not take them. */
int report_monthly_html(const struct report_monthly *m, enum report_language language, FILE *out);
int report_monthly_json(const struct report_monthly *m, FILE *out);
int report_monthly_csv(const struct report_monthly *m, FILE *out);
/* The tendency in plain lines, for a mail. */
int report_monthly_text(const struct report_monthly *m, enum report_language language, FILE *out);
