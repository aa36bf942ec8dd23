/* DATA frames: a file without a name, its content encoding taken off. */
#include "dataplane/app/http2/http2.h"

struct target {
	struct app_io *io;
	struct http2_tx *tx;
	enum dir dir;
};

static void open_file(struct app_io *io, struct http2_tx *t, enum dir dir);

static void file_data(void *ctx, struct slice data)
{
	struct target *target = ctx;

	struct app_file *file;

	open_file(target->io, target->tx, target->dir);
	file = target->tx->side[target->dir].file;
	if (file)
		app_file_data(target->io, file, data);
}

static bool number_then(struct cursor *c, uint8_t stop)
{
	unsigned digits = 0;

	while (cursor_peek(c) >= '0' && cursor_peek(c) <= '9') {
		cursor_u8(c);
		digits++;
	}
	return digits > 0 && (stop == 0 || cursor_u8(c) == stop);
}

/* "bytes 0-99/200", or a star for the length (RFC 9110 14.4). */
static bool range_valid(struct slice value)
{
	struct cursor c = cursor_of(value);

	while (cursor_peek(&c) == ' ')
		cursor_u8(&c);
	if (!slice_eq_nocase(cursor_take(&c, 5), SLICE_LIT("bytes")))
		return false;
	while (cursor_peek(&c) == ' ')
		cursor_u8(&c);
	return number_then(&c, '-') && number_then(&c, '/') &&
	       (cursor_peek(&c) == '*' || number_then(&c, 0));
}

static void open_file(struct app_io *io, struct http2_tx *t, enum dir dir)
{
	struct http2_side *side = &t->side[dir];
	const struct http2_header *range = dir == DIR_TC ? http2_find(side, "content-range") : NULL;

	if (side->file_opened)
		return;
	side->file_opened = true;
	side->file = app_file_open(io, &t->tx, dir, SLICE_LIT(""));
	if (range && !range_valid(http2_value(side, range)))
		http2_event(t, HTTP2_EVENT_INVALID_RANGE);
}

/* Bytes that cannot be decoded are in no file, as in Suricata. */
void http2_body_data(struct app_io *io, struct http2_tx *t, enum dir dir, struct slice data,
		     bool end)
{
	struct http2_side *side = &t->side[dir];
	struct target target = {io, t, dir};
	struct http2_decode_sink sink = {file_data, &target};

	if (side->decoder && !http2_decode(side->decoder, data, &sink)) {
		http2_event(t, HTTP2_EVENT_FAILED_DECOMPRESSION);
		return;
	}
	open_file(io, t, dir);
	/* What comes behind the end of the stream is in no file. */
	if (!side->decoder && side->file)
		app_file_data(io, side->file, data);
	if (end)
		http2_body_close(io, t, dir, false);
}

void http2_body_close(struct app_io *io, struct http2_tx *t, enum dir dir, bool truncated)
{
	struct http2_side *side = &t->side[dir];

	if (side->file)
		app_file_close(io, side->file, truncated);
	side->file = NULL;
	http2_decoder_free(side->decoder);
	side->decoder = NULL;
}
