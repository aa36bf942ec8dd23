/* Tables with column names: abuse.ch's exports (URLhaus, Feodo Tracker, SSLBL, MalwareBazaar,
 * ThreatFox: their names stand behind '#'), and anybody's own. */
#include "signatures/lists/read.h"

#include <strings.h>

enum { FIELDS = 64, FIELD_BYTES = 4096, ROW_BYTES = 1 << 16, COMMENT_BYTES = 256 };

enum role { ROLE_NONE, ROLE_VALUE, ROLE_TYPE, ROLE_PORT, ROLE_COMMENT, ROLE_UNTIL };

struct column {
	const char *name;
	enum role role;
	enum indicator_hint hint;
};

static const struct column known[] = {
	{"ip", ROLE_VALUE, HINT_IP},
	{"dst_ip", ROLE_VALUE, HINT_IP},
	{"dstip", ROLE_VALUE, HINT_IP},
	{"src_ip", ROLE_VALUE, HINT_IP},
	{"ip_address", ROLE_VALUE, HINT_IP},
	{"ipaddress", ROLE_VALUE, HINT_IP},
	{"address", ROLE_VALUE, HINT_IP},
	{"ipv4", ROLE_VALUE, HINT_IP},
	{"ipv6", ROLE_VALUE, HINT_IP},
	{"cidr", ROLE_VALUE, HINT_IP},
	{"network", ROLE_VALUE, HINT_IP},
	{"netblock", ROLE_VALUE, HINT_IP},
	{"domain", ROLE_VALUE, HINT_ANY},
	{"host", ROLE_VALUE, HINT_ANY},
	{"hostname", ROLE_VALUE, HINT_ANY},
	{"fqdn", ROLE_VALUE, HINT_DOMAIN},
	{"url", ROLE_VALUE, HINT_URL},
	{"ja3", ROLE_VALUE, HINT_JA3},
	{"ja3_md5", ROLE_VALUE, HINT_JA3},
	{"ja3_hash", ROLE_VALUE, HINT_JA3},
	{"ja4", ROLE_VALUE, HINT_JA4},
	{"cert_sha1", ROLE_VALUE, HINT_CERT},
	{"certificate_sha1", ROLE_VALUE, HINT_CERT},
	{"md5", ROLE_VALUE, HINT_FILE},
	{"md5_hash", ROLE_VALUE, HINT_FILE},
	{"sha1", ROLE_VALUE, HINT_FILE},
	{"sha1_hash", ROLE_VALUE, HINT_FILE},
	{"sha256", ROLE_VALUE, HINT_FILE},
	{"sha256_hash", ROLE_VALUE, HINT_FILE},
	{"hash", ROLE_VALUE, HINT_FILE},
	{"ioc", ROLE_VALUE, HINT_ANY},
	{"ioc_value", ROLE_VALUE, HINT_ANY},
	{"indicator", ROLE_VALUE, HINT_ANY},
	{"indicator_value", ROLE_VALUE, HINT_ANY},
	{"observable", ROLE_VALUE, HINT_ANY},
	{"value", ROLE_VALUE, HINT_ANY},
	{"ioc_type", ROLE_TYPE, 0},
	{"indicator_type", ROLE_TYPE, 0},
	{"type", ROLE_TYPE, 0},
	{"dst_port", ROLE_PORT, 0},
	{"dstport", ROLE_PORT, 0},
	{"port", ROLE_PORT, 0},
	{"malware", ROLE_COMMENT, 0},
	{"malware_printable", ROLE_COMMENT, 0},
	{"malware_family", ROLE_COMMENT, 0},
	{"signature", ROLE_COMMENT, 0},
	{"threat", ROLE_COMMENT, 0},
	{"threat_type", ROLE_COMMENT, 0},
	{"tags", ROLE_COMMENT, 0},
	{"listingreason", ROLE_COMMENT, 0},
	{"reason", ROLE_COMMENT, 0},
	{"comment", ROLE_COMMENT, 0},
	{"description", ROLE_COMMENT, 0},
	{"valid_until", ROLE_UNTIL, 0},
	{"expires", ROLE_UNTIL, 0},
	{"expiry", ROLE_UNTIL, 0},
	{"expiration", ROLE_UNTIL, 0},
};

/* What a type column may say, beside the names of hints. */
static const struct {
	const char *word;
	enum indicator_hint hint;
} types[] = {
	{"ip:port", HINT_IP},
	{"ip", HINT_IP},
	{"ipv4", HINT_IP},
	{"ipv6", HINT_IP},
	{"ipv4-addr", HINT_IP},
	{"ipv6-addr", HINT_IP},
	{"cidr", HINT_IP},
	{"domain", HINT_DOMAIN},
	{"hostname", HINT_DOMAIN},
	{"domain-name", HINT_DOMAIN},
	{"url", HINT_URL},
	{"md5_hash", HINT_FILE},
	{"sha1_hash", HINT_FILE},
	{"sha256_hash", HINT_FILE},
	{"md5", HINT_FILE},
	{"sha1", HINT_FILE},
	{"sha256", HINT_FILE},
	{"ja3", HINT_JA3},
	{"ja3_fingerprint", HINT_JA3},
	{"ja4", HINT_JA4},
	{"sha1_cert", HINT_CERT},
	{"cert", HINT_CERT},
};

struct table {
	struct list_reader *reader;
	struct slice rest;
	uint64_t line; /* of the row's begin */
	char separator;
	unsigned n_columns;
	struct column columns[FIELDS];
	unsigned n_fields;
	struct slice fields[FIELDS]; /* into row */
	size_t row_len;
	uint8_t row[ROW_BYTES];
};

/* --- rows --- */

static bool keep(struct table *t, uint8_t c)
{
	if (t->row_len == ROW_BYTES)
		return false;
	t->row[t->row_len++] = c;
	return true;
}

static void end_field(struct table *t, size_t begin)
{
	if (t->n_fields < FIELDS)
		t->fields[t->n_fields++] = read_trim(SLICE(t->row + begin, t->row_len - begin));
}

/* A quoted field's text behind its first quote, up to the last; "" is a quote. False: it does not
 * end, or the row is too long. */
static bool quoted(struct table *t)
{
	while (t->rest.len) {
		uint8_t c = t->rest.data[0];

		t->rest = slice_sub(t->rest, 1, t->rest.len);
		if (c == '"') {
			if (!t->rest.len || t->rest.data[0] != '"')
				return true;
			t->rest = slice_sub(t->rest, 1, t->rest.len);
		}
		t->reader->counts.lines += c == '\n';
		if (!keep(t, c))
			return false;
	}
	return false;
}

/* Up to the separator or the line's end. */
static bool unquoted(struct table *t)
{
	while (t->rest.len && t->rest.data[0] != (uint8_t)t->separator && t->rest.data[0] != '\n') {
		if (!keep(t, t->rest.data[0]))
			return false;
		t->rest = slice_sub(t->rest, 1, t->rest.len);
	}
	return true;
}

static void skip_blanks(struct table *t)
{
	while (t->rest.len &&
	       (t->rest.data[0] == ' ' || (t->rest.data[0] == '\t' && t->separator != '\t')))
		t->rest = slice_sub(t->rest, 1, t->rest.len);
}

/* One row into t->fields; 1, 0 at the end, or an error with the line. */
static int next_row(struct table *t)
{
	if (t->rest.len == 0)
		return 0;
	t->line = ++t->reader->counts.lines;
	t->n_fields = 0;
	t->row_len = 0;
	for (;;) {
		size_t begin = t->row_len;
		bool ok = true;

		skip_blanks(t);
		if (t->rest.len && t->rest.data[0] == '"') {
			t->rest = slice_sub(t->rest, 1, t->rest.len);
			ok = quoted(t);
		}
		if (!ok || !unquoted(t))
			return errmsg_set(t->reader->err, ERR_INVALID,
					  "line %llu: a quoted field does not end, or the row has "
					  "more than 64 KB",
					  (unsigned long long)t->line);
		end_field(t, begin);
		if (!t->rest.len)
			return 1;
		begin = t->rest.data[0] == '\n';
		t->rest = slice_sub(t->rest, 1, t->rest.len);
		if (begin)
			return 1;
	}
}

/* --- columns --- */

static bool is_name(struct slice s, const char *name)
{
	return slice_eq_nocase(s, slice_of(name));
}

static struct column column_of(struct slice name)
{
	while (name.len && (name.data[0] == '#' || name.data[0] == '"' || name.data[0] == ' '))
		name = slice_sub(name, 1, name.len);
	while (name.len && strchr("\" \r#", name.data[name.len - 1]))
		name.len--;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (is_name(name, known[i].name))
			return known[i];
	}
	return (struct column){NULL, ROLE_NONE, 0};
}

/* True when the row names the column of an indicator at least. */
static bool take_names(struct table *t)
{
	struct column columns[FIELDS];
	bool value = false, listing = false;

	for (unsigned i = 0; i < t->n_fields; i++) {
		columns[i] = column_of(t->fields[i]);
		value |= columns[i].role == ROLE_VALUE;
		listing |= columns[i].name && strcmp(columns[i].name, "listingreason") == 0;
	}
	if (!value)
		return false;
	/* SSLBL lists certificates. */
	for (unsigned i = 0; listing && i < t->n_fields; i++) {
		if (columns[i].name && strcmp(columns[i].name, "sha1") == 0)
			columns[i].hint = HINT_CERT;
	}
	memcpy(t->columns, columns, t->n_fields * sizeof(*columns));
	t->n_columns = t->n_fields;
	return true;
}

static char separator_of(struct slice text)
{
	struct slice line;
	unsigned n[3] = {0};

	while (read_line(&text, &line)) {
		bool comment = line.len && line.data[0] == '#';

		memset(n, 0, sizeof(n));
		for (size_t i = 0; i < line.len; i++) {
			n[0] += line.data[i] == ',';
			n[1] += line.data[i] == ';';
			n[2] += line.data[i] == '\t';
		}
		if (!comment && n[0] + n[1] + n[2])
			break;
	}
	if (n[2] > n[0] && n[2] > n[1])
		return '\t';
	return n[1] > n[0] ? ';' : ',';
}

/* --- a row's indicators --- */

struct row {
	uint32_t until;
	bool bad_until;
	struct slice port;
	enum indicator_hint hint; /* of the type column; HINTS: one that is not known */
	char comment[COMMENT_BYTES];
	size_t comment_len;
};

static enum indicator_hint type_of(struct slice word)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (is_name(word, types[i].word))
			return types[i].hint;
	}
	return HINTS;
}

static bool is_empty(struct slice s)
{
	return s.len == 0 || is_name(s, "none") || is_name(s, "n/a") || is_name(s, "null") ||
	       is_name(s, "-");
}

static void gather(struct table *t, struct row *row)
{
	for (unsigned i = 0; i < t->n_fields && i < t->n_columns; i++) {
		struct slice field = t->fields[i];

		if (is_empty(field))
			continue;
		if (t->columns[i].role == ROLE_TYPE) {
			row->hint = type_of(field);
		} else if (t->columns[i].role == ROLE_PORT) {
			row->port = field;
		} else if (t->columns[i].role == ROLE_UNTIL) {
			row->until = list_date(field);
			row->bad_until = row->until == 0;
		} else if (t->columns[i].role == ROLE_COMMENT) {
			int n = snprintf(row->comment + row->comment_len,
					 sizeof(row->comment) - row->comment_len, "%s%.*s",
					 row->comment_len ? ", " : "", (int)field.len,
					 (const char *)field.data);

			row->comment_len += (size_t)(n > 0 ? n : 0);
			if (row->comment_len >= sizeof(row->comment))
				row->comment_len = sizeof(row->comment) - 1;
		}
	}
}

/* The digest of a file that says most; the others name the same file. */
static int best_digest(const struct table *t)
{
	size_t most = 0;
	int best = -1;

	for (unsigned i = 0; i < t->n_fields && i < t->n_columns; i++) {
		if (t->columns[i].role != ROLE_VALUE || t->columns[i].hint != HINT_FILE ||
		    is_empty(t->fields[i]) || t->fields[i].len <= most)
			continue;
		most = t->fields[i].len;
		best = (int)i;
	}
	return best;
}

static int take_value(struct table *t, const struct row *row, unsigned at)
{
	enum indicator_hint hint = t->columns[at].hint;
	struct slice value = t->fields[at];
	char with_port[FIELD_BYTES];

	if (hint == HINT_ANY)
		hint = row->hint;
	if (hint == HINT_ANY)
		hint = t->reader->hint;
	if (hint == HINT_IP && row->port.len && value.len + row->port.len + 4 < FIELD_BYTES &&
	    !memchr(value.data, '/', value.len)) {
		bool v6 = memchr(value.data, ':', value.len);

		snprintf(with_port, sizeof(with_port), v6 ? "[%.*s]:%.*s" : "%.*s:%.*s",
			 (int)value.len, (const char *)value.data, (int)row->port.len,
			 (const char *)row->port.data);
		value = slice_of(with_port);
	}
	return read_one(t->reader, t->line, value, hint, row->until,
			SLICE(row->comment, row->comment_len));
}

static int take_row(struct table *t)
{
	struct row row = {.hint = HINT_ANY};
	int digest = best_digest(t), rc = ERR_OK;
	bool any = false;

	gather(t, &row);
	if (row.hint == HINTS || row.bad_until) {
		read_refuse(t->reader, t->line,
			    row.bad_until ? "the date of expiry is none such as 2026-12-31 09:00:00"
					  : "the type of the indicator is not known");
		return ERR_OK;
	}
	for (unsigned i = 0; i < t->n_fields && i < t->n_columns && rc == ERR_OK; i++) {
		if (t->columns[i].role != ROLE_VALUE || is_empty(t->fields[i]) ||
		    (t->columns[i].hint == HINT_FILE && (int)i != digest))
			continue;
		any = true;
		rc = take_value(t, &row, i);
	}
	if (!any)
		read_refuse(t->reader, t->line, "there is no indicator in the row");
	return rc;
}

static int rows(struct table *t)
{
	int rc;

	while ((rc = next_row(t)) == 1) {
		bool comment = t->n_fields && t->fields[0].len && t->fields[0].data[0] == '#';

		if (t->n_fields == 0 || (t->n_fields == 1 && t->fields[0].len == 0))
			continue;
		if (comment || t->n_columns == 0) {
			if (!take_names(t) && !comment)
				return errmsg_set(t->reader->err, ERR_INVALID,
						  "line %llu: no column of an indicator is named; "
						  "the first row "
						  "says ip, domain, url, ja3, ja4, sha1, sha256, "
						  "indicator ...",
						  (unsigned long long)t->line);
			continue;
		}
		/* The names again, now without '#'. */
		if (t->n_fields == t->n_columns &&
		    column_of(t->fields[0]).name == t->columns[0].name && t->columns[0].name &&
		    take_names(t))
			continue;
		rc = take_row(t);
		if (rc != ERR_OK)
			return rc;
	}
	return rc;
}

int read_csv(struct list_reader *r, struct slice text)
{
	struct table *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return errmsg_set(r->err, ERR_NOMEM, "no memory to read a table");
	t->reader = r;
	t->rest = text;
	t->separator = separator_of(text);
	rc = rows(t);
	free(t);
	return rc;
}
