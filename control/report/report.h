/* What daily and monthly reports share. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <stdbool.h>

#include "control/wire/zone.h"
#include "dataplane/base/err.h"

enum report_language { REPORT_ENGLISH, REPORT_JAPANESE, REPORT_LANGUAGES };

enum report_severity { REPORT_HIGH, REPORT_MEDIUM, REPORT_LOW, REPORT_INFO, REPORT_SEVERITIES };

/* One of two: a sentence stands beside its translation, and the compiler checks both against the
 * arguments of the printf that they go to. */
const char *in_language(enum report_language language, const char *english, const char *japanese)
	__attribute__((format_arg(2), format_arg(3)));

/* Levels, states and severities as people say them; the word itself when it is not known. */
const char *report_word(enum report_language language, const char *word);
/* Names of threats and of their classes, as people call them; the name itself when it is not ours.
 */
const char *report_threat_name(enum report_language language, const char *name);
const char *report_class_name(enum report_language language, const char *name);
enum { REPORT_ABOUT = 300 };
/* "suzuki, Windows 10, client" with what the host is used as in the language. */
const char *report_about(enum report_language language, const char *about, char ret[REPORT_ABOUT]);
/* Why a host is to be cut, as the mitigator says it: "NAME (rule 2:17, seen by SENSOR)". */
void report_cut_reason(enum report_language language, const char *reason, char *ret, size_t cap);
const char *report_severity_key(enum report_severity severity); /* "high" */

/* Text of strangers for HTML: <, >, &, quotes and control characters are replaced. */
void report_html_escape(const char *text, FILE *out);
/* A CSV field (RFC 4180), quoted where needed; a leading =, +, - or @ gets an apostrophe before it,
 * for spreadsheets would compute it. */
void report_csv_field(const char *text, FILE *out);
/* "0.64 s", "12 min", "3 h 20 min", "4 days"; the text is `ret`. */
const char *report_duration(enum report_language language, uint64_t ns, char ret[48]);
/* "1,234,567"; the text is `ret`. */
const char *report_number(uint64_t n, char ret[32]);

/* Grows an array of `size`-byte entries by a zeroed one. NULL when there is no memory. */
void *report_grow(void *list, size_t *count, size_t size);
