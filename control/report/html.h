/* Pieces of a report as HTML; private to report/. A report is one self-contained page: no script,
 * no request to anywhere, readable in the dark and on a phone, and laid out for paper (@page). */
#pragma once

#include "control/report/report.h"

struct page {
	FILE *out;
	enum report_language language;
	struct zone zone;
	unsigned sections;   /* so far: their anchors */
	const char *title;   /* of the section */
	const char *columns; /* of the table that is being written: what is left of the row */
	const char *all_columns;
};

/* English or Japanese, as it is. */
#define say(p, english, japanese) in_language((p)->language, english, japanese)

void html_begin(struct page *p, const char *title, const char *name);
/* Headings of the sections to come, as contents for paper. */
void html_contents(struct page *p, const char *const *headings, size_t n);
void html_end(struct page *p);

void html_section(struct page *p, const char *title);
void html_text(const struct page *p, const char *text); /* escaped */
void html_paragraph(const struct page *p, const char *text);
void html_nothing(const struct page *p); /* "none" */

/* A table: head, then rows of cells. `columns`: "Host|Level|>Hits", `>` = numbers. */
void html_table(struct page *p, const char *columns);
void html_table_end(const struct page *p);
void html_row(struct page *p);
void html_cell(struct page *p, const char *class, const char *text);
void html_number(struct page *p, uint64_t n);
void html_time(struct page *p, uint64_t ns);
void html_day(struct page *p, uint64_t ns);
/* A level, state or severity in its colour. */
void html_word(struct page *p, const char *word);
/* Name in front, address and what is known about it below. */
void html_host(struct page *p, const char *name, const char *ip, const char *more);

/* --- plots, as inline SVG; each has a text for who cannot see it --- */

enum { PLOT_SERIES = REPORT_SEVERITIES };

struct plot_bars {
	const char *title;
	unsigned n;
	uint64_t (*value)(const void *ctx, unsigned bar, unsigned series);
	/* Below the bar, "" = nothing; `ret` may hold it. */
	const char *(*label)(const void *ctx, unsigned bar, char ret[48]);
	const void *ctx;
	bool by_severity; /* four series, else one */
};

void plot_bars(const struct page *p, const struct plot_bars *b);
/* 7 rows of 24, darker = more. */
void plot_week(const struct page *p, const char *title, const uint64_t hours[7][24]);
