#include "control/mitigator/csv/csv.h"

#include <stdarg.h>
#include <string.h>

#include "control/wire/utf8.h"

int csv_wrong(const struct csv *c, struct errmsg *e, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return errmsg_set(e, ERR_INVALID, "%.100s:%u: %s", c->name, c->line, text);
}

static bool begins(struct slice s, const char *bytes, size_t n)
{
	return s.len >= n && memcmp(s.data, bytes, n) == 0;
}

int csv_open(struct csv *c, struct slice text, const char *name, struct errmsg *e)
{
	*c = (struct csv){.name = name, .in = text, .line = 1, .line_end = 1};
	if (begins(text, "\xff\xfe", 2) || begins(text, "\xfe\xff", 2))
		return csv_wrong(c, e, "is UTF-16: save it as UTF-8");
	if (begins(text, "\xef\xbb\xbf", 3))
		c->at = 3;
	return 0;
}

/* The next byte, -1 at the end. */
static int peek(const struct csv *c)
{
	return c->at < c->in.len ? c->in.data[c->at] : -1;
}

static int put(struct csv *c, const void *bytes, size_t n, struct errmsg *e)
{
	/* One byte stays free for the NUL. */
	if (n >= CSV_ROW - c->used)
		return csv_wrong(c, e, "the row is longer than %d bytes", CSV_ROW - 1);
	memcpy(c->room + c->used, bytes, n);
	c->used += n;
	return 0;
}

/* One character of a field into the row's room. */
static int take(struct csv *c, struct errmsg *e)
{
	const char *at = (const char *)c->in.data + c->at;
	size_t n = utf8_sequence(at, c->in.len - c->at);
	int rc;

	if (n == 0)
		return csv_wrong(c, e, "is not UTF-8 (byte 0x%02x): save it as UTF-8",
				 c->in.data[c->at]);
	if (((unsigned char)at[0] < ' ' && at[0] != '\t') || at[0] == 0x7f)
		return csv_wrong(c, e, "has the control character 0x%02x", (unsigned)at[0]);
	rc = put(c, at, n, e);
	c->at += n;
	return rc;
}

/* A line's end: LF or CR LF; 1 when there was one. */
static int line_end(struct csv *c, struct errmsg *e)
{
	if (peek(c) == '\r') {
		if (c->at + 1 >= c->in.len || c->in.data[c->at + 1] != '\n')
			return csv_wrong(c, e, "has a carriage return that ends no line");
		c->at++;
	}
	if (peek(c) != '\n')
		return 0;
	c->at++;
	c->line_end++;
	return 1;
}

static int quoted(struct csv *c, struct errmsg *e)
{
	int rc = 0;

	c->at++;
	while (rc == 0) {
		if (peek(c) < 0)
			return csv_wrong(c, e, "a quotation mark is never closed");
		if (peek(c) == '"') {
			c->at++;
			if (peek(c) != '"')
				break;
			rc = put(c, "\"", 1, e);
			c->at++;
			continue;
		}
		rc = line_end(c, e);
		if (rc == 1)
			rc = put(c, "\n", 1, e);
		else if (rc == 0)
			rc = take(c, e);
	}
	while (rc == 0 && (peek(c) == ' ' || peek(c) == '\t'))
		c->at++;
	if (rc == 0 && peek(c) >= 0 && peek(c) != ',' && peek(c) != '\r' && peek(c) != '\n')
		return csv_wrong(c, e, "something follows a closing quotation mark");
	return rc;
}

static int bare(struct csv *c, struct errmsg *e)
{
	size_t from = c->used;
	int rc = 0;

	while (rc == 0 && peek(c) >= 0 && peek(c) != ',' && peek(c) != '\n' && peek(c) != '\r') {
		if (peek(c) == '"')
			return csv_wrong(c, e,
					 "has a quotation mark within a field that is not quoted");
		rc = take(c, e);
	}
	while (c->used > from && (c->room[c->used - 1] == ' ' || c->room[c->used - 1] == '\t'))
		c->used--;
	return rc;
}

static int field(struct csv *c, struct errmsg *e)
{
	int rc;

	if (c->fields_n >= CSV_FIELDS)
		return csv_wrong(c, e, "has more than %d columns", CSV_FIELDS);
	while (peek(c) == ' ' || peek(c) == '\t')
		c->at++;
	c->fields[c->fields_n++] = c->room + c->used;
	rc = peek(c) == '"' ? quoted(c, e) : bare(c, e);
	if (rc == 0)
		rc = put(c, "", 1, e);
	return rc;
}

int csv_next(struct csv *c, struct errmsg *e)
{
	int rc;

	c->fields_n = 0;
	c->used = 0;
	do {
		c->line = c->line_end;
		if (peek(c) < 0)
			return 0;
		rc = line_end(c, e);
	} while (rc == 1);
	while (rc == 0) {
		rc = field(c, e);
		if (rc == 0 && peek(c) == ',') {
			c->at++;
			continue;
		}
		if (rc == 0)
			rc = peek(c) < 0 ? 1 : line_end(c, e);
		if (rc == 1)
			return 1;
	}
	return rc;
}

static bool is_formula(const char *text)
{
	return text[0] && strchr("=+-@\t\r", text[0]);
}

void csv_put(FILE *f, const char *text, char end)
{
	bool quote = text[strcspn(text, ",\"\r\n")] || text[0] == ' ' || text[0] == '\t' ||
		     (text[0] && strchr(" \t", text[strlen(text) - 1])) ||
		     strncmp(text, "\xef\xbb\xbf", 3) == 0; /* not the file's own mark */

	if (quote)
		fputc('"', f);
	if (is_formula(text) || text[0] == '\'')
		fputc('\'', f);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', f);
		/* What no reader would take back. */
		fputc((unsigned char)*text < ' ' && *text != '\n' && *text != '\t' ? '?' : *text,
		      f);
	}
	if (quote)
		fputc('"', f);
	fputc(end, f);
}

const char *csv_plain(const char *text)
{
	return text[0] == '\'' && (is_formula(text + 1) || text[1] == '\'') ? text + 1 : text;
}
