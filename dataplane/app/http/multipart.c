/* Uploads: which requests carry files, and the files in multipart/form-data (RFC 7578). */
#include "dataplane/app/http/http.h"

enum { PART_HEAD_MAX = 8192 };

/* The end of the parameter that starts at `at`: the next semicolon outside quotes. */
static size_t parameter_end(struct slice s, size_t at)
{
	bool quoted = false;

	for (; at < s.len; at++) {
		bool escaped = at > 0 && s.data[at - 1] == '\\';

		if (s.data[at] == '"' && !escaped)
			quoted = !quoted;
		else if (s.data[at] == ';' && !escaped && !quoted)
			break;
	}
	return at;
}

bool http_parameter(struct slice value, const char *name, struct slice *ret)
{
	size_t at = 0, len = strlen(name);

	while (at < value.len) {
		size_t end;
		struct slice token;

		while (at < value.len && http_is_space(value.data[at]))
			at++;
		end = parameter_end(value, at);
		token = slice_sub(value, at, end - at);
		if (token.len > len && http_find(slice_sub(token, 0, len), name) == 0) {
			token = slice_sub(token, len, token.len);
			if (token.len && token.data[0] == '"')
				token = slice_sub(token, 1, token.len);
			if (token.len && token.data[token.len - 1] == '"')
				token.len--;
			*ret = token;
			return true;
		}
		at = end + 1;
	}
	return false;
}

void http_multipart_begin(struct http_call *c, struct http_tx *tx)
{
	struct slice boundary;

	tx->upload = HTTP_UPLOAD_NONE;
	if (tx->method == HTTP_METHOD_PUT)
		tx->upload = HTTP_UPLOAD_BODY;
	if (tx->method != HTTP_METHOD_POST)
		return;
	tx->upload = HTTP_UPLOAD_BODY;
	if (!http_parameter(http_header_value(tx, DIR_TS, "content-type"), "boundary=", &boundary))
		return;
	tx->upload = HTTP_UPLOAD_NONE;
	if (boundary.len == 0 || boundary.len >= HTTP_BOUNDARY_MAX)
		return;
	tx->multipart = slab_zalloc(c->io->slab, sizeof(*tx->multipart));
	if (!tx->multipart)
		return;
	tx->upload = HTTP_UPLOAD_MULTIPART;
	tx->multipart->mark[0] = tx->multipart->mark[1] = '-';
	memcpy(tx->multipart->mark + 2, boundary.data, boundary.len);
	tx->multipart->mark_len = (uint8_t)(boundary.len + 2);
}

/* Bytes of the body that are not parsed yet. */
static struct slice unparsed(const struct http_tx *tx)
{
	const struct http_body *b = &tx->side[DIR_TS].body;
	uint64_t from = tx->multipart->parsed;

	if (from < b->offset)
		from = b->offset;
	return SLICE(b->data + (from - b->offset), (size_t)(b->offset + b->len - from));
}

static void part_header(struct http_tx *tx, struct slice line, struct slice *ret_name)
{
	static const char disposition[] = "content-disposition:";
	const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;

	if (!colon || colon == line.data + line.len - 1)
		http_event(tx, HTTP_EVENT_MULTIPART_INVALID_HEADER);
	else if (http_find(slice_sub(line, 0, sizeof(disposition) - 1), disposition) == 0)
		http_parameter(slice_sub(line, sizeof(disposition) - 1, line.len),
			       "filename=", ret_name);
}

/* The head of a part: a file begins when it has a file name. */
static void part_head(struct http_call *c, struct http_tx *tx, struct slice head)
{
	struct slice name = {0};

	while (head.len) {
		long end = http_find_bytes(head, SLICE_LIT("\r\n"));
		size_t len = end < 0 ? head.len : (size_t)end;

		part_header(tx, slice_sub(head, 0, len), &name);
		head = slice_sub(head, len + 2, head.len);
	}
	tx->multipart->step = HTTP_PART_SKIP;
	if (!name.data)
		return;
	if (name.len > HTTP_FILE_NAME_MAX)
		name.len = HTTP_FILE_NAME_MAX;
	tx->side[DIR_TS].file = app_file_open(c->io, &tx->tx, DIR_TS, name);
	tx->multipart->step = HTTP_PART_FILE;
	tx->multipart->empty = true;
}

static void part_data(struct http_call *c, struct http_tx *tx, struct slice data)
{
	if (data.len == 0)
		return;
	tx->multipart->empty = false;
	if (tx->side[DIR_TS].file)
		app_file_data(c->io, tx->side[DIR_TS].file, data);
}

static void file_ends(struct http_call *c, struct http_tx *tx, bool truncated)
{
	struct http_side *side = &tx->side[DIR_TS];

	if (side->file)
		app_file_close(c->io, side->file, truncated);
	side->file = NULL;
}

/* Outside a part's head: up to the next mark. False: more bytes are needed. */
static bool to_mark(struct http_call *c, struct http_tx *tx, struct slice view, bool last)
{
	struct http_multipart *m = tx->multipart;
	long at = http_find_bytes(view, SLICE(m->mark, m->mark_len));
	size_t keep = m->mark_len + 1u, data; /* a mark that began, and the CR LF before it */

	if (at < 0) {
		data = last ? view.len : view.len > keep ? view.len - keep : 0;
		if (m->step == HTTP_PART_FILE) {
			part_data(c, tx, slice_sub(view, 0, data));
			if (last)
				file_ends(c, tx, true);
		}
		m->parsed += data;
		return false;
	}
	if (view.len < (size_t)at + m->mark_len + 2 && !last)
		return false;
	if (m->step == HTTP_PART_FILE) {
		part_data(c, tx, slice_sub(view, 0, at >= 2 ? (size_t)at - 2 : 0));
		if (m->empty)
			http_event(tx, HTTP_EVENT_MULTIPART_NO_FILEDATA);
		file_ends(c, tx, false);
	}
	view = slice_sub(view, (size_t)at + m->mark_len, 2);
	m->parsed += (uint64_t)at + m->mark_len;
	m->step = slice_eq(view, SLICE_LIT("--")) ? HTTP_PART_OVER : HTTP_PART_HEAD;
	return true;
}

static bool to_head_end(struct http_call *c, struct http_tx *tx, struct slice view, bool last)
{
	struct http_multipart *m = tx->multipart;
	long end = http_find_bytes(view, SLICE_LIT("\r\n\r\n"));

	if (end < 0) {
		if (view.len < PART_HEAD_MAX && !last)
			return false;
		http_event(tx, HTTP_EVENT_MULTIPART_GENERIC_ERROR);
		m->step = HTTP_PART_SKIP;
		return !last;
	}
	/* The line of the mark ends first; a part without headers has nothing in between. */
	if (end >= 2)
		part_head(c, tx, slice_sub(view, 2, (size_t)end - 2));
	else
		m->step = HTTP_PART_SKIP;
	m->parsed += (uint64_t)end + 4;
	return true;
}

/* Goes on with what has come; at the end of the request with what is left. */
void http_multipart_data(struct http_call *c, struct http_tx *tx)
{
	bool last = tx->tx.progress[DIR_TS] > HTTP_BODY, more = true;

	while (more && tx->multipart->step != HTTP_PART_OVER) {
		struct slice view = unparsed(tx);

		if (view.len == 0)
			break;
		if (tx->multipart->step == HTTP_PART_HEAD)
			more = to_head_end(c, tx, view, last);
		else
			more = to_mark(c, tx, view, last);
	}
}
