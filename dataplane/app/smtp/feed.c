/* A mail from plain bytes: cut into lines for mime_line. */
#include "dataplane/app/smtp/mime.h"

enum { LINE_MAX_KEPT = 4096 }; /* a line that is longer goes on in pieces */

/* Length of the line at the start of `s` without its end, which is of *ret_end bytes. In bodies a
 * CR alone ends a line too. */
static size_t find_end(struct slice s, bool cr_alone, size_t *ret_end)
{
	*ret_end = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\n') {
			bool cr = i > 0 && s.data[i - 1] == '\r';

			*ret_end = 1u + cr;
			return i - cr;
		}
		if (cr_alone && s.data[i] == '\r' && i + 1 < s.len && s.data[i + 1] != '\n') {
			*ret_end = 1;
			return i;
		}
	}
	return s.len;
}

/* Bytes of an unfinished line that cannot be a mark (boundary, the last dot) or need it whole. */
static size_t early(const struct mime *m, const struct mime_feed *f, struct slice rest)
{
	bool mark = !f->line_begun && (rest.data[0] == '-' || rest.data[0] == '.');

	if (!m || mime_wants_lines(m) || mark)
		return rest.len < LINE_MAX_KEPT ? 0 : rest.len;
	return rest.data[rest.len - 1] == '\r' ? rest.len - 1 : rest.len;
}

static void line(struct app_io *io, struct app_tx *tx, struct mime *m, struct mime_feed *f,
		 struct mime_piece piece)
{
	piece.begins = !f->line_begun;
	if (f->dots && piece.begins && piece.text.len > 0 && piece.text.data[0] == '.') {
		if (piece.text.len == 1 && piece.end.len > 0) {
			f->ended = true;
			return;
		}
		piece.text = slice_sub(piece.text, 1, piece.text.len);
	}
	f->line_begun = piece.end.len == 0;
	if (m)
		mime_line(io, tx, m, &piece);
}

size_t mime_feed(struct app_io *io, struct app_tx *tx, struct mime *m, struct mime_feed *f,
		 struct slice data, bool last)
{
	size_t taken = 0;

	while (taken < data.len && !f->ended) {
		struct slice rest = slice_sub(data, taken, data.len);
		size_t end, n = find_end(rest, m && !mime_in_headers(m) && !f->dots, &end);

		if (end == 0 && !last)
			n = early(m, f, rest);
		if (n + end == 0)
			break;
		line(io, tx, m, f,
		     (struct mime_piece){slice_sub(rest, 0, n), slice_sub(rest, n, end), false});
		taken += n + end;
	}
	return taken;
}
