#include "signatures/lists/read.h"

#include <time.h>

const char *const list_form_names[LIST_FORMS] = {"auto", "plain", "csv", "stix"};

bool read_line(struct slice *text, struct slice *ret)
{
	const uint8_t *end;
	size_t n;

	if (text->len == 0)
		return false;
	end = memchr(text->data, '\n', text->len);
	n = end ? (size_t)(end - text->data) : text->len;
	*ret = SLICE(text->data, n);
	*text = slice_sub(*text, n + (end != NULL), text->len);
	if (ret->len && ret->data[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

struct slice read_trim(struct slice s)
{
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_sub(s, 1, s.len);
	while (s.len && strchr(" \t\r\n", s.data[s.len - 1]))
		s.len--;
	return s;
}

void read_refuse(struct list_reader *r, uint64_t line, const char *why)
{
	r->counts.refused++;
	if (r->sink.refused)
		r->sink.refused(r->sink.ctx, line, why);
}

int read_hand_on(struct list_reader *r, const struct indicator *i, uint32_t expires,
		 struct slice comment)
{
	r->counts.taken++;
	return r->sink.take(r->sink.ctx, i, expires, comment, r->err);
}

int read_one(struct list_reader *r, uint64_t line, struct slice text, enum indicator_hint hint,
	     uint32_t expires, struct slice comment)
{
	struct errmsg why = {""};

	if (indicator_parse(text, hint, &r->one, &why) != ERR_OK) {
		read_refuse(r, line, why.text);
		return ERR_OK;
	}
	return read_hand_on(r, &r->one, expires, comment);
}

/* --- dates --- */

/* "Z", "", "+0900", "-09:30": seconds east, or false. */
static bool zone_of(const char *text, int *ret)
{
	int hours, minutes, end = 0;

	*ret = 0;
	if (*text == 0 || strcmp(text, "Z") == 0 || strcmp(text, " UTC") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) < 2 &&
	    sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &end) < 2)
		return false;
	*ret = (hours * 60 + minutes) * (*text == '-' ? -60 : 60);
	return end > 0 && text[1 + end] == 0;
}

uint32_t list_date(struct slice s)
{
	struct tm tm = {0};
	char text[48];
	int zone, end = 0, tail = 0;
	time_t t;

	s = read_trim(s);
	if (s.len < 10 || s.len >= sizeof(text) || memchr(s.data, 0, s.len))
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)s.len, (const char *)s.data);
	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &end) < 3 ||
	    end < 8)
		return 0;
	if (text[end] == 'T' || text[end] == ' ') {
		if (sscanf(text + end + 1, "%2d:%2d%n:%2d%n", &tm.tm_hour, &tm.tm_min, &tail,
			   &tm.tm_sec, &tail) < 2)
			return 0;
		end += 1 + tail;
	}
	if (text[end] == '.')
		end += 1 + (int)strspn(text + end + 1, "0123456789");
	if (!zone_of(text + end, &zone) || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 24 || tm.tm_min > 59 || tm.tm_sec > 60)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	t = timegm(&tm) - zone;
	return t > 0 ? t < UINT32_MAX ? (uint32_t)t : UINT32_MAX : 0;
}

/* --- the forms --- */

/* A comment line or the first row of a table: three fields or more, or a column's name. */
static bool looks_like_csv(struct slice line)
{
	unsigned commas = 0;

	for (size_t i = 0; i < line.len; i++)
		commas += line.data[i] == ',' || line.data[i] == ';';
	return commas >= 1 && !memchr(line.data, ' ', commas < 2 ? line.len : 1);
}

enum list_form list_form_of(struct slice text)
{
	struct slice line;

	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		text = slice_sub(text, 3, text.len);
	while (read_line(&text, &line)) {
		line = read_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (line.data[0] == '{' ||
		    (line.data[0] == '[' && (line.len == 1 || line.data[1] == '{')))
			return LIST_STIX;
		return looks_like_csv(line) ? LIST_CSV : LIST_PLAIN;
	}
	return LIST_PLAIN;
}

int list_read(struct slice text, enum list_form form, enum indicator_hint hint,
	      const struct list_sink *sink, struct list_counts *ret_counts, struct errmsg *err)
{
	struct list_reader r = {.hint = hint, .sink = *sink, .err = err};
	int rc;

	if (form == LIST_AUTO)
		form = list_form_of(text);
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		text = slice_sub(text, 3, text.len);
	if (form == LIST_STIX)
		rc = read_stix(&r, text);
	else
		rc = form == LIST_CSV ? read_csv(&r, text) : read_plain(&r, text);
	*ret_counts = r.counts;
	return rc;
}
