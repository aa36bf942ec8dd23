/* Lists as CSV (RFC 4180): read whole or refused with one sentence that names file and line, and
 * written so that a spreadsheet shows what was meant. UTF-8 only, with or without a byte order
 * mark; lines end in LF or CR LF; no control characters. Needs no thread of its own. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	CSV_FIELDS = 32,    /* columns */
	CSV_ROW = 16 << 10, /* bytes of one row's fields together */
};

struct csv {
	const char *name; /* of the file, for sentences */
	struct slice in;
	size_t at;
	unsigned line;	   /* where the row begins, from 1 */
	unsigned line_end; /* where reading stands */
	unsigned fields_n;
	const char *fields[CSV_FIELDS]; /* until the next csv_next */
	size_t used;
	char room[CSV_ROW];
};

/* `name` and `text` must outlive the reader. ERR_INVALID for another encoding. */
int csv_open(struct csv *c, struct slice text, const char *name, struct errmsg *e);
/* 1: a row; 0: the end; else an error with its sentence. Empty lines are passed over. Blanks round
 * a field that is not quoted are not part of it. */
int csv_next(struct csv *c, struct errmsg *e);
/* "NAME:LINE: ..." of the current row. */
int csv_wrong(const struct csv *c, struct errmsg *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One field with what stands behind it (',' or '\n'). Quotes where it is needed, and puts a ' in
 * front of what a spreadsheet would take for a formula (= + - @ and blanks that hide one). */
void csv_put(FILE *f, const char *text, char end);
/* What csv_put put in front, taken off again. */
const char *csv_plain(const char *field);
