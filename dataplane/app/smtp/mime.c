#include "dataplane/app/smtp/mime.h"

#include "dataplane/app/file.h"
#include "dataplane/app/text/text.h"
#include "dataplane/base/base64.h"

static const char *const status_names[] = {
	[MIME_NONE] = "NONE",
	[MIME_HEADER_READY] = "HEADER_READY",
	[MIME_HEADER_STARTED] = "HEADER_STARTED",
	[MIME_HEADER_DONE] = "HEADER_DONE",
	[MIME_BODY_STARTED] = "BODY_STARTED",
	[MIME_BODY_DONE] = "BODY_DONE",
	[MIME_BODY_END_BOUND] = "BODY_END_BOUND",
	[MIME_PARSE_DONE] = "PARSE_DONE",
	[MIME_PARSE_ERROR] = "PARSE_ERROR",
};

const char *mime_status_text(const struct mime *m)
{
	return status_names[m->status];
}

static void anomaly(struct mime *m, enum mime_anomaly a)
{
	m->anomalies |= (uint16_t)(1u << a);
}

/* The mail cannot be followed any more. */
static void give_up(struct mime *m)
{
	m->status = MIME_PARSE_ERROR;
	anomaly(m, MIME_PARSE_FAILED);
}

struct mime *mime_new(struct app_io *io)
{
	struct mime *m = slab_zalloc(io->slab, sizeof(*m));

	if (!m)
		return NULL;
	m->status = MIME_HEADER_READY;
	m->depth = 1;
	m->top_headers = true;
	return m;
}

static void part_reset(struct app_io *io, struct mime *m)
{
	m->part = 0;
	m->file = NULL;
	m->quad_len = 0;
	m->out_len = 0;
	m->body_begun = false;
	kept_free(io->slab, &m->type);
	kept_free(io->slab, &m->disposition);
	kept_free(io->slab, &m->encoding);
	kept_free(io->slab, &m->filename);
}

void mime_free(struct app_io *io, struct mime *m)
{
	if (!m)
		return;
	part_reset(io, m);
	for (unsigned i = 0; i < MIME_DEPTH; i++)
		kept_free(io->slab, &m->level[i].boundary);
	kept_free(io->slab, &m->value);
	kept_free(io->slab, &m->from);
	kept_free(io->slab, &m->to);
	kept_free(io->slab, &m->cc);
	text_list_free(io->slab, &m->attachments);
	text_list_free(io->slab, &m->urls);
	slab_free(io->slab, m, sizeof(*m));
}

/* --- bodies --- */

/* URLs of a text, without their scheme, in lower case. */
static void find_urls(struct app_io *io, struct mime *m, struct slice line)
{
	static const struct slice scheme = {(const uint8_t *)"http://", 7};

	for (size_t i = 0; i + scheme.len < line.len; i++) {
		uint8_t url[MIME_URL_MAX];
		size_t n = 0, from = i + scheme.len;

		if (!slice_eq_nocase(slice_sub(line, i, scheme.len), scheme))
			continue;
		while (from + n < line.len && n < sizeof(url) &&
		       !memchr("\r\n \"'<>]\t", line.data[from + n], 9)) {
			url[n] = ascii_lower(line.data[from + n]);
			n++;
		}
		if (n > 0)
			text_list_add(io->slab, &m->urls, SLICE(url, n), MIME_URLS_MAX);
		i = from + n - 1;
	}
}

static void flush(struct app_io *io, struct mime *m)
{
	struct slice s = SLICE(m->out, m->out_len);

	if (m->part & (MIME_TEXT | MIME_HTML))
		find_urls(io, m, s);
	if (m->file && s.len > 0)
		app_file_data(io, m->file, s);
	m->out_len = 0;
}

/* Decoded bytes; of texts line by line. */
static void out(struct app_io *io, struct mime *m, struct slice s)
{
	bool text = m->part & (MIME_TEXT | MIME_HTML);

	while (s.len > 0) {
		size_t room = sizeof(m->out) - m->out_len, n = s.len < room ? s.len : room;
		const uint8_t *end = text ? memchr(s.data, '\n', n) : NULL;

		if (end)
			n = (size_t)(end - s.data) + 1;
		memcpy(m->out + m->out_len, s.data, n);
		m->out_len = (uint16_t)(m->out_len + n);
		s = slice_sub(s, n, s.len);
		if (end || m->out_len == sizeof(m->out))
			flush(io, m);
	}
}

static void body_begin(struct app_io *io, struct app_tx *tx, struct mime *m)
{
	if (m->body_begun)
		return;
	m->body_begun = true;
	if (!(m->part & MIME_ATTACHMENT))
		return;
	m->file = app_file_open(io, tx, (enum dir)m->dir, kept_slice(&m->filename));
	text_list_add(io->slab, &m->attachments, kept_slice(&m->filename), MIME_URLS_MAX);
}

/* The quad as bytes: 4 values give 3, 3 give 2, 2 give 1. */
static void base64_quad(struct app_io *io, struct mime *m)
{
	uint8_t bytes[3];

	if (m->quad_len >= 2) {
		for (unsigned i = m->quad_len; i < 4; i++)
			m->quad[i] = 0;
		bytes[0] = (uint8_t)(m->quad[0] << 2 | m->quad[1] >> 4);
		bytes[1] = (uint8_t)(m->quad[1] << 4 | m->quad[2] >> 2);
		bytes[2] = (uint8_t)(m->quad[2] << 6 | m->quad[3]);
		out(io, m, SLICE(bytes, m->quad_len - 1u));
	}
	m->quad_len = 0;
}

/* What is no base64 is passed over (RFC 2045 6.8) and said; Suricata gives the mail up there. */
static void base64_line(struct app_io *io, struct mime *m, struct slice line)
{
	if (line.len > MIME_ENCODED_LINE_MAX)
		anomaly(m, MIME_LONG_ENC_LINE);
	for (size_t i = 0; i < line.len; i++) {
		int value = base64_value(line.data[i]);

		if (value >= 0) {
			m->quad[m->quad_len++] = (uint8_t)value;
			if (m->quad_len == 4)
				base64_quad(io, m);
		} else if (line.data[i] == '=') {
			base64_quad(io, m);
		} else if (line.data[i] != ' ' && line.data[i] != '\t') {
			anomaly(m, MIME_INVALID_BASE64);
			anomaly(m, MIME_PARSE_FAILED);
		}
	}
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void qp_line(struct app_io *io, struct mime *m, struct slice line, bool ended)
{
	bool soft = false;

	if (line.len > MIME_ENCODED_LINE_MAX)
		anomaly(m, MIME_LONG_ENC_LINE);
	for (size_t i = 0; i < line.len; i++) {
		int high, low;
		uint8_t byte;

		if (line.data[i] != '=') {
			out(io, m, SLICE(line.data + i, 1));
			continue;
		}
		soft = i + 1 == line.len;
		if (soft)
			break;
		high = hex_value(line.data[i + 1]);
		low = i + 2 < line.len ? hex_value(line.data[i + 2]) : -1;
		if (high < 0 || low < 0) {
			anomaly(m, MIME_INVALID_QP);
			continue;
		}
		byte = (uint8_t)(high << 4 | low);
		out(io, m, SLICE(&byte, 1));
		i += 2;
	}
	if (ended && !soft && line.len > 0)
		out(io, m, SLICE_LIT("\r\n"));
}

/* As it is, each line's end in front of the next line. */
static void plain_line(struct app_io *io, struct mime *m, struct slice line, struct slice end)
{
	out(io, m, SLICE(m->held, m->held_len));
	out(io, m, line);
	m->held_len = (uint8_t)(end.len < sizeof(m->held) ? end.len : sizeof(m->held));
	if (m->held_len)
		memcpy(m->held, end.data, m->held_len);
}

static void body_line(struct app_io *io, struct app_tx *tx, struct mime *m, struct slice line,
		      struct slice end)
{
	body_begin(io, tx, m);
	m->status = MIME_BODY_STARTED;
	if (!m->file && !(m->part & (MIME_TEXT | MIME_HTML)))
		return;
	if (m->part & MIME_BASE64) {
		base64_line(io, m, line);
	} else if (m->part & MIME_QP) {
		qp_line(io, m, line, end.len > 0);
	} else {
		plain_line(io, m, line, end);
	}
}

static void body_end(struct app_io *io, struct app_tx *tx, struct mime *m)
{
	if (m->status == MIME_HEADER_READY || m->status == MIME_HEADER_STARTED)
		return;
	body_begin(io, tx, m);
	base64_quad(io, m);
	flush(io, m);
	m->held_len = 0;
	if (m->file) {
		app_file_close(io, m->file, false);
		app_raw_trigger(io, DIR_TS);
	}
	m->file = NULL;
}

/* --- headers --- */

static void field_keep(struct app_io *io, struct mime *m, struct kept *to)
{
	if (!to->data && m->value.data)
		kept_set(io->slab, to, kept_slice(&m->value));
}

static void field_end(struct app_io *io, struct mime *m)
{
	const char *f = m->field;

	if (strcmp(f, "content-type") == 0)
		field_keep(io, m, &m->type);
	else if (strcmp(f, "content-disposition") == 0)
		field_keep(io, m, &m->disposition);
	else if (strcmp(f, "content-transfer-encoding") == 0)
		field_keep(io, m, &m->encoding);
	else if (m->top_headers && strcmp(f, "from") == 0)
		field_keep(io, m, &m->from);
	else if (m->top_headers && strcmp(f, "to") == 0)
		field_keep(io, m, &m->to);
	else if (m->top_headers && strcmp(f, "cc") == 0)
		field_keep(io, m, &m->cc);
	kept_free(io->slab, &m->value);
	m->field[0] = '\0';
}

static void field_value(struct app_io *io, struct mime *m, struct slice part)
{
	if (!kept_append(io->slab, &m->value, part, MIME_HEADER_VALUE_MAX))
		anomaly(m, MIME_LONG_HEADER_VALUE);
}

/* Length of the name in front of a colon, 0 when the line begins no field. */
static size_t field_name(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.data[n] > 32 && line.data[n] < 127 && line.data[n] != ':')
		n++;
	return n < line.len && line.data[n] == ':' ? n : 0;
}

static void field_start(struct app_io *io, struct mime *m, struct slice line, size_t name_len)
{
	size_t value = name_len + 1;

	if (name_len > MIME_HEADER_NAME_MAX)
		anomaly(m, MIME_LONG_HEADER_NAME);
	for (size_t i = 0; i < name_len && i < MIME_HEADER_NAME_MAX; i++) {
		m->field[i] = (char)ascii_lower(line.data[i]);
		m->field[i + 1] = '\0';
	}
	while (value < line.len && line.data[value] == ' ')
		value++;
	if (value < line.len)
		field_value(io, m, slice_sub(line, value, line.len));
}

static bool holds(const struct kept *field, const char *word)
{
	struct slice w = slice_of(word), s = kept_slice(field);

	for (size_t i = 0; i + w.len <= s.len; i++) {
		if (slice_eq_nocase(slice_sub(s, i, w.len), w))
			return true;
	}
	return false;
}

/* The media type in front of the parameters. */
static bool type_holds(const struct kept *field, const char *word)
{
	struct kept type = *field;
	uint32_t n = 0;

	while (n < type.len && !strchr(" \r\n;", type.data[n]))
		n++;
	type.len = n;
	return holds(&type, word);
}

static void take_filename(struct app_io *io, struct mime *m, const struct kept *field,
			  const char *parameter)
{
	uint8_t name[MIME_FILENAME_MAX];
	size_t len;
	bool cut;

	if (m->part & MIME_ATTACHMENT || !field->data ||
	    !mime_parameter(kept_slice(field), parameter, name, sizeof(name), &len, &cut))
		return;
	m->part |= MIME_ATTACHMENT;
	kept_set(io->slab, &m->filename, SLICE(name, len));
	if (cut)
		anomaly(m, MIME_LONG_FILENAME);
}

/* False when the mail was given up. */
static bool push(struct mime *m, bool encapsulated)
{
	if (m->depth == MIME_DEPTH) {
		anomaly(m, MIME_MALFORMED_MSG);
		give_up(m);
		return false;
	}
	m->level[m->depth].encapsulated = encapsulated;
	m->depth++;
	return true;
}

static void take_boundary(struct app_io *io, struct mime *m)
{
	uint8_t boundary[MIME_BOUNDARY_MAX];
	size_t len;
	bool cut;

	if (!m->type.data || !mime_parameter(kept_slice(&m->type), "boundary", boundary,
					     sizeof(boundary), &len, &cut))
		return;
	m->child_expected = true;
	if (cut) {
		anomaly(m, MIME_LONG_BOUNDARY);
		give_up(m);
		return;
	}
	kept_set(io->slab, &m->level[m->depth - 1].boundary, SLICE(boundary, len));
}

static void headers_done(struct app_io *io, struct mime *m)
{
	m->status = MIME_HEADER_DONE;
	m->top_headers = false;
	if (m->depth == 1 || m->level[m->depth - 1].encapsulated)
		m->part |= MIME_TEXT; /* a mail's own body */
	if (holds(&m->encoding, "base64"))
		m->part |= MIME_BASE64;
	else if (holds(&m->encoding, "quoted-printable"))
		m->part |= MIME_QP;
	take_filename(io, m, &m->disposition, "filename");
	take_boundary(io, m);
	if (m->status == MIME_PARSE_ERROR)
		return;
	take_filename(io, m, &m->type, "name");
	if (type_holds(&m->type, "message/")) {
		/* A mail within: its headers follow, as those of a part of its own. */
		if (push(m, true)) {
			part_reset(io, m);
			m->status = MIME_HEADER_READY;
		}
	} else if (type_holds(&m->type, "text/plain")) {
		m->part |= MIME_TEXT;
	} else if (type_holds(&m->type, "text/html")) {
		m->part |= MIME_HTML;
	}
}

static void header_line(struct app_io *io, struct app_tx *tx, struct mime *m,
			const struct mime_piece *piece)
{
	struct slice line = piece->text;
	size_t name_len = field_name(line);

	if (name_len > 0) {
		field_end(io, m);
		field_start(io, m, line, name_len);
		m->status = MIME_HEADER_STARTED;
	} else if (line.len == 0) {
		field_end(io, m);
		headers_done(io, m);
	} else if (m->status == MIME_HEADER_STARTED) {
		field_value(io, m, line);
	} else {
		m->top_headers = false;
		m->part |= MIME_TEXT;
		body_line(io, tx, m, piece->text, piece->end); /* a body without headers */
	}
}

/* --- parts --- */

static void pop(struct app_io *io, struct mime *m)
{
	kept_free(io->slab, &m->level[m->depth - 1].boundary);
	m->level[m->depth - 1].encapsulated = false;
	m->depth--;
}

static bool malformed_if_empty(struct mime *m)
{
	if (m->depth > 0)
		return false;
	m->depth = 1;
	give_up(m);
	return true;
}

/* The boundary that counts here: of the part in hand, else of the nearest around it. */
static const struct kept *boundary_here(const struct mime *m)
{
	unsigned i = m->depth;

	if (m->status == MIME_BODY_END_BOUND)
		i--;
	while (i > 0) {
		if (m->level[i - 1].boundary.data)
			return &m->level[i - 1].boundary;
		i--;
	}
	return NULL;
}

static bool is_boundary(struct slice line, const struct kept *boundary)
{
	return boundary && line.len >= 2u + boundary->len && line.data[0] == '-' &&
	       line.data[1] == '-' &&
	       slice_eq_nocase(slice_sub(line, 2, boundary->len), kept_slice(boundary));
}

static void boundary_line(struct app_io *io, struct app_tx *tx, struct mime *m, struct slice rest)
{
	struct mime_level *top = &m->level[m->depth - 1];

	if (m->status != MIME_BODY_END_BOUND)
		body_end(io, tx, m);
	part_reset(io, m);
	m->status = MIME_HEADER_READY;
	if (top->encapsulated && !top->boundary.data && m->depth > 1 &&
	    !m->level[m->depth - 2].boundary.data)
		pop(io, m);
	if (rest.len > 1 && rest.data[0] == '-' && rest.data[1] == '-') {
		pop(io, m);
		if (malformed_if_empty(m))
			return;
		top = &m->level[m->depth - 1];
		if (top->encapsulated && top->boundary.data) {
			pop(io, m);
			if (malformed_if_empty(m))
				return;
		}
		m->status = MIME_BODY_END_BOUND;
		return;
	}
	if (m->child_expected) {
		m->child_expected = false;
	} else {
		if (m->depth < 2) {
			give_up(m);
			return;
		}
		pop(io, m);
	}
	push(m, false);
}

static void in_body(struct app_io *io, struct app_tx *tx, struct mime *m,
		    const struct mime_piece *piece)
{
	const struct kept *boundary = boundary_here(m);
	struct slice line = piece->text;

	if (line.len == 0 && (m->status == MIME_BODY_END_BOUND ||
			      (m->status == MIME_HEADER_DONE && m->part & (MIME_BASE64 | MIME_QP))))
		return;
	if (piece->begins && is_boundary(line, boundary))
		boundary_line(io, tx, m, slice_sub(line, 2u + boundary->len, line.len));
	else
		body_line(io, tx, m, line, piece->end);
}

void mime_line(struct app_io *io, struct app_tx *tx, struct mime *m, const struct mime_piece *piece)
{
	if (m->status == MIME_PARSE_ERROR || m->status == MIME_PARSE_DONE)
		return;
	if (piece->text.len > MIME_LINE_MAX)
		anomaly(m, MIME_LONG_LINE);
	if (mime_in_headers(m))
		header_line(io, tx, m, piece);
	else
		in_body(io, tx, m, piece);
}

bool mime_wants_lines(const struct mime *m)
{
	return mime_in_headers(m) || m->part & MIME_QP;
}

void mime_end(struct app_io *io, struct app_tx *tx, struct mime *m)
{
	if (m->status == MIME_PARSE_ERROR) {
		anomaly(m, MIME_PARSE_FAILED);
		return;
	}
	field_end(io, m);
	body_end(io, tx, m);
	if (m->depth > 1 && m->level[m->depth - 1].encapsulated)
		pop(io, m);
	if (m->depth > 1)
		anomaly(m, MIME_MALFORMED_MSG);
	m->status = MIME_PARSE_DONE;
}
